"""The record of each trigger: how it stands beside what its flow says, and when it is to be looked at next.

It is written in the commit that deploys the flow. Its indexed date says when somebody must look (`TriggerState.due`),
so a tick reads what is due and nothing of what is deployed. A trigger with another id is another trigger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tiercel.model.execution import Record, encode
from tiercel.model.flow import Flow
from tiercel.model.messages import PollDue, TriggerDue
from tiercel.model.states import State
from tiercel.ports import Create, Delete, Index, Stored, Update, Write

KIND = "trigger"
TROUBLE = "TROUBLE"
"""The state, in the index, of a trigger that could not be evaluated last."""

NEVER = 253_402_300_800.0
"""The date of what nobody has to look at: the year 10000."""

LOOK = 900.0
"""Seconds after which somebody looks whether the execution that locks a trigger still runs: the news may be lost."""

LONGEST_TROUBLE = 500
"""Characters that are kept of why a trigger could not be evaluated."""

LEASE = 600.0
"""Seconds for which a poll is under way; then its worker is dead, and the trigger is polled again."""

_CORE = "io.kestra.plugin.core."
SCHEDULE, ON_DATES = f"{_CORE}trigger.Schedule", f"{_CORE}trigger.ScheduleOnDates"
DATED = (SCHEDULE, ON_DATES)
"""Types that fire at dates."""
POLLED = (
    f"{_CORE}http.Trigger",
    *(f"io.kestra.plugin.jdbc.{name}.Trigger" for name in ("postgresql", "duckdb", "sqlite")),
)
"""Types that a worker asks again and again."""

FLOW = f"{_CORE}trigger.Flow"
GRACE = 10.0
"""Seconds after the end of a Flow trigger's window when it is judged: news of what happened just before may be late."""

_TIMING = ("cron", "withSeconds", "timezone", "dates", "interval")
"""The properties from which the dates of a trigger follow."""


class Backfill(Record):
    """Dates of the past that are being made up for, one after another. All times in seconds since the epoch."""

    start: float
    end: float
    """The last date, inclusive."""
    since: float
    """When it was asked for; tells it from other backfills of the same trigger."""
    next: float | None = None
    """The date to be executed next; None where there is none any more."""
    current: float | None = None
    """The date that was executed last, or is being executed."""
    paused: bool = False
    inputs: dict[str, Any] = msgspec.field(default_factory=dict)
    labels: list[tuple[str, str]] = msgspec.field(default_factory=list)
    missing: bool = False
    """Whether dates that have an execution already are left out."""
    previous: float | None = None
    """The trigger's own next date when the backfill began."""
    execution: str | None = None
    """The execution that must end before the next date's begins."""
    look: float = 0.0
    """When somebody must look at it."""

    @property
    def due(self) -> float:
        """When somebody must look at it: never while it is paused, except to see its last execution end."""
        return NEVER if self.paused and self.execution is None else self.look


