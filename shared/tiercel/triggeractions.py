"""What a person asks of a trigger: see how it stands, switch it, unlock it, backfill it. The doors call these.

Every function returns the state as `triggerview.shown` gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, Protocol

from tiercel.assembly import Parts
from tiercel.errors import ConflictError, InputError, NotFoundError
from tiercel.firing.backfilling import MOST_COUNTED, dates_in, first_date
from tiercel.ports import Delete, Refused
from tiercel.triggerrecords import LOOK, Backfill, TriggerState, go_on, moment, trigger_key
from tiercel.triggers.base import label_texts
from tiercel.triggers.schedule import Dated, read_moment, zoned_text
from tiercel.triggerstates.changes import trigger_of
from tiercel.views.triggers import shown

_BACKFILL_KEYS = {
    "start",
    "end",
    "inputs",
    "labels",
    "paused",
    "missing",
    "onlyMissing",
    "currentDate",
    "previousNextExecutionDate",
    "executionId",
}
"""What a backfill may say: what is shown of one, may come back."""


class Act(Protocol):
    """What is done to a trigger of which only the name is said."""

    def __call__(self, rt: Parts, namespace: str, flow_id: str, trigger: str, /) -> Any:
        """Do it; return the trigger's state, or nothing."""


class NoBackfillError(InputError):
    """A trigger that is asked about its backfill has none."""


# ------------------------------------------------------------------ looking


def state_of(rt: Parts, namespace: str, flow_id: str, trigger: str) -> dict[str, Any]:
    """Return how a trigger stands.

    Raises:
        NotFoundError: There is no such trigger.
    """
    return shown(_read(rt, namespace, flow_id, trigger)[0])


def declaration(rt: Parts, state: TriggerState) -> Mapping[str, Any]:
    """Return a trigger as its flow declares it.

    Raises:
        NotFoundError: It does no longer.
    """
    return trigger_of(rt.flows.get(state.namespace, state.flow_id, state.revision), state.trigger)


# ------------------------------------------------------------------ switching


def set_disabled(
    rt: Parts, namespace: str, flow_id: str, trigger: str, *, disabled: bool, recover: bool | None = None
) -> dict[str, Any]:
    """Have a trigger start nothing, or let it start executions again.

    The next date is then reckoned from now: dates meanwhile were not wanted, unless the trigger says
    `recoverMissedSchedules`.

    Args:
        rt: The runtime.
        namespace: The flow's namespace.
        flow_id: The flow.
        trigger: Its trigger.
        disabled: Whether it starts nothing.
        recover: Whether the dates meanwhile are made up for, as far as the trigger recovers what was missed.

    Raises:
        NotFoundError: There is no such trigger.
    """
    _read(rt, namespace, flow_id, trigger)
    return shown(rt.triggers.states.enable(namespace, flow_id, trigger, enabled=not disabled, recover=recover))


def unlock(rt: Parts, namespace: str, flow_id: str, trigger: str) -> dict[str, Any]:
    """Let a trigger start executions though one of its own still runs.

    Raises:
        NotFoundError: There is no such trigger.
        ConflictError: It is not locked.
    """

    def free(state: TriggerState) -> None:
        if state.execution is None and state.evaluating is None:
            raise ConflictError(f"trigger '{trigger}' of {namespace}.{flow_id} is not locked: no execution holds it up")
        state.evaluating, state.updated = None, rt.triggers.states.now()
        state.unlock(state.updated)

    return _changed(rt, namespace, flow_id, trigger, free)


def restart(rt: Parts, namespace: str, flow_id: str, trigger: str) -> dict[str, Any]:
    """Unlock a trigger, and have it begin again with its next date, reckoned from now.

    Raises:
        NotFoundError: There is no such trigger.
    """

    def again(state: TriggerState) -> None:
        now = rt.triggers.states.now()
        state.unlock(now)
        state.evaluating, state.updated = None, now
        if state.timing:
            go_on(state, declaration(rt, state), now)

    return _changed(rt, namespace, flow_id, trigger, again)


