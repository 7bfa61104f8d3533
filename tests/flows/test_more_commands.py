"""What people decide over the engine's head: pause, unqueue, force-run, states, labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.scenes import Place, labels, outputs, place, states
from tiercel import actions
from tiercel.errors import ConflictError, InputError, NotFoundError
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.messages import EndRest, RestLanes
from tiercel.model.states import State

CORE = "io.kestra.plugin.core"
HEAD = "id: more\nnamespace: tests\n"
FIFO = (
    "{{id: {name}, type: io.kestra.plugin.scripts.shell.Commands, commands: ['cat < {path}'],"
    " taskRunner: {{type: io.kestra.plugin.core.runner.Process}}}}"
)
AFTER = f"{{id: after, type: {CORE}.debug.Return, format: done}}"
PAUSE = f"{{id: stop, type: {CORE}.flow.Pause}}"
LIMITED = HEAD + f"concurrency: {{limit: 1}}\ntasks:\n  - {PAUSE}\n  - {AFTER}\n"
FAILS = (
    HEAD
    + f"""
tasks:
  - {{id: first, type: {CORE}.debug.Return, format: "1"}}
  - id: seq
    type: {CORE}.flow.Sequential
    tasks:
      - {{id: bad, type: {CORE}.execution.Fail}}
      - {{id: next, type: {CORE}.debug.Return, format: "{{{{ outputs.first.value }}}}2"}}
errors:
  - {{id: sorry, type: {CORE}.log.Log, message: sorry}}
"""
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path / "store") as found:
        yield found


class Gate:
    """A task that runs until it is let go; being opened says that it runs."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.task = FIFO.format(name=name, path=self.path)
        os.mkfifo(self.path)

    def reach(self) -> int:
        """Wait until the task runs."""
        return os.open(self.path, os.O_WRONLY)


def begin(here: Place, source: str) -> str:
    return here.rt.intake.accept(here.rt.flows.deploy(parse_flow(source)), Request()).id


def state(here: Place, execution: str) -> State:
    return here.rt.view.header(execution).state


def history(here: Place, execution: str) -> list[str]:
    return [str(each) for each, _ in here.rt.view.header(execution).at]


def paused_at(here: Place, gate: Gate, source: str) -> str:
    """Begin an execution, pause it while the task at the gate runs, let the task end."""
    execution = begin(here, source)
    held = gate.reach()
    actions.pause(here.rt, execution)
    os.close(held)
    here.settle()
    return execution


# ------------------------------------------------------------------ pause and resume


def test_a_paused_execution_ends_what_runs_and_begins_nothing(here: Place, tmp_path: Path) -> None:
    gate = Gate(tmp_path, "gate")
    execution = paused_at(here, gate, HEAD + f"tasks:\n  - {gate.task}\n  - {AFTER}\n")
    shown = here.shown(execution)
    assert states(shown) == {"gate": "SUCCESS"}
    assert shown["state"]["current"] == "PAUSED"
    for _ in range(2):
        if state(here, execution) is State.PAUSED:
            actions.resume(here.rt, execution, {})
            here.settle()
    assert states(here.shown(execution)) == {"gate": "SUCCESS", "after": "SUCCESS"}
    assert history(here, execution) == ["CREATED", "RUNNING", "PAUSED", "RUNNING", "SUCCESS"]


def test_a_pause_after_the_last_task_leaves_the_end_to_the_resume(here: Place, tmp_path: Path) -> None:
    gate = Gate(tmp_path, "gate")
    execution = paused_at(here, gate, HEAD + f"tasks:\n  - {gate.task}\n")
    assert state(here, execution) is State.PAUSED
    actions.resume(here.rt, execution, {})
    actions.resume(here.rt, execution, {})
    here.settle()
    assert state(here, execution) is State.SUCCESS


