"""Routes of namespaces (api.md, 10): they are where flows are, and what lies above."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from tiercel.api.bodies import read_json
from tiercel.api.calls import Call, page_of
from tiercel.api.flowlists import part_of, sorted_by
from tiercel.api.matching import SYSTEM, Fields
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.flows import FlowStore

_FIELDS: Fields[str] = Fields(
    "namespaces", {"q": lambda name: (name,), "namespace": lambda name: name, "id": lambda name: name}
)
_ORDERS: Mapping[str, Callable[[str], Any]] = {"id": lambda name: name}


class Sought(msgspec.Struct):
    """What somebody has typed."""

    q: str = ""
    ids: list[str] | None = None
    """Namespaces that are wanted in any case."""


def _with_parents(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _namespaces(flows: FlowStore) -> list[str]:
    """Return the namespaces of flows, those above them, and the system's, sorted."""
    return sorted({SYSTEM, *_with_parents({record.namespace for record in flows.all()})})


@routes.route(
    "GET",
    "/namespaces/search",
    paged=True,
    filtered=True,
    parameters=[Parameter("existing", "boolean", False, description="Accepted; namespaces are where flows are.")],
)
def search_namespaces(call: Call) -> object:
    """Return a page of the namespaces that are asked for."""
    test = _FIELDS.test(call.filter)
    found = sorted_by(filter(test, _namespaces(call.site.parts.flows)), call.page, _ORDERS)
    shown = [{"id": name, "disabled": True, "deleted": False} for name in part_of(found, call.page)]
    return page_of(shown, len(found))


@routes.route("GET", "/namespaces/{id}")
def get_namespace(call: Call) -> object:
    """Return a namespace; every name is one."""
    return {"id": call.path["id"], "deleted": False}


@routes.route("POST", "/namespaces/autocomplete", body="application/json", shape=Sought)
def complete_namespaces(call: Call) -> object:
    """Return the namespaces that somebody may mean."""
    sought = read_json(call, Sought)
    part, wanted = sought.q.lower(), sought.ids or []
    known = _namespaces(call.site.parts.flows)
    return list(dict.fromkeys([*(name for name in wanted if name in known), *(n for n in known if part in n.lower())]))


@routes.route("GET", "/namespaces/{id}/inherited-variables")
def inherited_variables(_call: Call) -> object:
    """Return the variables of the namespaces above: namespaces have none."""
    return {}
