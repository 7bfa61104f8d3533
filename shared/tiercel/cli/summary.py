"""An execution as text: how it ended, what it gave, why it failed, and what to type next."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from tiercel.cli.looks import colour_of, is_plain, say, symbol
from tiercel.cli.outcome import final_exit_code, print_execution
from tiercel.cli.progress import one_line_each, run_name, seconds_text
from tiercel.model.states import Level, State

if TYPE_CHECKING:
    from tiercel.assembly import Parts
    from tiercel.model.execution import Execution, TaskRun

LONGEST_VALUE = 300
"""Characters of a value that are shown; JSON output has the whole."""
MOST_FAILED = 10
"""How many failed task runs are told of."""


def conclude(runtime: Parts, execution: str, output: str, *, quiet: bool = False) -> None:
    """Print an execution as it was left, and end the command with its exit code."""
    show(runtime, execution, output, quiet=quiet)
    click.get_current_context().exit(final_exit_code(runtime, runtime.view.header(execution)))


def show(runtime: Parts, execution: str, output: str, *, quiet: bool = False, whole: bool = False) -> None:
    """Print an execution.

    Args:
        runtime: The store.
        execution: Its id.
        output: `text` or `json`.
        quiet: Of a text, only the id and the state.
        whole: Of a text, also what it was started with, and the tree of its task runs.
    """
    header = runtime.view.header(execution)
    if output == "json":
        print_execution(runtime, execution)
    elif quiet:
        click.echo(f"{header.id} {header.state}")
    else:
        _summarise(runtime, header, whole=whole)


def _summarise(runtime: Parts, header: Execution, *, whole: bool) -> None:
    runs = runtime.view.runs(header, None)
    _title(header)
    if whole:
        _beginning(header)
        _tree(header, runs)
    for child in runtime.view.caused_by(header.id):
        say(("  it started ", "dim"), (f"{child.namespace}.{child.flow_id} {child.id} ", ""), _state(child.state))
    if header.outputs:
        _values("outputs", header.outputs)
    if runs:
        counts = Counter(run.state for run in runs)
        say(("task runs  ", "dim"), (", ".join(f"{counts[state]} {state}" for state in sorted(counts)), ""))
    _reasons(runtime, header, runs)
    _next_steps(runtime, header, whole=whole)


def _title(header: Execution) -> None:
    mark = symbol(header.state, plain=is_plain())
    end = header.at[-1][1] if header.state.is_terminal else time.time()
    say(
        (f"{mark} {header.state}", colour_of(header.state)),
        (f"  {header.namespace}.{header.flow_id}", "bold"),
        (f"  {header.id}  {'after' if header.state.is_terminal else 'for'} {seconds_text(end - header.at[0][1])}", ""),
    )


def _state(state: State) -> tuple[str, str]:
    return str(state), colour_of(state)


def _beginning(header: Execution) -> None:
    from tiercel.model.instants import iso

    say(("revision   ", "dim"), (str(header.revision), ""))
    say(("created    ", "dim"), (iso(header.at[0][1]), ""))
    if header.trigger is not None:
        say(("trigger    ", "dim"), (f"{header.trigger.id} ({header.trigger.type})", ""))
    labels = [f"{key}:{value}" for key, value in header.labels if not key.startswith("system.")]
    if labels:
        say(("labels     ", "dim"), (", ".join(labels), ""))
    if header.inputs:
        _values("inputs", header.inputs)


def _values(title: str, values: Mapping[str, object]) -> None:
    say((title, "dim"))
    width = min(max(map(len, values)), 30)
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        shown = text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "..."
        first, *rest = one_line_each(shown)
        say((f"  {name:<{width}}  ", "dim"), (first, ""))
        for line in rest:
            say((f"  {'':<{width}}  {line}", ""))


def _tree(header: Execution, runs: Sequence[TaskRun]) -> None:
    from tiercel.cli.tree import Picture

    picture = Picture()
    picture.see(header, runs)
    for line in picture.lines(time.time(), plain=is_plain(), height=None)[1:]:
        say(*line)


def _reasons(runtime: Parts, header: Execution, runs: Sequence[TaskRun]) -> None:
    """Say why the execution failed: the last error of each task run that failed by itself."""
    for line in header.logs:
        if line.level is Level.ERROR:
            say((f"error      {' '.join(one_line_each(line.message))}", "red"))
    around = {run.parent for run in runs if run.state is State.FAILED}
    failed = [run for run in runs if run.state is State.FAILED and run.key not in around]
    for run in failed[:MOST_FAILED]:
        errors = [line for line in runtime.view.run_logs(run) if line.level is Level.ERROR]
        text = " ".join(one_line_each(errors[-1].message)) if errors else "no error in its log"
        say(("failed     ", "red"), (f"{run_name(run)}: ", "bold"), (text, ""))
    if len(failed) > MOST_FAILED:
        say((f"           and {len(failed) - MOST_FAILED} more", "dim"))


def _next_steps(runtime: Parts, header: Execution, *, whole: bool) -> None:
    """Say what to type next."""
    steps = [] if whole else ["get"]
    if header.state is State.FAILED:
        steps += ["logs", "restart"]
    elif header.state is State.PAUSED:
        steps += ["resume"]
    elif header.state is State.BREAKPOINT:
        steps += ["resume-from-breakpoint", "kill"]
    elif not header.state.is_terminal:
        steps += ["kill"]
    for step in steps:
        say(
            (f"{'next' if step == steps[0] else '':<11}", "dim"),
            (f"tiercel executions {step} {header.id} {runtime.where}", ""),
        )
