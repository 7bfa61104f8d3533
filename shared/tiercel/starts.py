"""Starting a flow as one of its triggers would, by hand, with what the trigger would have seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tiercel import registry
from tiercel.conditions import Asked, all_hold, are_daily
from tiercel.errors import ConflictError, ExpressionError, InputError, NotFoundError
from tiercel.expressions import Context, World, render_deep
from tiercel.flowtriggers import Asking
from tiercel.intake import Intake, Request
from tiercel.lanes import Lanes
from tiercel.model.execution import Trigger as TriggerRecord
from tiercel.model.flow import Flow
from tiercel.model.ids import fresh_id
from tiercel.planner.variables import Surroundings
from tiercel.triggers.base import Trigger, as_authored, rendered_labels
from tiercel.triggers.flow import Flow as FlowTrigger
from tiercel.triggers.schedule import Almanac, Calendar, Dated, ListedDates, Schedule, ScheduleOnDates, read_moment
from tiercel.triggers.webhook import Webhook, webhook_variables
from tiercel.upstream import Upstream, nested


@dataclass(frozen=True)
class Starter:
    """Starts flows as their triggers would."""

    lanes: Lanes
    intake: Intake
    worlds: Callable[[Flow], World]
    """Gives the readers of the world for a flow's own expressions."""
    surroundings: Surroundings

    def start(self, flow: Flow, trigger_id: str, event: Mapping[str, Any] | None = None) -> str | None:
        """Start a flow as one of its triggers would.

        Args:
            flow: The flow.
            trigger_id: Which trigger.
            event: What it saw: for a Webhook `body`, `headers` and `parameters`; for a schedule the `date`; for a
                Flow trigger the `executionId` of the execution that has changed.

        Returns:
            The execution's id, or None when the conditions do not hold.

        Raises:
            NotFoundError: The flow has no such trigger.
            ConflictError: The trigger, or the flow, is disabled, or the trigger cannot be started by hand.
            InputError: What it is said to have seen cannot be; or the inputs do not validate.
        """
        properties, seen = trigger_of(flow, trigger_id), event or {}
        trigger = _enabled(flow, properties)
        if isinstance(trigger, Webhook):
            return Start(self, flow, trigger, properties).by_webhook(seen)
        if isinstance(trigger, Dated):
            return Start(self, flow, trigger, properties).by_date(trigger, seen)
        if isinstance(trigger, FlowTrigger):
            return self._by_execution(flow, trigger, properties, seen)
        raise ConflictError(f"a trigger of type {trigger.type} cannot be started by hand")

    def _by_execution(
        self, flow: Flow, trigger: FlowTrigger, properties: Mapping[str, Any], seen: Mapping[str, Any]
    ) -> str | None:
        name = seen.get("executionId")
        if not isinstance(name, str):
            raise InputError('a Flow trigger sees an execution: give it as {"executionId": "..."}')
        found = self.lanes.stored(name).header()
        if found is None:
            raise NotFoundError(f"there is no execution '{name}' in this store")
        upstream = Upstream(self.lanes, found[0], len(found[0].at))
        return Asking(self.lanes, self.intake, flow, trigger, properties, upstream, by_hand=fresh_id()).ask()


def trigger_of(flow: Flow, trigger_id: str) -> Mapping[str, Any]:
    """Return one trigger of a flow, as authored.

    Raises:
        NotFoundError: There is no such trigger; the text names those that there are.
    """
    for properties in flow.triggers:
        if properties["id"] == trigger_id:
            return properties
    known = ", ".join(str(each["id"]) for each in flow.triggers) or "none"
    raise NotFoundError(f"flow {flow.namespace}.{flow.id} has no trigger '{trigger_id}'; its triggers: {known}")


def _enabled(flow: Flow, properties: Mapping[str, Any]) -> Trigger:
    plugin = registry.load(properties["type"])
    if not issubclass(plugin, Trigger):
        raise ConflictError(f"{properties['type']} is no trigger")
    trigger = as_authored(plugin, properties)
    if trigger.disabled:
        raise ConflictError(f"trigger '{trigger.id}' of {flow.id} is disabled: remove 'disabled: true' to start it")
    return trigger


