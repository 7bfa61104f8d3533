"""What is done to many executions: those of some ids, or those that a filter means (api.md, 1.5 and 3.2).

Promise: it is done to all of them or to none: every execution is looked at before the first one is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tiercel import actions
from tiercel.api.bodies import read_json
from tiercel.api.calls import Call
from tiercel.api.executions.searching import every
from tiercel.api.executions.verbs import REMOVAL, LabelBody, label_pairs, own_labels, patience, purge_of, read_state
from tiercel.api.failures import BadRequestError
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.commands.again import Differently
from tiercel.commands.byhand import refuse_labels
from tiercel.errors import NotFoundError
from tiercel.model.execution import Execution, Record, decode_execution, header_key
from tiercel.model.ids import fresh_id
from tiercel.objections import OBJECTIONS

Act = Callable[[Call, Execution], object]
Check = Callable[[Call, Execution], str | None]
"""Returns why it cannot be done to an execution by this request, or None."""

JSON = "application/json"
NONE: tuple[Parameter, ...] = ()


def _unchecked(_call: Call, _header: Execution) -> None:
    return None


class LabelsBody(Record):
    """Labels, and the executions that get them."""

    executionsId: list[str]  # noqa: N815 - as clients send it
    executionLabels: list[LabelBody]  # noqa: N815


def by_ids(call: Call, action: str, act: Act, ids: Sequence[str], check: Check = _unchecked) -> dict[str, object]:
    """Do something to the executions of some ids; return the body of the answer.

    Raises:
        BadRequestError: There is one that is not there, or to which it cannot be done; nothing was done.
    """
    wanted = list(dict.fromkeys(ids))
    stored = call.site.parts.store.get([header_key(each) for each in wanted]) if wanted else []
    found = [decode_execution(each.body) for each in stored if each is not None]
    missing = [name for name, each in zip(wanted, stored, strict=True) if each is None]
    invalids = [_invalid("execution not found", name) for name in missing]
    return _done(call, action, act, found, check, invalids)


def by_query(call: Call, action: str, act: Act, check: Check = _unchecked) -> dict[str, object]:
    """Do something to the executions that the request's filter means; else as `by_ids`."""
    return _done(call, action, act, every(call.site.parts.store, call.filter), check, [])


def _done(
    call: Call,
    action: str,
    act: Act,
    headers: Iterable[Execution],
    check: Check,
    invalids: list[dict[str, object]],
) -> dict[str, object]:
    objection, chosen = OBJECTIONS[action], []
    for header in headers:
        chosen.append(header)
        reason = objection(call.site.parts.lanes, header) or check(call, header)
        if reason is not None and not call.query.get("includeNonTerminated"):
            invalids.append(_invalid(reason, header.id))
    if invalids:
        raise BadRequestError(f"invalid bulk {action}", invalids)
    for header in chosen:
        act(call, header)
    return {"count": len(chosen), "operationId": fresh_id(), "totalItems": len(chosen)}


def _invalid(message: str, execution: str) -> dict[str, object]:
    return {"message": message, "invalidValue": execution, "path": "execution"}


def bulk(
    action: str,
    ids: Sequence[Parameter] = NONE,
    query: Sequence[Parameter] | None = None,
    *,
    method: str = "POST",
    path: str = "",
    check: Check = _unchecked,
) -> Callable[[Act], Act]:
    """Register an action for the executions of some ids, and for those of a filter.

    `ids` is what the first form takes in the query, `query` what the second one does (the same by default); `path` is
    where it stands (by default under its name); `check` looks at more than the execution's state.
    """
    place = path or f"/executions/{action}"

    def add(act: Act) -> Act:
        def some(call: Call) -> object:
            return by_ids(call, action, act, read_json(call, list[str]), check)

        def meant(call: Call) -> object:
            return by_query(call, action, act, check)

        some.__doc__ = f"{act.__doc__} All executions of a list of ids, or none."
        meant.__doc__ = f"{act.__doc__} All executions that a filter means, or none."
        routes.route(method, f"{place}/by-ids", parameters=ids, body=JSON, shape=list[str])(some)
        routes.route(method, f"{place}/by-query", parameters=ids if query is None else query, filtered=True)(meant)
        return act

    return add


