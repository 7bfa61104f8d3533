"""Script tasks: a flow's own commands and scripts, run as a process of this machine.

`base` builds the command in its `room`, `process` runs it (with its `family`, watched by the `keeper`), `output` reads
what it prints; `pythons` finds interpreters, `python_environments` keeps cached environments of theirs; `shell`,
`python` and `languages` declare the task types.
"""
