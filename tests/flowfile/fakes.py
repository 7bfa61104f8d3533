"""Small plugins that stand in for those that flows of the tests name."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from tiercel.flowables.base import FlowableTask
from tiercel.model.durations import Duration
from tiercel.model.nesting import Nested
from tiercel.model.plugin import Plugin, Rendered, TextMap
from tiercel.model.task import Task


class Colour(Enum):
    """An enumeration that is no text."""

    RED = "RED"
    GREEN = "GREEN"


class Point(BaseModel):
    """A structure inside a property."""

    model_config = ConfigDict(extra="forbid")

    name: str
    """A text."""
    at: int = Field(0, ge=0)
    """A number."""


class Many(Task):
    """One property of each kind."""

    deprecated: ClassVar[Mapping[str, str]] = {"oldText": "use 'text'", "legacy": "remove it"}

    text: Rendered[str | None] = Field(None, validation_alias=AliasChoices("text", "oldText"))
    """A text."""
    legacy: str | None = None
    """A property that is old."""
    number: Rendered[int | None] = Field(None, gt=0)
    """A number."""
    ratio: Rendered[float | None] = None
    """A fraction."""
    flag: Rendered[bool | None] = None
    """A switch."""
    wait: Rendered[Duration | None] = None
    """A duration."""
    colour: Rendered[Colour | None] = None
    """A choice."""
    mode: Literal["FAST", "SLOW"] = "FAST"
    """A static choice."""
    texts: Rendered[list[str] | None] = Field(None, min_length=1)
    """A list of texts."""
    env: Rendered[TextMap | None] = None
    """A map of texts."""
    anything: Rendered[Any] = None
    """Whatever is written."""
    point: Point | None = None
    """A structure."""
    points: Rendered[list[Point] | None] = None
    """A list of structures."""
    either: Rendered[str | list[str] | None] = None
    """A text, or a list of them."""
    size: int | None = None
    """A static number."""

    def run(self, ctx: object) -> None:
        """Do nothing."""


class Data(Task):
    """Two properties of which one may be set."""

    from_uri: Rendered[str | None] = None
    """One."""
    from_list: Rendered[list[str] | None] = None
    """The other."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.from_uri is not None and self.from_list is not None:
            raise ValueError("only one of fromUri and fromList may be set")
        return self

    def run(self, ctx: object) -> None:
        """Do nothing."""


class WorkingDirectory(Task):
    """A runnable task with tasks inside."""

    nested: ClassVar[Mapping[str, Nested]] = {"tasks": Nested.REQUIRED}

    def run(self, ctx: object) -> None:
        """Do nothing."""


class Subflow(FlowableTask):
    """A flowable without branches."""

    has_branches: ClassVar[bool] = False

    namespace: Rendered[str]
    """The flow's namespace."""
    flow_id: Rendered[str]
    """The flow's id."""
    inputs: Rendered[dict[str, Any] | None] = None
    """Its inputs."""
    labels: Rendered[Any] = None
    """Its labels."""


class Pause(FlowableTask):
    """A flowable with a single task."""

    nested: ClassVar[Mapping[str, Nested]] = {"onPause": Nested.ONE, "tasks": Nested.OPTIONAL}
    deprecated: ClassVar[Mapping[str, str]] = {"tasks": "put them after the pause"}

    pause_duration: Rendered[Duration | None] = None
    """How long."""

    def check(self, properties: Mapping[str, Any]) -> list[str]:
        """Refuse a duration that is a joke."""
        return ["nobody waits a century; choose less"] if properties.get("pauseDuration") == "P36500D" else []


class Trigger(Plugin):
    """Any trigger."""

    id: Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$")]
    """Its name."""
    type: str
    """Its type."""
    conditions: list[dict[str, Any]] | None = None
    """What must hold."""
    inputs: dict[str, Any] | None = None
    """The inputs it gives."""


class Schedule(Trigger):
    """A trigger with a required property."""

    cron: str
    """When."""


class Webhook(Trigger):
    """A trigger with a key."""

    key: Rendered[str] = Field(min_length=1, max_length=256)
    """The key."""


class Condition(Plugin):
    """Any condition."""

    type: str
    """Its type."""
    conditions: list[Any] | dict[str, Any] | None = None
    """Conditions inside it."""
    expression: Rendered[str | None] = None
    """What must be true."""
