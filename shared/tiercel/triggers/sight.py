"""What the expressions of a trigger see, and what its own properties give: dates, inputs, labels, conditions.

Promise: nothing is kept; what is asked twice is rendered twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from tiercel.conditions import Asked, all_hold, truth
from tiercel.errors import ExpressionError, InputError
from tiercel.expressions import Context, World, render_deep
from tiercel.model.flow import Flow
from tiercel.model.headers import with_headers
from tiercel.model.labels import nested_labels
from tiercel.model.plugin import bind
from tiercel.planner.variables import Surroundings
from tiercel.triggers.base import Trigger, rendered_labels
from tiercel.triggers.schedule import Almanac, Dated, ScheduleOnDates, almanac_of, read_dates, read_moment

_T = TypeVar("_T", bound=Trigger)

WITHOUT_SIGHT = ("inputs", "labels", "conditions", "when")
"""Properties that are rendered with what the trigger has seen; the others before it sees anything."""


class Sight:
    """A trigger of a flow, with what its expressions see."""

    def __init__(
        self, flow: Flow, trigger: Trigger, properties: Mapping[str, Any], world: World, surroundings: Surroundings
    ) -> None:
        self._flow = flow
        self._trigger = trigger
        self._properties = properties
        self._world = world
        self._surroundings = surroundings

    def rendered(self, kind: type[_T]) -> _T:
        """Return the trigger, of this kind or a narrower one, with what does not need what it has seen rendered.

        Raises:
            ExpressionError: One cannot be rendered, or is not what it must be then.
        """
        own = {name: value for name, value in self._properties.items() if name not in WITHOUT_SIGHT}
        definition = {"id": self._trigger.id, "type": self._trigger.type}
        try:
            made = bind(type(self._trigger), own, lambda value: self.render(value, definition))
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_url=False)
            )
            raise ExpressionError(f"trigger '{self._trigger.id}' of {self._flow.id}: {faults}") from None
        assert isinstance(made, kind)
        return made

    def almanac(self, trigger: Dated) -> Almanac:
        """Return a trigger's dates with its conditions.

        Raises:
            InputError: Its dates cannot be rendered.
        """
        when = None if trigger.when is None else self.is_when
        listed = self._dates(trigger) if isinstance(trigger, ScheduleOnDates) else []
        return almanac_of(trigger, listed, self.holds, when)

    def _dates(self, trigger: ScheduleOnDates) -> Sequence[datetime]:
        try:
            return read_dates(self.render(trigger.dates, {}), trigger.zone)
        except (ExpressionError, ValueError) as error:
            raise InputError(f"the dates of trigger '{trigger.id}' cannot be read: {error}") from None

    def date(self, trigger: Dated, almanac: Almanac, given: object) -> datetime:
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

    def inputs(self, variables: Mapping[str, object]) -> Mapping[str, Any]:
        """Return the inputs that the trigger gives."""
        inputs = self.render(self._properties.get("inputs") or {}, variables)
        return inputs if isinstance(inputs, dict) else {}

    def labels(self, variables: Mapping[str, object]) -> Sequence[tuple[str, str]]:
        """Return the labels that the trigger gives."""
        return rendered_labels(self._properties, lambda text: self.render(text, variables))

    def holds(self, conditions: Sequence[Mapping[str, Any]], variables: Mapping[str, object]) -> bool:
        """Tell whether all of these conditions hold."""

        def render(value: object, extra: Mapping[str, object] | None = None) -> object:
            return self.render(value, variables, extra)

        return all_hold(conditions, Asked(self._flow.namespace, self._flow.id, render))

    def is_when(self, variables: Mapping[str, object]) -> bool:
        """Tell whether the trigger's own `when` is true."""
        return self._trigger.when is None or truth(self.render(self._trigger.when, variables))

    def render(
        self, value: object, variables: Mapping[str, object], extra: Mapping[str, object] | None = None
    ) -> object:
        """Render every text of a structure with the flow's variables and those of the trigger."""
        flow = self._flow
        base: dict[str, object] = {
            **self._surroundings,
            "flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision},
            "labels": nested_labels(flow.labels),
            "trigger": with_headers(variables),
        }
        if flow.variables:
            base["vars"] = flow.variables
        if isinstance(self._trigger, Dated):
            base["schedule"] = variables
        return render_deep(value, Context({**base, **(extra or {})}, self._world))