@pytest.mark.parametrize("kind", ["Parallel, concurrent: 1", "Parallel"])
def test_every_lane_of_a_paused_execution_stands_still(here: Place, tmp_path: Path, kind: str) -> None:
    one, two = Gate(tmp_path, "one"), Gate(tmp_path, "two")
    branches = "\n".join(
        f"      - {{id: b{gate.path.name}, type: {CORE}.flow.Sequential, tasks: [{gate.task}, "
        f"{{id: then{gate.path.name}, type: {CORE}.debug.Return, format: a}}]}}"
        for gate in (one, two)
    )
    kind, _, limit = kind.partition(", ")
    flow = f"tasks:\n  - id: par\n    type: {CORE}.flow.{kind}\n    {limit}\n    tasks:\n{branches}\n  - {AFTER}\n"
    execution = begin(here, HEAD + flow)
    held = [one.reach()] if limit else [one.reach(), two.reach()]
    actions.pause(here.rt, execution)
    for each in held:
        os.close(each)
    here.settle()
    found = states(here.shown(execution))
    assert not {"thenone", "thentwo", "after"} & found.keys()
    assert state(here, execution) is State.PAUSED
    actions.resume(here.rt, execution, {})
    if limit:
        os.close(two.reach())
    here.settle()
    found = states(here.shown(execution))
    assert set(found.values()) == {"SUCCESS"}
    assert len(found) == 8
    assert state(here, execution) is State.SUCCESS


def test_a_paused_execution_can_be_killed(here: Place, tmp_path: Path) -> None:
    gate = Gate(tmp_path, "gate")
    execution = paused_at(here, gate, HEAD + f"tasks:\n  - {gate.task}\n  - {AFTER}\n")
    actions.kill(here.rt, execution)
    here.settle()
    assert state(here, execution) is State.KILLED
    assert states(here.shown(execution)) == {"gate": "SUCCESS"}


def test_messages_of_a_pause_that_come_late_or_twice_change_nothing(here: Place, tmp_path: Path) -> None:
    one, two = Gate(tmp_path, "one"), Gate(tmp_path, "two")
    execution = paused_at(here, one, HEAD + f"tasks:\n  - {one.task}\n  - {two.task}\n  - {AFTER}\n")
    number = len(here.rt.view.header(execution).at)
    here.rt.engine.handle(RestLanes(execution, number))
    actions.resume(here.rt, execution, {})
    held = two.reach()
    here.rt.engine.handle(RestLanes(execution, number))
    actions.pause(here.rt, execution)
    here.rt.engine.handle(EndRest(execution, number))
    os.close(held)
    here.settle()
    assert states(here.shown(execution)) == {"one": "SUCCESS", "two": "SUCCESS"}
    number = len(here.rt.view.header(execution).at)
    for _ in range(2):
        here.rt.engine.handle(EndRest(execution, number))
        here.settle()
    assert states(here.shown(execution)) == {"one": "SUCCESS", "two": "SUCCESS", "after": "SUCCESS"}
    assert history(here, execution).count("PAUSED") == 2


def test_a_pause_twice_and_a_pause_of_what_has_ended_are_refused(here: Place, tmp_path: Path) -> None:
    gate = Gate(tmp_path, "gate")
    execution = paused_at(here, gate, HEAD + f"tasks:\n  - {gate.task}\n")
    with pytest.raises(ConflictError, match="is PAUSED; only one that is RUNNING"):
        actions.pause(here.rt, execution)
    with pytest.raises(ConflictError, match="PAUSED as a whole; resume it"):
        actions.restart(here.rt, execution)
    actions.resume(here.rt, execution, {})
    here.settle()
    with pytest.raises(ConflictError, match="is SUCCESS; only one that is RUNNING"):
        actions.pause(here.rt, execution)
    with pytest.raises(ConflictError, match="The execution is not paused"):
        actions.resume(here.rt, execution, {})
    with pytest.raises(NotFoundError):
        actions.pause(here.rt, "nobody")


# ------------------------------------------------------------------ the queue


def queued(here: Place) -> str:
    """Begin two executions of a flow that lets one run; return the one that waits."""
    here.begin(LIMITED)
    execution = here.begin(LIMITED)
    assert state(here, execution) is State.QUEUED
    return execution


@pytest.mark.parametrize(("wanted", "left"), [("RUNNING", "PAUSED"), ("CANCELLED", "CANCELLED"), ("FAILED", "FAILED")])
def test_a_queued_execution_leaves_the_queue(here: Place, wanted: str, left: str) -> None:
    execution = queued(here)
    actions.unqueue(here.rt, execution, State(wanted))
    here.settle()
    assert state(here, execution) == left
    assert history(here, execution)[:3] == ["CREATED", "QUEUED", wanted]
    with pytest.raises(ConflictError, match=f"is {left}; only one that is QUEUED"):
        actions.unqueue(here.rt, execution)


def test_a_queue_is_left_into_three_states_only(here: Place) -> None:
    execution = queued(here)
    with pytest.raises(ConflictError, match="found SUCCESS"):
        actions.unqueue(here.rt, execution, State.SUCCESS)
    assert state(here, execution) is State.QUEUED


