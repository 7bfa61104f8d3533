"""Loop: what people do to its iterations, and what large ones cost (flow specification, 6.7)."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from flows.test_commands import CORE, open_gate
from machine import Machine, states
from tiercel.archive import envelope
from tiercel.commands import again
from tiercel.errors import ConflictError, TaskError
from tiercel.model.execution import TaskRun, is_hidden
from tiercel.model.messages import KillExecution
from tiercel.model.states import State
from tiercel.tasks.core.loop import LoopOutputs

CLOSED = "kv('gate', errorOnMissing=false) != 'open'"


def flow(size: int, limit: int, where: int, **more: Any) -> str:
    """Return a flow with a loop of which one iteration fails until the gate is opened."""
    failing = f"{{{{ item.value == {where} and {CLOSED} }}}}"
    loop = {
        "id": "loop",
        "type": f"{CORE}.flow.Loop",
        "values": f"{{{{ range(1, {size}) }}}}",
        "concurrencyLimit": limit,
        "outputs": [{"id": "said", "type": "STRING", "value": "{{ outputs.two.value }}", "required": False}],
        "tasks": [
            {"id": "one", "type": f"{CORE}.execution.Fail", "condition": failing},
            {"id": "two", "type": f"{CORE}.debug.Return", "format": "{{ item.value }}"},
        ],
        **more,
    }
    last = {"id": "last", "type": f"{CORE}.debug.Return", "format": "{{ loopOutputs(outputs.loop.outputs, 'said') }}"}
    return json.dumps({"id": "loops", "namespace": "tests", "tasks": [loop, last]})


def seen(machine: Machine, execution: str) -> dict[str, TaskRun]:
    return {key: run for key, run in machine.runs(execution).items() if not is_hidden(run.task)}


def said(machine: Machine, execution: str) -> Any:
    """Return what the iterations said, as the task after the loop saw it."""
    return json.loads(machine.outputs(machine.runs(execution)["last"])["value"])


def counts(machine: Machine, execution: str) -> dict[str, Any]:
    found = dict(machine.outputs(machine.runs(execution)["loop"]))
    found.pop("outputs")
    return found


@pytest.mark.parametrize("limit", [1, 0, 3])
@pytest.mark.parametrize(("size", "where"), [(1, 1), (4, 2), (100, 40), (1100, 1)])
def test_a_restart_goes_on_with_the_iterations_that_failed(size: int, where: int, limit: int) -> None:
    machine = Machine()
    execution = machine.run(flow(size, limit, where))
    assert machine.header(execution).state is State.FAILED
    open_gate(machine)
    again.restart(machine.lanes, execution)
    machine.settle()
    assert machine.header(execution).state is State.SUCCESS
    assert said(machine, execution) == [str(number) for number in range(1, size + 1)]
    assert counts(machine, execution) == {
        "iterationCount": size,
        "runningIterations": 0,
        "terminatedIterations": {"SUCCESS": size},
    }
    attempts = Counter(len(run.attempts) for run in seen(machine, execution).values() if run.task == "one")
    assert attempts == Counter({1: size - 1, 2: 1})


@pytest.mark.parametrize("limit", [1, 2])
def test_after_a_restart_a_loop_breaks_off_all_the_same(limit: int) -> None:
    machine = Machine()
    execution = machine.run(flow(9, limit, 2, breakWhen="{{ item.value == 3 }}"))
    assert machine.header(execution).state is State.FAILED
    open_gate(machine)
    again.restart(machine.lanes, execution)
    machine.settle()
    found = said(machine, execution)
    assert found[:3] == ["1", "2", "3"]
    assert len(found) <= 2 + limit


def test_a_restart_begins_nothing_that_was_broken_off() -> None:
    machine = Machine()
    source = json.loads(flow(4, 2, 0, breakWhen="{{ item.value == 1 }}"))
    source["tasks"].append({"id": "bad", "type": f"{CORE}.execution.Fail", "condition": f"{{{{ {CLOSED} }}}}"})
    source["tasks"][0]["tasks"][0]["condition"] = f"{{{{ item.value == 2 and {CLOSED} }}}}"
    source["tasks"][0]["transmitFailed"] = False
    execution = machine.run(json.dumps(source))
    before = said(machine, execution)
    open_gate(machine)
    again.restart(machine.lanes, execution)
    machine.settle()
    assert machine.header(execution).state is State.SUCCESS
    assert before == ["1", None]
    assert said(machine, execution) == ["1", "2"]


def test_gathering_that_failed_is_all_that_a_restart_does_again(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()

    def refuse(_: LoopOutputs, __: object) -> None:
        raise TaskError("the disk is full")

    for limit in (0, 2):
        with monkeypatch.context() as patched:
            patched.setattr(LoopOutputs, "run", refuse)
            execution = machine.run(flow(5, limit, 0))
        assert machine.header(execution).state is State.FAILED
        again.restart(machine.lanes, execution)
        machine.settle()
        assert machine.header(execution).state is State.SUCCESS
        assert said(machine, execution) == ["1", "2", "3", "4", "5"]
        assert all(len(run.attempts) < 2 for run in seen(machine, execution).values())
        assert counts(machine, execution)["terminatedIterations"] == {"SUCCESS": 5}


def test_a_replay_begins_in_one_iteration() -> None:
    machine = Machine()
    old = machine.run(flow(3, 1, 2))
    open_gate(machine)
    new = again.replay(machine.lanes, machine.intake, old, "one", ["2"])
    machine.settle()
    assert machine.header(new).state is State.SUCCESS
    assert said(machine, new) == ["1", "2", "3"]


def test_a_run_of_an_iteration_can_be_given_another_state() -> None:
    machine = Machine()
    execution = machine.run(flow(3, 2, 2))
    again.mark(machine.lanes, execution, "one[1]", State.SUCCESS)
    machine.settle()
    assert machine.header(execution).state is State.SUCCESS
    assert said(machine, execution) == ["1", "2", "3"]


def test_nothing_goes_on_from_what_ran_after_a_failure_in_an_iteration() -> None:
    machine = Machine()
    mend = [{"id": "mend", "type": f"{CORE}.execution.Fail"}]
    execution = machine.run(flow(3, 2, 2, errors=mend))
    assert states(machine.runs(execution).values())["mend[1]"] == "FAILED"
    with pytest.raises(ConflictError, match="change the task that failed"):
        again.mark(machine.lanes, execution, "mend[1]", State.SUCCESS)
    with pytest.raises(ConflictError, match="replay the task that failed"):
        again.replay(machine.lanes, machine.intake, execution, "mend", ["2"])
    again.mark(machine.lanes, execution, "one[1]", State.SUCCESS)
    machine.settle()
    assert said(machine, execution) == ["1", "2", "3"]


def test_an_iteration_whose_last_task_is_given_another_state_makes_its_outputs_again() -> None:
    machine = Machine()
    outputs = [{"id": "said", "value": "{{ tasks.one.state }}"}]
    tasks = [{"id": "one", "type": f"{CORE}.execution.Fail", "condition": "{{ item.index == 1 }}"}]
    execution = machine.run(flow(3, 2, 0, outputs=outputs, tasks=tasks))
    again.mark(machine.lanes, execution, "one[1]", State.WARNING)
    machine.settle()
    assert machine.header(execution).state is State.WARNING
    assert said(machine, execution) == ["SUCCESS", "WARNING", "SUCCESS"]


def test_a_killed_loop_ends_with_all_its_iterations() -> None:
    machine = Machine()
    pause = [{"id": "pause", "type": f"{CORE}.flow.Pause"}]
    execution = machine.run(flow(5, 2, 0, tasks=pause))
    assert machine.header(execution).state is State.PAUSED
    machine.store.commit([], [envelope(KillExecution(execution))])
    machine.settle()
    assert machine.header(execution).state is State.KILLED
    assert set(states(machine.runs(execution).values()).values()) == {"KILLED"}


def test_each_round_around_a_loop_has_outputs_of_its_own() -> None:
    machine = Machine()
    loop = json.loads(flow(2, 0, 0))["tasks"][0]
    until = {
        "id": "until",
        "type": f"{CORE}.flow.LoopUntil",
        "condition": "{{ outputs.until.iterationCount == 2 }}",
        "checkFrequency": {"interval": "PT1S"},
        "tasks": [loop | {"values": "{{ [outputs.until.iterationCount, 7] }}"}],
    }
    last = {"id": "last", "type": f"{CORE}.debug.Return", "format": "{{ loopOutputs(outputs.loop.outputs, 'said') }}"}
    execution = machine.run(json.dumps({"id": "loops", "namespace": "tests", "tasks": [until, last]}))
    assert said(machine, execution) == ["2", "7"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "there is no such file"),
        ('{"n": 1}\n{"n": \n', "has a line that is no JSON"),
        ("1\nnull\n", "Found '1' null value"),
    ],
)
def test_a_file_that_holds_no_values_fails_the_loop_with_the_reason(content: str | None, found: str) -> None:
    machine = Machine()
    uri = "kestra:///tests/_files/values.ion"
    if content is not None:
        machine.objects.write(uri, content.encode())
    execution = machine.run(flow(1, 0, 0, values=uri))
    assert machine.header(execution).state is State.FAILED
    [line] = machine.runs(execution)["loop"].logs
    assert found in line.message


def test_many_large_outputs_lie_outside_of_every_record() -> None:
    machine = Machine()
    text = "x" * 3000
    more = {"tasks": [{"id": "two", "type": f"{CORE}.debug.Return", "format": f"{{{{ item.value }}}}{text}"}]}
    execution = machine.run(flow(600, 0, 0, **more))
    assert machine.header(execution).state is State.SUCCESS
    run = machine.runs(execution)["loop"]
    assert run.outputs is None
    entries = machine.outputs(run)["outputs"]
    assert [entry["outputs"]["said"] for entry in entries] == [f"{number}{text}" for number in range(1, 601)]
    assert machine.memory.largest < 256 * 1024


def test_a_state_kept_for_each_value_goes_by_the_item() -> None:
    machine = Machine()
    state = {"type": f"{CORE}.state.Set", "taskrunValue": True, "data": {"me": "{{ item.value.n }}"}}
    two = {"id": "two", "type": f"{CORE}.debug.Return", "format": "{{ outputs.put.key }}"}
    values = [{"n": 1}, {"n": 2}, {"n": 1}]
    execution = machine.run(flow(3, 0, 0, tasks=[{"id": "put", **state}, two], values=values))
    first, second, third = said(machine, execution)
    assert first == third
    assert first != second
