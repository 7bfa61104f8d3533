"""Starting a flow when executions of others change: `io.kestra.plugin.core.trigger.Flow` (specification, 8.5, 8.7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field, model_validator

from tiercel.conditions import Asked, holds
from tiercel.errors import ExpressionError, MissingError
from tiercel.expressions import is_truthy_text
from tiercel.indexes.listening import LOOKED_AT
from tiercel.model.execution import Execution
from tiercel.model.plugin import Outputs, Rendered, text_of
from tiercel.model.states import State
from tiercel.triggers.base import Block, LabelsText, Trigger
from tiercel.triggers.conditions_logic import MultipleCondition
from tiercel.triggers.dependencies import Dependency, Mode, UpstreamFlow, Window, needed
from tiercel.triggers.windows import TimeWindow

_NO_VALUE = ("IS_NULL", "IS_NOT_NULL", "IS_TRUE", "IS_FALSE")
_MANY = ("IN", "NOT_IN")


class Filter(Block):
    """A comparison with the execution."""

    field: Literal["FLOW_ID", "NAMESPACE", "STATE", "EXPRESSION"]
    """What is compared."""
    type: Literal[
        "EQUAL_TO",
        "NOT_EQUAL_TO",
        "IN",
        "NOT_IN",
        "IS_NULL",
        "IS_NOT_NULL",
        "IS_TRUE",
        "IS_FALSE",
        "STARTS_WITH",
        "ENDS_WITH",
        "REGEX",
        "CONTAINS",
    ]
    """How it is compared."""
    value: str | None = None
    """With what; for EXPRESSION, the expression."""
    values: list[str] | None = None
    """With which, for IN and NOT_IN."""

    @model_validator(mode="after")
    def _has_its_values(self) -> Filter:
        wants_value = self.field == "EXPRESSION" or self.type not in (*_NO_VALUE, *_MANY)
        if wants_value != (self.value is not None):
            raise ValueError(f"value {'cannot' if wants_value else 'must'} be null for type {self.type}")
        wants_values = self.type in _MANY
        if wants_values != (self.values is not None):
            raise ValueError(f"values {'cannot' if wants_values else 'must'} be null for type {self.type}")
        if self.type == "REGEX" and self.value is not None and self.field != "EXPRESSION":
            try:
                re.compile(self.value)
            except re.error as error:
                raise ValueError(f"invalid pattern [{self.value}]: {error}") from None
        if self.field == "EXPRESSION" and self.type not in (*_NO_VALUE, *_MANY):
            raise ValueError(f"EXPRESSION goes with {', '.join((*_NO_VALUE, *_MANY))}; compare inside the expression")
        return self

    def matches(self, asked: Asked) -> bool:
        """Tell whether the comparison holds."""
        found = self._subject(asked)
        if self.type in _NO_VALUE:
            no = found is None or not found.strip()
            yes = found is not None and is_truthy_text(found.strip())
            return {"IS_NULL": no, "IS_NOT_NULL": not no, "IS_TRUE": yes, "IS_FALSE": not yes}[self.type]
        if self.type in _MANY:
            return (found in (self.values or ())) is (self.type == "IN")
        return found is not None and _COMPARISONS[self.type](found, self.value or "")

    def _subject(self, asked: Asked) -> str | None:
        header = asked.execution
        assert header is not None
        if self.field == "EXPRESSION":
            try:
                return text_of(asked.render(self.value))
            except MissingError:
                if self.type in ("IS_NULL", "IS_NOT_NULL"):
                    return None
                raise
        return {"FLOW_ID": header.flow_id, "NAMESPACE": header.namespace, "STATE": str(header.state)}[self.field]


_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "EQUAL_TO": lambda found, wanted: found == wanted,
    "NOT_EQUAL_TO": lambda found, wanted: found != wanted,
    "STARTS_WITH": lambda found, wanted: found.startswith(wanted),
    "ENDS_WITH": lambda found, wanted: found.endswith(wanted),
    "REGEX": lambda found, wanted: re.fullmatch(wanted, found) is not None,
    "CONTAINS": lambda found, wanted: wanted in found,
}


class FilterGroup(Block):
    """Several comparisons with one execution."""

    id: str = Field(min_length=1)
    """The group's name."""
    operand: Literal["AND", "OR"] = "AND"
    """Whether all of them must hold, or one."""
    filters: list[Filter] = Field(min_length=1)
    """The comparisons."""

    def matches(self, asked: Asked) -> bool:
        """Tell whether the comparisons hold."""
        return (all if self.operand == "AND" else any)(each.matches(asked) for each in self.filters)


