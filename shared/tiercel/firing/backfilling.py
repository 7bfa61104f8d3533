"""Backfills: dates of the past, executed one after another beside the live schedule.

Promise: a backfill starts its next execution when its last one has completely finished, so ten thousand dates take no
more room than one; the live schedule neither waits for it nor is locked by it. A date that has no execution yet gets
the one that the schedule itself would have started; a date that has one gets another of the backfill's own, or none
where only missing ones are wanted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tiercel.errors import ConflictError, InputError
from tiercel.firing.occurrences import Declared, Keeper, first_from, occurrence_id
from tiercel.model.ids import derived_id
from tiercel.ports import Refused
from tiercel.starts import Manner
from tiercel.triggerrecords import LOOK, Backfill, TriggerState, moment, state_write
from tiercel.triggers.schedule import Almanac, Dated

AT_ONCE = 100
"""Dates that one look passes by, because they have their execution already or the conditions do not hold."""

MOST_COUNTED = 1000
"""Dates that are counted before a backfill begins."""


def first_date(keeper: Keeper, state: TriggerState, start: float, end: float) -> float | None:
    """Return the first date of a backfill; None where there is none.

    Raises:
        InputError: The dates of the trigger cannot be read.
        ConflictError: It is no trigger with dates.
    """
    declared = keeper.declared(state)
    if not isinstance(declared.trigger, Dated):
        raise ConflictError(f"trigger '{state.trigger}' of {state.flow_id} has no dates: only schedules are backfilled")
    found = first_from(keeper.almanac(declared), moment(start))
    return found.timestamp() if found is not None and found.timestamp() <= end else None


def dates_in(keeper: Keeper, state: TriggerState, start: float, end: float) -> list[float]:
    """Return the dates of a trigger in a span, whatever its conditions say: at most `MOST_COUNTED` and one more.

    Raises:
        InputError: The dates of the trigger cannot be read.
        ConflictError: It is no trigger with dates.
    """
    found: list[float] = []
    date = first_date(keeper, state, start, end)
    almanac = keeper.almanac(keeper.declared(state))
    while date is not None and len(found) <= MOST_COUNTED:
        found.append(date)
        following = almanac.dates.next(moment(date))
        date = None if following is None or following.timestamp() > end else following.timestamp()
    return found


def go_on(keeper: Keeper, state: TriggerState, version: int, now: float) -> None:
    """Bring a backfill on that is due.

    Raises:
        Refused: Somebody else has changed the record.
    """
    backfill = state.backfill
    assert backfill is not None
    if backfill.execution is not None:
        look = keeper.look_at_lock(backfill.execution, now)
        if look is None:
            backfill.execution, backfill.look = None, now
        else:
            backfill.look = look
        keeper.states.save(state, version, wake=False)
        return
    declared = keeper.declared(state)
    try:
        almanac = keeper.almanac(declared)
    except InputError:
        state.backfill = None  # the live schedule has made a visible failure of it
        keeper.states.save(state, version, wake=False)
        return
    _execute(keeper, declared, state, version, almanac)


def _execute(keeper: Keeper, declared: Declared, state: TriggerState, version: int, almanac: Almanac) -> None:
    """Start the next execution that is wanted; store how far the backfill has come."""
    backfill = state.backfill
    assert backfill is not None
    for date, following, execution in _steps(keeper, state, backfill, almanac):
        now = keeper.states.now()
        backfill.current, backfill.next = date, following
        if execution is not None:
            backfill.execution, backfill.look = execution, now + LOOK
            manner = Manner(backfill.inputs, backfill.labels, [state_write(state, version)])
            try:
                if keeper.start(declared, date, execution, manner) is not None:
                    keeper.states.flows.alarm.ring(state.due)
                    return
            except Refused as refused:
                if refused.key == state.key:
                    raise  # else somebody was first with this date: the live schedule, perhaps
            backfill.execution, backfill.look = None, now
    if backfill.next is None:
        state.backfill = None
    keeper.states.save(state, version, wake=False)


Step = tuple[float, float | None, str | None]
"""A date, the one after it, and the execution that is to be started for it: None where it has one."""


def _steps(keeper: Keeper, state: TriggerState, backfill: Backfill, almanac: Almanac) -> Iterator[Step]:
    """Yield what is to be done next; what exists is asked for in ever larger groups, so few are asked for in vain."""
    date, left, group = backfill.next, AT_ONCE, 1
    while date is not None and left > 0:
        dates: list[float] = []
        while date is not None and len(dates) < min(group, left):
            dates.append(date)
            following = almanac.dates.next(moment(date))
            date = None if following is None or following.timestamp() > backfill.end else following.timestamp()
        yield from _named(keeper, state, backfill, [*dates, date])
        left, group = left - len(dates), group * 2


def _named(keeper: Keeper, state: TriggerState, backfill: Backfill, dates: list[float | None]) -> Iterator[Step]:
    """Yield a step for each date but the last."""
    live = [occurrence_id(state, date) for date in dates[:-1] if date is not None]
    own = [derived_id("backfill", each, f"{backfill.since:.3f}") for each in live]
    there = dict(zip([*live, *own], keeper.exist([*live, *own]), strict=True))
    for (date, following), name, other in zip(itertools.pairwise(dates), live, own, strict=True):
        assert date is not None
        if not there[name]:
            yield date, following, name
        else:
            yield date, following, None if backfill.missing or there[other] else other
