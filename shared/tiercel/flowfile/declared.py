"""The inputs and outputs that a flow declares, each to its record, with the place of whatever is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tiercel.flowfile.places import Path, Report
from tiercel.flowfile.properties import read_properties
from tiercel.flowfile.texts import Shape, kept
from tiercel.flowfile.words import nearest, shown
from tiercel.model.inputs import INPUT_TYPES, OLD_TYPES, FlowOutput, InputBase, check_inputs, input_notices
from tiercel.model.plugin import Plugin

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


def read_inputs(value: object, report: Report) -> tuple[InputBase, ...]:
    """Return the flow's inputs, reporting what is wrong with each and with all together."""
    before = len(report.problems)
    found = [each for each in _entries(value, "inputs", report, _input) if isinstance(each, InputBase)]
    if len(report.problems) == before:
        for problem in check_inputs(found):
            if not problem.message.startswith("Duplicate"):  # said elsewhere, with the lines
                report.problem(_steps(problem.path), problem.message)
        for notice in input_notices(found):
            report.notice(_steps(notice.path), notice.message, key=True)
    return tuple(found)


def read_outputs(value: object, report: Report) -> tuple[FlowOutput, ...]:
    """Return the flow's outputs, reporting what is wrong with each."""
    found = _entries(value, "outputs", report, _output)
    return tuple(each for each in found if isinstance(each, FlowOutput))


def _entries(value: object, name: str, report: Report, read: Any) -> list[Plugin | None]:
    if value is None:
        return []
    if not isinstance(value, list):
        report.problem((name,), f"must be a list, found {shown(value)}")
        return []
    made: list[Plugin | None] = []
    for index, entry in enumerate(value):
        if isinstance(entry, dict):
            made.append(read(entry, (name, index), report))
        else:
            found = "must not be null" if entry is None else f"must be a map, found {shown(entry)}"
            report.problem((name, index), f"{found}; each of the {name} is a map with 'id' and 'type'")
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


def _record(model: type[Plugin], raw: Mapping[str, Any], path: Path, report: Report, owner: str) -> Plugin | None:
    values = read_properties(model, raw, path, report, owner=owner)
    try:
        return model.model_validate(values)
    except ValidationError:  # reported already
        return None


def _steps(path: str) -> Path:
    """Return the steps of a path that is written as text."""
    return tuple(int(index) if index else name for name, index in _STEP.findall(path))
