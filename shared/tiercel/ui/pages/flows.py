"""The list of flows, and texts in their sources."""

from __future__ import annotations

from typing import Any

from tiercel.ui.lists import fetched, filters_of, in_words, pages
from tiercel.ui.visit import Shown, Visit

NOTHING: dict[str, Any] = {"results": [], "total": 0}
ORDER = "namespace:asc"


def show(visit: Visit) -> Shown:
    """Show the flows that the address asks for."""
    flows, place = fetched(visit, "/flows/search", sort=visit.given("sort") or ORDER)
    narrowed = filters_of(visit)
    values = {
        "flows": flows,
        "pages": place,
        "latest": latest(visit, flows),
        "filters": narrowed,
        "words": in_words(narrowed),
    }
    return Shown("flows", "Flows", values, section="flows")


def latest(visit: Visit, flows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the latest execution of each flow that has one."""
    names = [{"namespace": flow["namespace"], "id": flow["id"]} for flow in flows]
    found = visit.api.post("/executions/latest", body=names)
    return {(each["namespace"], each["flowId"]): each for each in found}


def search(visit: Visit) -> Shown:
    """Show the places in the flows' sources that hold a text."""
    names = ("q", "namespace", "caseSensitive", "wholeWord", "regex")
    query: list[tuple[str, object]] = [(name, visit.given(name)) for name in names if visit.given(name)]
    query += [("page", visit.given("page", "1")), ("size", 25)]
    found = visit.api.get("/flows/source", query=query) if visit.given("q") else NOTHING
    values = {"hits": found["results"], "pages": pages(query, found["total"])}
    return Shown("source", "Search in sources", values, (("Flows", "/ui/flows"),), "flows")
