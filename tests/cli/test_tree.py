"""The tree of task runs: bounded however many there are."""

from __future__ import annotations

import time

import pytest

from tiercel.cli.progress import seconds_text
from tiercel.cli.tree import Picture
from tiercel.model.execution import Execution, TaskRun
from tiercel.model.states import State


def header(state: State = State.RUNNING) -> Execution:
    return Execution("x", "tests", "one", 1, [(State.CREATED, 0.0), (state, 0.0)])


def run(key: str, state: State = State.SUCCESS, parent: str | None = None, **more: object) -> TaskRun:
    at = [(State.CREATED, 0.0), (state, 1.0)]
    return TaskRun(key, key.partition("[")[0], at, parent, **more)  # type: ignore[arg-type]


def drawn(runs: list[TaskRun], height: int | None = None) -> list[str]:
    picture = Picture()
    picture.see(header(), runs)
    return ["".join(text for text, _ in line) for line in picture.lines(2.0, plain=True, height=height)]


def test_of_many_siblings_the_counts_and_the_loud_ones_are_shown() -> None:
    states = {7: State.FAILED, 500: State.RUNNING}
    runs = [run("each", State.RUNNING)]
    runs += [run(f"a[{n}]", states.get(n, State.SUCCESS), "each", value=str(n), iteration=n) for n in range(1000)]
    lines = drawn(runs, height=20)
    assert lines[1:] == [
        "  > each  2.00 s",
        "    1000: 1 FAILED, 1 RUNNING, 998 SUCCESS",
        "    x a [7] FAILED  1.00 s",
        "    > a [500]  2.00 s",
    ]


def test_a_picture_is_never_higher_than_asked_for() -> None:
    runs = []
    for n in range(40):
        runs.append(run(f"p{n}", State.RUNNING))
        runs += [run(f"c{n}-{m}", State.RUNNING, f"p{n}") for m in range(30)]
    for height in (1, 2, 5, 24):
        assert len(drawn(runs, height)) <= height
    assert len(drawn(runs)) > 500


def test_what_runs_is_shown_where_there_is_no_room_for_what_is_done() -> None:
    runs = [run(f"done{n}", parent=f"p{n}") for n in range(10)] + [run(f"p{n}") for n in range(10)]
    lines = drawn([*runs, run("now", State.RUNNING)], height=5)
    assert lines[1:] == ["  11: 1 RUNNING, 10 SUCCESS", "  > now  2.00 s"]


def test_attempts_and_retries_are_counted_from_the_first_start() -> None:
    again = run("a", State.FAILED)
    again.attempts = [None, None]  # type: ignore[list-item]
    assert drawn([again])[1] == "  x a FAILED 2 attempts  1.00 s"


def test_a_picture_of_ten_thousand_runs_is_quick() -> None:
    picture = Picture()
    runs = [run(f"a[{n}]", parent="each", value=str(n), iteration=n) for n in range(10_000)]
    picture.see(header(), [run("each", State.RUNNING), *runs])
    began = time.perf_counter()
    picture.lines(2.0, plain=False, height=20)
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.00 s"), (1.234, "1.23 s"), (59.96, "60.0 s"), (61, "1 min 01 s"), (3700, "1 h 01 min")],
)
def test_lengths_of_time_are_for_people(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text