class Start:
    """One start of a flow by a trigger that sees no execution."""

    def __init__(self, starter: Starter, flow: Flow, trigger: Trigger, properties: Mapping[str, Any]) -> None:
        self._starter = starter
        self._flow = flow
        self._trigger = trigger
        self._properties = properties
        self._world = starter.worlds(flow)

    def by_webhook(self, event: Mapping[str, Any], execution: str | None = None) -> str | None:
        """Start for a request; None when the conditions do not hold.

        Raises:
            InputError: The inputs cannot be rendered, or do not validate.
        """
        assert isinstance(self._trigger, Webhook)
        variables = webhook_variables(event if self._trigger.fetch_type == "FETCH" else {**event, "body": None})
        try:
            if not self._holds(self._trigger.conditions, variables):
                return None
            request = self._request(variables, execution)
        except ExpressionError as error:
            raise InputError(f"trigger '{self._trigger.id}' of {self._flow.id}: {error}") from None
        return self._starter.intake.accept(self._flow, request).id

    def by_date(self, trigger: Dated, event: Mapping[str, Any], execution: str | None = None) -> str | None:
        """Start for a date; None when the conditions do not hold.

        What goes wrong beyond that makes an execution that has failed, with the reason in its log.
        """
        almanac = self.almanac(trigger)
        date = self._date(trigger, almanac, event.get("date"))
        try:
            variables = almanac.variables(date)
        except ExpressionError as error:
            return self._failed(almanac.plain(date), execution, f"a condition cannot be judged: {error}")
        if variables is None:
            return None
        try:
            return self._starter.intake.accept(self._flow, self._request(variables, execution)).id
        except (ExpressionError, InputError) as error:
            return self._failed(variables, execution, f"the inputs cannot be made: {error}")

    def almanac(self, trigger: Dated) -> Almanac:
        """Return a trigger's dates with its conditions.

        Raises:
            InputError: Its dates cannot be rendered.
        """
        conditions = [*trigger.conditions, *getattr(trigger, "schedule_conditions", ())]
        judge = (lambda variables: self._holds(conditions, variables)) if conditions else None
        dates: Calendar
        if isinstance(trigger, Schedule):
            dates = trigger.calendar()
        else:
            assert isinstance(trigger, ScheduleOnDates)
            dates = ListedDates(self._dates(trigger))
        neighbours = any(word in str(conditions) for word in ("next", "previous"))
        return Almanac(dates, trigger.zone, judge, are_daily(conditions), neighbours)

    def _dates(self, trigger: ScheduleOnDates) -> Sequence[datetime]:
        try:
            found = self._render(trigger.dates, {})
            listed = found if isinstance(found, list) else _json_list(found)
            return [read_moment(str(date), trigger.zone) for date in listed]
        except (ExpressionError, ValueError) as error:
            raise InputError(f"the dates of trigger '{trigger.id}' cannot be read: {error}") from None

    def _date(self, trigger: Dated, almanac: Almanac, given: object) -> datetime:
        """Return the date that was given, else the latest one that the trigger has had, else the present."""
        now = self._world.now()
        if given is None:
            return almanac.dates.previous(now) or now
        try:
            date = read_moment(str(given), trigger.zone)
        except ValueError as error:
            raise InputError(str(error)) from None
        if not 1900 <= date.year < 9900:
            raise InputError(f"the date {given} is out of range: the years are 1900 to 9899")
        return date

    def _failed(self, variables: Mapping[str, object], execution: str | None, reason: str) -> str:
        request = Request(trigger=self._record(variables), id=execution)
        return self._starter.intake.fail(self._flow, request, reason).id

    def _request(self, variables: Mapping[str, object], execution: str | None) -> Request:
        inputs = self._render(self._properties.get("inputs") or {}, variables)
        return Request(
            inputs=inputs if isinstance(inputs, dict) else {},
            labels=rendered_labels(self._properties, lambda text: self._render(text, variables)),
            trigger=self._record(variables),
            id=execution,
        )

    def _record(self, variables: Mapping[str, object]) -> TriggerRecord:
        return TriggerRecord(self._trigger.id, self._trigger.type, dict(variables))

    def _holds(self, conditions: Sequence[Mapping[str, Any]], variables: Mapping[str, object]) -> bool:
        def render(value: object, extra: Mapping[str, object] | None = None) -> object:
            return self._render(value, variables, extra)

        return all_hold(conditions, Asked(self._flow.namespace, self._flow.id, render))

    def _render(
        self, value: object, variables: Mapping[str, object], extra: Mapping[str, object] | None = None
    ) -> object:
        """Render every text of a structure with the flow's variables and those of the trigger."""
        flow = self._flow
        base: dict[str, object] = {
            **self._starter.surroundings,
            "flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision},
            "labels": nested(dict(flow.labels)),
            "trigger": variables,
        }
        if flow.variables:
            base["vars"] = flow.variables
        if isinstance(self._trigger, Dated):
            base["schedule"] = variables
        return render_deep(value, Context({**base, **(extra or {})}, self._world))


def _json_list(found: object) -> list[object]:
    import json

    value = json.loads(str(found))
    if not isinstance(value, list):
        raise ValueError(f"a list of dates is wanted, found {str(found)[:80]!r}")
    return value
