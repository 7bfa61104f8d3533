"""What people do to executions: resume, restart, replay, kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from machine import Machine, states
from tiercel.archive import envelope
from tiercel.commands import again
from tiercel.errors import ConflictError
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.messages import KillExecution
from tiercel.model.states import State
from tiercel.runtime import embedded

CORE = "io.kestra.plugin.core"
GATE = "\"{{ kv('gate', errorOnMissing=false) != 'open' }}\""
"""A task with this condition fails until the gate is opened."""

HEAD = "id: commands\nnamespace: tests\ntasks:\n"
PLAIN = (
    HEAD
    + f"""
  - {{id: first, type: {CORE}.debug.Return, format: "1"}}
  - id: seq
    type: {CORE}.flow.Sequential
    tasks:
      - {{id: gate, type: {CORE}.execution.Fail, condition: {GATE}}}
      - {{id: after, type: {CORE}.debug.Return, format: "{{{{ outputs.first.value }}}}2"}}
errors:
  - {{id: sorry, type: {CORE}.log.Log, message: sorry}}
"""
)


def each(size: int, limit: int, where: str) -> str:
    """Return a flow with a loop of which one round fails until the gate is opened."""
    condition = f"\"{{{{ taskrun.value == '{where}' and kv('gate', errorOnMissing=false) != 'open' }}}}\""
    return (
        HEAD
        + f"""
  - id: each
    type: {CORE}.flow.ForEach
    values: "{{{{ range(1, {size}) }}}}"
    concurrencyLimit: {limit}
    tasks:
      - {{id: one, type: {CORE}.execution.Fail, condition: {condition}}}
      - {{id: two, type: {CORE}.debug.Return, format: "{{{{ taskrun.value }}}}"}}
  - id: last
    type: {CORE}.debug.Return
    format: "{{{{ outputs.two['{where}'].value }}}} {{{{ outputs.two['1'].value }}}}"
"""
    )


def open_gate(machine: Machine) -> None:
    machine.services.keys.set("tests", "gate", "open")


def test_a_restart_goes_on_from_what_failed() -> None:
    machine = Machine()
    execution = machine.run(PLAIN)
    assert states(machine.runs(execution).values()) == {
        "first": "SUCCESS",
        "seq": "FAILED",
        "gate": "FAILED",
        "sorry": "SUCCESS",
    }
    open_gate(machine)
    again.restart(machine.lanes, execution)
    machine.settle()
    runs = machine.runs(execution)
    assert states(runs.values()) == {"first": "SUCCESS", "seq": "SUCCESS", "gate": "SUCCESS", "after": "SUCCESS"}
    assert [str(state) for state, _ in runs["gate"].at][-3:] == ["RESTARTED", "RUNNING", "SUCCESS"]
    assert [attempt.state for attempt in runs["gate"].attempts] == [State.FAILED, State.SUCCESS]
    assert len(runs["first"].attempts) == 1
    header = machine.header(execution)
    assert header.state is State.SUCCESS
    assert header.attempt_number == 2
    assert ("system.restarted", "true") in header.labels


@pytest.mark.parametrize("limit", [1, 0, 3])
@pytest.mark.parametrize(("size", "where"), [(1, "1"), (4, "2"), (100, "40"), (1100, "1")])
def test_a_restart_goes_on_in_a_loop(size: int, where: str, limit: int) -> None:
    machine = Machine()
    execution = machine.run(each(size, limit, where))
    assert machine.header(execution).state is State.FAILED
    open_gate(machine)
    again.restart(machine.lanes, execution)
    machine.settle()
    runs = machine.runs(execution)
    assert machine.header(execution).state is State.SUCCESS
    assert machine.outputs(runs["last"]) == {"value": f"{where} 1"}
    assert len(runs) == 2 * size + 2
    attempts = [len(run.attempts) for run in runs.values() if run.task == "one"]
    assert sorted(attempts) == [1] * (size - 1) + [2]


RETRYING = (
    HEAD
    + f"""
  - id: gate
    type: {CORE}.execution.Fail
    condition: {GATE}
    retry: {{type: constant, interval: PT1S, LIMIT}}