class TriggerState(Record):
    """How a trigger stands. All times in seconds since the epoch."""

    namespace: str
    flow_id: str
    trigger: str
    disabled: bool = False
    """Whether it was told to start nothing."""
    type: str = ""
    revision: int = 0
    """The flow's revision that declares it; 0 where the latest one does not."""
    active: bool = False
    """Whether the source lets it start something: neither it nor its flow is disabled."""
    timing: str = ""
    """What its dates follow from; empty for triggers that have none."""
    next: float | None = None
    """The next date that is to be executed, or the next time to poll."""
    unread: bool = False
    """Whether its dates are still to be read: an expression gives them."""
    date: float | None = None
    """The date that was evaluated last."""
    evaluated: float | None = None
    """When that was."""
    evaluating: float | None = None
    """Since when a worker polls."""
    triggered: float | None = None
    """When it last started an execution."""
    execution: str | None = None
    """The execution that locks it."""
    look: float = 0.0
    """While it is locked: when somebody must see whether that execution still runs."""
    freed: float = 0.0
    """When it was last unlocked."""
    stop_after: list[State] = msgspec.field(default_factory=list)
    enabled: float = 0.0
    """When it was last enabled by hand."""
    updated: float = 0.0
    trouble: str = ""
    """Why it could not be evaluated last; empty where it could, or where an execution has failed of it."""
    troubled: float = 0.0
    """When that was."""
    backfill: Backfill | None = None

    @property
    def key(self) -> str:
        """Where the record is stored."""
        return trigger_key(self.namespace, self.flow_id, self.trigger)

    @property
    def locked(self) -> bool:
        """Whether it starts nothing now: an execution of its own runs, or a worker asks."""
        return self.execution is not None or self.evaluating is not None

    @property
    def polls(self) -> bool:
        """Whether a worker asks it again and again."""
        return self.type in POLLED

    @property
    def live_due(self) -> float:
        """When somebody must look at it for its own dates."""
        if not self.timing:
            return NEVER
        if self.execution is not None:
            return self.look
        if self.evaluating is not None:
            return self.evaluating + LEASE
        if self.unread:
            return self.updated
        return NEVER if self.next is None else self.next

    @property
    def due(self) -> float:
        """When somebody must look at it."""
        if self.disabled or not self.active:
            return NEVER
        return min(self.live_due, NEVER if self.backfill is None else self.backfill.due)

    def fail(self, reason: str, now: float) -> None:
        """Note why it cannot be evaluated."""
        self.trouble, self.troubled = reason[:LONGEST_TROUBLE], now

    def lock(self, execution: str, now: float) -> None:
        """Have it start nothing before an execution has ended."""
        self.execution, self.look = execution, now + LOOK

    def unlock(self, now: float) -> None:
        """Let it start executions again."""
        self.execution, self.look, self.freed = None, 0.0, now

    def message(self) -> TriggerDue | PollDue:
        """Return what has somebody look at it."""
        poll = self.polls and self.execution is None
        return (PollDue if poll else TriggerDue)("", self.key, self.due)


decode_state = msgspec.json.Decoder(TriggerState).decode


def trigger_key(namespace: str, flow_id: str, trigger: str) -> str:
    """Return where a trigger's record is stored."""
    return f"{KIND}/{namespace}/{flow_id}/{trigger}"


def state_write(state: TriggerState, version: int) -> Write:
    """Return the write of a record that was read in a version; 0 for one that is new."""
    name = TROUBLE if state.trouble else "DISABLED" if state.disabled else ""
    index, body = Index(KIND, state.namespace, state.flow_id, name, state.due), encode(state)
    return Update(state.key, body, version, index) if version else Create(state.key, body, index)


class Alarm:
    """Tells whoever sleeps until the next due date that there may be a nearer one."""

    def __init__(self) -> None:
        self.listener: Callable[[float], None] | None = None

    def ring(self, date: float) -> None:
        """Say that something is due then."""
        if self.listener is not None and date < NEVER:
            self.listener(date)


# ------------------------------------------------------------------ with the flow


def declared(flow: Flow) -> list[str]:
    """Return the ids of a flow's triggers."""
    return [] if flow.deleted else [str(trigger["id"]) for trigger in flow.triggers]


def state_keys(flow: Flow, former: Sequence[str]) -> list[str]:
    """Return the keys of the records that a deployment of a flow touches.

    Args:
        flow: The flow.
        former: The triggers of its latest revision.
    """
    ids = dict.fromkeys([*declared(flow), *former])
    return [trigger_key(flow.namespace, flow.id, each) for each in ids]


def state_writes(flow: Flow, revision: int, now: float, found: Mapping[str, Stored | None]) -> list[Write]:
    """Return the writes that bring the records up to a flow's new revision; those of a deleted flow are removed.

    Args:
        flow: The flow.
        revision: Its new revision.
        now: When that is deployed, in seconds since the epoch.
        found: The records of `state_keys`, by key, as they are stored.
    """
    if flow.deleted:
        return [Delete(key, stored.version) for key, stored in found.items() if stored is not None]
    writes: list[Write] = []
    properties = {trigger_key(flow.namespace, flow.id, str(each["id"])): each for each in flow.triggers}
    for key, stored in found.items():
        own = properties.get(key)
        if own is None and stored is None:
            continue
        trigger = key.rpartition("/")[2]
        state = TriggerState(flow.namespace, flow.id, trigger) if stored is None else decode_state(stored.body)
        _bring_up(state, flow, revision, now, own)
        writes.append(state_write(state, 0 if stored is None else stored.version))
    return writes


