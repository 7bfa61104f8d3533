"""Conditions about other conditions, about expressions, and about the flow itself (specification, 9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from tiercel.conditions import Asked, Condition, holds, truth
from tiercel.errors import ExpressionError
from tiercel.model.durations import Duration
from tiercel.model.plugin import Rendered
from tiercel.triggers.windows import TimeWindow

_MULTIPLE = "MultipleCondition"


def _none_gathers(conditions: list[dict[str, Any]] | dict[str, dict[str, Any]]) -> None:
    each = conditions.values() if isinstance(conditions, dict) else conditions
    if any(str(one.get("type")).rpartition(".")[2] in (_MULTIPLE, "ExecutionsCondition") for one in each):
        raise ValueError("a MultipleCondition cannot stand inside another condition; put it right under the trigger")


class Expression(Condition):
    """Holds when an expression is neither blank nor false."""

    expression: Rendered[str]
    """The expression."""

    def holds(self, asked: Asked) -> bool:  # noqa: ARG002 - it was rendered already
        """Tell whether it says yes."""
        return truth(self.expression)


class FlowCondition(Condition):
    """Holds when the flow is this one."""

    namespace: str
    """Its namespace."""
    flow_id: str
    """Its id."""

    def holds(self, asked: Asked) -> bool:
        """Compare with the flow that has the trigger."""
        return (asked.namespace, asked.flow_id) == (self.namespace, self.flow_id)


class FlowNamespaceCondition(Condition):
    """Holds when the flow is in this namespace."""

    namespace: str
    """The namespace, or what it must begin with."""
    prefix: bool = False
    """Whether its beginning is enough."""

    def holds(self, asked: Asked) -> bool:
        """Compare with the flow that has the trigger."""
        return asked.namespace.startswith(self.namespace) if self.prefix else asked.namespace == self.namespace


class _Several(Condition):
    """What conditions made of conditions share."""

    conditions: list[dict[str, Any]] = Field(min_length=1)
    """The conditions."""

    @field_validator("conditions")
    @classmethod
    def _single(cls, conditions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        _none_gathers(conditions)
        return conditions


class Not(_Several):
    """Holds when none of several conditions does."""

    def holds(self, asked: Asked) -> bool:
        """Ask all of them."""
        return not any(holds(each, asked) for each in self.conditions)


class Or(_Several):
    """Holds when at least one of several conditions does."""

    def holds(self, asked: Asked) -> bool:
        """Ask until one holds."""
        return any(holds(each, asked) for each in self.conditions)


class MultipleCondition(Condition):
    """Holds when several named conditions have held within a window, not all for one execution."""

    deprecated: ClassVar[Mapping[str, str]] = {
        "window": "use 'timeWindow'",
        "windowAdvance": "use 'timeWindow'",
    }
    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", max_length=256)
    """The name under which it is remembered which have held."""
    time_window: TimeWindow | None = None
    """Within which time they must hold; a day by default."""
    window: Duration | None = None
    """The length of a DURATION_WINDOW."""
    window_advance: Duration | None = None
    """How far it is moved."""
    reset_on_success: bool = True
    """Whether all must hold again before the next start."""
    conditions: dict[str, dict[str, Any]] = Field(min_length=1)
    """The conditions, each with a name."""

    @model_validator(mode="after")
    def _is_consistent(self) -> MultipleCondition:
        _none_gathers(self.conditions)
        if self.time_window is not None and (self.window is not None or self.window_advance is not None):
            raise ValueError("'timeWindow' and 'window' say the same thing: keep 'timeWindow'")
        return self

    def time_span(self) -> TimeWindow:
        """Return the window."""
        if self.time_window is not None:
            return self.time_window
        return TimeWindow(window=self.window or timedelta(days=1), window_advance=self.window_advance)

    def holds(self, asked: Asked) -> bool:  # noqa: ARG002 - there is nothing to ask
        """Refuse: it takes several executions, and a place to remember them in."""
        raise ExpressionError("MultipleCondition is for Flow triggers only; use their 'conditions' or 'preconditions'")
