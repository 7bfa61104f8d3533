"""Triggers that poll: one look at what a trigger asks, by a worker, and the execution that follows from it.

Promise: a look is claimed before it begins, so that no other worker looks meanwhile, and starts one execution at most,
in one commit with the trigger's record. A worker that dies is found when its claim is void. What goes wrong is logged;
with `failOnTriggerError` it makes an execution that has failed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from tiercel.archive import Token
from tiercel.attempt import Attempt
from tiercel.errors import FlowError, NotFoundError, TiercelError, TransientError
from tiercel.firing.occurrences import Declared, Keeper
from tiercel.lanes import TRIES
from tiercel.masking import Mask
from tiercel.model.execution import MAIN_LANE, Execution, Lane, TaskRun
from tiercel.model.flow import Node
from tiercel.model.ids import derived_id
from tiercel.model.states import State
from tiercel.ports import Refused
from tiercel.readers import Readers
from tiercel.services import Services
from tiercel.starts import Manner, Start
from tiercel.triggerrecords import LEASE, NEVER, TriggerState, state_write
from tiercel.triggers.polling import PollingTrigger

LONGEST = 0.9 * LEASE
"""Seconds after which a look is stopped: less than its claim holds."""

_log = logging.getLogger("tiercel")


@dataclass(frozen=True)
class _Look:
    """One look."""

    declared: Declared
    execution: str
    """The id of the execution that it may start."""
    claimed: float
    """When it began."""


@dataclass(frozen=True)
class Poller:
    """Polls triggers."""

    keeper: Keeper
    services: Services

    def poll(self, key: str) -> None:
        """Look once for a trigger whose time has come.

        Raises:
            TransientError: The store is busy.
        """
        look = self._claim(key)
        if look is None:
            return
        start = look.declared.start(self.keeper.starter, Manner())
        try:
            seen, trouble = self._ask(look, start), None
        except (TiercelError, OSError) as error:
            seen, trouble = None, start.masked(str(error))
        except Exception as error:  # noqa: BLE001 - whatever a plugin does, the trigger goes on
            _log.exception("a poll has failed", extra={"trigger": key})
            seen, trouble = None, start.masked(f"{type(error).__name__}: {error}")
        self._conclude(key, look, seen, trouble)

    def _claim(self, key: str) -> _Look | None:
        """Take a look for this worker; None where it is not wanted, or somebody else is at it."""
        states = self.keeper.states
        for _ in range(TRIES):
            found = states.read(key)
            if found is None:
                return None
            state, version = found
            now = states.now()
            if not state.active or state.disabled or state.execution is not None or state.live_due > now:
                return None
            state.evaluating = now
            try:
                declared = self.keeper.declared(state)
                states.save(state, version)
            except Refused:
                continue
            except (NotFoundError, FlowError) as error:
                _log.error("a trigger starts nothing: %s", error, extra={"trigger": key})
                self.keeper.stop(key, str(error))
                return None
            cause = ("poll", state.namespace, state.flow_id, state.trigger, f"{now:.3f}")
            return _Look(declared, derived_id(*cause), now)
        raise TransientError(f"the state of '{key}' is changed by too many at once")

    # ------------------------------------------------------------ asking

    def _ask(self, look: _Look, start: Start) -> Mapping[str, object] | None:
        """Return what was found, None where there is nothing to do."""
        attempt = self._attempt(look)
        timer = threading.Timer(LONGEST, attempt.cancel)
        timer.daemon = True
        timer.start()
        try:
            return start.sight.rendered(PollingTrigger).poll(attempt)
        finally:
            timer.cancel()
            attempt.clean()

    def _attempt(self, look: _Look) -> Attempt:
        """Return what the plugin sees: as if the trigger were a task of the execution that it may start."""
        flow, trigger = look.declared.flow, look.declared.trigger
        header = Execution(look.execution, flow.namespace, flow.id, flow.revision, [(State.CREATED, look.claimed)])
        run = TaskRun(trigger.id, trigger.id, [(State.CREATED, look.claimed)])
        lane = Lane(header.id, MAIN_LANE, [], {run.key: run})
        scene, renderer = self.keeper.lanes.scene(Token(header, 0, lane, 0, b""))
        node = Node(trigger.id, trigger.type, type(trigger), look.declared.properties, log_level=trigger.log_level)
        world = renderer.context(run).world
        mask = world.mask if isinstance(world, Readers) else Mask()
        attempt = Attempt(self.services, scene, renderer, node, run, mask)
        attempt.extra = {"trigger": {"id": trigger.id, "type": trigger.type}}
        return attempt

    # ------------------------------------------------------------ what follows

    def _conclude(self, key: str, look: _Look, seen: Mapping[str, object] | None, trouble: str | None) -> None:
        """Store that the look is over, with the execution that it starts."""
        trigger = look.declared.trigger
        if trouble is not None:
            _log.warning("a trigger cannot be evaluated: %s", trouble, extra={"trigger": key})
        fails = trouble is not None and trigger.fail_on_trigger_error
        for _ in range(TRIES):
            found = self.keeper.states.read(key)
            if found is None or found[0].evaluating != look.claimed:
                return  # it took too long, and somebody else looks
            state, version = found
            self._end_look(state, look)
            state.trouble = ""
            if trouble is not None and not fails:
                state.fail(trouble, self.keeper.states.now())
            try:
                if (seen is None and not fails) or not self._started(look, state, version, seen, trouble):
                    state.execution, state.look = None, 0.0
                    self.keeper.states.save(state, version)
            except Refused as refused:
                if refused.key != key:
                    return
                continue
            self.keeper.states.flows.alarm.ring(state.due)
            return
        raise TransientError(f"the state of '{key}' is changed by too many at once")

    def _end_look(self, state: TriggerState, look: _Look) -> None:
        assert isinstance(look.declared.trigger, PollingTrigger)
        now = self.keeper.states.now()
        following = look.claimed + look.declared.trigger.interval.total_seconds()
        state.evaluating, state.evaluated, state.date = None, now, look.claimed
        state.next = min(max(following, now), NEVER)

    def _started(
        self, look: _Look, state: TriggerState, version: int, seen: Mapping[str, object] | None, trouble: str | None
    ) -> bool:
        """Start the execution that follows from a look; False where the conditions do not hold.

        Raises:
            Refused: Somebody else has changed the record.
        """
        before, now = state.triggered, self.keeper.states.now()
        state.triggered = now
        if not look.declared.trigger.allow_concurrent:
            state.lock(look.execution, now)
        start = look.declared.start(self.keeper.starter, Manner(also=[state_write(state, version)]))
        if trouble is not None:
            start.failed({}, look.execution, f"the trigger cannot be evaluated: {trouble}")
            return True
        assert seen is not None
        made = self.keeper.guarded(start, seen, look.execution, lambda: start.by_event(seen, look.execution))
        if made is None:
            state.triggered = before
        return made is not None
