"""Giving values to later tasks: `io.kestra.plugin.core.output.OutputValues`."""

from __future__ import annotations

from typing import Any, ClassVar

from tiercel.model.plugin import Outputs, Rendered
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask


class Values(Outputs):
    """What OutputValues gives."""

    values: dict[str, Any]
    """The values by name, rendered."""


class OutputValues(RunnableTask):
    """Give a map of rendered values as output."""

    inline: ClassVar[bool] = True
    gives = Values

    values: Rendered[dict[str, Any]]
    """The values by name; every text inside is rendered and stays a text."""

    def run(self, ctx: RunContext) -> dict[str, object]:  # noqa: ARG002 - the interface of every task
        """Return the map as `values`."""
        return {"values": self.values}