@bulk("restart")
def restart(call: Call, header: Execution) -> None:
    """Let executions go on from their failed tasks."""
    actions.restart(call.site.parts, header.id)


LATEST = Parameter("latestRevision", "boolean", False, description="Whether on the flow's latest revision.")


def _latest(call: Call, header: Execution) -> int | None:
    """Return the revision on which an execution is replayed; None for its own."""
    if not call.query["latestRevision"]:
        return None
    return call.site.parts.flows.latest(header.namespace, header.flow_id).revision


def _is_replayable(call: Call, header: Execution) -> str | None:
    try:
        _latest(call, header)
    except NotFoundError as error:
        return str(error)
    return None


@bulk("replay", [LATEST], check=_is_replayable)
def replay(call: Call, header: Execution) -> None:
    """Begin new executions like these, from their start."""
    actions.replay(call.site.parts, header.id, None, [], Differently(revision=_latest(call, header)))


def _needs_nothing(call: Call, header: Execution) -> str | None:
    """Return what is missing where a pause asks for inputs."""
    errors = [error for report in actions.examine_resume(call.site.parts, header, {}) for error in report.errors]
    return "; ".join(errors) or None


@bulk("resume", check=_needs_nothing)
def resume(call: Call, header: Execution) -> None:
    """Let paused executions go on."""
    actions.resume(call.site.parts, header.id, {})


@bulk("pause")
def pause(call: Call, header: Execution) -> None:
    """Have executions begin no new task until they are resumed."""
    actions.pause(call.site.parts, header.id)


@bulk("force-run")
def force_run(call: Call, header: Execution) -> None:
    """Have executions run now, whatever they wait for."""
    actions.force_run(call.site.parts, header.id)


@bulk(
    "unqueue",
    [Parameter("state", default="RUNNING", description="RUNNING, CANCELLED or FAILED.")],
    [Parameter("newState", default="RUNNING", description="RUNNING, CANCELLED or FAILED.")],
)
def unqueue(call: Call, header: Execution) -> None:
    """Take executions out of their flows' queues."""
    given = call.query.get("state") or call.query.get("newState")
    actions.unqueue(call.site.parts, header.id, read_state(given, "state"))


@bulk("change-status", [Parameter("newStatus", required=True, description="The state that they get.")])
def change_status(call: Call, header: Execution) -> None:
    """Give ended executions another terminal state."""
    actions.change_status(call.site.parts, header.id, read_state(call.query["newStatus"], "newStatus"))


@bulk("kill", method="DELETE")
def kill(call: Call, header: Execution) -> None:
    """End executions and what they wait for."""
    actions.kill(call.site.parts, header.id, also_ended=True)


ALSO_LIVING = Parameter("includeNonTerminated", "boolean", False, description="Whether those that run are killed.")


@bulk("delete", [ALSO_LIVING, *REMOVAL], method="DELETE", path="/executions")
def delete(call: Call, header: Execution) -> None:
    """Remove executions."""
    actions.delete(call.site.parts, header.id, patience(call), purge_of(call))


def _labelling(labels: list[tuple[str, str]]) -> tuple[Act, Check]:
    def act(call: Call, header: Execution) -> None:
        actions.set_labels(call.site.parts, header.id, own_labels(header, labels))

    def check(_: Call, header: Execution) -> None:
        refuse_labels(own_labels(header, labels))

    return act, check


@routes.route("POST", "/executions/labels/by-ids", body=JSON, shape=LabelsBody)
def label_some(call: Call) -> object:
    """Add labels to ended executions: to all of a list of ids, or to none."""
    body = read_json(call, LabelsBody)
    act, check = _labelling(label_pairs(body.executionLabels))
    return by_ids(call, "labels", act, body.executionsId, check)


@routes.route("POST", "/executions/labels/by-query", body=JSON, shape=list[LabelBody], filtered=True)
def label_meant(call: Call) -> object:
    """Add labels to ended executions: to all that a filter means, or to none."""
    return by_query(call, "labels", *_labelling(label_pairs(read_json(call, list[LabelBody]))))
