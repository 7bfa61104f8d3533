"""Routes of concurrency limits: how many executions of a flow have a slot (api.md, 2)."""

from __future__ import annotations

from typing import Any

from tiercel.api.bodies import read_json
from tiercel.api.calls import Call, page_of
from tiercel.api.flows.lists import part_of
from tiercel.api.routing import TENANT, routes
from tiercel.ports import StateStore
from tiercel.slots import HOLDS


def _limit(store: StateStore, namespace: str, flow_id: str) -> dict[str, Any]:
    states = [str(state) for state in HOLDS]
    running = store.count("execution", namespace=namespace, flow_id=flow_id, states=states)
    return {"tenantId": TENANT, "namespace": namespace, "flowId": flow_id, "running": running}


@routes.route("GET", "/concurrency-limit/search", paged=True)
def search_limits(call: Call) -> object:
    """Return a page of the flows that have a limit, each with how many of its executions run."""
    parts = call.site.parts
    found = [record for record in parts.flows.all() if record.limited]
    shown = [_limit(parts.store, record.namespace, record.id) for record in part_of(found, call.page)]
    return page_of(shown, len(found))


@routes.route("PUT", "/concurrency-limit/{namespace}/{flowId}", body="application/json")
def correct_limit(call: Call) -> object:
    """Return how many executions of a flow run; they are counted anew each time, so nothing is to be corrected."""
    read_json(call, dict[str, Any])
    name = (call.path["namespace"], call.path["flowId"])
    call.site.parts.flows.record(*name)
    return _limit(call.site.parts.store, *name)
