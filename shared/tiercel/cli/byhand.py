"""What people decide: `tiercel executions pause`, `unqueue`, `change-state` and their like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from tiercel.cli.executions import run_on
from tiercel.cli.options import breakpoint_list, breakpoints_option, output_option, pairs, quiet_option
from tiercel.cli.screens import progress_for
from tiercel.cli.stores import existing
from tiercel.cli.summary import show
from tiercel.cli.waiting import at_work
from tiercel.cli.where import Where, store_option
from tiercel.model.states import State

if TYPE_CHECKING:
    from tiercel.assembly import Parts

_STATE = click.Choice([str(state) for state in State], case_sensitive=False)


@click.command()
@click.argument("execution", metavar="ID")
@store_option
@output_option
@quiet_option
def pause(execution: str, store: Where, output: str, quiet: bool) -> None:
    """Begin no new task of an execution until it is resumed; what runs goes on."""

    def act(runtime: Parts) -> str:
        from tiercel import actions

        return actions.pause(runtime, execution)

    _change(act, store, output, quiet=quiet)


@click.command(name="resume-from-breakpoint")
@click.argument("execution", metavar="ID")
@breakpoints_option
@store_option
@output_option
@quiet_option
def resume_from_breakpoint(
    execution: str, breakpoints: tuple[str, ...], store: Where, output: str, quiet: bool
) -> None:
    """Go on from the breakpoints at which an execution stands; those named now take their place."""

    def act(runtime: Parts) -> str:
        from tiercel import actions

        return actions.resume_from_breakpoint(runtime, execution, breakpoint_list(breakpoints))

    run_on(act, store, output, quiet=quiet)


@click.command()
@click.argument("execution", metavar="ID")
@click.option("--state", type=_STATE, default="RUNNING", show_default=True, help="RUNNING, CANCELLED or FAILED.")
@store_option
@output_option
@quiet_option
def unqueue(execution: str, state: str, store: Where, output: str, quiet: bool) -> None:
    """Take an execution out of its flow's queue: run it, or end it."""

    def act(runtime: Parts) -> str:
        from tiercel import actions

        return actions.unqueue(runtime, execution, State(state))

    _change(act, store, output, quiet=quiet)


@click.command(name="force-run")
@click.argument("execution", metavar="ID")
@store_option
@output_option
@quiet_option
def force_run(execution: str, store: Where, output: str, quiet: bool) -> None:
    """Run an execution now: before its date, out of its queue, or out of its pause."""

    def act(runtime: Parts) -> str:
        from tiercel import actions

        return actions.force_run(runtime, execution)

    run_on(act, store, output, quiet=quiet)


@click.command(name="change-status")
@click.argument("execution", metavar="ID")
@click.argument("state", type=_STATE)
@store_option
@output_option
@quiet_option
def change_status(execution: str, state: str, store: Where, output: str, quiet: bool) -> None:
    """Give an execution that has ended another state; nothing of it runs for that."""

    def act(runtime: Parts) -> str:
        from tiercel import actions

        return actions.change_status(runtime, execution, State(state))

    _change(act, store, output, quiet=quiet)


@click.command(name="change-state")
@click.argument("execution", metavar="ID")
@click.argument("task", metavar="TASK")
@click.argument("state", type=_STATE)
@click.option(
    "--value", "values", multiple=True, metavar="V", help="The rounds of the loops around the task, outermost first."
)
@store_option
@output_option
@quiet_option
def change_state(
    execution: str, task: str, state: str, values: tuple[str, ...], store: Where, output: str, quiet: bool
) -> None:
    """Give the run of a task another state, and go on from there."""

    def act(runtime: Parts) -> str:
        from tiercel import actions

        return actions.change_state(runtime, execution, task, list(values), State(state))

    run_on(act, store, output, quiet=quiet)


@click.command(name="set-labels")
@click.argument("execution", metavar="ID")
@click.argument("labels", metavar="KEY:VALUE...", nargs=-1, required=True)
@store_option
@output_option
@quiet_option
def set_labels(execution: str, labels: tuple[str, ...], store: Where, output: str, quiet: bool) -> None:
    """Add labels to an execution, or replace those of the same keys."""
    given = pairs(labels, ":", "KEY:VALUE", "KEY:VALUE")

    def act(runtime: Parts) -> str:
        from tiercel import actions

        return actions.set_labels(runtime, execution, given)

    _change(act, store, output, quiet=quiet)


def _change(act: Callable[[Parts], str], store: Where, output: str, *, quiet: bool) -> None:
    """Change something about an execution, wait, and print it; how it ended is not this command's success."""
    with at_work(existing(store), progress_for(output, quiet=quiet)) as session:
        execution = act(session.runtime)
        session.wait([execution])
        show(session.runtime, execution, output, quiet=quiet)
