"""Publishing measured numbers: `io.kestra.plugin.core.metric.Publish`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from tiercel.model.durations import Duration
from tiercel.model.plugin import Outputs, Rendered
from tiercel.ports import Metric, RunContext
from tiercel.tasks.base import RunnableTask


class _Published(BaseModel):
    """What every published metric has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """The metric's name."""
    tags: dict[str, Any] | None = None
    """What tells metrics of one name apart."""
    description: str | None = None
    """What the number means."""

    def labels(self) -> dict[str, str]:
        """Return the tags as texts."""
        return {name: str(value) for name, value in (self.tags or {}).items()}


class PublishedNumber(_Published):
    """A number that adds up (`counter`) or whose last value counts (`gauge`)."""

    type: Literal["counter", "gauge"]
    """How values of one name come together."""
    value: float
    """The number."""

    def metric(self) -> Metric:
        """Return the number as the execution keeps it."""
        return Metric(self.name, self.value, self.type, self.labels())


class PublishedTimer(_Published):
    """A time that something took."""

    type: Literal["timer"]
    """Says that the value is a duration."""
    value: Duration
    """How long it took: an ISO-8601 duration, or a number of seconds."""

    def metric(self) -> Metric:
        """Return the time as the execution keeps it, in seconds."""
        return Metric(self.name, self.value.total_seconds(), "timer", self.labels())


class Recorded(Outputs):
    """What Publish gives."""

    metrics: int
    """How many metrics were recorded."""


class Publish(RunnableTask):
    """Record numbers of the flow's own choice as metrics of this task run."""

    inline: ClassVar[bool] = True
    gives = Recorded

    metrics: Rendered[list[PublishedNumber | PublishedTimer]]
    """What to record: `type` (`counter`, `gauge` or `timer`), `name`, `value`, and perhaps `tags` and `description`."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Record each; return how many there were as `metrics`."""
        for published in self.metrics:
            ctx.metric(published.metric())
        return {"metrics": len(self.metrics)}