class Preconditions(Block):
    """What must have happened within a window, by one execution or several."""

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", max_length=256)
    """The name under which it is remembered what has happened."""
    description: str | None = None
    """What they are for."""
    time_window: TimeWindow = Field(default_factory=TimeWindow)
    """Within which time everything must happen; a day by default."""
    reset_on_success: bool = True
    """Whether everything must happen again before the next start."""
    flows: list[UpstreamFlow] = Field(default_factory=list)
    """Flows that must have run."""
    where: list[FilterGroup] = Field(default_factory=list)
    """Comparisons that must have held."""


class OnMiss(Block):
    """What happens when a window ends in which not everything has happened."""

    behavior: Literal["FAIL"]
    """FAIL makes an execution that has failed, with what is missing in its log."""
    labels: LabelsText = None
    """Its labels."""


class Changed(Outputs):
    """What an execution sees that the change of another one has started."""

    execution_id: str
    """The other execution."""
    namespace: str
    """Its namespace."""
    flow_id: str
    """Its flow."""
    flow_revision: int
    """The revision of that flow."""
    state: str
    """The state that it entered."""
    execution_labels: dict[str, Any]
    """Its labels; a name with dots is a map in a map."""
    start_date: datetime
    """When it was created."""
    end_date: datetime
    """When it ended; absent while it runs."""
    first_failed_task_id: str
    """The task that failed first, where one did."""
    last_task_id: str
    """The task that began last, where one did."""
    outputs: dict[str, Any]
    """Its outputs, or those of all that the window gathered; absent where there are none."""
    date: datetime
    """Only of what `onMiss` makes, and then alone: the end of the window."""


