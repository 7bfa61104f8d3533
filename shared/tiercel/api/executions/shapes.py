"""Executions as the API gives them (api.md, 3.1): the same members wherever one is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tiercel.api.routing import TENANT
from tiercel.api.site import Site
from tiercel.errors import FlowError, NotFoundError
from tiercel.model.execution import Execution, encode
from tiercel.model.flow import Flow
from tiercel.model.instants import iso

ALWAYS = frozenset(("taskRunList", "labels"))
"""Members that are there even when they are empty."""


def execution_json(site: Site, header: Execution, *, full: bool = True) -> dict[str, Any]:
    """Return an execution as JSON.

    Args:
        site: The installation.
        header: The execution.
        full: Whether its task runs are read and shown too; lists leave them out.
    """
    view = site.parts.view
    found: dict[str, Any] = {"tenantId": TENANT, **dict(view.header_fields(header)), "deleted": False}
    found["state"] = strict_state(found["state"])
    found["kind"] = header.kind or "NORMAL"
    if header.schedule_date is not None:
        found["scheduleDate"] = iso(header.schedule_date)
    if full:
        found["taskRunList"] = list(_runs(site, header))
    return without_nulls(found)


def execution_bytes(site: Site, header: Execution) -> bytes:
    """Return an execution with its task runs as JSON text: runs are encoded one by one, so many never stand twice."""
    body = bytearray(encode(execution_json(site, header, full=False)))
    body[-1:] = b',"taskRunList":['
    for number, run in enumerate(_runs(site, header)):
        if number:
            body += b","
        body += encode(run)
    body += b"]}"
    return bytes(body)


def changed_bytes(site: Site, header: Execution, known: dict[str, int]) -> bytes:
    """Return an execution as JSON text with only those task runs that have changed, and then `partial`.

    Args:
        site: Where it is.
        header: The execution.
        known: The hashes of what was said before: of each task run by its id, of the rest by "". They become those of
            what is said now; where there are none, all is said.

    Returns:
        Nothing where nothing has changed.
    """
    rest = execution_json(site, header, full=False)
    bodies = {"": encode(rest), **{str(run["id"]): encode(run) for run in _runs(site, header)}}
    if not known.keys() <= bodies.keys():
        known.clear()  # runs are gone, as after a restart
    changed = [body for name, body in bodies.items() if name and known.get(name) != hash(body)]
    if not changed and known.get("") == hash(bodies[""]):
        return b""
    head = encode(rest | ({"partial": True} if known else {}))
    known.update((name, hash(body)) for name, body in bodies.items())
    return b'%b,"taskRunList":[%b]}' % (head[:-1], b",".join(changed))


def strict_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state with the members that kestrapy's model takes for required (api.md, 1.10)."""
    ended = {"getEndDate": state["endDate"]} if "endDate" in state else {}
    return {**state, "getDuration": state["duration"], "getStartDate": state["startDate"], **ended}


def _runs(site: Site, header: Execution) -> Iterator[dict[str, Any]]:
    view = site.parts.view
    for run in view.runs(header, _flow(site, header)):
        shown = without_nulls(view.run_fields(header, run))
        shown["state"] = strict_state(shown["state"])
        if "attempts" in shown:
            attempts = [without_nulls(attempt) for attempt in shown["attempts"]]
            shown["attempts"] = [{**attempt, "state": strict_state(attempt["state"])} for attempt in attempts]
        yield shown


def with_url(site: Site, header: Execution, shown: dict[str, Any]) -> dict[str, Any]:
    """Return an execution's JSON with the address of its page."""
    page = f"{site.url.rstrip('/')}/ui/{TENANT}/executions/{header.namespace}/{header.flow_id}/{header.id}"
    return {**shown, "url": page}


def without_nulls(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members that say something: null and empty ones are left out, but for lists that clients need."""
    return {name: value for name, value in members.items() if name in ALWAYS or value not in (None, {}, [])}


def _flow(site: Site, header: Execution) -> Flow | None:
    """Return an execution's flow, for the order of its runs; None where it cannot be read any more."""
    try:
        return site.parts.flows.get(header.namespace, header.flow_id, header.revision)
    except (NotFoundError, FlowError):
        return None
