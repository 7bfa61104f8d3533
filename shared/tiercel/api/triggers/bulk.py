"""What is done to many triggers: those that are named, or those that a filter means (api.md, 7).

A trigger to which it cannot be done is passed by; the answer says to how many it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tiercel import triggeractions
from tiercel.api.bodies import read_json
from tiercel.api.calls import Call
from tiercel.api.filters import Filter, read_nodes, refuse_empty_nodes
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.api.triggers.lists import DATE_FILTER, found_by
from tiercel.api.triggers.one import JSON, Name, TriggerName
from tiercel.model.ids import fresh_id

RECOVER = Parameter("recoverMissedSchedules", "boolean", description="Whether the dates meanwhile are made up for.")
DISABLED = Parameter("disabled", "boolean", True, description="Whether they start nothing.")


class Switch(msgspec.Struct):
    """Triggers, and whether they start nothing."""

    triggers: list[TriggerName]
    disabled: bool
    recoverMissedSchedules: bool | None = None  # noqa: N815 - as clients send it


class QueryBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which triggers, where the body says it."""

    filters: list[dict[str, Any]] | None = None


def _done(act: Callable[[str, str, str], object], names: Sequence[Name]) -> dict[str, object]:
    """Do something to triggers, each once; return the body of the answer."""
    count = triggeractions.together(act, list(dict.fromkeys(names)))
    return {"count": count, "operationId": fresh_id(), "totalItems": count}


def _meant(call: Call) -> list[Name]:
    """Return the triggers that the query and the body mean: all of them before the first one is touched."""
    wanted = call.filter
    if call.request.get_data().strip():
        nodes = read_json(call, QueryBody).filters or ()
        refuse_empty_nodes(nodes)
        also = read_nodes(nodes, call.site.parts.lanes.now())
        wanted = also if wanted is None else Filter("and", (wanted, also))
    return [(state.namespace, state.flow_id, state.trigger) for state in found_by(call, wanted)]


def _both(method: str, path: str, act: triggeractions.Act, what: str) -> None:
    """Register an action for triggers that are named, and for those that a filter means.

    Args:
        method: The method of both.
        path: Where they stand.
        act: What is done.
        what: What that is, in words.
    """

    def some(call: Call) -> object:
        names = [each.parts for each in read_json(call, list[TriggerName])]
        return _done(lambda *name: act(call.site.parts, *name), names)

    def meant(call: Call) -> object:
        return _done(lambda *name: act(call.site.parts, *name), _meant(call))

    some.__doc__, meant.__doc__ = f"{what}: of triggers that are named.", f"{what}: of triggers that a filter means."
    routes.route(method, f"{path}/by-triggers", body=JSON, shape=list[TriggerName])(some)
    routes.route(method, f"{path}/by-query", filtered=True, parameters=[DATE_FILTER])(meant)


_both("POST", "/triggers/unlock", triggeractions.unlock, "Unlock")
_both("POST", "/triggers/backfill/pause", triggeractions.pause_backfill, "Pause backfills")
_both("POST", "/triggers/backfill/unpause", triggeractions.unpause_backfill, "Let backfills go on")
_both("POST", "/triggers/backfill/delete", triggeractions.delete_backfill, "End backfills")
_both("DELETE", "/triggers/delete", triggeractions.delete, "Forget what no flow declares")


def _switch(call: Call, names: Sequence[Name], disabled: bool, recover: bool | None) -> object:
    def act(*name: str) -> object:
        return triggeractions.set_disabled(call.site.parts, *name, disabled=disabled, recover=recover)

    return _done(act, names)


@routes.route("POST", "/triggers/set-disabled/by-triggers", body=JSON, shape=Switch)
def switch_some(call: Call) -> object:
    """Have triggers that are named start nothing, or let them start executions again."""
    wanted = read_json(call, Switch)
    return _switch(call, [each.parts for each in wanted.triggers], wanted.disabled, wanted.recoverMissedSchedules)


@routes.route("POST", "/triggers/set-disabled/by-query", filtered=True, parameters=[DISABLED, RECOVER, DATE_FILTER])
def switch_meant(call: Call) -> object:
    """Have triggers that a filter means start nothing, or let them start executions again."""
    query = call.query
    return _switch(call, _meant(call), query["disabled"], query["recoverMissedSchedules"])
