"""Trouble: busy lanes, late and doubled results, bad messages, a store that fails, results that are too large."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import pytest

from machine import LEASE, Machine, states
from memory import Memory, MemoryStore
from planner.test_random_flows import effectful
from tiercel.archive import envelope
from tiercel.errors import TransientError
from tiercel.model.execution import decode_lane, lane_key
from tiercel.model.messages import OpenBranches, StartExecution, TaskDue, WalkLane
from tiercel.model.states import State
from tiercel.planner import plan, waits
from tiercel.planner.transition import Outcome
from tiercel.ports import Envelope, Reply, Write

CORE = "io.kestra.plugin.core"
TWO = json.dumps(
    {
        "id": "two",
        "namespace": "tests",
        "tasks": [
            {"id": "a", "type": f"{CORE}.storage.Write", "content": "a"},
            {"id": "b", "type": f"{CORE}.storage.Write", "content": "b"},
        ],
    }
)


def begun() -> tuple[Machine, Machine, str]:
    """Return two processes on one memory, the first of them in the middle of task `a`, and the execution."""
    memory = Memory()
    one, two = Machine(memory, owner="one"), Machine(memory, owner="two")
    execution = one.start(one.deploy(TWO))
    two.deploy(TWO)
    return one, two, execution


def test_a_busy_lane_answers_later() -> None:
    one, two, execution = begun()
    answers = []

    def meanwhile() -> None:
        with pytest.raises(TransientError):
            two.engine.handle(StartExecution(execution))
        answers.append("later")

    one.worker.before = meanwhile
    one.settle()
    assert answers == ["later", "later"]
    assert states(one.runs(execution).values()) == {"a": "SUCCESS", "b": "SUCCESS"}


def test_a_lease_that_is_over_is_taken_and_the_late_result_is_ignored() -> None:
    one, two, execution = begun()

    def meanwhile() -> None:
        one.worker.before = None
        two.clock.advance(LEASE + 1)
        two.engine.handle(StartExecution(execution))

    one.worker.before = meanwhile
    one.settle()
    runs = one.runs(execution)
    assert [attempt.state for attempt in runs["a"].attempts] == [State.RESUBMITTED, State.SUCCESS]
    assert [attempt.state for attempt in runs["b"].attempts] == [State.SUCCESS]
    assert one.header(execution).state is State.SUCCESS


def test_a_result_that_comes_twice_is_recorded_once() -> None:
    one, _, execution = begun()
    one.settle()
    before = one.runs(execution)
    late = partial(plan.task_finished, key="a", attempt=1, outcome=Outcome(State.FAILED))
    one.lanes.advance(StartExecution(execution), "main", late)
    assert one.runs(execution) == before


def test_of_two_tokens_on_one_lane_one_loses_and_changes_nothing() -> None:
    memory = Memory()
    one, two = Machine(memory, owner="one"), Machine(memory, owner="two")
    pause = json.dumps({"id": "p", "namespace": "tests", "tasks": [{"id": "p", "type": f"{CORE}.flow.Pause"}]})
    execution = one.run(pause)
    two.deploy(pause)
    stale = two.lanes.load(execution, "main")
    one.resume(execution)
    one.settle()
    ended = one.runs(execution), one.header(execution), dict(memory.documents)
    assert stale is not None
    message = TaskDue(execution, "main", "p", "pause", 3)
    two.lanes.run_on(message, stale, partial(waits.task_due, message=message))
    assert (two.runs(execution), two.header(execution), dict(memory.documents)) == ended
    assert memory.counts["refused"] == 1


def test_a_poisonous_message_ends_only_its_own_execution() -> None:
    machine = Machine()
    flow = machine.deploy(TWO)
    sick, healthy = machine.start(flow), machine.start(flow)
    lane_of = machine.engine.handle

    def handle(message: object) -> None:
        if isinstance(message, StartExecution) and message.execution == sick:
            raise RuntimeError("this must not happen")
        lane_of(message)  # type: ignore[arg-type]

    machine.pump._handle = handle
    machine.settle()
    assert machine.header(healthy).state is State.SUCCESS
    assert machine.header(sick).state is State.FAILED
    assert machine.header(sick).finished
    assert "this must not happen" in machine.header(sick).logs[0].message


def test_a_bug_behind_a_task_ends_its_execution_too() -> None:
    machine = Machine()
    execution = machine.start(machine.deploy(TWO))

    def broken() -> None:
        raise RuntimeError("the worker itself is broken")

    machine.worker.before = broken
    machine.settle()
    assert machine.header(execution).state is State.FAILED
    assert "broken" in machine.header(execution).logs[-1].message


def test_a_message_that_cannot_be_read_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    machine.store.commit([], [Envelope("garbage", b"{")])
    execution = machine.run(TWO)
    assert machine.header(execution).state is State.SUCCESS
    assert not machine.memory.letters
    assert "garbage" in caplog.text


class FailingStore(MemoryStore):
    """A store that is busy, now and then."""

    failures = 0

    def commit(self, writes: Sequence[Write], messages: Sequence[Envelope] = ()) -> list[Reply]:
        if self.failures and writes:
            self.failures -= 1
            raise TransientError("the store is busy")
        return super().commit(writes, messages)


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_result_that_the_store_refuses_is_made_again(failures: int) -> None:
    memory = Memory()
    store = FailingStore(memory)
    machine = Machine(memory, store=store)
    execution = machine.start(machine.deploy(TWO))

    def busy() -> None:
        store.failures, machine.worker.before = failures, None

    machine.worker.before = busy
    machine.settle()
    assert machine.header(execution).state is State.SUCCESS
    assert states(machine.runs(execution).values()) == {"a": "SUCCESS", "b": "SUCCESS"}


def test_large_outputs_lie_in_an_object_and_are_read_back() -> None:
    machine = Machine()
    text = "x" * 100_000
    flow = {
        "id": "large",
        "namespace": "tests",
        "tasks": [
            {"id": "a", "type": f"{CORE}.debug.Return", "format": text},
            {"id": "b", "type": f"{CORE}.debug.Return", "format": "{{ outputs.a.value | length }}"},
            {"id": "c", "type": f"{CORE}.storage.Write", "content": "c"},
            {"id": "d", "type": f"{CORE}.debug.Return", "format": "{{ outputs.a.value | length }}"},
        ],
    }
    with effectful(True):
        execution = machine.run(json.dumps(flow))
    runs = machine.runs(execution)
    assert runs["a"].outputs_uri in machine.memory.files
    assert machine.outputs(runs["a"]) == {"value": text}
    assert machine.outputs(runs["b"]) == machine.outputs(runs["d"]) == {"value": "100000"}
    written = [document.body for key, document in machine.memory.documents.items() if not key.startswith("flow")]
    assert max(map(len, written)) < 16 * 1024


def test_large_outputs_do_not_come_back_into_the_lane() -> None:
    machine = Machine()
    tasks = [{"id": f"t{number}", "type": f"{CORE}.debug.Return", "format": "y" * 20_000} for number in range(20)] + [
        {"id": "sum", "type": f"{CORE}.debug.Return", "format": "{{ outputs | length }}{{ outputs.t0 }}"}
    ]
    execution = machine.run(json.dumps({"id": "large", "namespace": "tests", "tasks": tasks}))
    assert machine.header(execution).state is State.SUCCESS
    lane = machine.memory.documents[lane_key(execution, "main")]
    assert all(run.outputs is None for run in decode_lane(lane.body).runs.values() if run.outputs_uri)


def test_a_large_log_lies_in_an_object() -> None:
    machine = Machine()
    messages = [f"line {number} " + "z" * 100 for number in range(1000)]
    flow = {"id": "log", "namespace": "tests", "tasks": [{"id": "a", "type": f"{CORE}.log.Log", "message": messages}]}
    execution = machine.run(json.dumps(flow))
    run = machine.runs(execution)["a"]
    assert run.attempts[0].log_file in machine.memory.files
    assert run.logs == []
    assert [line.message for line in machine.view.run_logs(run)] == messages


def test_a_message_to_what_is_not_there_is_done_with() -> None:
    machine = Machine()
    for message in (StartExecution("none"), WalkLane("none", "main"), OpenBranches("none", "main", "a", [0])):
        machine.store.commit([], [envelope(message)])
    machine.settle()
    assert not machine.poisons
