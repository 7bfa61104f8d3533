"""The list of flows: as rows or as a tree of namespaces, by the file in and out; and texts in their sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from tiercel.api.failures import UnprocessableError
from tiercel.errors import TiercelError
from tiercel.ui import formats
from tiercel.ui.counting import counted, sparks
from tiercel.ui.lists import fetched, filters_of, in_words, others, pages
from tiercel.ui.visit import Shown, Visit

NOTHING: dict[str, Any] = {"results": [], "total": 0}
ORDER = "namespace:asc,id:asc"
FIELDS = ("q", "namespace", "labels", "scope", "group")
RECENT = "PT312H"
"""The span of the small charts: 14 days, today's included."""

Flow = Mapping[str, Any]


def show(visit: Visit) -> Shown:
    """Show the flows that the address asks for."""
    as_tree = visit.given("group") == "namespace"
    how: dict[str, Any] = {"sort": ORDER, "size": 100} if as_tree else {"sort": visit.given("sort") or ORDER}
    flows, place = fetched(visit, "/flows/search", **how)
    narrowed = filters_of(visit)
    values = {
        "flows": flows,
        "lines": list(tree(flows)) if as_tree else [{"flow": flow} for flow in flows],
        "as_tree": as_tree,
        "pages": place,
        "latest": latest(visit, flows),
        "sparks": recent(visit, flows),
        "filters": narrowed,
        "words": in_words(narrowed),
        "others": others(visit, FIELDS),
        "tried": None,
    }
    return Shown("flows", "Flows", values, section="flows")


def tree(flows: Sequence[Flow]) -> Iterator[dict[str, Any]]:
    """Yield flows that are sorted by namespace, each namespace before those in it: `{space, name, depth, count}`."""
    above: list[str] = []
    for flow in flows:
        spaces = [whole for _, whole in formats.ancestors(flow["namespace"])]
        for depth, whole in enumerate(spaces):
            if above[: depth + 1] != spaces[: depth + 1]:
                inside = [each for each in flows if f"{each['namespace']}.".startswith(f"{whole}.")]
                yield {"space": whole, "name": formats.last_part(whole), "depth": depth, "count": len(inside)}
                above = spaces[: depth + 1]
        above = spaces
        yield {"flow": flow, "within": flow["namespace"], "depth": len(spaces)}


def latest(visit: Visit, flows: Sequence[Flow]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the latest execution of each flow that has one."""
    found = visit.api.post("/executions/latest", body=_names(flows))
    return {(each["namespace"], each["flowId"]): each for each in found}


def recent(visit: Visit, flows: Sequence[Flow]) -> dict[tuple[str, str], Any]:
    """Return a small chart of the last two weeks for each flow that was executed in them."""
    if not flows:
        return {}
    try:
        found = counted(visit, "/stats/executions/daily/group-by-flow", {"flows": _names(flows), "timeRange": RECENT})
    except TiercelError:
        return {}  # a list is no worse without them
    drawn = {(space, flow): sparks(rows) for space, some in (found or {}).items() for flow, rows in some.items()}
    return {name: each for name, each in drawn.items() if each["bars"]}


def _names(flows: Sequence[Flow]) -> list[dict[str, str]]:
    return [{"namespace": flow["namespace"], "id": flow["id"]} for flow in flows]


# ------------------------------------------------------------------ by the file


def try_import(visit: Visit) -> Shown:
    """Show what would become of the flows of a file; nothing is stored."""
    file = visit.request.files.get("fileUpload")
    if file is None or not file.filename:
        raise UnprocessableError("no file was chosen; choose one that ends in .yaml, .yml or .zip")
    sent = [("fileUpload", FileStorage(file.stream, file.filename, "fileUpload"))]
    found = visit.api.send_form("/flows/import?dryRun=true", [], sent)
    return Shown("imported", "Import of flows", {"tried": found}, (("Flows", "/ui/flows"),), "flows")


def export(visit: Visit) -> Response:
    """Return a ZIP with the flows that were chosen, or with those that the address asks for."""
    narrowed = filters_of(visit)
    parts = [each.partition("/") for each in visit.request.form.getlist("id")]
    named = [{"namespace": namespace, "id": flow} for namespace, _, flow in parts]
    if narrowed:
        content = visit.api.get("/flows/export/by-query", query=narrowed)
    else:
        content = visit.api.post("/flows/export/by-ids", body=named)
    headers = {"Content-Disposition": 'attachment; filename="flows.zip"', "Cache-Control": "no-store"}
    return Response(content, headers=headers, content_type="application/zip")


# ------------------------------------------------------------------ in sources


def search(visit: Visit) -> Shown:
    """Show the places in the flows' sources that hold a text."""
    names = ("q", "namespace", "caseSensitive", "wholeWord", "regex")
    query: list[tuple[str, object]] = [(name, visit.given(name)) for name in names if visit.given(name)]
    query += [("page", visit.given("page", "1")), ("size", 25)]
    found = visit.api.get("/flows/source", query=query) if visit.given("q") else NOTHING
    values = {"hits": found["results"], "pages": pages(query, found["total"])}
    return Shown("source", "Search in sources", values, (("Flows", "/ui/flows"),), "flows")
