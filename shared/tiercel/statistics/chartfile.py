"""Dashboards and their charts as authored: YAML to definitions, or what is wrong with them.

Promise: what cannot be made from the counters is refused by name when the chart is checked, not when it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tiercel.errors import FlowError, Problem
from tiercel.flowfile.reading import decode, read
from tiercel.model.durations import parse_duration

CHART = "io.kestra.plugin.core.dashboard.chart."
DATA = "io.kestra.plugin.core.dashboard.data."
MARKDOWN, KPI, TABLE = "Markdown", "KPI", "Table"
CHARTS = ("Bar", KPI, MARKDOWN, "Pie", TABLE, "TimeSeries")
EXECUTIONS = {KPI: "ExecutionsKPI"}
"""Where a chart's numbers come from: `Executions`, but for these."""

COUNTED = ("START_DATE", "NAMESPACE", "FLOW_ID", "STATE")
"""What the counters know of an execution."""

LISTED = (*COUNTED, "ID", "FLOW_REVISION", "DURATION", "END_DATE", "LABELS", "TRIGGER_EXECUTION_ID")
"""What a table may show of each execution."""

AGGREGATIONS = ("COUNT", "SUM", "AVG", "MIN", "MAX")
CONDITIONS = {
    "EQUAL_TO": "EQUALS",
    "NOT_EQUAL_TO": "NOT_EQUALS",
    "IN": "IN",
    "NOT_IN": "NOT_IN",
    "STARTS_WITH": "STARTS_WITH",
    "ENDS_WITH": "ENDS_WITH",
    "CONTAINS": "CONTAINS",
    "REGEX": "REGEX",
}
"""The conditions of `where`, each with the operation of a filter that it is."""

FILTERED = {"NAMESPACE": "namespace", "FLOW_ID": "flowId", "STATE": "state"}
"""What `where` may name, each with the field of a filter that it is."""


class Column(msgspec.Struct):
    """What one column of the rows holds."""

    field: str | None = None
    agg: str | None = None
    displayName: str | None = None  # noqa: N815 - as authored
    graphStyle: str | None = None  # noqa: N815


class Order(msgspec.Struct):
    """By which column rows are sorted."""

    column: str
    order: str = "ASC"


class Condition(msgspec.Struct):
    """Which executions are meant."""

    field: str
    type: str
    value: Any = None
    values: list[Any] | None = None


class Data(msgspec.Struct):
    """Where the numbers of a chart come from."""

    type: str
    columns: dict[str, Any] = {}
    where: list[Condition] = []
    numerator: list[Condition] = []
    orderBy: list[Order] = []  # noqa: N815 - as authored


class Chart(msgspec.Struct):
    """A chart."""

    id: str
    type: str
    chartOptions: dict[str, Any] = {}  # noqa: N815 - as authored
    data: Data | None = None
    content: str | None = None
    source: Any = None

    @property
    def kind(self) -> str:
        """Its type without the package: `TimeSeries`."""
        return self.type.removeprefix(CHART)

    @property
    def columns(self) -> dict[str, Column]:
        """The columns of its rows; a KPI has one."""
        raw = {} if self.data is None else self.data.columns
        return {"value": _column(raw)} if self.kind == KPI else {name: _column(each) for name, each in raw.items()}


class TimeWindow(msgspec.Struct):
    """Over which time a dashboard looks."""

    default: str = "P7D"
    max: str | None = None


class Dashboard(msgspec.Struct):
    """A dashboard."""

    title: str
    id: str | None = None
    description: str | None = None
    timeWindow: TimeWindow = msgspec.field(default_factory=TimeWindow)  # noqa: N815 - as authored
    charts: list[Chart] = []


def read_dashboard(text: str | bytes) -> tuple[Dashboard, dict[str, Any]]:
    """Return the dashboard that a text holds, and as it was written.

    Raises:
        FlowError: Something is wrong; `problems` holds it.
    """
    found, raw = _read(text, Dashboard)
    problems = [
        Problem(message, f"charts[{number}].{path}")
        for number, chart in enumerate(found.charts)
        for path, message in _problems(chart)
    ]
    if not found.title.strip():
        problems.append(Problem("must not be blank", "title"))
    names = [chart.id for chart in found.charts]
    problems += [Problem(f"there are two charts '{name}'", "charts") for name in set(names) if names.count(name) > 1]
    for path, value in (("default", found.timeWindow.default), ("max", found.timeWindow.max)):
        try:
            parse_duration(value or "P1D")
        except ValueError as error:
            problems.append(Problem(str(error), f"timeWindow.{path}"))
    if problems:
        raise FlowError(problems)
    return found, raw