def delete(rt: Parts, namespace: str, flow_id: str, trigger: str) -> None:
    """Forget how a trigger stood that no flow declares any more.

    Raises:
        NotFoundError: There is nothing of the kind.
        ConflictError: The flow still declares it.
    """
    state, version = _read(rt, namespace, flow_id, trigger)
    if state.revision:
        raise ConflictError(
            f"trigger '{trigger}' cannot be deleted because the flow still declares it: "
            f"remove it from {namespace}.{flow_id} first"
        )
    try:
        rt.store.commit([Delete(state.key, version)])
    except Refused:
        raise ConflictError(f"trigger '{trigger}' of {namespace}.{flow_id} is changed by somebody else") from None


# ------------------------------------------------------------------ backfills


def create_backfill(rt: Parts, namespace: str, flow_id: str, trigger: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Have the dates of a schedule made up for that lie in a span, both ends included.

    Args:
        rt: The runtime.
        namespace: The flow's namespace.
        flow_id: The flow.
        trigger: Its trigger.
        wanted: `start` and `end` (ISO texts; one without an offset lies in the trigger's zone; the end is now where
            nothing is said), `inputs` (a map), `labels` (a map, or a list of key and value), `paused`, and
            `onlyMissing` to leave out the dates that have an execution.

    Raises:
        NotFoundError: There is no such trigger.
        ConflictError: One is running already; or the trigger has no dates, or is disabled.
        InputError: The span, or something else of it, cannot be.

    Without a date in the span there is nothing to do: the state that is returned has no backfill.
    """
    state = _read(rt, namespace, flow_id, trigger)[0]
    _refuse_useless(rt, state)
    backfill = _wished(rt, state, wanted)
    backfill.next = first_date(rt.triggers.scheduling.keeper, state, backfill.start, backfill.end)
    if backfill.next is None:
        return shown(state)

    def begin(state: TriggerState) -> None:
        if state.backfill is not None:
            raise ConflictError(
                f"trigger '{trigger}' of {namespace}.{flow_id} has a backfill already; delete it, or wait for its end"
            )
        backfill.previous = state.next
        state.backfill, state.updated = backfill, backfill.since

    return _changed(rt, namespace, flow_id, trigger, begin)


def count_backfill(rt: Parts, namespace: str, flow_id: str, trigger: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many dates a backfill has, and begin none: `{count, isAll, first, last}`.

    The trigger's conditions are not asked, nor which dates have an execution already: so many it is at most. Where
    there are more than 1,000, `isAll` is false and `last` is the last of those that were counted.

    Raises:
        As `create_backfill`.
    """
    state = _read(rt, namespace, flow_id, trigger)[0]
    _refuse_useless(rt, state)
    backfill = _wished(rt, state, wanted)
    dates = dates_in(rt.triggers.scheduling.keeper, state, backfill.start, backfill.end)
    shown_dates = dates[:MOST_COUNTED]
    ends = {"first": _said(dates[0]), "last": _said(shown_dates[-1])} if dates else {}
    return {"count": len(shown_dates), "isAll": len(dates) <= MOST_COUNTED, **ends}


def _refuse_useless(rt: Parts, state: TriggerState) -> None:
    name = f"trigger '{state.trigger}' of {state.namespace}.{state.flow_id}"
    if state.disabled or not state.active:
        raise ConflictError(f"{name} is disabled: enable it, then backfill it")
    if state.backfill is not None:
        raise ConflictError(f"{name} has a backfill already; delete it, or wait for its end")
    if not isinstance(rt.triggers.scheduling.keeper.declared(state).trigger, Dated):
        raise ConflictError(f"{name} has no dates: only a Schedule or ScheduleOnDates can be backfilled")


def _wished(rt: Parts, state: TriggerState, wanted: Mapping[str, Any]) -> Backfill:
    """Return the backfill that somebody asks for, or raise InputError."""
    unknown = wanted.keys() - _BACKFILL_KEYS
    if unknown:
        raise InputError(f"a backfill has no property '{min(unknown)}'; it has start, end, inputs, labels, onlyMissing")
    now = rt.triggers.states.now()
    start, end = _span(rt, state, wanted, now)
    inputs = wanted.get("inputs") or {}
    if not isinstance(inputs, Mapping):
        raise InputError("the backfill's inputs must be a map from input to value")
    return Backfill(
        start,
        end,
        now,
        paused=wanted.get("paused") is True,
        inputs=dict(inputs),
        labels=_labels(wanted.get("labels")),
        missing=True in (wanted.get("onlyMissing"), wanted.get("missing")),
        look=now,
    )


def _span(rt: Parts, state: TriggerState, wanted: Mapping[str, Any], now: float) -> tuple[float, float]:
    """Return the first and the last moment of a backfill; what is to come yet is the live schedule's."""
    declared = rt.triggers.scheduling.keeper.declared(state).trigger
    where = declared.zone if isinstance(declared, Dated) else UTC
    start, end = _instant(wanted, "start", where), _instant(wanted, "end", where)
    if start is None:
        raise InputError(
            "a backfill needs a start: the first date that is to be executed, such as 2024-01-31T00:00:00Z"
        )
    if start > now:
        raise InputError(f"the backfill's start {_said(start)} is in the future; it must be in the past")
    if end is not None and start > end:
        raise InputError(f"the backfill's start {_said(start)} is after its end {_said(end)}")
    return start, now if end is None else min(end, now)


def _labels(wanted: object) -> list[tuple[str, str]]:
    try:
        labels = label_texts(wanted)
    except (KeyError, TypeError, AttributeError):
        raise InputError("the backfill's labels must be a map, or a list of {key, value}") from None
    if any(key.startswith("system.") for key, _ in labels):
        raise InputError("the backfill's labels must not begin with 'system.'; use another prefix")
    return labels


def _instant(wanted: Mapping[str, Any], name: str, where: tzinfo) -> float | None:
    text = wanted.get(name)
    if text is None:
        return None
    try:
        return read_moment(str(text), where).timestamp()
    except (ValueError, OverflowError) as error:
        raise InputError(f"the backfill's {name}: {error}") from None


def _said(seconds: float) -> str:
    return zoned_text(moment(seconds))


def pause_backfill(rt: Parts, namespace: str, flow_id: str, trigger: str, *, paused: bool = True) -> dict[str, Any]:
    """Have a backfill begin nothing more, or go on.

    Raises:
        NotFoundError: There is no such trigger.
        NoBackfillError: It has none.
    """

    def hold(_: TriggerState, backfill: Backfill) -> None:
        now = rt.triggers.states.now()
        backfill.paused = paused
        backfill.look = now if backfill.execution is None else now + LOOK

    return _with_backfill(rt, namespace, flow_id, trigger, hold)


def unpause_backfill(rt: Parts, namespace: str, flow_id: str, trigger: str) -> dict[str, Any]:
    """Let a backfill go on. Raises as `pause_backfill`."""
    return pause_backfill(rt, namespace, flow_id, trigger, paused=False)


def delete_backfill(rt: Parts, namespace: str, flow_id: str, trigger: str) -> dict[str, Any]:
    """End a backfill; the execution that it has under way goes on. Raises as `pause_backfill`."""

    def end(state: TriggerState, _: Backfill) -> None:
        state.backfill = None

    return _with_backfill(rt, namespace, flow_id, trigger, end)


def _with_backfill(
    rt: Parts, namespace: str, flow_id: str, trigger: str, change: Callable[[TriggerState, Backfill], None]
) -> dict[str, Any]:
    def changed(state: TriggerState) -> None:
        if state.backfill is None:
            raise NoBackfillError(
                f"No backfill found on trigger '{trigger}' of {namespace}.{flow_id}; create one first"
            )
        change(state, state.backfill)
        state.updated = rt.triggers.states.now()

    return _changed(rt, namespace, flow_id, trigger, changed)


# ------------------------------------------------------------------ all of them


def _read(rt: Parts, namespace: str, flow_id: str, trigger: str) -> tuple[TriggerState, int]:
    found = rt.triggers.states.read(trigger_key(namespace, flow_id, trigger))
    if found is None:
        raise NotFoundError(f"there is no trigger '{trigger}' of a flow {namespace}.{flow_id}")
    return found


def _changed(
    rt: Parts, namespace: str, flow_id: str, trigger: str, change: Callable[[TriggerState], bool | None]
) -> dict[str, Any]:
    _read(rt, namespace, flow_id, trigger)
    return shown(rt.triggers.states.change(trigger_key(namespace, flow_id, trigger), change))


def together(act: Callable[[str, str, str], object], triggers: Sequence[tuple[str, str, str]]) -> int:
    """Do the same to many triggers; return to how many: those that cannot be changed are passed by.

    Args:
        act: Is given a namespace, a flow's id and a trigger's.
        triggers: Which.
    """
    done = 0
    for each in triggers:
        try:
            act(*each)
        except (NotFoundError, ConflictError, InputError):
            continue
        done += 1
    return done
