"""Following executions (api.md, 1.7 and 3.2): as server-sent events, each with the whole of what has changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tiercel.api.calls import Call
from tiercel.api.executions.shapes import changed_bytes, execution_bytes, strict_state
from tiercel.api.parameters import Parameter
from tiercel.api.routing import TENANT, routes
from tiercel.api.site import Site
from tiercel.api.streams import Event, Source, stream
from tiercel.model.execution import MAIN_LANE, Execution, decode_execution, decode_lane, encode, header_key, lane_key
from tiercel.views.executions import state_view

MOST_FAMILY = 1000
"""Executions that a stream of dependencies follows."""


def is_over(header: Execution) -> bool:
    """Tell whether nothing of an execution will change by itself any more."""
    return header.state.is_terminal and header.finished


@routes.route(
    "GET",
    "/executions/{id}/follow",
    parameters=[
        Parameter(
            "changedOnly", "boolean", False, description="After the first event, only task runs that have changed."
        )
    ],
    gives="text/event-stream",
)
def follow_execution(call: Call) -> object:
    """Follow an execution until it ends."""
    changed = call.query["changedOnly"]
    return stream(call, lambda header: _execution_events(call.site, header, changed), call.path["id"])


def _execution_events(site: Site, first: Execution, changed_only: bool) -> Source:
    """Give the execution each time that it has changed; while branches run, only reading it all tells."""
    said: dict[str, int] = {}
    yield Event("start", encode({"id": first.id}))
    keys = [header_key(first.id), lane_key(first.id, MAIN_LANE)]
    seen = 0, 0
    while True:
        header, lane = site.parts.store.get(keys)
        if header is None:
            return  # purged
        execution = decode_execution(header.body)
        if is_over(execution):
            yield Event("end", execution_bytes(site, execution))
            return
        versions = header.version, 0 if lane is None else lane.version
        forks = lane is not None and any(frame.join is not None for frame in decode_lane(lane.body).frames)
        if versions != seen or forks:
            body = (changed_bytes if changed_only else _whole_bytes)(site, execution, said)
            if body:
                yield Event("progress", body)
            seen = versions
        yield None


def _whole_bytes(site: Site, header: Execution, said: dict[str, int]) -> bytes:
    """Return an execution as JSON text, nothing where that is what was said before."""
    body = execution_bytes(site, header)
    if said.get("") == hash(body):
        return b""
    said[""] = hash(body)
    return body


@routes.route(
    "GET",
    "/executions/{id}/follow-dependencies",
    parameters=[
        Parameter("destinationOnly", "boolean", False, description="Only what the execution has caused."),
        Parameter("expandAll", "boolean", False, description="Also what those have caused, and so on."),
    ],
    gives="text/event-stream",
)
def follow_dependencies(call: Call) -> object:
    """Follow the states of an execution and of those that it causes, or that caused it."""
    query = call.query

    def events(header: Execution) -> Source:
        return _family_events(call.site, header, up=not query["destinationOnly"], deep=query["expandAll"])

    return stream(call, events, call.path["id"])


def _family_events(site: Site, first: Execution, *, up: bool, deep: bool) -> Source:
    """Give the state of each execution of a family, each time that it has changed."""
    yield Event("start", encode(_status(first)))
    said: dict[str, str] = {first.id: first.state}
    while True:
        family = list(_family(site, first.id, up=up, deep=deep))
        over = all(is_over(header) for header in family)
        for header in family:
            if said.get(header.id) != header.state:
                said[header.id] = header.state
                yield Event("progress", encode(_status(header)))
        if over:
            yield Event("end", encode(_status(family[0])) if family else b"{}")
            return
        yield None


def _status(header: Execution) -> dict[str, Any]:
    return {
        "executionId": header.id,
        "tenantId": TENANT,
        "namespace": header.namespace,
        "flowId": header.flow_id,
        "state": strict_state(state_view(header.at)),
    }


def _family(site: Site, execution: str, *, up: bool, deep: bool) -> Iterator[Execution]:
    """Yield an execution, those that caused it, and those that it caused."""
    store = site.parts.store
    stored = store.get([header_key(execution)])[0]
    if stored is None:
        return
    header = decode_execution(stored.body)
    yield header
    owner, known = header.owner, {header.id}
    while up and owner and owner not in known:
        above = store.get([header_key(owner)])[0]
        if above is None:
            break
        known.add(owner)
        cause = decode_execution(above.body)
        yield cause
        owner = cause.owner if deep else ""
    waiting, left = [execution], MOST_FAMILY
    while waiting and left > 0:
        children = store.query("execution", owner=waiting.pop(0), limit=left)
        left -= len(children)
        for child in map(decode_execution, (each.body for each in children)):
            yield child
            if deep:
                waiting.append(child.id)
