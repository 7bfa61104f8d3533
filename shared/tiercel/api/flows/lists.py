"""Routes that look for flows: search, lists, their namespaces, texts in their sources (api.md, 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from tiercel.api.calls import Call, Page, page_of
from tiercel.api.failures import UnprocessableError
from tiercel.api.filters import Filter
from tiercel.api.matching import Fields, conjuncts, is_within, scope_of
from tiercel.api.parameters import Parameter
from tiercel.api.routing import TENANT, routes
from tiercel.authoring.sourcesearch import Hit, Wanted, search_sources
from tiercel.errors import FlowError
from tiercel.flows import FlowRecord
from tiercel.views.flows import flow_view

T = TypeVar("T")

FIELDS: Fields[FlowRecord] = Fields(
    "flows",
    {
        "q": lambda record: (f"{record.namespace}.{record.id}", *(f"{key}:{value}" for key, value in record.labels)),
        "namespace": lambda record: record.namespace,
        "flowId": lambda record: record.id,
        "id": lambda record: record.id,
        "labels": lambda record: record.labels,
        "scope": lambda record: scope_of(record.namespace),
        "updated": lambda record: record.at,
    },
)
_ORDERS: Mapping[str, Callable[[FlowRecord], Any]] = {
    "id": lambda record: record.id,
    "namespace": lambda record: record.namespace,
    "revision": lambda record: record.revision,
    "updated": lambda record: record.at,
    "disabled": lambda record: record.disabled,
}
_HIT_ORDERS: Mapping[str, Callable[[Hit], Any]] = {
    "id": lambda hit: hit.record.id,
    "namespace": lambda hit: hit.record.namespace,
    "updated": lambda hit: hit.record.at,
}


def records_of(call: Call) -> list[FlowRecord]:
    """Return the flows that the query asks for, by namespace and id."""
    test = FIELDS.test(call.filter)
    return [record for record in call.site.parts.flows.all() if test(record)]


def sorted_by(found: Iterable[T], page: Page, orders: Mapping[str, Callable[[T], Any]]) -> list[T]:
    """Return what was found in the order that is asked for.

    Raises:
        UnprocessableError: It cannot be sorted by such a field.
    """
    ordered = list(found)
    for field, descending in reversed(page.sort):
        if field not in orders:
            raise UnprocessableError(f"sort names '{field}', wanted one of {', '.join(sorted(orders))}")
        ordered.sort(key=orders[field], reverse=descending)
    return ordered


def part_of(found: Sequence[T], page: Page) -> Sequence[T]:
    """Return the part of a list that a page shows."""
    start = (page.number - 1) * page.size
    return found[start : start + page.size]


@routes.route("GET", "/flows/search", paged=True, filtered=True)
def search_flows(call: Call) -> object:
    """Return a page of the flows that are asked for."""
    found = sorted_by(records_of(call), call.page, _ORDERS)
    shown = [{**flow_view(record, TENANT), **_exception(call, record)} for record in part_of(found, call.page)]
    return page_of(shown, len(found))


EXAMINED = 100
"""Flows of a page up to which it is said of each whether it can still be read: that takes some milliseconds a flow."""


def _exception(call: Call, record: FlowRecord) -> dict[str, str]:
    """Return why a flow that is stored cannot be executed any more: nothing for nearly all of them."""
    if call.page.size > EXAMINED:
        return {}
    try:
        call.site.parts.flows.get(record.namespace, record.id, record.revision)
    except FlowError as error:
        return {"exception": str(error)}
    return {}


@routes.route("GET", "/flows/{namespace}")
def list_flows(call: Call) -> object:
    """Return the flows of exactly this namespace."""
    return [flow_view(record, TENANT) for record in call.site.parts.flows.all(call.path["namespace"])]


@routes.route("GET", "/flows/distinct-namespaces", parameters=[Parameter("q", description="A part of their names.")])
def list_namespaces(call: Call) -> object:
    """Return the namespaces in which there are flows."""
    part = (call.query["q"] or "").lower()
    names = sorted({record.namespace for record in call.site.parts.flows.all()})
    return [name for name in names if part in name.lower()]


def _looked_for(wanted: Filter | None) -> tuple[str, Callable[[FlowRecord], bool]]:
    """Return the text of a search in sources, and what tells whether a flow is searched."""
    parts = list(conjuncts(wanted))
    texts = [part for part in parts if part.field == "q" and part.operation in ("EQUALS", "CONTAINS")]
    rest = tuple(part for part in parts if part not in texts)
    return (str(texts[0].value) if texts else ""), FIELDS.test(Filter("and", rest))


@routes.route(
    "GET",
    "/flows/source",
    paged=True,
    filtered=True,
    parameters=[
        Parameter("namespace", description="Only there and below."),
        Parameter("caseSensitive", "boolean", False),
        Parameter("wholeWord", "boolean", False),
        Parameter("regex", "boolean", False, description="Whether `q` is a regular expression."),
        Parameter("scope", description="`USER` or `SYSTEM`."),
    ],
)
def search_source(call: Call) -> object:
    """Return the flows whose source holds a text, with the places: `q` is what is looked for, within one line."""
    query, above = call.query, call.query["namespace"]
    text, test = _looked_for(call.filter)
    records = [
        record
        for record in call.site.parts.flows.all()
        if (not above or is_within(record.namespace, above))
        and query["scope"] in (None, "ALL", scope_of(record.namespace))
        and test(record)
    ]
    wanted = Wanted(text, query["caseSensitive"], query["wholeWord"], query["regex"])
    hits = list(search_sources(records, wanted)) if wanted.text else [Hit(record, ()) for record in records]
    found = sorted_by(hits, call.page, _HIT_ORDERS)
    shown = [
        {
            "model": flow_view(hit.record, TENANT),
            "fragments": hit.fragments(),
            "namespace": hit.record.namespace,
            "id": hit.record.id,
            "editable": True,
            "matches": hit.matches(),
        }
        for hit in part_of(found, call.page)
    ]
    return page_of(shown, len(found))
