"""Loop: a group of tasks for each value, each iteration by itself (flow specification, 6.7).

Two hidden tasks belong to it. `<id>.iteration` is the last of every iteration: it makes the iteration's outputs and
says whether the loop is to break off. `<id>.outputs` gathers what they made, once all iterations have ended. Neither
is there where the loop declares nothing for it to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from tiercel.errors import ExpressionError, TaskError
from tiercel.expressions import to_json
from tiercel.flowables.base import FlowableTask
from tiercel.flowables.base import Loop as Opening
from tiercel.flowables.core import MOST_VALUES
from tiercel.model.flow import MAIN
from tiercel.model.inputs import FlowOutput
from tiercel.model.nesting import Part
from tiercel.model.plugin import Outputs, Rendered

ITERATION = ".iteration"
"""What stands after a loop's id in the id of the task that ends an iteration."""

GATHERING = "gathering"
"""The branch of a loop in which the outputs of its iterations are put together; no author can write it."""

_FILES = ("kestra:///", "nsfile:///")


@dataclass(frozen=True, slots=True)
class Item:
    """What one iteration is for."""

    value: Any
    key: str | None = None
    """Where the values are a map."""
    from_file: bool = False
    """Whether the values are the lines of a file."""


def encode_item(item: Item) -> str:
    """Return an item as the text that the loop's run and the iteration's lane hold."""
    more = [item.key, item.from_file] if item.key is not None or item.from_file else []
    return to_json([item.value, *more])


def decode_item(text: str) -> Item:
    """Return the item that a text holds."""
    return Item(*json.loads(text))


def shown_item(text: str) -> str:
    """Return an item's value as people see it on its task runs: a text, or JSON."""
    value = decode_item(text).value
    return value if isinstance(value, str) else to_json(value)


def items_of(value: object) -> tuple[str, ...]:
    """Return the items, encoded, of a list, a map, or text that holds either as JSON.

    Raises:
        TaskError: It is none of these, has nulls, or is too long.
    """
    found = _structure(value) if isinstance(value, str) else value
    if isinstance(found, Mapping):
        return _encoded([Item(item, str(key)) for key, item in found.items()])
    if isinstance(found, list):
        return _encoded([Item(item) for item in found])
    wanted = "wanted a list, a map, JSON text of either, or the URI of a file"
    raise TaskError(f"'values' of the loop is {type(found).__name__}: {str(value)[:200]!r}; {wanted}")


def items_in(text: str, uri: str) -> tuple[str, ...]:
    """Return the items, encoded, of a file that holds one JSON or Ion value a line.

    Raises:
        TaskError: A line is neither, or they are too many.
    """
    from tiercel.expressions.ion import from_ion  # only here: most loops have no file

    try:
        rows: Iterable[object] = [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError as error:
        try:
            values = from_ion(text, all_rows=True)
        except (ExpressionError, ValueError):
            found = f"has a line that is no JSON: {error}; wanted one JSON value a line, or Ion text"
            raise TaskError(f"the file {uri} of the loop's values {found}") from None
        rows = values if isinstance(values, list) else [values]
    return _encoded([Item(row, from_file=True) for row in rows])


def _structure(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        wanted = "wanted a list, a map, JSON text of either, or the URI of a file"
        raise TaskError(f"'values' of the loop is not JSON: {error}; found: {text[:200]!r}; {wanted}") from None


def _encoded(items: list[Item]) -> tuple[str, ...]:
    nulls = sum(item.value is None for item in items)
    if nulls:
        raise TaskError(f"Found '{nulls}' null value(s) among the values of the loop; leave them out")
    if len(items) > MOST_VALUES:
        limit = f"more than the {MOST_VALUES} that one loop goes through"
        raise TaskError(f"the loop has {len(items)} values, {limit}; put them into a file and use ForEachItem")
    return tuple(map(encode_item, items))


class Iterations(Outputs):
    """What Loop gives."""

    iteration_count: int
    """How many values there are, also where the loop breaks off before the last."""
    running_iterations: int
    """How many of them run."""
    terminated_iterations: dict[str, int]
    """How many have ended, by state."""
    outputs: list[dict[str, Any]]
    """For each iteration that began, in order, its `item` and its `outputs`; empty where none are declared."""


class Loop(FlowableTask):
    """Run a group of tasks for each value, each iteration by itself."""

    valued: ClassVar[bool] = True
    gives = Iterations
    values: Rendered[Any]
    """A list, a map, JSON text of either, or the URI of a file with one JSON or Ion value a line."""
    concurrency_limit: Rendered[int] = Field(0, ge=0)
    """How many iterations at once; 0 means all."""
    transmit_failed: bool = True
    """Whether an iteration that fails ends the loop, and fails it."""
    outputs: list[FlowOutput] | None = None
    """What each iteration gives at its end, as a flow declares its outputs."""
    fetch_type: Literal["AUTO", "FETCH", "STORE"] = "AUTO"
    """Whether these outputs stand in the loop's own, or each iteration's in a file; AUTO: as the values do."""
    break_when: str | None = None
    """An expression, rendered at the end of each iteration: once it is true, no further iteration begins."""

    @classmethod
    def added(cls, name: str, properties: Mapping[str, object]) -> Mapping[str, Part]:
        """Return the hidden tasks, each by the branch at whose end it stands."""
        wanted = {key: properties[key] for key in ("outputs", "breakWhen", "fetchType") if properties.get(key)}
        found: dict[str, Part] = {}
        if "outputs" in wanted or "breakWhen" in wanted:
            found[MAIN] = Part(f"{name}{ITERATION}", "LoopIteration", wanted)
        if "outputs" in wanted:
            found[GATHERING] = Part(f"{name}.outputs", "LoopOutputs")
        return found

    def check(self, properties: Mapping[str, object]) -> Iterable[str]:
        """Return what is wrong with several properties together: outputs of one name."""
        outputs = properties.get("outputs")
        names = [str(each.get("id")) for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []
        double = sorted({name for name in names if names.count(name) > 1})
        return [f"the outputs of a loop need names of their own; given twice: {', '.join(double)}"] if double else []

    @staticmethod
    def transmits(properties: Mapping[str, object]) -> bool:
        """Tell whether a loop with these properties, as authored, fails where an iteration fails."""
        return TypeAdapter(bool).validate_python(properties.get("transmitFailed", True))

    def open(self) -> Opening:
        """Loop over the values."""
        if isinstance(self.values, str) and self.values.strip().startswith(_FILES):
            return Opening((), self.concurrency_limit, uri=self.values.strip())
        return Opening(items_of(self.values), self.concurrency_limit)
