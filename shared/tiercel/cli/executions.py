"""`tiercel executions`: look at executions, and act on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiercel.cli.lazy import LazyGroup
from tiercel.cli.options import inputs_option, output_option, pairs, quiet_option, store_option
from tiercel.cli.screens import progress_for
from tiercel.cli.stores import existing, reading
from tiercel.cli.summary import conclude, show
from tiercel.cli.waiting import at_work

if TYPE_CHECKING:
    from tiercel.runtime import Runtime


LISTS = {
    "list": ("tiercel.cli.listing:list_executions", "List executions, the newest first."),
    "logs": ("tiercel.cli.listing:logs", "Print an execution's log."),
}


@click.group(cls=LazyGroup, table=LISTS)
def executions() -> None:
    """Look at executions, and act on them."""


@executions.command()
@click.argument("execution", metavar="ID")
@store_option
@output_option
def get(execution: str, store: Path | None, output: str) -> None:
    """Show an execution."""
    with reading(store) as runtime:
        show(runtime, execution, output, whole=True)


@executions.command()
@click.argument("execution", metavar="ID")
@inputs_option
@store_option
@output_option
@quiet_option
def resume(execution: str, inputs: tuple[str, ...], store: Path | None, output: str, quiet: bool) -> None:
    """Go on after a pause; the inputs are those of its onResume."""
    supplied = dict(pairs(inputs, "=", "--input", "NAME=VALUE"))

    def act(runtime: Runtime) -> str:
        from tiercel import actions

        return actions.resume(runtime, execution, supplied, local_files=True)

    _act(act, store, output, quiet=quiet)


@executions.command()
@click.argument("execution", metavar="ID")
@store_option
@output_option
@quiet_option
def restart(execution: str, store: Path | None, output: str, quiet: bool) -> None:
    """Run an execution again from its failed tasks."""

    def act(runtime: Runtime) -> str:
        from tiercel import actions

        return actions.restart(runtime, execution)

    _act(act, store, output, quiet=quiet)


@executions.command()
@click.argument("execution", metavar="ID")
@click.option("--task", metavar="TASK", help="From this task on; from the start without it.")
@click.option(
    "--value", "values", multiple=True, metavar="V", help="The rounds of the loops around the task, outermost first."
)
@store_option
@output_option
@quiet_option
def replay(
    execution: str, task: str | None, values: tuple[str, ...], store: Path | None, output: str, quiet: bool
) -> None:
    """Run a new execution like this one, from a task on."""
    if values and task is None:
        raise click.UsageError("--value names rounds of the loops around a task: name the task with --task")

    def act(runtime: Runtime) -> str:
        from tiercel import actions

        return actions.replay(runtime, execution, task, list(values))

    _act(act, store, output, quiet=quiet)


@executions.command()
@click.argument("execution", metavar="ID")
@store_option
@output_option
@quiet_option
def kill(execution: str, store: Path | None, output: str, quiet: bool) -> None:
    """End an execution and what it waits for."""
    from tiercel import actions

    with at_work(existing(store), progress_for(output, quiet=quiet)) as session:
        actions.kill(session.runtime, execution)
        session.wait([execution])
        show(session.runtime, execution, output, quiet=quiet)


def _act(act: Callable[[Runtime], str], store: Path | None, output: str, *, quiet: bool) -> None:
    """Do something to an execution, wait, print it, and end with its exit code."""
    with at_work(existing(store), progress_for(output, quiet=quiet)) as session:
        execution = act(session.runtime)
        session.wait([execution])
        conclude(session.runtime, execution, output, quiet=quiet)