"""
)


@pytest.mark.parametrize(("limit", "attempts"), [("maxAttempts: 2", [2, 3, 4]), ("maxDuration: PT3S", [3, 4, 5])])
def test_attempts_before_a_restart_count(limit: str, attempts: list[int]) -> None:
    machine = Machine()
    execution = machine.run(RETRYING.replace("LIMIT", limit))
    found = [len(machine.runs(execution)["gate"].attempts)]
    for _ in range(2):
        machine.clock.advance(60)
        again.restart(machine.lanes, execution)
        machine.settle()
        assert machine.header(execution).state is State.FAILED
        found.append(len(machine.runs(execution)["gate"].attempts))
    assert found == attempts


def test_a_success_after_a_restart_is_one_after_a_retry() -> None:
    machine = Machine()
    execution = machine.run(RETRYING.replace("LIMIT", "maxAttempts: 2, warningOnRetry: true"))
    open_gate(machine)
    again.restart(machine.lanes, execution)
    machine.settle()
    assert machine.header(execution).state is State.WARNING


def test_a_restart_of_what_did_not_fail_is_refused() -> None:
    machine = Machine()
    execution = machine.run(HEAD + f"  - {{id: a, type: {CORE}.log.Log, message: a}}\n")
    with pytest.raises(ConflictError):
        again.restart(machine.lanes, execution)


def test_a_replay_from_a_task_keeps_what_came_before() -> None:
    machine = Machine()
    old = machine.run(PLAIN)
    open_gate(machine)
    new = again.replay(machine.lanes, machine.intake, old, "gate", [])
    machine.settle()
    assert states(machine.runs(new).values()) == {
        "first": "SUCCESS",
        "seq": "SUCCESS",
        "gate": "SUCCESS",
        "after": "SUCCESS",
    }
    assert machine.outputs(machine.runs(new)["after"]) == {"value": "12"}
    assert machine.header(old).state is State.FAILED
    assert machine.header(new).parent_id == old


def test_a_replay_from_the_start_runs_everything() -> None:
    machine = Machine()
    old = machine.run(PLAIN)
    open_gate(machine)
    new = again.replay(machine.lanes, machine.intake, old, None, [])
    machine.settle()
    assert len(machine.runs(new)["gate"].attempts) == 1
    assert machine.header(new).state is State.SUCCESS


def test_a_replay_in_a_loop_begins_at_one_value() -> None:
    machine = Machine()
    old = machine.run(each(3, 1, "2"))
    open_gate(machine)
    new = again.replay(machine.lanes, machine.intake, old, "one", ["2"])
    machine.settle()
    assert machine.header(new).state is State.SUCCESS
    assert sorted(states(machine.runs(new).values())) == sorted(
        ["each", "last", *(f"{task}[{number}]" for task in ("one", "two") for number in range(3))]
    )


def test_a_pause_goes_on_when_it_is_resumed() -> None:
    machine = Machine()
    flow = HEAD + f"  - {{id: pause, type: {CORE}.flow.Pause}}\n  - {{id: a, type: {CORE}.log.Log, message: a}}\n"
    execution = machine.run(flow)
    assert machine.header(execution).state is State.PAUSED
    machine.resume(execution)
    machine.settle()
    assert [str(state) for state, _ in machine.runs(execution)["pause"].at] == [
        "CREATED",
        "RUNNING",
        "PAUSED",
        "RUNNING",
        "SUCCESS",
    ]
    assert machine.header(execution).state is State.SUCCESS


def test_a_paused_execution_can_be_killed_with_its_children() -> None:
    machine = Machine()
    child = f"id: child\nnamespace: tests\ntasks:\n  - {{id: pause, type: {CORE}.flow.Pause}}\n"
    parent = HEAD + f"  - {{id: call, type: {CORE}.flow.Subflow, namespace: tests, flowId: child}}\n"
    execution = machine.run(child, parent)
    machine.store.commit([], [envelope(KillExecution(execution))])
    machine.settle()
    [below] = machine.view.caused_by(execution)
    assert below.state is State.KILLED
    assert states(machine.runs(below.id).values()) == {"pause": "KILLED"}
    assert machine.header(execution).state is State.KILLED
    assert states(machine.runs(execution).values()) == {"call": "KILLED"}


def test_a_running_shell_task_is_killed(tmp_path: Path) -> None:
    flow = parse_flow(
        HEAD
        + """
  - id: par
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - {id: long, type: io.kestra.plugin.scripts.shell.Commands, commands: ["echo begun > $MARK; sleep 60"],
         env: {MARK: "%s"}, taskRunner: {type: io.kestra.plugin.core.runner.Process}}
  - {id: never, type: io.kestra.plugin.core.log.Log, message: never}
"""
        % (tmp_path / "mark")
    )
    with embedded(tmp_path / "store", threads=4) as rt:
        execution = rt.intake.accept(rt.flows.deploy(flow), Request()).id
        while not (tmp_path / "mark").exists():
            rt.bus.wait_quiet(0.01)
        rt.store.commit([], [envelope(KillExecution(execution))])
        assert rt.bus.wait_quiet(10)
        assert rt.view.header(execution).state is State.KILLED
        runs = {run.key: str(run.state) for run in rt.view.runs(rt.view.header(execution), None)}
    assert runs == {"par": "KILLED", "long": "KILLED"}


def test_a_task_that_takes_too_long_fails(tmp_path: Path) -> None:
    flow = parse_flow(HEAD + f"  - {{id: slow, type: {CORE}.flow.Sleep, duration: PT20S, timeout: PT0.05S}}\n")
    with embedded(tmp_path, threads=2) as rt:
        execution = rt.intake.accept(rt.flows.deploy(flow), Request()).id
        assert rt.bus.wait_quiet(10)
        shown = rt.view.show(rt.view.header(execution), flow)
    assert shown["state"]["current"] == "FAILED"
    assert any("Timeout" in line["message"] for line in shown["logs"])


@pytest.mark.parametrize("limit", [0, 7])
@pytest.mark.parametrize("where", ["0", "57"])
def test_a_hundred_ways_end_with_or_without_a_failure(limit: int, where: str) -> None:
    machine = Machine()
    execution = machine.run(each(100, limit, where).replace("outputs.two['0'].value", "1"))
    failed = where == "57"
    assert machine.header(execution).state == ("FAILED" if failed else "SUCCESS")
    runs = machine.runs(execution)
    if not failed or limit == 0:
        assert sum(run.task == "one" for run in runs.values()) == 100
    else:
        assert 57 <= sum(run.task == "one" for run in runs.values()) < 57 + 7
