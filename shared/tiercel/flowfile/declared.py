"""The inputs and outputs that a flow declares, each to its record, with the place of whatever is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tiercel.flowfile.duplicates import report_double
from tiercel.flowfile.places import Path, Report
from tiercel.flowfile.properties import read_properties
from tiercel.flowfile.texts import Shape, kept
from tiercel.flowfile.words import nearest, shown
from tiercel.model.inputs import INPUT_TYPES, OLD_TYPES, FlowOutput, InputBase, check_inputs, input_notices
from tiercel.model.plugin import Plugin, field_kinds

_TEXTUAL = frozenset(
    (
        "STRING",
        "SECRET",
        "SELECT",
        "ENUM",
        "MULTISELECT",
        "DATETIME",
        "DATE",
        "TIME",
        "DURATION",
        "FILE",
        "URI",
        "EMAIL",
    )
)
"""Types whose default is a text, or a list of texts."""
_TEXTS = Shape(text=True, items=Shape(text=True))
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def read_inputs(value: object, report: Report, path: Path = ("inputs",)) -> tuple[InputBase, ...]:
    """Return the inputs that a list declares, reporting what is wrong with each and with all together.

    Args:
        value: The list as authored.
        report: Takes problems and notices.
        path: Where it stands: the flow's own, or those that a Pause asks for.
    """
    read = _entries(value, path, report, _input)
    report_double("input", value, path, report)
    inputs = tuple(each for each in read if isinstance(each, InputBase))
    found = [each if isinstance(each, InputBase) else _stand_in(value, index) for index, each in enumerate(read)]
    if not all(found):  # the others cannot be judged without it
        return inputs
    together = [each for each in found if each is not None]
    for problem in check_inputs(together, str(path[-1])):
        said = problem.message.startswith("Duplicate") and problem.path.count("[") == 1  # with the lines
        if not said:
            report.problem((*path[:-1], *_steps(problem.path)), problem.message)
    for notice in input_notices(together):
        report.notice((*path, *_steps(notice.path)[1:]), notice.message, key=True)
    return inputs


def _stand_in(entries: Any, index: int) -> InputBase | None:
    """Return an input with nothing but the id of one that is wrong, so that others may depend on it; None without."""
    entry = entries[index]
    name = (entry.get("id") or entry.get("name")) if isinstance(entry, dict) else None
    if not isinstance(name, str) or entry.get("type") == "FORM":
        return None
    return InputBase.model_construct(id=name, type="STRING")


def read_outputs(value: object, report: Report) -> tuple[FlowOutput, ...]:
    """Return the flow's outputs, reporting what is wrong with each."""
    found = _entries(value, ("outputs",), report, _output)
    report_double("output", value, ("outputs",), report)
    return tuple(each for each in found if isinstance(each, FlowOutput))


def _entries(value: object, path: Path, report: Report, read: Any) -> list[Plugin | None]:
    if value is None:
        return []
    if not isinstance(value, list):
        report.problem(path, f"must be a list, found {shown(value)}")
        return []
    made: list[Plugin | None] = []
    for index, entry in enumerate(value):
        if isinstance(entry, dict):
            made.append(read(entry, (*path, index), report))
        else:
            found = "must not be null" if entry is None else f"must be a map, found {shown(entry)}"
            report.problem((*path, index), f"{found}; each of the {path[-1]} is a map with 'id' and 'type'")
            made.append(None)
    return made


def _input(raw: dict[str, Any], path: Path, report: Report) -> Plugin | None:
    kind = str(raw.get("type"))
    model = INPUT_TYPES.get(kind)
    if model is None:
        known = ", ".join(INPUT_TYPES)
        message = f"Invalid type: {_written(raw)}{nearest(kind, INPUT_TYPES)}"
        report.problem((*path, "type"), f"{message} (known input types: {known})")
        return None
    if kind in OLD_TYPES:
        report.notice((*path, "type"), f"the input type {kind} is deprecated: use {OLD_TYPES[kind]}")
    if kind in _TEXTUAL:
        for name in ("defaults", "prefill"):
            if name in raw:
                raw[name] = kept(raw[name], _TEXTS, report.document, raw, name)
    return _record(model, raw, path, report, f"input of type {kind}")


def _written(raw: Mapping[str, Any]) -> str:
    kind = raw.get("type")
    return kind if isinstance(kind, str) else shown(kind)


def _output(raw: dict[str, Any], path: Path, report: Report) -> Plugin | None:
    return _record(FlowOutput, raw, path, report, "output")


def _record(model: type[Plugin], raw: dict[str, Any], path: Path, report: Report, owner: str) -> Plugin | None:
    values, kinds = read_properties(model, raw, path, report, owner=owner), field_kinds(model)
    for name in (
        raw.keys() & kinds.keys()
    ):  # `id: no` is the text that its author wrote, also for a Pause that asks later
        raw[name] = values.get(kinds[name].name, raw[name])
    try:
        return model.model_validate(values)
    except ValidationError:  # reported already
        return None


def _steps(path: str) -> Path:
    """Return the steps of a path that is written as text."""
    return tuple(int(index) if index else name for name, index in _STEP.findall(path))
