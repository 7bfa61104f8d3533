"""Metrics (api.md, 6): the numbers that task runs have measured, and what they come to over many executions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from tiercel.api.calls import Call, Page, page_of
from tiercel.api.executions.searching import headers
from tiercel.api.failures import UnprocessableError
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.model.execution import Execution, TaskRun
from tiercel.model.ids import derived_id
from tiercel.model.instants import iso
from tiercel.ports import Where
from tiercel.statistics.stretches import beginning, cut, kind_for, span

MOST_READ = 1_000
"""Executions of a flow, the newest ones, whose metrics are added up (docs/limits.md)."""

NAMED_BY = 100
"""Executions of a flow, the newest ones, that say which metrics there are."""

BY_DEFAULT = timedelta(days=30)


class Measured(NamedTuple):
    """A measured number, and where it comes from."""

    header: Execution
    run: TaskRun
    name: str
    kind: str
    value: float
    """Timers are in milliseconds, as clients expect them."""
    tags: Mapping[str, str]

    @property
    def at(self) -> float:
        """When the task run had it."""
        return self.run.at[-1][1]

    def as_json(self) -> dict[str, Any]:
        """Return it as clients read it."""
        return {
            "namespace": self.header.namespace,
            "flowId": self.header.flow_id,
            "executionId": self.header.id,
            "taskId": self.run.task,
            "taskRunId": derived_id(self.header.id, self.run.key),
            "type": self.kind,
            "name": self.name,
            "value": self.value,
            "timestamp": iso(self.at),
            "tags": dict(self.tags),
        }


def _measured(call: Call, header: Execution) -> Iterator[Measured]:
    for run in call.site.parts.view.runs(header, None):
        for metric in run.metrics:
            kind, value = str(metric["type"]), metric["value"]
            value = value * 1000 if kind == "timer" else value
            yield Measured(header, run, str(metric["name"]), kind, value, metric.get("tags") or {})


SORTS: Mapping[str, Callable[[Measured], Any]] = {
    "timestamp": lambda found: found.at,
    "name": lambda found: found.name,
    "value": lambda found: found.value,
    "type": lambda found: found.kind,
    "taskId": lambda found: found.run.task,
}


@routes.route("GET", "/metrics/{executionId}", parameters=[Parameter("taskRunId"), Parameter("taskId")], paged=True)
def search_metrics(call: Call) -> object:
    """Return a page of the metrics of an execution, in the order in which they were measured."""
    run, task = call.query["taskRunId"], call.query["taskId"]
    found = [
        each
        for each in _measured(call, call.site.parts.view.header(call.path["executionId"]))
        if task in (None, each.run.task) and run in (None, derived_id(each.header.id, each.run.key))
    ]
    _sort(found, call.page)
    first = (call.page.number - 1) * call.page.size
    return page_of([each.as_json() for each in found[first : first + call.page.size]], len(found))


def _sort(found: list[Measured], page: Page) -> None:
    found.sort(key=SORTS["timestamp"])
    for field, down in reversed(page.sort):
        if field not in SORTS:
            raise UnprocessableError(f"metrics cannot be sorted by '{field}'; they can by {', '.join(SORTS)}")
        found.sort(key=SORTS[field], reverse=down)


def _of_flow(call: Call, most: int, since: float | None = None, until: float | None = None) -> Iterator[Measured]:
    """Yield the metrics of the newest executions of the flow in the path, of one task where that is named."""
    index: Where = {"namespace": call.path["namespace"], "flow_id": call.path["flowId"], "since": since, "until": until}
    for header in islice(headers(call.site.parts.store, index, newest_first=True), most):
        found = _measured(call, header)
        yield from (each for each in found if call.path.get("taskId") in (None, each.run.task))


@routes.route("GET", "/metrics/names/{namespace}/{flowId}", "/metrics/names/{namespace}/{flowId}/{taskId}")
def metric_names(call: Call) -> object:
    """Return the names of a flow's metrics, or of those of one of its tasks."""
    return sorted({each.name for each in _of_flow(call, NAMED_BY)})


@routes.route("GET", "/metrics/tasks/{namespace}/{flowId}")
def metric_tasks(call: Call) -> object:
    """Return the tasks of a flow that have metrics."""
    return sorted({each.run.task for each in _of_flow(call, NAMED_BY)})


AGGREGATIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
}


@routes.route(
    "GET",
    "/metrics/aggregates/{namespace}/{flowId}/{metric}",
    "/metrics/aggregates/{namespace}/{flowId}/{taskId}/{metric}",
    parameters=[
        Parameter("startDate", "date", description="30 days ago by default."),
        Parameter("endDate", "date", description="Now by default."),
        Parameter("aggregation", default="sum", description=f"One of {', '.join(AGGREGATIONS)}."),
    ],
)
def aggregate_metric(call: Call) -> object:
    """Return what a metric comes to in each stretch of a time; stretches without any are 0."""
    aggregate = AGGREGATIONS.get(call.query["aggregation"].lower())
    if aggregate is None:
        wanted = ", ".join(AGGREGATIONS)
        raise UnprocessableError(f"aggregation is '{call.query['aggregation']}', wanted one of {wanted}")
    try:
        start, end = span(call.query["startDate"], call.query["endDate"], call.site.parts.lanes.now(), BY_DEFAULT)
        kind = kind_for(end - start)
        buckets = cut(kind, start, end)
    except ValueError as error:
        raise UnprocessableError(str(error)) from None
    values: dict[datetime, list[float]] = {begin: [] for begin in buckets}
    for each in _of_flow(call, MOST_READ, until=end.timestamp()):
        if each.name == call.path["metric"] and start.timestamp() <= each.at <= end.timestamp():
            values[beginning(kind, datetime.fromtimestamp(each.at, UTC))].append(each.value)
    found = [
        {"name": call.path["metric"], "value": aggregate(some) if some else 0, "date": iso(begin.timestamp())}
        for begin, some in values.items()
    ]
    return {"groupBy": kind, "aggregations": found}
