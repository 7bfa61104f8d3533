"""`tiercel executions`: look at executions, and act on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from tiercel.cli.given import user_name
from tiercel.cli.lazy import LazyGroup
from tiercel.cli.options import (
    breakpoint_list,
    breakpoints_option,
    inputs_option,
    output_option,
    pairs,
    quiet_option,
    revision_option,
)
from tiercel.cli.screens import progress_for
from tiercel.cli.stores import existing, reading
from tiercel.cli.summary import conclude, show
from tiercel.cli.waiting import at_work
from tiercel.cli.where import Where, store_option

if TYPE_CHECKING:
    from tiercel.assembly import Parts


COMMANDS = {
    "pause": ("tiercel.cli.byhand:pause", "Begin no new task of an execution until it is resumed."),
    "resume-from-breakpoint": (
        "tiercel.cli.byhand:resume_from_breakpoint",
        "Go on from the breakpoints at which an execution stands.",
    ),
    "unqueue": ("tiercel.cli.byhand:unqueue", "Take an execution out of its flow's queue."),
    "force-run": ("tiercel.cli.byhand:force_run", "Run an execution now, whatever it waits for."),
    "change-status": ("tiercel.cli.byhand:change_status", "Give an execution that has ended another state."),
    "change-state": ("tiercel.cli.byhand:change_state", "Give a task run another state, and go on from there."),
    "set-labels": ("tiercel.cli.byhand:set_labels", "Add labels to an execution, or replace them."),
    "list": ("tiercel.cli.listing:list_executions", "List executions, the newest first."),
    "logs": ("tiercel.cli.listing:logs", "Print an execution's log."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def executions() -> None:
    """Look at executions, and act on them."""


@executions.command()
@click.argument("execution", metavar="ID")
@store_option
@output_option
def get(execution: str, store: Where, output: str) -> None:
    """Show an execution."""
    with reading(store) as runtime:
        show(runtime, execution, output, whole=True)


@executions.command()
@click.argument("execution", metavar="ID")
@inputs_option
@store_option
@output_option
@quiet_option
def resume(execution: str, inputs: tuple[str, ...], store: Where, output: str, quiet: bool) -> None:
    """Go on after a pause; the inputs are those of its onResume."""
    supplied = dict(pairs(inputs, "=", "--input", "NAME=VALUE"))

    def act(runtime: Parts) -> str:
        from tiercel import actions

        return actions.resume(runtime, execution, supplied, local_files=True, by=user_name())

    run_on(act, store, output, quiet=quiet, asks=True)


@executions.command()
@click.argument("execution", metavar="ID")
@revision_option
@store_option
@output_option
@quiet_option
def restart(execution: str, revision: int | None, store: Where, output: str, quiet: bool) -> None:
    """Run an execution again from its failed tasks; with --revision, a new one does that."""

    def act(runtime: Parts) -> str:
        from tiercel import actions

        return actions.restart(runtime, execution, revision)

    run_on(act, store, output, quiet=quiet)


@executions.command()
@click.argument("execution", metavar="ID")
@click.option("--task", metavar="TASK", help="From this task on; from the start without it.")
@click.option(
    "--value", "values", multiple=True, metavar="V", help="The rounds of the loops around the task, outermost first."
)
@revision_option
@inputs_option
@breakpoints_option
@store_option
@output_option
@quiet_option
def replay(
    execution: str,
    task: str | None,
    values: tuple[str, ...],
    revision: int | None,
    inputs: tuple[str, ...],
    breakpoints: tuple[str, ...],
    store: Where,
    output: str,
    quiet: bool,
) -> None:
    """Run a new execution like this one, from a task on; with inputs, all of them are given anew."""
    if values and task is None:
        raise click.UsageError("--value names rounds of the loops around a task: name the task with --task")
    given = dict(pairs(inputs, "=", "--input", "NAME=VALUE")) or None

    def act(runtime: Parts) -> str:
        from tiercel import actions
        from tiercel.commands.again import Differently

        change = Differently(revision, given, local_files=True, breakpoints=breakpoint_list(breakpoints))
        return actions.replay(runtime, execution, task, list(values), change)

    run_on(act, store, output, quiet=quiet)


@executions.command()
@click.argument("execution", metavar="ID")
@store_option
@output_option
@quiet_option
def kill(execution: str, store: Where, output: str, quiet: bool) -> None:
    """End an execution and what it waits for."""
    from tiercel import actions

    with at_work(existing(store), progress_for(output, quiet=quiet)) as session:
        actions.kill(session.runtime, execution)
        session.wait([execution])
        show(session.runtime, execution, output, quiet=quiet)


def run_on(act: Callable[[Parts], str], store: Where, output: str, *, quiet: bool, asks: bool = False) -> None:
    """Do something to an execution, wait, print it, and end with its exit code.

    Args:
        act: Does it, and returns the execution's id.
        store: Where.
        output: `text` or `json`.
        quiet: Whether to show little.
        asks: Whether it only sends a message, so that the execution stands as before when it returns.
    """
    with at_work(existing(store), progress_for(output, quiet=quiet)) as session:
        execution = act(session.runtime)
        session.wait([execution], asks=asks)
        conclude(session.runtime, execution, output, quiet=quiet)
