"""Script tasks: a flow's own commands and scripts, run as a process of this machine.

`base` builds the command, `process` runs it, `output` reads what it prints, `python_environments` keeps cached
environments; `shell`, `python` and `languages` declare the task types.
"""
