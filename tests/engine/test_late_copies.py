"""A branch whose first claim makes its lane: late copies of its message, and workers thought dead, record nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from engine.test_counts import CORE
from machine import LEASE, Machine
from memory import Memory
from planner.test_random_flows import effectful
from tiercel.model.execution import TaskRun, lane_key
from tiercel.model.messages import Message, OpenBranches, WalkLane, decode_message
from tiercel.model.states import State
from tiercel.planner.rendering import Renderer
from tiercel.planner.scene import Scene
from tiercel.planner.transition import Outcome, Work
from tiercel.ports import Create

FLOW = json.dumps(
    {
        "id": "waits",
        "namespace": "tests",
        "tasks": [
            {
                "id": "fork",
                "type": f"{CORE}.flow.Parallel",
                "tasks": [
                    {"id": "a", "type": f"{CORE}.debug.Return", "format": "{{ now() }}"},
                    {"id": "b", "type": f"{CORE}.debug.Return", "format": "{{ now() }}"},
                    {"id": "wait", "type": f"{CORE}.flow.Pause"},
                ],
            }
        ],
    }
)


@pytest.fixture(autouse=True)
def _effects() -> Iterator[None]:
    with effectful(True):
        yield


class Watched(Machine):
    """A machine that notes its messages, and how often each task was run."""

    def __init__(self, memory: Memory | None = None, *, owner: str = "first", routed: bool = False) -> None:
        super().__init__(memory, owner=owner, routed=routed)
        self.messages: list[Message] = []
        self.ran: Counter[str] = Counter()
        self.worker.run = self._counted(self.worker.run)  # type: ignore[method-assign, assignment]

    def _counted(self, run: Callable[[Scene, Renderer, Work], Outcome]) -> Callable[[Scene, Renderer, Work], Outcome]:
        def counted(scene: Scene, renderer: Renderer, work: Work) -> Outcome:
            self.ran[work.run.key] += 1
            return run(scene, renderer, work)

        return counted

    def deliver(self) -> bool:
        self.messages += [decode_message(letter.body) for letter in self.memory.letters]
        return super().deliver()

    def until_it_waits(self) -> str:
        """Run the flow until only the pause is left; return the execution's id."""
        execution = self.start(self.deploy(FLOW))
        self.settle(timers=False)
        assert self.header(execution).state is State.PAUSED
        return execution

    def openings(self) -> list[Message]:
        """Return each message that was sent for a branch."""
        return [each for each in self.messages if isinstance(each, OpenBranches | WalkLane)]


@pytest.mark.parametrize("routed", [False, True])
def test_a_late_copy_of_what_opened_a_branch_runs_nothing(routed: bool) -> None:
    machine = Watched(routed=routed)
    execution = machine.until_it_waits()
    before, ran = machine.runs(execution), Counter(machine.ran)
    assert ran == {"a": 1, "b": 1}
    assert len(machine.openings()) >= 3
    for message in machine.openings():
        machine.engine.handle(message)
        machine.settle(timers=False)
    assert machine.ran == ran
    assert machine.runs(execution) == before
    assert {lane.key for lane in machine.lanes.stored(execution).lanes()} == {"main", "fork#2"}
    machine.resume(execution)
    machine.settle()
    assert machine.header(execution).state is State.SUCCESS
    assert machine.ran == ran


def test_a_late_copy_whose_worker_dies_with_its_claim_leaves_what_was_recorded() -> None:
    machine, claimed = Watched(), []
    key = ""

    def claim() -> None:
        claimed.append(machine.store.get([key])[0])

    execution = machine.start(machine.deploy(FLOW))
    key = lane_key(execution, "fork#0")
    machine.worker.before = claim
    machine.settle(timers=False)
    before = machine.runs(execution)
    lane = next(each for each in claimed if each is not None)
    assert machine.store.get([key]) == [None]
    machine.store.commit([Create(key, lane.body)])  # the copy's claim, and nothing after it
    assert machine.runs(execution) == before
    machine.clock.advance(LEASE + 1)
    ran = Counter(machine.ran)
    for message in machine.openings():
        machine.engine.handle(message)
    assert machine.store.get([key]) == [None]
    assert machine.runs(execution) == before
    assert machine.ran == ran


def test_a_worker_that_was_thought_dead_does_not_overwrite_the_result_of_its_successor() -> None:
    first = Watched()
    second = Watched(first.memory, owner="second")
    kept: dict[str, TaskRun] = {}

    def meanwhile() -> None:
        first.worker.before = None
        first.clock.advance(LEASE + 1)
        opening = next(each for each in first.openings() if getattr(each, "branches", []) == [0])
        second.engine.handle(opening)
        kept.update(second.runs(execution))
        first.clock.advance(5)

    execution = first.start(first.deploy(FLOW))
    first.worker.before = meanwhile
    first.settle(timers=False)
    assert second.ran == {"a": 1}
    assert [attempt.state for attempt in kept["a"].attempts] == [State.RESUBMITTED, State.SUCCESS]
    assert first.runs(execution)["a"] == kept["a"]