def read_chart(text: str | bytes) -> Chart:
    """Return the chart that a text holds.

    Raises:
        FlowError: Something is wrong; `problems` holds it.
    """
    found: Chart = _read(text, Chart)[0]
    problems = [Problem(message, path) for path, message in _problems(found)]
    if problems:
        raise FlowError(problems)
    return found


def _read(text: str | bytes, kind: type[Any]) -> tuple[Any, dict[str, Any]]:
    documents = [each for each in read(decode(text)) if each.value is not None]
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise FlowError("wanted one YAML document with properties, such as `title:`")
    if documents[0].problems:
        raise FlowError(documents[0].problems)
    try:
        return msgspec.convert(documents[0].value, kind), documents[0].value
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise FlowError([Problem(message, path.rstrip("`"))]) from None
    except RecursionError:
        raise FlowError("it is nested too deeply") from None


def _column(raw: Any) -> Column:
    try:
        found: Column = msgspec.convert(raw, Column)
    except msgspec.ValidationError as error:
        raise FlowError([Problem(str(error), "data.columns")]) from None
    return found


def _problems(chart: Chart) -> list[tuple[str, str]]:
    """Return what is wrong with a chart, each with its path."""
    if chart.kind not in CHARTS:
        return [("type", f"'{chart.type}' is no chart; there are {', '.join(CHART + name for name in CHARTS)}")]
    if chart.kind == MARKDOWN:
        return []
    wanted = DATA + EXECUTIONS.get(chart.kind, "Executions")
    if chart.data is None:
        return [("data", f"a {chart.kind} needs data: type: {wanted}")]
    if chart.data.type != wanted:
        return [("data.type", f"'{chart.data.type}' is not supported: what is counted are executions, {wanted}")]
    try:
        columns = chart.columns
    except FlowError as error:
        return [(problem.path, problem.message) for problem in error.problems]
    return [*_column_problems(chart, columns), *_condition_problems(chart.data), *_order_problems(chart.data, columns)]


def _column_problems(chart: Chart, columns: Mapping[str, Column]) -> list[tuple[str, str]]:
    if not columns:
        return [("data.columns", f"a {chart.kind} needs columns")]
    listed = is_list(chart)
    found = [(f"data.columns.{name}", _column_problem(each, listed)) for name, each in columns.items()]
    return [(path, message) for path, message in found if message]


def is_list(chart: Chart) -> bool:
    """Tell whether a chart shows executions one by one: a table without anything that is added up."""
    return chart.kind == TABLE and not any(column.agg for column in chart.columns.values())


def _column_problem(column: Column, listed: bool) -> str:
    if column.agg is None:
        known = LISTED if listed else COUNTED
        return "" if column.field in known else f"field '{column.field}' is not supported here; {', '.join(known)} are"
    if column.agg not in AGGREGATIONS:
        return f"agg '{column.agg}' is not known; wanted one of {', '.join(AGGREGATIONS)}"
    if column.agg == "COUNT":
        return "" if column.field in (None, "ID") else f"COUNT counts executions; leave out the field '{column.field}'"
    return "" if column.field == "DURATION" else f"{column.agg} is known of DURATION only, not of '{column.field}'"


def _condition_problems(data: Data) -> list[tuple[str, str]]:
    found = []
    for place, some in (("where", data.where), ("numerator", data.numerator)):
        for number, each in enumerate(some):
            path = f"data.{place}[{number}]"
            if each.field not in FILTERED:
                found.append((path, f"field '{each.field}' is not supported here; {', '.join(FILTERED)} are"))
            elif each.type not in CONDITIONS:
                found.append((path, f"type '{each.type}' is not supported; {', '.join(CONDITIONS)} are"))
    return found


def _order_problems(data: Data, columns: Mapping[str, Column]) -> list[tuple[str, str]]:
    return [
        (f"data.orderBy[{number}]", f"wanted a column ({', '.join(columns)}) and ASC or DESC")
        for number, each in enumerate(data.orderBy)
        if each.column not in columns or each.order.upper() not in ("ASC", "DESC")
    ]


def nodes(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """Return conditions as the nodes of a filter: `{field, operation, value}`."""
    return [
        {
            "field": FILTERED[each.field],
            "operation": CONDITIONS[each.type],
            "value": each.values if each.values is not None else each.value,
        }
        for each in conditions
    ]
