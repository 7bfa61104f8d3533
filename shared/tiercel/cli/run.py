"""`tiercel run`: deploy a flow, start it, wait for its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli.given import read_inputs, warn_of_unknown
from tiercel.cli.options import inputs_option, json_object, output_option, pairs, quiet_option, store_option
from tiercel.cli.outcome import print_json
from tiercel.cli.screens import progress_for
from tiercel.cli.sources import all_flows, one_flow
from tiercel.cli.stores import folder_of
from tiercel.cli.summary import conclude
from tiercel.cli.waiting import Session, at_work

if TYPE_CHECKING:
    from tiercel.model.flow import Flow


@click.command()
@click.argument("file")
@click.option("--with", "others", multiple=True, metavar="FILE", help="Deploy these flows too, first; repeatable.")
@inputs_option
@click.option("--inputs-file", metavar="FILE", help="Inputs as a JSON object; --input goes before it.")
@click.option("--label", "labels", multiple=True, metavar="KEY:VALUE", help="A label; repeatable.")
@click.option("--trigger", metavar="ID", help="Start as this trigger of the flow would.")
@click.option("--event", metavar="JSON", help="What the trigger saw.")
@store_option
@output_option
@quiet_option
def run(
    file: str,
    others: tuple[str, ...],
    inputs: tuple[str, ...],
    inputs_file: str | None,
    labels: tuple[str, ...],
    trigger: str | None,
    event: str | None,
    store: Path | None,
    output: str,
    quiet: bool,
) -> None:
    """Run the flow of FILE (- for the standard input), and stay until nothing moves without somebody's action.

    The flow is deployed into the store first. The value of a FILE input is a local path.

    Exit code: 0 SUCCESS or WARNING; 1 FAILED, KILLED or CANCELLED; 2 nothing was started; 3 it waits for somebody.
    """
    _refuse_mixed(trigger, event, inputs or inputs_file or labels)
    seen = None if event is None else json_object(event, "--event")
    supplied = read_inputs(inputs, inputs_file)
    given_labels = pairs(labels, ":", "--label", "KEY:VALUE")
    flow = one_flow(file)
    before = [other for path in others for other in all_flows(path)]
    warn_of_unknown(flow, supplied)
    with at_work(folder_of(store), progress_for(output, quiet=quiet)) as session:
        for other in before:
            session.runtime.flows.deploy(other)
        flow = session.runtime.flows.deploy(flow)
        execution = _triggered(session, flow, trigger, seen) if trigger else _started(session, flow, supplied, given_labels)
        if execution is None:
            print_json(None)
            return
        session.wait([execution])
        conclude(session.runtime, execution, output, quiet=quiet)


def _refuse_mixed(trigger: str | None, event: str | None, others: object) -> None:
    if event is not None and trigger is None:
        raise click.UsageError("--event is what a trigger saw: name the trigger with --trigger")
    if trigger is not None and others:
        raise click.UsageError("a trigger brings its own inputs and labels: --trigger stands without --input or --label")


def _started(session: Session, flow: Flow, supplied: dict[str, Any], labels: list[tuple[str, str]]) -> str:
    from tiercel.cli.given import with_paths
    from tiercel.intake import Request

    return session.runtime.intake.accept(flow, Request(inputs=with_paths(flow, supplied), labels=labels)).id


def _triggered(session: Session, flow: Flow, trigger: str, event: dict[str, Any] | None) -> str | None:
    from tiercel import actions

    return actions.start_by_trigger(session.runtime, flow, trigger, event)
