"""The properties that every task has (flow specification, 1.14)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from tiercel.model.durations import Duration
from tiercel.model.plugin import Plugin
from tiercel.model.retry import RetryPolicy
from tiercel.model.routing import WorkerSelector
from tiercel.model.states import Level


class Caching(BaseModel):
    """Whether a task is spared where an equal run has succeeded before."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    enabled: bool
    """Whether what an equal run gave is given again, without running."""
    ttl: Duration | None = None
    """How long it is good for; for ever where nothing is said."""

    @field_validator("ttl")
    @classmethod
    def _lasts(cls, ttl: timedelta | None) -> timedelta | None:
        if ttl is not None and ttl <= timedelta():
            raise ValueError("must be longer than nothing: write a duration such as PT1H, or set enabled to false")
        return ttl


class Task(Plugin):
    """What runnable tasks and flowables have in common; the engine reads these, the plugin need not."""

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", max_length=256)
    """The task's name, unique in the flow."""
    type: str
    """The plugin's type name."""
    description: str | None = None
    """What the task is for, as Markdown."""
    disabled: bool = False
    """Whether the task is left out as if it were not there."""
    run_if: str | bool | int | float = "true"
    """An expression; when it renders to false the task is SKIPPED."""
    timeout: str | int | float | None = None
    """How long one attempt may take (an ISO-8601 duration, may be an expression)."""
    retry: RetryPolicy | None = None
    """What happens when an attempt fails."""
    allow_failure: bool = False
    """Whether FAILED becomes WARNING."""
    allow_warning: bool = False
    """Whether WARNING becomes SUCCESS."""
    log_level: Level | None = None
    """The least grave level that is kept."""
    log_to_file: bool = False
    """Whether the log goes to a file of the internal storage."""
    worker_group: dict[str, Any] | None = None
    """Refused: groups of workers belong to Kestra's Enterprise Edition."""
    worker_selector: WorkerSelector | None = None
    """Accepted for flows that have it; routing is not used."""
    version: str | None = None
    """Accepted for flows that have it; there is one version of each plugin."""
    task_cache: Caching | None = None
    """Whether what an equal run gave is given again; only for tasks that a worker runs."""
    assets: Any = None
    """Accepted for flows that have it."""
    policy_refs: Any = None
    """Accepted for flows that have it."""


COMMON = frozenset(field.alias or name for name, field in Task.model_fields.items())
"""The YAML names of the properties that every task has."""
