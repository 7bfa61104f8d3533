"""`tiercel run`: deploy a flow, start it, wait for its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli.given import read_inputs, warn_of_unknown
from tiercel.cli.options import (
    breakpoint_list,
    breakpoints_option,
    inputs_option,
    json_object,
    output_option,
    pairs,
    quiet_option,
)
from tiercel.cli.outcome import print_json
from tiercel.cli.screens import progress_for
from tiercel.cli.sources import all_flows, one_flow
from tiercel.cli.summary import conclude
from tiercel.cli.waiting import at_work
from tiercel.cli.where import Where, store_option

if TYPE_CHECKING:
    from tiercel.assembly import Parts
    from tiercel.model.flow import Flow


@click.command()
@click.argument("file")
@click.option("--with", "others", multiple=True, metavar="FILE", help="Deploy these flows too, first; repeatable.")
@inputs_option
@click.option("--inputs-file", metavar="FILE", help="Inputs as a JSON object; --input goes before it.")
@click.option("--label", "labels", multiple=True, metavar="KEY:VALUE", help="A label; repeatable.")
@breakpoints_option
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
    breakpoints: tuple[str, ...],
    trigger: str | None,
    event: str | None,
    store: Where,
    output: str,
    quiet: bool,
) -> None:
    """Run the flow of FILE (- for the standard input), and stay until nothing moves without somebody's action.

    The flow is deployed into the store first. The value of a FILE input is a local path.

    Exit code: 0 SUCCESS or WARNING; 1 FAILED, KILLED or CANCELLED; 2 nothing was started; 3 it waits for somebody.
    """
    cause = _cause(inputs, inputs_file, labels, breakpoints, trigger, event)
    flow, before = one_flow(file), [other for path in others for other in all_flows(path)]
    warn_of_unknown(flow, cause.inputs)
    with at_work(store, progress_for(output, quiet=quiet)) as session:
        for other in before:
            session.runtime.flows.deploy(other)
        execution = cause.start(session.runtime, session.runtime.flows.deploy(flow))
        if execution is None:
            print_json(None)
            return
        session.wait([execution])
        conclude(session.runtime, execution, output, quiet=quiet)


@dataclass(frozen=True)
class Cause:
    """Why an execution is started: a person with inputs and labels, or a trigger that saw something."""

    inputs: dict[str, Any]
    labels: list[tuple[str, str]]
    breakpoints: tuple[str, ...]
    trigger: str | None
    event: dict[str, Any] | None

    def start(self, runtime: Parts, flow: Flow) -> str | None:
        """Start the flow; None when the conditions of the trigger do not hold."""
        if self.trigger is not None:
            from tiercel import actions

            return actions.start_by_trigger(runtime, flow, self.trigger, self.event)
        from tiercel.intake import Request

        inputs, labels, breakpoints = self.inputs, self.labels, self.breakpoints
        request = Request(inputs=inputs, labels=labels, breakpoints=breakpoints, local_files=True)
        return runtime.intake.accept(flow, request).id


def _cause(
    inputs: tuple[str, ...],
    file: str | None,
    labels: tuple[str, ...],
    breakpoints: tuple[str, ...],
    trigger: str | None,
    event: str | None,
) -> Cause:
    """Read the options that say why."""
    if event is not None and trigger is None:
        raise click.UsageError("--event is what a trigger saw: name the trigger with --trigger")
    if trigger is not None and (inputs or file or labels or breakpoints):
        raise click.UsageError(
            "a trigger brings its own inputs and labels: --trigger stands without --input, --label or --breakpoints"
        )
    return Cause(
        read_inputs(inputs, file),
        pairs(labels, ":", "--label", "KEY:VALUE"),
        breakpoint_list(breakpoints),
        trigger,
        None if event is None else json_object(event, "--event"),
    )