def _bring_up(state: TriggerState, flow: Flow, revision: int, now: float, own: Mapping[str, Any] | None) -> None:
    """Change a record to what a new revision says of its trigger; None: it is no longer there."""
    state.updated, state.trouble = now, ""
    if own is None:
        state.revision, state.active, state.backfill = 0, False, None
        return
    was_active, before = state.active, state.timing
    state.type, state.revision = own["type"], revision
    state.active = not flow.disabled and own.get("disabled") is not True
    state.stop_after = [State(name) for name in own.get("stopAfter") or []]
    state.timing = _timing(own)
    if state.timing != before:
        state.next, state.evaluating = None, None
        set_first_date(state, own, now)
    elif state.active and not was_active:
        go_on(state, own, now)


def _timing(properties: Mapping[str, Any]) -> str:
    if properties["type"] == FLOW and properties.get("onMiss") is not None:
        window = (properties.get("preconditions") or {}).get("timeWindow")
        return json.dumps([properties["type"], properties.get("window"), window], default=str)
    if properties["type"] not in (*DATED, *POLLED):
        return ""
    return json.dumps([properties["type"], *(properties.get(name) for name in _TIMING)], default=str)


def set_first_date(state: TriggerState, properties: Mapping[str, Any], now: float) -> None:
    """Set the first date of a trigger: nothing is back-dated; a poll begins at once."""
    state.unread = False
    if state.type in POLLED:
        state.next = now
    elif state.type in DATED:
        calendar = _calendar(properties)
        state.unread = calendar is None
        following = None if calendar is None else calendar.next(moment(now))
        state.next = None if following is None else following.timestamp()
    elif state.timing:
        state.next = _judged(properties, now)


def _judged(properties: Mapping[str, Any], now: float) -> float:
    """Return when the first window of a Flow trigger is judged that does not begin before a time."""
    from tiercel.triggers.base import as_authored  # flows without `onMiss` need none of this
    from tiercel.triggers.flow import Flow as FlowTrigger

    watched = as_authored(FlowTrigger, properties).watched()
    assert watched is not None
    return watched.window.following(moment(now))[1].timestamp() + GRACE


def go_on(state: TriggerState, properties: Mapping[str, Any], now: float) -> None:
    """Set the next date of a trigger that starts executions again.

    The dates meanwhile were not missed, they were not wanted, unless the trigger itself says `recoverMissedSchedules`.
    """
    before, recover = state.next, properties.get("recoverMissedSchedules")
    if recover == "ALL" and before is not None:
        return
    set_first_date(state, properties, now)
    calendar = _calendar(properties) if recover == "LAST" and state.type in DATED else None
    if calendar is not None and before is not None:
        last = calendar.previous(moment(now) + timedelta(microseconds=1))
        if last is not None and before <= last.timestamp():
            state.next = last.timestamp()


def _calendar(properties: Mapping[str, Any]) -> Any:
    """Return the dates of a trigger; None where an expression gives them."""
    from tiercel.triggers.base import as_authored  # flows without schedules need none of this
    from tiercel.triggers.schedule import ListedDates, Schedule, read_moment
    from tiercel.triggers.schedule import ScheduleOnDates as OnDates

    if properties["type"] == SCHEDULE:
        return as_authored(Schedule, properties).calendar()
    dates = properties.get("dates")
    if not isinstance(dates, list) or any("{" in str(date) for date in dates):
        return None
    zone = as_authored(OnDates, properties).zone
    return ListedDates([read_moment(str(date), zone) for date in dates])


def moment(seconds: float) -> datetime:
    """Return a time in seconds since the epoch as a date-time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
