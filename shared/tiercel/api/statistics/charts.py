"""The rows of charts (api.md, 12): from the counters of executions, or for a list of executions from the index.

Who narrows a chart to labels has the executions of its time read, 20,000 at most: the counters do not know them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from tiercel.api.calls import Call, Page
from tiercel.api.executions.searching import EXECUTIONS, search
from tiercel.api.failures import UnprocessableError
from tiercel.api.filters import Filter, read_nodes
from tiercel.api.matching import Fields, conjuncts, plan, scope_of
from tiercel.errors import TransientError
from tiercel.model.durations import parse_duration
from tiercel.model.execution import Execution
from tiercel.model.instants import iso
from tiercel.model.states import State
from tiercel.model.tallies import Sums
from tiercel.statistics.chartfile import KPI, MARKDOWN, Chart, Column, is_list, nodes
from tiercel.statistics.series import Chosen, execution_series

SIZE, LARGEST = 25, 1000
"""Rows of a page: by default, and at most."""


class GlobalFilter(msgspec.Struct, forbid_unknown_fields=True):
    """What whoever looks at a dashboard narrows it to."""

    filters: list[Any] | None = None
    startDate: str | None = None  # noqa: N815 - as clients write it
    endDate: str | None = None  # noqa: N815
    timeRange: str | None = None  # noqa: N815
    namespace: str | None = None
    labels: Any = None
    """A map, or a list of `key:value`: all of them."""
    pageNumber: int | None = None  # noqa: N815
    pageSize: int | None = None  # noqa: N815


class _Counted(NamedTuple):
    """Executions that are alike."""

    date: datetime
    namespace: str
    flow: str
    state: str
    sums: Sums


_FIELDS: Fields[_Counted] = Fields(
    "charts",
    {
        "namespace": lambda each: each.namespace,
        "flowId": lambda each: each.flow,
        "state": lambda each: each.state,
        "scope": lambda each: scope_of(each.namespace),
        "q": lambda each: (each.namespace, each.flow),
    },
)


def chart_page(call: Call, chart: Chart, narrowed: GlobalFilter, window: str) -> dict[str, Any]:
    """Return the rows of a chart: `{results, total}`.

    Args:
        call: The request.
        chart: The chart.
        narrowed: What is looked at.
        window: The time that is looked at where nobody says it, as a duration.

    Raises:
        BadRequestError: A filter names what the counters do not know.
        UnprocessableError: A value cannot be read, or labels are asked of too many executions.
        TransientError: The executions are still being counted.
    """
    if chart.kind == MARKDOWN or chart.data is None:
        return {"results": [], "total": 0}
    wanted, start, end = _narrowed(call, narrowed, window)
    number = 1 if narrowed.pageNumber is None else narrowed.pageNumber
    size = SIZE if narrowed.pageSize is None else narrowed.pageSize
    if number < 1 or not 1 <= size <= LARGEST:
        raise UnprocessableError(f"pageNumber is {number} and pageSize {size}; wanted 1 or more, and 1 to {LARGEST}")
    if is_list(chart):
        return _listed(call, chart, wanted, start, end, Page(number, size))
    counted = list(_counted(call, start, end, wanted))
    if chart.kind == KPI:
        return {"results": [{"value": _indicator(call, chart, counted)}], "total": 1}
    rows = _sorted(_rows(chart.columns, _meant(call, chart, counted)), chart)
    first = (number - 1) * size
    return {"results": rows if narrowed.pageSize is None else rows[first : first + size], "total": len(rows)}


def _narrowed(call: Call, narrowed: GlobalFilter, window: str) -> tuple[Filter, datetime, datetime]:
    """Return which executions are meant, and the time in which they were created."""
    now = call.site.parts.lanes.now()
    given = list(narrowed.filters or ())
    labels = narrowed.labels if isinstance(narrowed.labels, list) else [narrowed.labels]
    given += [{"field": "labels", "operation": "EQUALS", "value": each} for each in labels if each]
    for name, operation in _SHORT.items():
        value = getattr(narrowed, name)
        given += [{"field": name, "operation": operation, "value": value}] if value else []
    wanted = read_nodes(given, now)
    index = plan(wanted).index
    end, start = index.get("until"), index.get("since")
    end = now if end is None else end
    start = end - parse_duration(window).total_seconds() if start is None else start
    try:
        return _without_span(wanted), datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
    except (ValueError, OverflowError, OSError):
        raise UnprocessableError("the dates are out of range, wanted years between 1 and 9999") from None


_SHORT = {
    "startDate": "GREATER_THAN_OR_EQUAL_TO",
    "endDate": "LESS_THAN_OR_EQUAL_TO",
    "timeRange": "EQUALS",
    "namespace": "PREFIX",
}


def _without_span(wanted: Filter) -> Filter:
    """Return a filter without the dates between which everything must lie; other dates are left, and refused."""
    if wanted.kind != "and":
        is_span = wanted.field == "date" and wanted.operation in (_SHORT["startDate"], _SHORT["endDate"])
        return Filter("and") if is_span else wanted
    return Filter("and", tuple(_without_span(part) for part in wanted.parts))


def _counted(call: Call, start: datetime, end: datetime, wanted: Filter) -> Iterator[_Counted]:
    counted, chosen = _split(wanted)
    test, parts = _FIELDS.test(counted), call.site.parts
    try:
        series = execution_series(parts.store, parts.lanes.now(), start, end, chosen=chosen)
    except ValueError as error:
        raise UnprocessableError(str(error)) from None
    if not series.complete:
        raise TransientError("the executions of this span are still being counted; ask again in a moment")
    for stretch in series.stretches:
        for name, tally in stretch.flows.items():
            namespace, _, flow = name.partition("/")
            for state, sums in tally.items():
                each = _Counted(stretch.start, namespace, flow, state, sums)
                if test(each):
                    yield each


def _split(wanted: Filter) -> tuple[Filter, Chosen | None]:
    """Return what the counters know of a filter; and which executions are to be read, where it asks for labels."""
    parts = list(conjuncts(wanted))
    of_labels = [part for part in parts if any(leaf.field == "labels" for leaf in part.leaves())]
    if not of_labels:
        return wanted, None
    counted = Filter("and", tuple(part for part in parts if part not in of_labels))
    return counted, Chosen(EXECUTIONS.test(Filter("and", tuple(of_labels))), plan(counted).index)


def _meant(call: Call, chart: Chart, counted: Sequence[_Counted]) -> list[_Counted]:
    assert chart.data is not None
    test = _FIELDS.test(read_nodes(nodes(chart.data.where), call.site.parts.lanes.now()))
    return [each for each in counted if test(each)]


_DIMENSIONS: Mapping[str, Callable[[_Counted], Any]] = {
    "START_DATE": lambda each: iso(each.date.timestamp()),
    "NAMESPACE": lambda each: each.namespace,
    "FLOW_ID": lambda each: each.flow,
    "STATE": lambda each: each.state,
}


def _rows(columns: Mapping[str, Column], counted: Sequence[_Counted]) -> list[dict[str, Any]]:
    """Return a row for each combination of what is not added up."""
    keys = [name for name, column in columns.items() if column.agg is None]
    groups: dict[tuple[Any, ...], list[_Counted]] = {}
    for each in counted:
        key = tuple(_DIMENSIONS[str(columns[name].field)](each) for name in keys)
        groups.setdefault(key, []).append(each)
    return [
        {name: dict(zip(keys, key, strict=True)).get(name, _measure(column, some)) for name, column in columns.items()}
        for key, some in sorted(groups.items())
    ]


def _measure(column: Column, counted: Sequence[_Counted]) -> Any:
    """Return what executions come to; durations are in seconds."""
    if column.agg in (None, "COUNT"):
        return sum(each.sums.number for each in counted)
    ended = Sums()
    for each in counted:
        if State(each.state).is_terminal:
            ended.merge(each.sums)
    mean = ended.total / ended.number if ended.number else 0.0
    return {"SUM": ended.total, "AVG": mean, "MIN": ended.least, "MAX": ended.most}[str(column.agg)]


def _sorted(rows: list[dict[str, Any]], chart: Chart) -> list[dict[str, Any]]:
    assert chart.data is not None
    for order in reversed(chart.data.orderBy):
        rows.sort(key=lambda row, by=order.column: row[by], reverse=order.order.upper() == "DESC")  # type: ignore[misc]
    return rows


def _indicator(call: Call, chart: Chart, counted: Sequence[_Counted]) -> Any:
    """Return the value of a KPI; of its numerator in percent of all, where it asks for that."""
    assert chart.data is not None
    column, every = chart.columns["value"], _meant(call, chart, counted)
    if not chart.data.numerator:
        return _measure(column, every)
    test = _FIELDS.test(read_nodes(nodes(chart.data.numerator), call.site.parts.lanes.now()))
    part = _measure(column, [each for each in every if test(each)])
    if chart.chartOptions.get("numberType") != "PERCENTAGE":
        return part
    whole = _measure(column, every)
    return part / whole * 100 if whole else 0.0


# ------------------------------------------------------------------ executions one by one

_SHOWN: Mapping[str, Callable[[Execution], Any]] = {
    "ID": lambda header: header.id,
    "NAMESPACE": lambda header: header.namespace,
    "FLOW_ID": lambda header: header.flow_id,
    "FLOW_REVISION": lambda header: header.revision,
    "STATE": lambda header: str(header.state),
    "START_DATE": lambda header: iso(header.at[0][1]),
    "END_DATE": lambda header: iso(header.at[-1][1]) if header.state.is_terminal else None,
    "DURATION": lambda header: header.at[-1][1] - header.at[0][1],
    "LABELS": lambda header: dict(header.labels),
    "TRIGGER_EXECUTION_ID": lambda header: header.owner or None,
}


def _listed(call: Call, chart: Chart, wanted: Filter, start: datetime, end: datetime, page: Page) -> dict[str, Any]:
    """Return executions one by one, the newest first; the index finds them."""
    assert chart.data is not None
    if chart.data.orderBy and chart.columns[chart.data.orderBy[0].column].field != "START_DATE":
        raise UnprocessableError("a table of executions is sorted by its START_DATE only")
    newest_first = not chart.data.orderBy or chart.data.orderBy[0].order.upper() == "DESC"
    own = read_nodes(nodes(chart.data.where), call.site.parts.lanes.now())
    dates = [
        Filter("is", (), "date", operation, at.timestamp(), "startDate")
        for operation, at in (("GREATER_THAN_OR_EQUAL_TO", start), ("LESS_THAN_OR_EQUAL_TO", end))
    ]
    meant = Filter("and", (wanted, own, *dates))
    sort = (("state.startDate", newest_first),)
    found, total = search(call.site.parts.store, meant, Page(page.number, page.size, sort))
    columns = chart.columns
    rows = [{name: _SHOWN[str(each.field)](header) for name, each in columns.items()} for header in found]
    return {"results": rows, "total": total}
