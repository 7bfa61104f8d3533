"""Random flows: what they leave follows from the flow alone, whatever happens to the messages."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from machine import Machine, states
from planner.random_flows import PAUSING, Task, flows, source
from planner.reference import Reference
from planner.weather import machine
from tiercel.archive import envelope
from tiercel.model.execution import TaskRun, is_hidden
from tiercel.model.messages import KillExecution
from tiercel.model.states import State
from tiercel.tasks.core.debug import Return
from tiercel.tasks.core.execution import Fail

EXAMPLES = int(os.environ.get("TIERCEL_EXAMPLES", "60"))
few = settings(max_examples=EXAMPLES, deadline=None, print_blob=False, suppress_health_check=list(HealthCheck))


@contextmanager
def effectful(yes: bool) -> Iterator[None]:
    """Have Return and Fail treated as tasks with an effect, which no commit may fold."""
    Return.inline = Fail.inline = not yes
    try:
        yield
    finally:
        Return.inline = Fail.inline = True


def run(flow: Task, seed: int) -> tuple[Machine, str]:
    """Run a random flow in the weather of a seed."""
    found = machine(seed)
    note(f"seed {seed}")
    return found, found.run(source(flow))


def check(reference: Reference, found: Machine, execution: str) -> None:
    """Compare an execution with what the reference says."""
    runs = {key: run for key, run in found.runs(execution).items() if not is_hidden(run.task)}
    left = states(runs.values())
    assert left.items() <= reference.runs.items()
    assert reference.runs.keys() - left.keys() <= reference.maybe
    assert found.header(execution).state == reference.state
    assert found.header(execution).finished
    for key, run in runs.items():
        assert len(run.attempts) == reference.attempts.get(key, 0) or run.state is State.SKIPPED, key
        if key in reference.values and run.state is not State.SKIPPED:
            assert found.outputs(run) == {"value": reference.values[key]}
        if key in reference.loops and run.state is not State.SKIPPED:
            assert found.outputs(run) == reference.loops[key]
    _check_order(reference, runs)


def _check_order(reference: Reference, runs: dict[str, TaskRun]) -> None:
    for before, after in reference.before:
        if before in runs and after in runs:
            assert runs[before].at[-1][1] <= runs[after].at[0][1], f"{before} ends before {after} begins"


@few
@given(flows(), st.booleans())
def test_it_leaves_what_the_specification_says(flow: Task, effects: bool) -> None:
    with effectful(effects):
        found, execution = run(flow, 0)
        check(Reference(flow), found, execution)


@few
@given(flows(), st.booleans(), st.integers(1, 2**32))
def test_order_and_repeats_of_messages_change_nothing(flow: Task, effects: bool, seed: int) -> None:
    with effectful(effects):
        found, execution = run(flow, seed)
        check(Reference(flow), found, execution)


@few
@given(flows(), st.integers(1, 2**32))
def test_an_ended_execution_stays_ended(flow: Task, seed: int) -> None:
    with effectful(True):
        found, execution = run(flow, seed)
        before = found.runs(execution), found.header(execution)
        for message in list(found.memory.sent):
            found.store.commit([], [message])
        found.settle()
        assert (found.runs(execution), found.header(execution)) == before


@few
@given(flows(), st.integers(1, 2**32))
def test_a_message_is_named_from_its_cause(flow: Task, seed: int) -> None:
    with effectful(True):
        found, _ = run(flow, seed)
    bodies = defaultdict(set)
    for message in found.memory.sent:
        bodies[message.key].add(message.body)
    assert all(len(each) == 1 for each in bodies.values()), bodies


@few
@given(flows(PAUSING), st.integers(1, 2**32))
def test_with_nothing_in_flight_it_has_ended_or_is_paused(flow: Task, seed: int) -> None:
    found, execution = run(flow, seed)
    while not found.header(execution).finished:
        header = found.header(execution)
        assert header.paused
        assert header.state is State.PAUSED
        paused = [run.key for run in found.runs(execution).values() if run.state is State.PAUSED]
        assert sorted(header.paused) == sorted(paused)
        found.resume(execution)
        found.settle()
    check(Reference(flow), found, execution)


@few
@given(flows(PAUSING), st.integers(1, 2**32))
def test_a_killed_execution_ends_with_all_its_runs(flow: Task, seed: int) -> None:
    with effectful(True):
        found = machine(seed)
        execution = found.start(found.deploy(source(flow)))
        for _ in range(seed % 12):
            found.deliver()
        found.store.commit([], [envelope(KillExecution(execution))])
        found.settle()
    assert not found.poisons, found.poisons
    header = found.header(execution)
    assert header.finished
    assert header.state.is_terminal
    assert header.state is State.KILLED or State.KILLING not in {state for state, _ in header.at}
    assert all(run.state.is_terminal for run in found.runs(execution).values())
    assert all(run.attempts[-1].state.is_terminal for run in found.runs(execution).values() if run.attempts)
