"""The engine: what each message asks for.

Promise: commit first, acknowledge last. Every message may come twice, late, or in any order: records are created
once, updates insist on the version that was read, and an event that was overtaken changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import assert_never

from tiercel import calls, slots
from tiercel.archive import Token, token_of
from tiercel.branches import open_branches
from tiercel.commands import killing, resting, stopping
from tiercel.intake import Intake
from tiercel.lanes import Lanes
from tiercel.model import messages as m
from tiercel.model.execution import MAIN_LANE
from tiercel.planner import joining, plan, waits
from tiercel.planner.openings import main_lane
from tiercel.triggerstates.changes import TriggerStates

Triggers = Callable[[m.TriggerDue | m.PollDue], None]


class Engine:
    """The verb *advance*."""

    def __init__(self, lanes: Lanes, intake: Intake, states: TriggerStates, triggers: Triggers) -> None:
        """Open the engine.

        Args:
            lanes: Where executions are.
            intake: Accepts new ones.
            states: The records of triggers.
            triggers: Looks at a trigger that is due.
        """
        self._lanes = lanes
        self._intake = intake
        self._states = states
        self._triggers = triggers
        lanes.announce = self._announce

    def handle(self, message: m.Message) -> None:
        """Do what a message asks for.

        Raises:
            TransientError: It cannot be done now; the message is to come again later.
        """
        match message:
            case m.StartExecution():
                self._start(message)
            case m.WalkLane(snapshot=m.Snapshot() as seen):
                self._lanes.run_on(message, token_of(seen), plan.resume_lane)
            case m.WalkLane(lane=lane):
                self._lanes.advance(message, lane, plan.resume_lane)
            case m.OpenBranches():
                open_branches(self._lanes, message)
            case m.BranchEnded() | m.TaskDue() | m.ResumeTask() | m.MarkTask() | m.CheckSla():
                self._advance(message)
            case m.StopBranches() | m.RestLanes() | m.EndRest() | m.KillExecution():
                self._hold(message)
            case m.CallFlow() | m.ChildEnded() | m.RetryExecution() | m.ExecutionFinished():
                self._relate(message)
            case m.ExecutionEnded(execution=execution):
                self._announce(execution)
            case m.ExecutionChanged(execution=execution, number=number):
                self._tell_listeners(execution, number)
            case m.TriggerDue() | m.PollDue():
                self._triggers(message)
            case _:
                assert_never(message)

    def _advance(self, message: m.BranchEnded | m.TaskDue | m.ResumeTask | m.MarkTask | m.CheckSla) -> None:
        """Give an event to the lane that waits for it."""
        advance = partial(self._lanes.advance, message)
        match message:
            case m.BranchEnded(lane=lane, run=run, branch=branch, seen=mask):
                advance(lane, partial(joining.branch_ended, key=run, branch=branch, mask=mask))
            case m.TaskDue(lane=lane):
                advance(lane, partial(waits.task_due, message=message))
            case m.ResumeTask(lane=lane):
                advance(lane, partial(waits.task_resumed, message=message))
            case m.MarkTask(lane=lane):
                advance(lane, partial(plan.task_marked, message=message))
            case m.CheckSla(sla=sla):
                advance(MAIN_LANE, partial(plan.deadline, name=sla))
            case _:
                assert_never(message)

    def _hold(self, message: m.StopBranches | m.RestLanes | m.EndRest | m.KillExecution) -> None:
        """Stop lanes, have them rest, or let them go on."""
        match message:
            case m.StopBranches():
                stopping.stop_branches(self._lanes, message)
            case m.RestLanes():
                resting.hold_lanes(self._lanes, message)
            case m.EndRest():
                resting.go_on(self._lanes, message)
            case m.KillExecution():
                killing.kill(self._lanes, message)
            case _:
                assert_never(message)

    def _relate(self, message: m.CallFlow | m.ChildEnded | m.RetryExecution | m.ExecutionFinished) -> None:
        """Do for an execution what another one has caused."""
        match message:
            case m.CallFlow():
                calls.call(self._lanes, self._intake, message)
            case m.ChildEnded():
                calls.answer(self._lanes, message)
            case m.RetryExecution():
                calls.retry_execution(self._lanes, self._intake, message.execution)
            case m.ExecutionFinished():
                calls.execution_finished(self._lanes, self._states, message.execution)
            case _:
                assert_never(message)

    def _start(self, message: m.StartExecution) -> None:
        """Begin an execution, or take up one whose beginning was interrupted."""
        execution = message.execution
        if self._lanes.load(execution, MAIN_LANE) is not None:
            self._lanes.advance(message, MAIN_LANE, plan.resume_lane)
            return
        found = slots.enter(self._lanes, execution)
        if found is not None:
            header, version = found
            self._lanes.run_on(message, Token(header, version, main_lane(header.id), 0, b""), plan.begin_execution)

    def _announce(self, execution: str) -> None:
        """Tell whoever waits, and the Flow triggers, that an execution has ended."""
        calls.execution_ended(self._lanes, self._states, execution)
        self._tell_listeners(execution, None)

    def _tell_listeners(self, execution: str, number: int | None) -> None:
        """Have the Flow triggers look at a change of an execution; their code is loaded where there are any."""
        listeners = self._lanes.flows.listeners.all()
        if listeners:
            from tiercel.flowtriggers import execution_changed

            execution_changed(self._lanes, self._intake, listeners, execution, number)
