"""What every trigger has (flow specification, 8.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tiercel.errors import ExpressionError
from tiercel.expressions.zones import zone
from tiercel.model.plugin import Plugin, Rendered, bind, field_kinds, text_of
from tiercel.model.routing import WorkerGroup, WorkerSelector
from tiercel.model.states import Level, State


class Block(BaseModel):
    """Base of the structures inside a trigger."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
    )


class LabelEntry(Block):
    """A label in the form of a list."""

    key: str = Field(min_length=1)
    """Its name."""
    value: str
    """Its value, which may be a template."""


def _no_system_labels(labels: dict[str, str] | list[LabelEntry] | None) -> dict[str, str] | list[LabelEntry] | None:
    for key, value in label_texts(labels):
        if key.startswith("system."):
            found = f"offending label: {key}={value}"
            raise ValueError(f"System labels can only be set by Kestra itself, {found}; rename the label")
    return labels


def label_texts(labels: object) -> list[tuple[str, str]]:
    """Return labels as pairs of texts, from a map, or a list of entries as authored or as validated."""
    if isinstance(labels, Mapping):
        return [(str(key), _text(value)) for key, value in labels.items()]
    pairs = []
    for entry in labels if isinstance(labels, list) else ():
        key, value = (entry["key"], entry["value"]) if isinstance(entry, Mapping) else (entry.key, entry.value)
        pairs.append((str(key), _text(value)))
    return pairs


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def rendered_labels(properties: Mapping[str, Any], render: Callable[[object], object]) -> list[tuple[str, str]]:
    """Return a trigger's labels, rendered; one that cannot be is left out."""
    labels = []
    for key, value in label_texts(properties.get("labels")):
        with suppress(ExpressionError):
            labels.append((key, text_of(render(value))))
    return labels


LabelsText = Annotated[dict[str, str] | list[LabelEntry] | None, AfterValidator(_no_system_labels)]
"""Labels as a map, or as a list of key and value; none of them the system's."""


def _zone_id(name: str) -> str:
    try:
        zone(name)
    except ExpressionError:
        remedy = "use a region such as Europe/Paris or an offset such as +02:00"
        raise ValueError(f"'{name[:60]}' is not a valid time-zone ID; {remedy}") from None
    return name


ZoneId = Annotated[str, AfterValidator(_zone_id)]
"""A time zone's name."""


class Trigger(Plugin):
    """Base of all triggers."""

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", max_length=256)
    """The trigger's name within its flow."""
    type: str
    """The trigger's type."""
    description: str | None = None
    """What it is for, in Markdown."""
    disabled: bool = False
    """Whether it starts nothing."""
    conditions: list[dict[str, Any]] = Field(default_factory=list)
    """What must hold; all of them must."""
    when: str | None = None
    """The newer form: an expression that must be true."""
    labels: Rendered[LabelsText] = None
    """Labels of the executions; one that cannot be rendered is left out."""
    stop_after: list[State] = Field(default_factory=list)
    """The trigger is disabled when an execution of it ends in one of these states."""
    log_level: Level | None = Field(None, validation_alias=AliasChoices("logLevel", "minLogLevel", "log_level"))
    """The least level of the trigger's own log lines."""
    log_to_file: bool = False
    """Whether the trigger's own log goes to a file."""
    worker_group: WorkerGroup | None = None
    """Accepted; where a trigger is evaluated does not depend on it."""
    worker_selector: WorkerSelector | None = None
    """Accepted; where a trigger is evaluated does not depend on it."""
    allow_concurrent: bool = False
    """Whether it may start an execution while the one before still runs."""
    fail_on_trigger_error: bool = False
    """Whether an error while it is evaluated makes a FAILED execution."""
    version: str | None = None
    """Accepted; there is one version of each plugin."""


_T = TypeVar("_T", bound=Trigger)


def as_authored(plugin: type[_T], properties: Mapping[str, Any]) -> _T:
    """Return a trigger whose static properties can be trusted; dynamic ones are as authored, not rendered.

    A template in place of a number or a truth value is left out: who needs that property renders it.
    """
    kinds = field_kinds(plugin)
    try:
        made: _T = bind(plugin, properties, lambda value: value)
    except ValidationError as error:
        faulty = {fault["loc"][0] for fault in error.errors(include_url=False) if fault["loc"]}
        kept = {name: value for name, value in properties.items() if name not in faulty or not kinds[name].dynamic}
        made = bind(plugin, kept, lambda value: value)
    return made
