"""Lists as tables (CSV), and the values that a field has over the executions that are asked for (api.md, 2 and 3.2)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tiercel.api.calls import Answer, Call
from tiercel.api.executions.searching import EXECUTIONS, MOST, every
from tiercel.api.failures import BadRequestError
from tiercel.api.filters import field_name
from tiercel.api.flows.lists import records_of
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.model.execution import Execution
from tiercel.model.instants import iso
from tiercel.views.executions import state_view
from tiercel.views.flows import authored

TEXTS = ("namespace", "flowId", "flowRevision", "state", "kind", "triggerId", "scope", "parentId", "labels")
"""Fields of executions whose values can be listed."""

_FLOWS = ("namespace", "id", "revision", "description", "labels", "disabled", "updated")
_EXECUTIONS = ("id", "namespace", "flowId", "flowRevision", "state", "startDate", "endDate", "duration", "labels")


def as_table(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Answer:
    """Return rows as a CSV file with a header; members that are no column are left out, missing ones are empty."""
    lines = io.StringIO()
    table = csv.DictWriter(lines, columns, extrasaction="ignore", restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Answer(lines.getvalue(), headers=headers, content_type="text/csv; charset=utf-8")


def labels_text(labels: Iterable[tuple[str, str]]) -> str:
    """Return labels as one cell."""
    return ",".join(f"{key}:{value}" for key, value in labels)


@routes.route("GET", "/flows/export/by-query/csv", filtered=True, gives="text/csv")
def export_flows(call: Call) -> object:
    """Return the flows that are asked for as a table."""
    return as_table("flows", _FLOWS, _flow_rows(call))


def _flow_rows(call: Call) -> Iterator[dict[str, Any]]:
    for record in records_of(call):
        yield {
            "namespace": record.namespace,
            "id": record.id,
            "revision": record.revision,
            "description": authored(record.source).get("description") or "",
            "labels": labels_text(record.labels),
            "disabled": str(record.disabled).lower(),
            "updated": iso(record.at),
        }


@routes.route("GET", "/executions/export/by-query/csv", filtered=True, gives="text/csv")
def export_executions(call: Call) -> object:
    """Return the executions that are asked for as a table, the newest first."""
    found = every(call.site.parts.store, call.filter, most=MOST)
    return as_table("executions", _EXECUTIONS, map(_execution_row, found))


def _execution_row(header: Execution) -> dict[str, Any]:
    return {
        **state_view(header.at),
        "id": header.id,
        "namespace": header.namespace,
        "flowId": header.flow_id,
        "flowRevision": header.revision,
        "state": str(header.state),
        "labels": labels_text(header.labels),
    }


@routes.route(
    "GET",
    "/executions/distinct-field-values",
    parameters=[
        Parameter("field", required=True, description=f"One of {', '.join(TEXTS)}; also written FLOW_ID."),
        Parameter("size", "integer", 100, description="How many values at most."),
    ],
    filtered=True,
)
def distinct_values(call: Call) -> object:
    """Return the values that a field has in the executions that are asked for, sorted."""
    field = field_name(call.query["field"])
    if field not in TEXTS:
        raise BadRequestError(f"field is '{call.query['field']}', wanted one of {', '.join(TEXTS)}")
    found: set[str] = set()
    for header in every(call.site.parts.store, call.filter, most=MOST):
        value = EXECUTIONS.value(field, header)
        if field == "labels":
            found.update(f"{key}:{text}" for key, text in value)
        elif value is not None:
            found.add(str(value))
    return sorted(found)[: max(0, call.query["size"])]
