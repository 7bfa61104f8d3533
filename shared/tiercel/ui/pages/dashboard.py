"""The first page: how it goes. All of it from counted statistics and from indexes; labels alone are looked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.model.states import TERMINAL
from tiercel.ui.counting import counted, drawn, ratios, totals
from tiercel.ui.failing import first_error
from tiercel.ui.formats import NOTHING
from tiercel.ui.lists import SPANS, STATES
from tiercel.ui.visit import Shown, Visit, ui

DEFAULT = "PT24H"
ROWS, FAILURES = 8, 5
OPEN = ",".join(state for state in STATES if state not in TERMINAL)
"""The states of executions in progress, as a filter names them."""

BY_NAMESPACE = "/stats/executions/daily/group-by-namespace"
NARROWING = ("namespace", "flowId", "scope", "state")
DATES = ("startDate", "endDate")


def show(visit: Visit) -> Shown:
    """Show the dashboard of the namespace, flow, states, labels and span that the address asks for."""
    narrowed: dict[str, Any] = {name: visit.given(name) for name in NARROWING if visit.given(name)}
    if labels := [each for each in visit.request.args.getlist("labels") if each]:
        narrowed["labels"] = labels
    span = {name: visit.given(name) for name in DATES if visit.given(name)}
    if not span:
        span = {"timeRange": visit.given("timeRange", DEFAULT) or DEFAULT}
    counted_by = {**narrowed, **span, **({"state": narrowed["state"].split(",")} if "state" in narrowed else {})}
    chart = drawn(visit, counted_by)
    counts = totals(chart["rows"])
    where = {name: value for name, value in narrowed.items() if name != "state"}
    values = {
        "span": span.get("timeRange", ""),
        "spans": SPANS,
        "states": [(state, state.lower()) for state in STATES],
        "rare": bool(visit.given("scope") or "timeRange" not in span),
        "daily": chart["rows"],
        "hint": chart["hint"],
        "counts": counts,
        "cards": cards(visit, None if chart["hint"] else counts, where, span),
        **events(visit, where, span if labels else None),
        "shares": shares(counted(visit, BY_NAMESPACE, counted_by) if counts else None),
        "link": ui("/executions", query={**narrowed, **span}),
    }
    return Shown("dashboard", "Dashboard", values, section="dashboards")


def events(visit: Visit, where: Mapping[str, object], span: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what has failed, what is in progress and what is to come, of a namespace or a flow.

    Args:
        visit: The visit.
        where: Which executions.
        span: Within which time failures are looked for; None for ever: no index knows labels, so not all are read.
    """
    failing = {**where, **(span or {})}
    failed = _search(visit, failing, "FAILED", FAILURES)["results"]
    return {
        "running": _search(visit, where, OPEN, ROWS),
        "open": ui("/executions", query={**where, "state": OPEN}),
        "next": _next(visit, where),
        "failures": [(each, first_error(visit, each["id"])) for each in failed],
        "failed": ui("/executions", query={**failing, "state": "FAILED"}),
    }


def cards(
    visit: Visit, counts: Mapping[str, int] | None, narrowed: Mapping[str, object], span: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Return the figures on top: what each says, its text, and the list behind it; `counts` is None where unknown."""
    found = visit.api.post("/stats/summary", body={"namespace": narrowed.get("namespace")})
    only = {name: value for name, value in narrowed.items() if name == "namespace"}
    executions = ui("/executions", query={**narrowed, **span})
    return [
        *ratios(counts or {}, executions),
        (NOTHING if counts is None else str(sum(counts.values())), "executions", executions),
        (str(found["flows"]), "flows", ui("/flows", query=only)),
        (str(found["triggers"]), "triggers", ui("/admin/triggers", query=only)),
    ]


def _search(visit: Visit, narrowed: Mapping[str, object], state: str, size: int) -> dict[str, Any]:
    found: dict[str, Any] = visit.api.get(
        "/executions/search", query={**narrowed, "state": state, "size": size, "sort": "state.startDate:desc"}
    )
    return found


def _next(visit: Visit, narrowed: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return the triggers whose dates come next, without those that their flows have disabled."""
    query = {name: value for name, value in narrowed.items() if name in ("namespace", "flowId")}
    found = visit.api.find(
        "/triggers/search", query={**query, "size": 50, "sort": "nextExecutionDate:asc"}, default={"results": []}
    )
    meant = [each for each in found["results"] if each.get("trigger") and not each["trigger"].get("disabled")]
    states = [each["state"] for each in meant]
    return [state for state in states if state.get("nextExecutionDate") and not state["disabled"]][:ROWS]


def shares(by_namespace: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the namespaces with most executions, each with the widths of its states (of 1000)."""
    rows = sorted((by_namespace or {}).items(), key=lambda pair: -pair[1]["total"])[:10]
    most = max((each["total"] for _, each in rows), default=0) or 1
    found = []
    for name, each in rows:
        x, bars = 0.0, []
        for state, count in each["counts"].items():
            if count:
                bars.append({"state": state, "x": round(x), "width": round(count / most * 1000), "count": count})
                x += count / most * 1000
        found.append({"name": name, "total": each["total"], "bars": bars})
    return found