# ------------------------------------------------------------------ force-run


def test_a_queued_execution_is_forced_to_run(here: Place) -> None:
    execution = queued(here)
    actions.force_run(here.rt, execution)
    here.settle()
    assert states(here.shown(execution)) == {"stop": "PAUSED"}
    actions.force_run(here.rt, execution)
    here.settle()
    assert state(here, execution) is State.SUCCESS
    with pytest.raises(ConflictError, match="is SUCCESS; only one that has not ended"):
        actions.force_run(here.rt, execution)


def test_an_execution_is_forced_to_run_before_its_date_and_only_once(here: Place) -> None:
    due = here.clock.now().timestamp() + 3600
    execution = here.begin(HEAD + f"tasks:\n  - {AFTER}\n", Request(schedule_date=due))
    assert state(here, execution) is State.CREATED
    actions.force_run(here.rt, execution)
    here.settle()
    assert state(here, execution) is State.SUCCESS
    here.clock.advance(3601)
    here.settle()
    assert history(here, execution) == ["CREATED", "RUNNING", "SUCCESS"]


def test_a_pause_is_forced_to_end_and_a_running_execution_only_told_again(here: Place, tmp_path: Path) -> None:
    gate = Gate(tmp_path, "gate")
    execution = begin(here, HEAD + f"tasks:\n  - {gate.task}\n  - {AFTER}\n")
    held = gate.reach()
    actions.force_run(here.rt, execution)
    actions.pause(here.rt, execution)
    os.close(held)
    here.settle()
    assert state(here, execution) is State.PAUSED
    actions.force_run(here.rt, execution)
    here.settle()
    assert state(here, execution) is State.SUCCESS
    assert all(len(run["attempts"]) == 1 for run in here.shown(execution)["taskRunList"])


# ------------------------------------------------------------------ states by hand


def test_the_status_of_an_ended_execution_is_changed_and_nothing_runs(here: Place) -> None:
    execution = here.begin(FAILS)
    before = here.shown(execution)["taskRunList"]
    for _ in range(2):
        actions.change_status(here.rt, execution, State.WARNING)
        here.settle()
    assert history(here, execution) == ["CREATED", "RUNNING", "FAILED", "WARNING"]
    assert here.shown(execution)["taskRunList"] == before


def test_a_status_is_changed_only_after_the_end_and_only_to_an_end(here: Place) -> None:
    execution = here.begin(HEAD + f"tasks:\n  - {PAUSE}\n")
    with pytest.raises(ConflictError, match="is PAUSED; only the status of one that has ended"):
        actions.change_status(here.rt, execution, State.SUCCESS)
    with pytest.raises(ConflictError, match="found the state RUNNING, wanted one of SUCCESS"):
        actions.change_status(here.rt, execution, State.RUNNING)


def test_a_failed_task_is_declared_done_and_the_flow_goes_on(here: Place) -> None:
    execution = here.begin(FAILS)
    assert states(here.shown(execution))["sorry"] == "SUCCESS"
    for _ in range(2):
        actions.change_state(here.rt, execution, "bad", [], State.SUCCESS)
        here.settle()
    shown = here.shown(execution)
    assert states(shown) == {"first": "SUCCESS", "seq": "SUCCESS", "bad": "SUCCESS", "next": "SUCCESS"}
    assert outputs(shown, "next") == {"value": "12"}
    assert history(here, execution) == ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]
    [bad] = [run for run in shown["taskRunList"] if run["taskId"] == "bad"]
    assert [attempt["state"]["current"] for attempt in bad["attempts"]] == ["SUCCESS"]


def test_a_task_is_named_by_the_id_of_its_run_too(here: Place) -> None:
    shown = here.run(FAILS)
    [bad] = [run["id"] for run in shown["taskRunList"] if run["taskId"] == "bad"]
    actions.change_state(here.rt, shown["id"], bad, [], State.WARNING)
    here.settle()
    assert state(here, shown["id"]) is State.WARNING


def test_a_task_that_succeeded_is_declared_failed(here: Place) -> None:
    execution = here.begin(
        HEAD + f"tasks:\n  - {AFTER}\nerrors:\n  - {{id: sorry, type: {CORE}.log.Log, message: a}}\n"
    )
    actions.change_state(here.rt, execution, "after", [], State.FAILED)
    here.settle()
    assert states(here.shown(execution)) == {"after": "FAILED", "sorry": "SUCCESS"}
    assert state(here, execution) is State.FAILED


