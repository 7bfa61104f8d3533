"""Dashboards as YAML (api.md, 12): stored, checked, and the rows of their charts."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tiercel.api.bodies import read_json, read_json_if_any, read_text
from tiercel.api.calls import Answer, Call, page_of
from tiercel.api.failures import UnprocessableError
from tiercel.api.flows.lists import part_of, sorted_by
from tiercel.api.flows.one import YAML
from tiercel.api.parameters import Parameter
from tiercel.api.routing import TENANT, routes
from tiercel.api.statistics.charts import GlobalFilter, chart_page
from tiercel.errors import ConflictError, FlowError, NotFoundError, Problem
from tiercel.model.execution import Record, encode
from tiercel.model.ids import fresh_id
from tiercel.model.instants import iso
from tiercel.ports import Create, Delete, Index, Refused, Update
from tiercel.statistics.chartfile import Chart, Dashboard, TimeWindow, read_chart, read_dashboard

KIND = "dashboard"
JSON = "application/json"
MOST = 1000
"""Dashboards of an installation."""

_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}")


class Stored(Record):
    """A dashboard as it is stored."""

    id: str
    source: str
    created: float
    updated: float


_decode = msgspec.json.Decoder(Stored).decode


class Preview(msgspec.Struct, forbid_unknown_fields=True):
    """A chart that is not stored, and what it is narrowed to."""

    chart: str
    globalFilter: GlobalFilter | None = None  # noqa: N815 - as clients write it


def _key(identifier: str) -> str:
    return f"{KIND}/{identifier}"


def _found(call: Call) -> tuple[Stored, int]:
    """Return the dashboard that the path names, and its version.

    Raises:
        NotFoundError: There is none.
    """
    identifier = call.path["id"]
    stored = call.site.parts.store.get([_key(identifier)])[0]
    if stored is None:
        raise NotFoundError(f"there is no dashboard '{identifier}'")
    return _decode(stored.body), stored.version


def _view(found: Stored) -> dict[str, Any]:
    """Return a dashboard as clients read it."""
    raw = read_dashboard(found.source)[1]
    return {
        **raw,
        "tenantId": TENANT,
        "id": found.id,
        "charts": raw.get("charts") or [],
        "deleted": False,
        "created": iso(found.created),
        "updated": iso(found.updated),
        "sourceCode": found.source,
    }


def _authored(call: Call) -> tuple[Dashboard, str]:
    """Return the dashboard that is the body, and its text."""
    body = read_text(call.request)
    found, _ = read_dashboard(body)
    if found.id is not None and not _ID.fullmatch(found.id):
        raise FlowError([Problem(f"'{found.id}' is no id; wanted letters, digits, - and _, at most 100", "id")])
    return found, body.decode("utf-8-sig", "replace")


def _every(call: Call) -> list[Stored]:
    return [_decode(each.body) for each in call.site.parts.store.query(KIND, limit=MOST)]


@routes.route("GET", "/dashboards", paged=True, parameters=[Parameter("q", description="A part of the title.")])
def list_dashboards(call: Call) -> object:
    """Return a page of the dashboards."""
    part = (call.query["q"] or "").lower()
    shown = [each for each in map(_view, _every(call)) if part in str(each["title"]).lower()]
    orders = {name: lambda each, name=name: each[name] for name in ("id", "title", "created", "updated")}
    found = sorted_by(shown, call.page, orders)
    return page_of(list(part_of(found, call.page)), len(found))


@routes.route("POST", "/dashboards", body=YAML)
def create_dashboard(call: Call) -> object:
    """Create a dashboard."""
    authored, source = _authored(call)
    store, now = call.site.parts.store, call.site.parts.lanes.now()
    if store.count(KIND) >= MOST:
        raise UnprocessableError(f"there are {MOST} dashboards already; delete some")
    found = Stored(authored.id or fresh_id(), source, now, now)
    try:
        store.commit([Create(_key(found.id), encode(found), Index(KIND, date=now))])
    except Refused:
        raise ConflictError(f"there is a dashboard '{found.id}' already; update it, or choose another id") from None
    return _view(found)


@routes.route("GET", "/dashboards/{id}")
def get_dashboard(call: Call) -> object:
    """Return a dashboard with its source."""
    return _view(_found(call)[0])


@routes.route("PUT", "/dashboards/{id}", body=YAML)
def update_dashboard(call: Call) -> object:
    """Change a dashboard."""
    found, version = _found(call)
    authored, source = _authored(call)
    if authored.id not in (None, found.id):
        raise FlowError([Problem(f"the id is '{authored.id}', wanted '{found.id}': create another dashboard", "id")])
    changed = Stored(found.id, source, found.created, call.site.parts.lanes.now())
    try:
        index = Index(KIND, date=found.created)
        call.site.parts.store.commit([Update(_key(found.id), encode(changed), version, index)])
    except Refused:
        raise ConflictError(f"dashboard '{found.id}' is changed by somebody else at this moment; try again") from None
    return _view(changed)


@routes.route("DELETE", "/dashboards/{id}", gives="", codes=(204,))
def delete_dashboard(call: Call) -> object:
    """Delete a dashboard."""
    call.site.parts.store.commit([Delete(_key(_found(call)[0].id))])
    return Answer(status=204)


def _said(error: FlowError | None) -> dict[str, Any]:
    """Return what a check found, as for flows."""
    found: dict[str, Any] = {"index": 0, "outdated": False, "deprecationPaths": [], "warnings": [], "infos": []}
    return found if error is None else {**found, "constraints": str(error)}


@routes.route("POST", "/dashboards/validate", body=YAML)
def validate_dashboard(call: Call) -> object:
    """Say what is wrong with a dashboard; nothing is stored."""
    try:
        _authored(call)
    except FlowError as error:
        return _said(error)
    return _said(None)


@routes.route("POST", "/dashboards/validate/chart", body=YAML)
def validate_chart(call: Call) -> object:
    """Say what is wrong with a chart; nothing is stored."""
    try:
        read_chart(read_text(call.request))
    except FlowError as error:
        return _said(error)
    return _said(None)


@routes.route("POST", "/dashboards/charts/preview", body=JSON, shape=Preview)
def preview_chart(call: Call) -> object:
    """Return the rows of a chart that is not stored."""
    asked = read_json(call, Preview)
    return chart_page(call, read_chart(asked.chart), asked.globalFilter or GlobalFilter(), TimeWindow().default)


@routes.route("POST", "/dashboards/{id}/charts/{chartId}", body=JSON, shape=GlobalFilter)
def get_chart(call: Call) -> object:
    """Return the rows of a chart of a dashboard."""
    authored, _ = read_dashboard(_found(call)[0].source)
    narrowed = read_json_if_any(call, GlobalFilter)
    return chart_page(call, _chart(authored, call.path["chartId"]), narrowed, authored.timeWindow.default)


def _chart(authored: Dashboard, wanted: str) -> Chart:
    for chart in authored.charts:
        if chart.id == wanted:
            return chart
    known = ", ".join(chart.id for chart in authored.charts) or "none"
    raise NotFoundError(f"the dashboard has no chart '{wanted}'; it has {known}")
