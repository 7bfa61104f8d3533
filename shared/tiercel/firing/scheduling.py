"""Triggers that are due: what happens when a date of a schedule has come, a backfill goes on, or a poll is wanted.

Promise: each date starts its execution once or not at all, in the order of dates; while an execution of a trigger runs
no other begins, unless it says `allowConcurrent`. What a date costs does not depend on what else is deployed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from tiercel.archive import envelope
from tiercel.errors import ConflictError, FlowError, InputError, NotFoundError, TransientError
from tiercel.firing.backfilling import go_on
from tiercel.firing.misses import judge
from tiercel.firing.occurrences import Declared, Keeper, first_from, last_until, occurrence_id
from tiercel.firing.polling import Poller
from tiercel.intake import Intake
from tiercel.lanes import TRIES, Lanes
from tiercel.model.messages import PollDue, TriggerDue
from tiercel.ports import Refused
from tiercel.services import Services
from tiercel.starts import Manner, Starter
from tiercel.triggerrecords import TriggerState, moment, state_write
from tiercel.triggers.schedule import Almanac, Dated, Recover, Schedule
from tiercel.triggerstates.changes import TriggerStates

AT_ONCE = 50
"""Dates that one message brings on, where nothing holds them back; then it is sent again."""

EARLY = 1.0
"""Seconds by which a date may be in the future: clocks differ."""

MISSED = 300.0
"""Seconds after which a date that nobody looked at was missed, and not only late."""

_log = logging.getLogger("tiercel")


@dataclass
class Scheduling:
    """Looks at triggers."""

    keeper: Keeper
    poller: Poller
    recover: Recover = "ALL"
    """Which missed dates are made up for, where a trigger does not say it."""
    began: float = 0.0
    """When this installation began to look; what was due before that was missed. 0 where it always looks."""

    def handle(self, message: TriggerDue | PollDue) -> None:
        """Look at a trigger.

        Raises:
            TransientError: It cannot be done now; the message is to come again later.
        """
        if isinstance(message, PollDue):
            self.poller.poll(message.trigger)
            return
        for _ in range(AT_ONCE):
            if not self._look(message.trigger):
                return
        found = self.keeper.states.read(message.trigger)
        if found is not None and found[0].due <= self.keeper.states.now():
            self.keeper.lanes.commit([], [envelope(found[0].message())])

    def _look(self, key: str) -> bool:
        """Bring a trigger on by one date; tell whether it may have another one."""
        for _ in range(TRIES):
            found = self.keeper.states.read(key)
            if found is None:
                return False
            state, version = found
            now = self.keeper.states.now()
            if state.due > now + EARLY:
                self.keeper.states.flows.alarm.ring(state.due)
                return False
            try:
                self._bring_on(state, version, now)
            except Refused:
                continue
            return not state.polls
        raise TransientError(f"the state of '{key}' is changed by too many at once")

    def _bring_on(self, state: TriggerState, version: int, now: float) -> None:
        """Do the one thing that is due first."""
        try:
            if state.live_due > now + EARLY:
                go_on(self.keeper, state, version, now)
            elif state.execution is not None:
                self._look_at_lock(state, version, now)
            elif not state.polls:
                self._live(state, version, now)
        except (NotFoundError, ConflictError, FlowError) as error:  # its flow is gone, disabled, or cannot be read
            _log.error("a trigger starts nothing: %s", error, extra={"trigger": state.key})
            self.keeper.stop(state.key, str(error))

    def _look_at_lock(self, state: TriggerState, version: int, now: float) -> None:
        assert state.execution is not None
        look = self.keeper.look_at_lock(state.execution, now)
        if look is None:
            state.unlock(now)
        else:
            state.look = look
        self.keeper.states.save(state, version, wake=state.polls)

    # ------------------------------------------------------------ a date

    def _live(self, state: TriggerState, version: int, now: float) -> None:
        """Execute the next date, or skip it, and store the one after it."""
        declared = self.keeper.declared(state)
        if not isinstance(declared.trigger, Dated):
            judge(self.keeper, declared, state, version, now)
            return
        try:
            almanac = self.keeper.almanac(declared)
        except InputError as error:
            self._unreadable(declared, state, version, str(error))
            return
        if state.next is None:
            self._begin(state, version, almanac)
            return
        date = self._wanted(declared, state, almanac, moment(state.next), now)
        if date is None or date.timestamp() > now + EARLY:
            state.next = None if date is None else date.timestamp()
            self.keeper.states.save(state, version, wake=False)
            return
        self._execute(declared, state, version, almanac, date)

    def _begin(self, state: TriggerState, version: int, almanac: Almanac) -> None:
        """Store the first date of a trigger whose dates could not be known when it was deployed."""
        following = almanac.dates.next(moment(state.updated))
        state.unread, state.next = False, None if following is None else following.timestamp()
        self.keeper.states.save(state, version, wake=False)

    def _unreadable(self, declared: Declared, state: TriggerState, version: int, reason: str) -> None:
        """Make an execution that says why a trigger has no dates; it has none until it is deployed or enabled again."""
        execution = occurrence_id(state, state.updated)
        state.unread, state.next = False, None
        start = declared.start(self.keeper.starter, Manner(also=[state_write(state, version)]))
        try:
            start.failed({}, execution, reason)
        except Refused as refused:
            self._known(refused, state, version, execution)

    def _wanted(
        self, declared: Declared, state: TriggerState, almanac: Almanac, date: datetime, now: float
    ) -> datetime | None:
        """Return the date that is executed now, or next: this one, or a later one where it came too late."""
        trigger, found = declared.trigger, date
        assert isinstance(trigger, Dated)
        recover = trigger.recover_missed_schedules or self.recover
        if recover != "ALL" and self._is_missed(state, date.timestamp(), now):
            latest = last_until(almanac, moment(now)) or date
            later = almanac.dates.next(latest)
            if recover == "LAST":
                found = max(date, latest)
            elif later is None:
                return None
            else:
                found = later
        delay = trigger.late_maximum_delay if isinstance(trigger, Schedule) else None
        if delay is not None and found < moment(now) - delay:
            return first_from(almanac, moment(now) - delay)
        return found

    def _is_missed(self, state: TriggerState, date: float, now: float) -> bool:
        """Tell whether nobody was there when a date came: an execution that held the trigger up is no reason."""
        held = max(date, state.freed, state.evaluated or 0.0)
        return date < self.began or now - held > MISSED

    def _execute(self, declared: Declared, state: TriggerState, version: int, almanac: Almanac, date: datetime) -> None:
        """Start the execution of a date, in one commit with the record of its trigger."""
        now, execution = self.keeper.states.now(), occurrence_id(state, date.timestamp())
        following, before = almanac.dates.next(date), state.triggered
        state.date, state.evaluated, state.triggered = date.timestamp(), now, now
        state.next = None if following is None else following.timestamp()
        if not declared.trigger.allow_concurrent:
            state.lock(execution, now)
        manner = Manner(also=[state_write(state, version)])
        try:
            made = self.keeper.start(declared, date.timestamp(), execution, manner)
        except Refused as refused:
            self._known(refused, state, version, execution)
            return
        if made is None:
            state.execution, state.look, state.triggered = None, 0.0, before
            self.keeper.states.save(state, version, wake=False)
        else:
            self.keeper.states.flows.alarm.ring(state.due)

    def _known(self, refused: Refused, state: TriggerState, version: int, execution: str) -> None:
        """Go on where an execution was there already: one that has ended locks nothing.

        Raises:
            Refused: It was the record that somebody has changed.
        """
        if refused.key == state.key:
            raise refused
        if state.execution is not None and not self.keeper.is_running(execution):
            state.execution, state.look = None, 0.0
        self.keeper.states.save(state, version, wake=False)


def scheduling_of(lanes: Lanes, intake: Intake, services: Services, states: TriggerStates) -> Scheduling:
    """Return what looks at triggers, put together."""
    keeper = Keeper(Starter(lanes, intake, intake.worlds, services.surroundings), states)
    return Scheduling(keeper, Poller(keeper, services))
