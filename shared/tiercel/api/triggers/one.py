"""Routes of one trigger: switched, unlocked, begun again, forgotten, backfilled (api.md, 7)."""

from __future__ import annotations

from typing import Any

import msgspec

from tiercel import triggeractions
from tiercel.api.bodies import read_json
from tiercel.api.calls import Answer, Call
from tiercel.api.failures import BadRequestError, UnprocessableError
from tiercel.api.routing import routes
from tiercel.api.triggers.lists import told

JSON = "application/json"
PLACE = "/triggers/{namespace}/{flowId}/{triggerId}"

Name = tuple[str, str, str]
"""A namespace, a flow's id and a trigger's."""


class TriggerName(msgspec.Struct):
    """A trigger's name, as clients send it: alone, or among all that is known of it."""

    namespace: str
    flowId: str  # noqa: N815 - as clients send it
    triggerId: str  # noqa: N815

    @property
    def parts(self) -> Name:
        """The name as the actions take it."""
        return self.namespace, self.flowId, self.triggerId


class TriggerChange(TriggerName):
    """What a trigger is to be changed to."""

    disabled: bool | None = None
    recoverMissedSchedules: bool | None = None  # noqa: N815
    backfill: dict[str, Any] | None = None


def _named(call: Call) -> Name:
    return call.path["namespace"], call.path["flowId"], call.path["triggerId"]


@routes.route("PUT", "/triggers", body=JSON, shape=TriggerChange)
def update_trigger(call: Call) -> object:
    """Change `disabled`, begin a backfill, or change its `paused`: what the body says and what is differ."""
    wanted, parts = read_json(call, TriggerChange), call.site.parts
    stands = triggeractions.state_of(parts, *wanted.parts)
    if wanted.backfill is not None and stands["backfill"] is None:
        stands = triggeractions.create_backfill(parts, *wanted.parts, wanted.backfill)
    elif wanted.backfill is not None and wanted.backfill.get("paused") is not stands["backfill"]["paused"]:
        paused = wanted.backfill.get("paused") is True
        stands = triggeractions.pause_backfill(parts, *wanted.parts, paused=paused)
    if wanted.disabled is not None and wanted.disabled is not stands["disabled"]:
        stands = triggeractions.set_disabled(parts, *wanted.parts, disabled=wanted.disabled)
    return told(stands)


@routes.route("PUT", "/triggers/set-disabled", body=JSON, shape=TriggerChange)
def set_disabled(call: Call) -> object:
    """Have a trigger start nothing, or let it start executions again."""
    wanted = read_json(call, TriggerChange)
    if wanted.disabled is None:
        raise UnprocessableError("the body has no 'disabled', wanted true or false")
    recover = wanted.recoverMissedSchedules
    return told(triggeractions.set_disabled(call.site.parts, *wanted.parts, disabled=wanted.disabled, recover=recover))


@routes.route("POST", f"{PLACE}/unlock")
def unlock(call: Call) -> object:
    """Let a trigger start executions though one of its own still runs."""
    return told(triggeractions.unlock(call.site.parts, *_named(call)))


@routes.route("POST", f"{PLACE}/restart")
def restart(call: Call) -> object:
    """Unlock a trigger, and have it begin again with its next date from now."""
    return told(triggeractions.restart(call.site.parts, *_named(call)))


@routes.route("DELETE", PLACE, gives="", codes=(204,))
def delete(call: Call) -> object:
    """Forget how a trigger stood that no flow declares any more."""
    triggeractions.delete(call.site.parts, *_named(call))
    return Answer(status=204)


# ------------------------------------------------------------------ backfills


@routes.route("PUT", "/triggers/backfill/create", body=JSON, shape=TriggerChange)
def create_backfill(call: Call) -> object:
    """Have the dates of a schedule made up for that lie in a span, both ends included."""
    wanted = read_json(call, TriggerChange)
    return told(triggeractions.create_backfill(call.site.parts, *wanted.parts, wanted.backfill or {}))


@routes.route("POST", "/triggers/backfill/count", body=JSON, shape=TriggerChange)
def count_backfill(call: Call) -> object:
    """Tell how many dates of a schedule lie in a span, up to 1,000; nothing begins."""
    wanted = read_json(call, TriggerChange)
    return triggeractions.count_backfill(call.site.parts, *wanted.parts, wanted.backfill or {})


@routes.route("PUT", "/triggers/backfill/pause", body=JSON)
def pause_backfill(call: Call) -> object:
    """Have a backfill begin nothing more."""
    return _on_backfill(call, triggeractions.pause_backfill)


@routes.route("PUT", "/triggers/backfill/unpause", body=JSON)
def unpause_backfill(call: Call) -> object:
    """Let a backfill go on."""
    return _on_backfill(call, triggeractions.unpause_backfill)


@routes.route("POST", "/triggers/backfill/delete", body=JSON)
def delete_backfill(call: Call) -> object:
    """End a backfill; the execution that it has under way goes on."""
    return _on_backfill(call, triggeractions.delete_backfill)


def _on_backfill(call: Call, act: triggeractions.Act) -> object:
    try:
        return told(act(call.site.parts, *read_json(call, TriggerName).parts))
    except triggeractions.NoBackfillError as error:
        raise BadRequestError(str(error)) from None
