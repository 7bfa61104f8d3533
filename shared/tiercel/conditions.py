"""Conditions: whether what a trigger, a listener or another condition asks for holds.

Promise: nothing is reached here but what `Asked` gives; whatever is wrong with a condition, ExpressionError says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pydantic import ValidationError

from tiercel import registry
from tiercel.errors import ExpressionError
from tiercel.model.execution import Execution, TaskRun
from tiercel.model.plugin import Plugin, bind, text_of


class RenderWith(Protocol):
    """Renders a text, or every text of a structure, with further variables if given."""

    def __call__(self, value: object, extra: Mapping[str, object] | None = None) -> object:
        """Return what was rendered."""


@dataclass(frozen=True)
class Asked:
    """What a condition may look at."""

    namespace: str
    """The namespace of the flow that the trigger or listener belongs to."""
    flow_id: str
    """That flow."""
    render: RenderWith
    execution: Execution | None = None
    """The upstream execution, or the one that a listener belongs to; None where a date or a call is judged."""
    runs: Callable[[], Iterable[TaskRun]] = tuple
    """Gives that execution's task runs; reads all of it, so only who must asks."""

    def upstream(self, who: Condition) -> Execution:
        """Return the execution that is looked at, or raise ExpressionError where there is none."""
        if self.execution is None:
            name = type(who).__name__
            raise ExpressionError(f"{name} looks at an execution, and here there is none: it is for Flow triggers")
        return self.execution


class Condition(Plugin):
    """Base of all conditions."""

    always: ClassVar[Mapping[str, str]] = {}
    """Properties that are there even where nobody writes them: rendered like the others."""
    daily: ClassVar[bool] = False
    """Whether the answer is the same for all times of one day, so that a search may skip the rest of the day."""

    type: str
    """The condition's type."""

    def holds(self, asked: Asked) -> bool:
        """Tell whether the condition holds."""
        raise NotImplementedError


def all_hold(conditions: Iterable[Mapping[str, Any]], asked: Asked) -> bool:
    """Tell whether every condition of a list holds; the first that does not ends the asking.

    Raises:
        ExpressionError: One cannot be judged.
    """
    return all(holds(condition, asked) for condition in conditions)


def holds(condition: Mapping[str, Any], asked: Asked) -> bool:
    """Tell whether one condition, as authored, holds.

    Raises:
        ExpressionError: It cannot be judged.
    """
    plugin = condition_class(condition)
    properties = {**plugin.always, **condition}
    try:
        made: Condition = bind(plugin, properties, lambda value: asked.render(value))
    except ValidationError as error:
        raise ExpressionError(_explained(plugin, error)) from None
    return made.holds(asked)


def condition_class(condition: Mapping[str, Any]) -> type[Condition]:
    """Return the class of a condition as authored."""
    plugin = registry.load(condition["type"])
    if not issubclass(plugin, Condition):
        raise ExpressionError(f"{condition['type']} is no condition; use one of io.kestra.plugin.core.condition")
    return plugin


def truth(value: object) -> bool:
    """Tell whether a rendered expression says yes: all does but nothing, blanks, and `false` in any case.

    The rule of tasks is another one (`is_truthy_text`): there `0` says no, and `False` says yes.
    """
    text = value if isinstance(value, str) else text_of(value)
    return text.strip().lower() not in ("", "false")


def is_daily(condition: Mapping[str, Any]) -> bool:
    """Tell whether a condition answers the same for all times of one day."""
    date = str(condition.get("date", "{{ trigger.date }}"))
    return condition_class(condition).daily and date.replace(" ", "") == "{{trigger.date}}"


def _explained(plugin: type[Condition], error: ValidationError) -> str:
    faults = error.errors(include_url=False)
    return f"the condition {plugin.__name__} has a value that it cannot take: " + "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}, found {fault['input']!r}" for fault in faults
    )
