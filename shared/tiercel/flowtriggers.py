"""Flow triggers: what the change of one execution starts elsewhere (flow specification, 8.5).

Promise: a change that is told twice starts each execution once: its id follows from the trigger and the change, and a
window remembers the changes that it has taken in. What a window gathers and what it starts are one commit.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from tiercel.conditions import all_hold, truth
from tiercel.errors import ExpressionError, InputError, TransientError
from tiercel.indexes.listening import Listener, flow_triggers, looked_at
from tiercel.intake import CORRELATION, Intake, Request
from tiercel.lanes import TRIES, Lanes
from tiercel.model.execution import Execution, Trigger
from tiercel.model.flow import Flow
from tiercel.model.ids import derived_id
from tiercel.ports import Refused, Write
from tiercel.triggers.base import as_authored, rendered_labels
from tiercel.triggers.flow import Flow as FlowTrigger
from tiercel.triggers.flow import Gathering, single_conditions
from tiercel.triggerstates import windows
from tiercel.triggerstates.changes import is_disabled
from tiercel.upstream import Upstream

_log = logging.getLogger("tiercel")


def execution_changed(
    lanes: Lanes, intake: Intake, listeners: Sequence[Listener], execution: str, number: int | None
) -> None:
    """Ask every flow that listens whether the change of an execution is what it waits for.

    Args:
        lanes: Where executions are.
        intake: Accepts what is started.
        listeners: The flows that listen.
        execution: The execution that has changed.
        number: The entry of its history, counted from 1; None for its latest end.
    """
    upstream = _upstream(lanes, execution, number)
    late: TransientError | None = None
    for listener in listeners if upstream is not None else ():
        assert upstream is not None
        try:
            if _hears(listener, upstream.header):
                flow = lanes.flows.get(listener.namespace, listener.flow_id, listener.revision)
                ask_flow(lanes, intake, flow, upstream)
        except TransientError as error:
            late = error
        except Exception:  # noqa: BLE001 - one bad flow must not keep the news from the others
            name = f"{listener.namespace}.{listener.flow_id}"
            _log.exception("a flow that listens cannot be asked", extra={"flow": name, "execution": execution})
    if late is not None:
        raise late


def _upstream(lanes: Lanes, execution: str, number: int | None) -> Upstream | None:
    found = lanes.stored(execution).header()
    if found is None:
        return None
    history = found[0].at
    if number is None:
        number = max((place for place, (state, _) in enumerate(history, 1) if state.is_terminal), default=0)
    return Upstream(lanes, found[0], number) if 0 < number <= len(history) else None


def _hears(listener: Listener, header: Execution) -> bool:
    """Tell whether a flow looks at such a change at all: never at its own executions."""
    own = (listener.namespace, listener.flow_id) == (header.namespace, header.flow_id)
    return not own and header.state in listener.states


def ask_flow(lanes: Lanes, intake: Intake, flow: Flow, upstream: Upstream) -> None:
    """Start a flow by each of its Flow triggers that waits for this change."""
    for properties in flow_triggers(flow):
        trigger = as_authored(FlowTrigger, properties)
        if upstream.header.state in looked_at(properties):
            Asking(lanes, intake, flow, trigger, properties, upstream).ask()


class Asking:
    """One trigger's answer to one change."""

    def __init__(
        self,
        lanes: Lanes,
        intake: Intake,
        flow: Flow,
        trigger: FlowTrigger,
        properties: Mapping[str, Any],
        upstream: Upstream,
        by_hand: str | None = None,
    ) -> None:
        self._lanes = lanes
        self._intake = intake
        self._flow = flow
        self._trigger = trigger
        self._properties = properties
        self._upstream = upstream
        cause = ("flow-trigger", flow.namespace, flow.id, trigger.id, upstream.event)
        self._id = by_hand or derived_id(*cause)
        self._event = upstream.event if by_hand is None else f"{upstream.event}/{by_hand}"

    def ask(self) -> str | None:
        """Start the flow if the trigger waits for this change; return the execution's id, or None.

        Raises:
            TransientError: A window is changed by too many at once.
        """
        asked = self._upstream.asked(self._flow)
        try:
            if not all_hold(single_conditions(self._trigger.conditions), asked) or not self._is_when():
                return None
        except ExpressionError as error:
            self._doubt("conditions", error)
            return None
        if is_disabled(self._lanes.store, self._flow, self._trigger.id):
            return None
        gatherings = self._trigger.gatherings()
        if not gatherings:
            return self._start(self._upstream.header.outputs, [])
        matched = [gathering.matched(asked, self._doubt) for gathering in gatherings]
        if not any(matched):
            return None
        for _ in range(TRIES):
            try:
                return self._gather(gatherings, matched)
            except Refused:
                continue
        raise TransientError(f"the windows of trigger '{self._trigger.id}' are changed by too many at once")

    def _is_when(self) -> bool:
        """Tell whether the trigger's own `when` is true of the change.

        Raises:
            ExpressionError: It cannot be rendered.
        """
        when, upstream = self._trigger.when, self._upstream
        if when is None:
            return True
        extra = {"trigger": upstream.revealed(upstream.variables(upstream.header.outputs))} if "trigger" in when else {}
        return truth(upstream.render(when, extra))

    def _gather(self, gatherings: Sequence[Gathering], matched: Sequence[set[str]]) -> str | None:
        """Take the change in; start the flow when that completes every window."""
        header, flow = self._upstream.header, self._flow
        touched: list[windows.StoredWindow] = []
        complete: list[tuple[Gathering, windows.StoredWindow]] = []
        for gathering, entries in zip(gatherings, matched, strict=True):
            stored = windows.load(self._lanes.store, flow, self._trigger.id, gathering.id)
            if self._event in stored.window.events:
                return None  # it was taken in before, and what it started was started with it
            if entries:
                change = windows.Change(self._event, self._upstream.when, entries, gathering.outputs_of(header))
                windows.take_in(stored.window, gathering, change)
                touched.append(stored)
            if windows.is_complete(stored.window, gathering, self._upstream.when):
                complete.append((gathering, stored))
        if len(complete) < len(gatherings):
            self._lanes.commit([stored.write(flow) for stored in touched], [])
            return None
        outputs: object = None
        for gathering, stored in complete:
            outputs = windows.merged(outputs, stored.window.outputs)
            windows.fulfil(stored.window, reset=gathering.reset)
        return self._start(outputs, [stored.write(flow) for _, stored in complete])

    def _start(self, outputs: object, also: list[Write]) -> str | None:
        """Start the flow, in one commit with what its windows keep."""
        variables = self._upstream.variables(outputs if isinstance(outputs, dict) else None)
        extra = {"trigger": self._upstream.revealed(variables)}
        try:
            inputs = self._upstream.render(self._properties.get("inputs") or {}, extra)
        except ExpressionError as error:
            self._doubt("inputs", error)
            self._lanes.commit(also, [])
            return None
        request = Request(
            inputs=inputs if isinstance(inputs, dict) else {},
            labels=rendered_labels(self._properties, lambda text: self._upstream.render(text, extra)),
            trigger=Trigger(self._trigger.id, self._trigger.type, variables),
            owner=self._upstream.header.id,
            id=self._id,
            system_labels=[(key, value) for key, value in self._upstream.header.labels if key == CORRELATION],
            incomplete=True,
        )
        try:
            return self._intake.accept(self._flow, request, also).id
        except InputError as error:
            return self._intake.fail(self._flow, request, f"the inputs do not validate: {error}", also).id

    def _doubt(self, what: str, error: Exception) -> None:
        """Say that something of the trigger cannot be judged, and so starts nothing."""
        _log.warning(
            "a Flow trigger starts nothing: %s",
            error,
            extra={
                "flow": f"{self._flow.namespace}.{self._flow.id}",
                "trigger": self._trigger.id,
                "what": what,
                "execution": self._upstream.header.id,
            },
        )
