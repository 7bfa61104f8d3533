"""The end of an execution is announced by whoever ended it, again if he dies, and never by another message."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from engine.test_counts import CORE, chain
from machine import Machine
from memory import Memory
from tiercel.errors import TransientError
from tiercel.model.messages import ExecutionEnded, StartExecution, TaskDue, decode_message
from tiercel.model.states import State

WAITS = json.dumps(
    {
        "id": "waits",
        "namespace": "tests",
        "tasks": [{"id": "wait", "type": f"{CORE}.flow.Pause", "delay": "PT1M"}],
    }
)
LISTENS = f"""
id: listens
namespace: tests
tasks: [{{id: a, type: {CORE}.debug.Return, format: b}}]
triggers: [{{id: on, type: {CORE}.trigger.Flow, states: [SUCCESS]}}]
"""
LATE = f"""
id: late
namespace: tests
tasks: [{{id: a, type: {CORE}.debug.Return, format: b}}]
afterExecution: [{{id: wait, type: {CORE}.flow.Pause}}]
"""


class Announcing(Machine):
    """A machine that notes what it announces, and may fail to at first."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__(Memory())
        self.announced: Counter[str] = Counter()
        self.failures = failures
        self.sent: list[object] = []
        real = self.lanes.announce

        def announce(execution: str) -> None:
            self.announced[execution] += 1
            if self.announced[execution] <= self.failures:
                raise TransientError("the store is busy")
            real(execution)

        self.lanes.announce = announce

    def deliver(self) -> bool:
        self.sent += [decode_message(letter.body) for letter in self.memory.letters]
        return super().deliver()

    def ends(self) -> list[object]:
        """Return the messages that told of an end."""
        return [each for each in self.sent if isinstance(each, ExecutionEnded)]


@pytest.mark.parametrize("source", [chain(3), WAITS], ids=["at-once", "later"])
@pytest.mark.parametrize("failures", [0, 3])
def test_the_end_is_announced_until_it_is_done_and_costs_no_message(source: str, failures: int) -> None:
    machine = Announcing(failures)
    execution = machine.run(source)
    assert machine.header(execution).state is State.SUCCESS
    assert machine.announced == {execution: failures + 1}
    assert machine.ends() == []


def test_a_flow_that_listens_hears_of_an_end_whose_announcement_failed_at_first() -> None:
    machine = Announcing(2)
    machine.deploy(LISTENS)
    execution = machine.run(chain(3))
    caused = list(machine.view.caused_by(execution))
    assert [(each.flow_id, each.state) for each in caused] == [("listens", State.SUCCESS)]


def test_other_messages_that_come_late_announce_nothing() -> None:
    machine = Announcing()
    execution = machine.run(WAITS)
    assert machine.announced == {execution: 1}
    machine.engine.handle(StartExecution(execution))
    machine.engine.handle(TaskDue(execution, "main", "wait", "timeout", 1))
    assert machine.announced == {execution: 1}


def test_an_end_after_which_tasks_follow_is_told_by_a_message_meanwhile() -> None:
    machine = Announcing()
    machine.deploy(LISTENS)
    execution = machine.start(machine.deploy(LATE))
    machine.settle(timers=False)
    assert not machine.header(execution).finished
    assert {type(each) for each in machine.ends()} == {ExecutionEnded}
    assert [each.flow_id for each in machine.view.caused_by(execution)] == ["listens"]