def test_a_task_declared_cancelled_cancels_the_execution(here: Place) -> None:
    execution = here.begin(FAILS)
    actions.change_state(here.rt, execution, "bad", [], State.CANCELLED)
    here.settle()
    assert states(here.shown(execution)) == {"first": "SUCCESS", "seq": "CANCELLED", "bad": "CANCELLED"}
    assert state(here, execution) is State.CANCELLED


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_the_last_task_of_a_round_is_declared_done_and_the_loop_closes(here: Place, limit: int) -> None:
    loop = f"""
tasks:
  - id: each
    type: {CORE}.flow.ForEach
    values: [a, b, c]
    concurrencyLimit: {limit}
    tasks:
      - {{id: one, type: {CORE}.execution.Fail, condition: "{{{{ taskrun.value == 'c' }}}}"}}
  - {AFTER}
"""
    execution = here.begin(HEAD + loop)
    assert state(here, execution) is State.FAILED
    actions.change_state(here.rt, execution, "one", ["c"], State.SUCCESS)
    here.settle()
    assert state(here, execution) is State.SUCCESS
    assert outputs(here.shown(execution), "after") == {"value": "done"}
    assert len(here.shown(execution)["taskRunList"]) == 5


def test_a_paused_task_is_given_its_state(here: Place) -> None:
    execution = here.begin(HEAD + f"tasks:\n  - {PAUSE}\n  - {AFTER}\n")
    actions.change_state(here.rt, execution, "stop", [], State.FAILED)
    here.settle()
    assert states(here.shown(execution)) == {"stop": "FAILED"}
    assert state(here, execution) is State.FAILED


def test_a_running_task_is_declared_done_and_its_own_end_comes_too_late(here: Place, tmp_path: Path) -> None:
    gate = Gate(tmp_path, "gate")
    execution = begin(here, HEAD + f"tasks:\n  - {gate.task}\n  - {PAUSE}\n")
    held = gate.reach()
    for _ in range(2):
        actions.change_state(here.rt, execution, "gate", [], State.WARNING)
    while state(here, execution) is not State.PAUSED:
        here.rt.bus.wait_quiet(0.01)
    os.close(held)
    here.settle()
    assert states(here.shown(execution)) == {"gate": "WARNING", "stop": "PAUSED"}


def test_states_that_cannot_be_given_are_refused(here: Place) -> None:
    failed = here.begin(FAILS)
    with pytest.raises(ConflictError, match="found the state RUNNING"):
        actions.change_state(here.rt, failed, "bad", [], State.RUNNING)
    with pytest.raises(NotFoundError, match="those that have: bad, first"):
        actions.change_state(here.rt, failed, "nothing", [], State.FAILED)
    paused = here.begin(HEAD + f"tasks:\n  - {AFTER}\n  - {PAUSE}\n")
    with pytest.raises(
        ConflictError, match="is PAUSED and task 'after' is SUCCESS; wanted an execution that has ended"
    ):
        actions.change_state(here.rt, paused, "after", [], State.FAILED)
    assert (state(here, failed), state(here, paused)) == (State.FAILED, State.PAUSED)


# ------------------------------------------------------------------ labels


def test_labels_are_added_and_replaced_in_any_state(here: Place) -> None:
    source = HEAD + f"labels: {{team: a}}\ntasks:\n  - {PAUSE}\n"
    execution = here.begin(source)
    for _ in range(2):
        actions.set_labels(here.rt, execution, [("team", "b"), ("note", "seen")])
    actions.resume(here.rt, execution, {})
    here.settle()
    actions.set_labels(here.rt, execution, [("note", "ended")])
    found = labels(here.shown(execution))
    assert (found["team"], found["note"], found["system.correlationId"]) == ("b", "ended", execution)


@pytest.mark.parametrize("label", [("system.restarted", "true"), ("system.correlationId", "x"), (" ", "x"), ("a", "")])
def test_labels_that_are_not_a_persons_to_set_are_refused(here: Place, label: tuple[str, str]) -> None:
    execution = here.begin(HEAD + f"tasks:\n  - {AFTER}\n")
    before = here.shown(execution)
    with pytest.raises(InputError):
        actions.set_labels(here.rt, execution, [("fine", "a"), label])
    assert here.shown(execution) == before
