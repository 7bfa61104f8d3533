"""`tiercel recover`: finish what processes that died have left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tiercel.cli.looks import colour_of, is_plain, say, symbol
from tiercel.cli.options import output_option, quiet_option
from tiercel.cli.outcome import print_json
from tiercel.cli.screens import progress_for
from tiercel.cli.stores import existing
from tiercel.cli.waiting import Session, at_work
from tiercel.cli.where import LOCAL, Where, store_option

if TYPE_CHECKING:
    from tiercel.model.execution import Execution


@click.command()
@store_option
@output_option
@quiet_option
def recover(store: Where, output: str, quiet: bool) -> None:
    """Finish what processes that died have left, as far as it goes without somebody's action.

    What a live process works on is left to it. Exit code 0, however the executions end.
    """
    if store.on != LOCAL:
        raise click.UsageError(f"--on {store.on}: the functions recover by themselves, once a minute")
    with at_work(existing(store), progress_for(output, quiet=quiet)) as session:
        assert isinstance(session, Session)
        session.wait(_open_ones(session))
        touched = [session.runtime.view.header(execution) for execution in session.watcher.touched]
    if output == "json":
        print_json([_brief(header) for header in touched])
        return
    if not touched:
        click.echo("nothing to recover")
    for header in touched:
        mark = symbol(header.state, plain=is_plain())
        name = f"  {header.namespace}.{header.flow_id}"
        say((f"{mark} {header.state}", colour_of(header.state)), (name, "bold"), (f"  {header.id}", ""))


def _open_ones(session: Session) -> list[str]:
    """Return the executions that have not ended, those that wait to be retried as a whole included."""
    from tiercel.model.execution import decode_execution
    from tiercel.model.states import TERMINAL, State

    states = [str(state) for state in State if state not in TERMINAL or state is State.RETRIED]
    found = session.runtime.store.query("execution", states=states, limit=100_000)
    return [decode_execution(stored.body).id for stored in found]


def _brief(header: Execution) -> dict[str, object]:
    return {
        "id": header.id,
        "namespace": header.namespace,
        "flowId": header.flow_id,
        "state": {"current": str(header.state)},
    }
