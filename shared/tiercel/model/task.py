"""The properties that every task has (flow specification, 1.14)."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field

from tiercel.model.plugin import Plugin
from tiercel.model.retry import RetryPolicy
from tiercel.model.states import Level


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
    worker_group: dict[str, Any] | None = Field(None, validation_alias=AliasChoices("workerGroup", "workerSelector"))
    """Accepted for flows that have it; routing is not used."""
    version: str | None = None
    """Accepted for flows that have it; there is one version of each plugin."""
    task_cache: dict[str, Any] | None = None
    """Accepted for flows that have it."""
    assets: Any = None
    """Accepted for flows that have it."""
    policy_refs: Any = None
    """Accepted for flows that have it."""


COMMON = frozenset(field.alias or name for name, field in Task.model_fields.items())
"""The YAML names of the properties that every task has."""
