"""The flow's blocks besides its tasks: concurrency, SLAs, checks, plugin defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tiercel import registry
from tiercel.flowfile.defaults import Default, make_default
from tiercel.flowfile.labels import read_labels
from tiercel.flowfile.places import Path, Report
from tiercel.flowfile.texts import adapter, keep_texts, shape_of
from tiercel.flowfile.words import faults, nearest, shown, unrecognized
from tiercel.model.durations import Duration
from tiercel.model.flow import Concurrency
from tiercel.model.nesting import nested_shapes
from tiercel.model.plugin import field_kinds
from tiercel.model.routing import WorkerGroup, WorkerSelector


class _Block(BaseModel):
    """What every block's record has."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class ConcurrencyBlock(_Block):
    """How many executions may run at once."""

    limit: int = Field(gt=0)
    behavior: Literal["QUEUE", "CANCEL", "FAIL"] = "QUEUE"


class SlaBlock(_Block):
    """A promise about an execution, and what happens when it is broken."""

    id: str = Field(min_length=1)
    type: Literal["MAX_DURATION", "EXECUTION_ASSERTION"]
    behavior: Literal["FAIL", "CANCEL", "NONE"]
    duration: Duration | None = None
    assertion: str | None = Field(None, alias="assert", min_length=1)
    labels: Any = None


class CheckBlock(_Block):
    """A condition that is looked at before an execution is created."""

    condition: str = Field(min_length=1, validation_alias=AliasChoices("condition", "when"))
    message: str = Field(min_length=1)
    style: Literal["ERROR", "SUCCESS", "WARNING", "INFO"] = "INFO"
    behavior: Literal["BLOCK_EXECUTION", "FAIL_EXECUTION", "CREATE_EXECUTION"] = "BLOCK_EXECUTION"


def read_block(model: type[BaseModel], value: Any, path: Path, report: Report, owner: str) -> BaseModel | None:
    """Return a block as its record, or None after reporting what is wrong with it."""
    keep_texts(value, shape_of(model), report.document)
    known = tuple(field.alias or name for name, field in model.model_fields.items())
    try:
        record: BaseModel = adapter(model).validate_python(value)
    except ValidationError as error:
        for fault in faults(error.errors(include_url=False), value, lambda _: (owner, known)):
            report.problem((*path, *fault.path), fault.message, key=fault.kind == "extra_forbidden")
        return None
    return record


def read_concurrency(value: object, report: Report) -> Concurrency | None:
    """Return the flow's limit on executions."""
    if value is None:
        return None
    path: Path = ("concurrency",)
    if isinstance(value, dict) and value.get("limit") is None:
        found = shown(value.get("limit"))
        message = f"must be greater than 0, found {found}: 'limit' says how many executions may run at once"
        report.problem((*path, "limit"), message)
        return None
    block = read_block(ConcurrencyBlock, value, path, report, "concurrency")
    return Concurrency(block.limit, block.behavior) if isinstance(block, ConcurrencyBlock) else None


def read_routing(raw: Mapping[str, Any], report: Report) -> None:
    """Check what the flow says about workers; routing is not used."""
    for name, model in (("workerGroup", WorkerGroup), ("workerSelector", WorkerSelector)):
        if raw.get(name) is not None:
            read_block(model, raw[name], (name,), report, name)


def read_list(value: object, path: Path, report: Report, read: Callable[[Any, Path], Any]) -> tuple[Any, ...]:
    """Return what a function makes of each entry of a list, leaving out what it refuses."""
    if value is None:
        return ()
    if not isinstance(value, list):
        report.problem(path, f"must be a list, found {shown(value)}")
        return ()
    made = (read(entry, (*path, index)) for index, entry in enumerate(value))
    return tuple(each for each in made if each is not None)


def read_sla(entry: Any, path: Path, report: Report) -> Mapping[str, Any] | None:
    """Return one SLA as authored."""
    block = read_block(SlaBlock, entry, path, report, "sla")
    if not isinstance(block, SlaBlock):
        return None
    wanted = "duration" if block.type == "MAX_DURATION" else "assert"
    for name in ("duration", "assert"):
        if name == wanted and entry.get(name) is None:
            report.problem((*path, name), f"must not be null: an SLA of type {block.type} needs '{name}'")
        if name != wanted and entry.get(name) is not None:
            report.problem((*path, name), f"an SLA of type {block.type} has no '{name}'; it needs '{wanted}'", key=True)
    read_labels(entry.get("labels"), (*path, "labels"), report)
    found: Mapping[str, Any] = entry
    return found


def read_check(entry: Any, path: Path, report: Report) -> Mapping[str, Any] | None:
    """Return one check with all its properties."""
    if isinstance(entry, dict) and "condition" in entry and "when" in entry:
        report.problem((*path, "when"), "'condition' and 'when' are one property; keep one", key=True)
        return None
    block = read_block(CheckBlock, entry, path, report, "check")
    return None if block is None else block.model_dump(by_alias=True)


def read_default(entry: Any, path: Path, report: Report) -> Default | None:
    """Return one entry of `pluginDefaults`, or None after reporting what is wrong with it."""
    if not isinstance(entry, dict):
        report.problem(path, f"must be a map with 'type' and 'values', found {shown(entry)}")
        return None
    before = len(report.problems)
    for name in entry:
        if name not in ("type", "forced", "values"):
            report.problem((*path, name), unrecognized(name, "plugin default", ("type", "forced", "values")), key=True)
    kind, forced = entry.get("type"), entry.get("forced", False)
    if not isinstance(kind, str) or not kind.strip():
        report.problem((*path, "type"), f"must not be blank: the type, or the beginning of types; found {shown(kind)}")
    if forced in ("true", "false"):  # written as text, as other switches may be
        entry = {**entry, "forced": forced == "true"}
    elif not isinstance(forced, bool):
        report.problem((*path, "forced"), f"must be true or false, found {shown(forced)}")
    _check_values(entry, path, report)
    return make_default(entry) if len(report.problems) == before else None


def _check_values(entry: Mapping[str, Any], path: Path, report: Report) -> None:
    values, kind = entry.get("values"), entry.get("type")
    if not isinstance(values, dict):
        found = "must not be null" if values is None else f"must be a map, found {shown(values)}"
        report.problem((*path, "values"), f"{found}; wanted the properties with their values")
        return
    for name, value in values.items():
        if value is None:
            message = f"Invalid Plugin Default: must not be null; give '{name}' a value, or remove it"
            report.problem((*path, "values", name), message)
    known = registry.find(kind) if isinstance(kind, str) else None
    if known is None:
        return
    names = known_properties(known)
    for name in values:
        if names is not None and name not in names:
            message = f"Invalid Plugin Default: No property '{name}' exists in plugin '{known.type}'"
            report.problem((*path, "values", name), f"{message}{nearest(name, names)}", key=True)


def known_properties(known: registry.Known) -> list[str] | None:
    """Return every name that a property of a type may be written with, or None when its code cannot be loaded."""
    try:
        plugin = known.load()
    except ImportError:
        return None
    return [*field_kinds(plugin), *nested_shapes(plugin)]