class Flow(Trigger):
    """Start an execution when executions of other flows change their state."""

    gives = Changed

    preconditions: Preconditions | None = None
    """What must have happened within a window."""
    states: list[State] = Field(default_factory=lambda: list(LOOKED_AT))
    """At which changes to look."""
    depends_on: list[Dependency] | None = Field(None, min_length=1)
    """The newer form: executions that must have been there, all of them or some, within a window."""
    mode: Mode = "ALL"
    """How many of them."""
    min_satisfied: int | None = None
    """How many, for AT_LEAST."""
    window: Window | None = None
    """Within which time; a day by default, from midnight on."""
    on_miss: Rendered[OnMiss | None] = None
    """What happens when the window ends before; nothing by default."""
    inputs: Rendered[dict[str, Any] | None] = None
    """The execution's inputs; they see what the upstream execution sees, and `trigger.outputs`."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Flow:
        if State.CREATED in self.states:
            raise ValueError("'states' cannot hold CREATED: it is no change of state; use RUNNING")
        made = self.preconditions
        if made is not None and not made.flows and not made.where:
            raise ValueError("'preconditions' need 'flows' or 'where'")
        return self

    @model_validator(mode="after")
    def _depends_in_one_way(self) -> Flow:
        if self.depends_on is not None:
            if self.preconditions is not None:
                raise ValueError("'dependsOn' and 'preconditions' say the same in two ways: keep one of them")
            needed(self.mode, len(self.depends_on), self.min_satisfied)
            return self
        stray = {"mode": self.mode != "ALL", "minSatisfied": self.min_satisfied is not None, "window": self.window}
        for name, is_given in stray.items():
            if is_given:
                raise ValueError(f"'{name}' goes with 'dependsOn' only: add what the trigger depends on, or remove it")
        return self

    @model_validator(mode="after")
    def _can_miss(self) -> Flow:
        if self.on_miss is None:
            return self
        watched = self.watched()
        if watched is None:
            raise ValueError("'onMiss' goes with 'dependsOn' or 'preconditions': add one, or remove it")
        window = watched.window
        if window.type == "SLIDING_WINDOW":
            raise ValueError(
                "'onMiss' needs a window that ends at a known time; use 'deadline', 'from' and 'to' or 'every'"
            )
        if window.window is not None and window.window < timedelta(minutes=1):
            raise ValueError(f"'onMiss' needs a window of a minute or more, found {window.window}")
        return self

    def watched(self) -> Gathering | None:
        """Return what must have been gathered when its window ends; None where nothing must."""
        if self.on_miss is None:
            return None
        if self.preconditions is not None:
            return _of_preconditions(self.preconditions)
        return None if self.depends_on is None else _of_dependencies(self, self.depends_on)

    def gatherings(self) -> list[Gathering]:
        """Return what must be gathered over several executions."""
        found = [_of_condition(each) for each in self.conditions if each["type"] == MULTIPLE]
        if self.preconditions is not None:
            found.append(_of_preconditions(self.preconditions))
        if self.depends_on is not None:
            found.append(_of_dependencies(self, self.depends_on))
        return found


MULTIPLE = "io.kestra.plugin.core.condition.MultipleCondition"


@dataclass(frozen=True)
class Gathering:
    """Several things that must have happened within a window, not all by one execution."""

    id: str
    window: TimeWindow
    reset: bool
    """Whether everything must happen again before the next start."""
    entries: Mapping[str, Callable[[Asked], bool]]
    """Judges an execution by each entry's name."""
    needed: int | None = None
    """How many entries must have been true; all by default."""
    by_flow: bool = False
    """Whether the outputs of each execution stand under the id of its flow."""
    lookback: timedelta | None = None
    """How long an entry stays true; None where the window says it."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """What people call an entry, by its name."""

    def is_met(self, held: Sequence[str]) -> bool:
        """Tell whether enough entries have been true."""
        return len(held) >= (len(self.entries) if self.needed is None else self.needed)

    def outputs_of(self, header: Execution) -> Mapping[str, Any] | None:
        """Return the outputs of an execution as the one that is started sees them."""
        outputs = header.outputs
        return {header.flow_id: outputs} if self.by_flow and outputs else outputs

    def matched(self, asked: Asked, doubt: Callable[[str, ExpressionError], None]) -> set[str]:
        """Return the entries that hold for an execution; what cannot be judged does not, and is told."""
        found = set()
        for name, judge in self.entries.items():
            try:
                if judge(asked):
                    found.add(name)
            except ExpressionError as error:
                doubt(name, error)
        return found


def _of_condition(condition: Mapping[str, Any]) -> Gathering:
    made = MultipleCondition.model_validate(condition)
    entries = {name: _judge(inner) for name, inner in made.conditions.items()}
    return Gathering(made.id, made.time_span(), made.reset_on_success, entries)


def _judge(condition: Mapping[str, Any]) -> Callable[[Asked], bool]:
    return lambda asked: holds(condition, asked)


def _of_preconditions(made: Preconditions) -> Gathering:
    entries: dict[str, Callable[[Asked], bool]] = {f"flows/{n}": each.matches for n, each in enumerate(made.flows)}
    entries.update((f"where/{group.id}", group.matches) for group in made.where)
    titles = {f"flows/{n}": each.title for n, each in enumerate(made.flows)}
    return Gathering(made.id, made.time_window, made.reset_on_success, entries, titles=titles)


def _of_dependencies(trigger: Flow, listed: Sequence[Dependency]) -> Gathering:
    window = trigger.window
    return Gathering(
        "dependsOn",
        TimeWindow() if window is None else window.span(),
        True,
        {f"dependsOn/{n}": each.matches for n, each in enumerate(listed)},
        needed(trigger.mode, len(listed), trigger.min_satisfied),
        by_flow=True,
        lookback=None if window is None else window.lookback,
        titles={f"dependsOn/{n}": each.title for n, each in enumerate(listed)},
    )


def single_conditions(conditions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the conditions that one execution alone must meet."""
    return [each for each in conditions if each["type"] != MULTIPLE]
