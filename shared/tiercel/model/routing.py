"""Which workers may run something, as a flow says it; accepted for flows that have it, routing is not used."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict

from tiercel.model.plugin import Plugin

_KEY = r"[a-zA-Z0-9][a-zA-Z0-9_-]*"


def _key(value: str) -> str:
    if "{{" not in value and not re.fullmatch(_KEY, value):
        raise ValueError(f"must match the pattern {_KEY}, found '{value}'")
    return value


class WorkerGroup(Plugin):
    """A group of workers by its name."""

    model_config = ConfigDict(populate_by_name=False, defer_build=True)

    key: Annotated[str, AfterValidator(_key)]
    """The group's name; may be an expression."""
    fallback: Literal["FAIL", "WAIT", "CANCEL", "IGNORE"] | None = None
    """What happens when no worker of the group is there."""


class WorkerSelector(Plugin):
    """Workers by their tags: the spelling of Kestra 2.0."""

    model_config = ConfigDict(populate_by_name=False, defer_build=True)

    tags: tuple[str, ...]
    """The tags that a worker must have."""
    match: Literal["ALL", "ANY"] = "ALL"
    """Whether it must have all of them."""
    fallback: Literal["FAIL", "WAIT", "CANCEL", "IGNORE"] = "FAIL"
    """What happens when there is no such worker."""
