"""Triggers that ask again and again whether there is something to do (flow specification, 8.8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import field_validator

from tiercel.model.durations import Duration, parse_duration
from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.triggers.base import Trigger


class PollingTrigger(Trigger):
    """Base of the triggers that poll."""

    interval: Duration = parse_duration("PT60S")
    """How long after one look the next one follows."""
    inputs: Rendered[dict[str, Any] | None] = None
    """The execution's inputs; they see what was found as `trigger`."""

    @field_validator("interval")
    @classmethod
    def _lasts(cls, interval: timedelta) -> timedelta:
        if interval < timedelta(seconds=1):
            raise ValueError("must be at least a second: write a duration such as PT1M")
        return interval

    def poll(self, ctx: RunContext) -> Mapping[str, object] | None:
        """Look; return what an execution sees as `trigger`, or None where there is nothing to do.

        Raises:
            TaskError: It could not be asked.
        """
        raise NotImplementedError
