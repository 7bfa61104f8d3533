"""Service levels of an execution: how long it may take, and what must hold while it runs (flow specification, 1.10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions import is_truthy_text
from tiercel.flowables.execution import label_pairs
from tiercel.model.durations import format_duration, parse_duration
from tiercel.model.execution import LogLine
from tiercel.model.messages import CheckSla
from tiercel.model.states import Level, State
from tiercel.planner.changes import leave
from tiercel.planner.walk import Walk

DURATION = "MAX_DURATION"
ASSERTION = "EXECUTION_ASSERTION"

_ENDS = {"FAIL": State.FAILED, "CANCEL": State.CANCELLED}


def set_deadlines(walk: Walk) -> None:
    """Have the execution looked at when the time that it may take is over."""
    for sla in walk.flow.sla:
        if sla["type"] == DURATION:
            due = walk.header.at[0][1] + parse_duration(sla["duration"]).total_seconds()
            walk.transition.send(CheckSla(walk.header.id, sla["id"]), due)


def keep_assertions(walk: Walk) -> None:
    """Ask the assertions, before the next task begins or the execution ends."""
    for sla in _open(walk, ASSERTION):
        if _is_false(walk, str(sla["assert"])):
            _violated(walk, sla, f"assertion is false: {sla['assert']}.")
            break


def deadline_is_over(walk: Walk, name: str) -> None:
    """Fold the end of the time that an execution may take."""
    for sla in _open(walk, DURATION):
        if sla["id"] == name:
            most = parse_duration(sla["duration"])
            taken = parse_duration(walk.now - walk.header.at[0][1])
            reason = f"execution duration of {format_duration(taken)} exceed the maximum duration of"
            _violated(walk, sla, f"{reason} {format_duration(most)}.")


def _open(walk: Walk, kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield the service levels of a kind, while none has been violated and the execution runs."""
    if not walk.header.sla_violated and not walk.header.state.is_terminal:
        yield from (sla for sla in walk.flow.sla if sla["type"] == kind)


def _is_false(walk: Walk, template: str) -> bool:
    try:
        return not is_truthy_text(walk.renderer.text(template, None))
    except ExpressionError as error:
        line = LogLine(walk.now, Level.DEBUG, f"the assertion cannot be rendered yet: {error}")
        if not walk.header.logs or walk.header.logs[-1].message != line.message:
            walk.header.logs.append(line)
        return False


def _violated(walk: Walk, sla: Mapping[str, Any], reason: str) -> None:
    header = walk.header
    header.sla_violated = str(sla["id"])
    header.logs.append(LogLine(walk.now, Level.ERROR, f"SLA '{sla['id']}' is violated: {reason}"))
    known = {key for key, _ in header.labels}
    header.labels = header.labels + [pair for pair in label_pairs(sla.get("labels") or {}) if pair[0] not in known]
    walk.transition.header_changed = True
    state = _ENDS.get(str(sla.get("behavior", "FAIL")))
    if state is not None:
        leave(walk, state)
