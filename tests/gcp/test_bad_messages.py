"""Bad messages at the functions' doors: acknowledged, logged, kept as dead letters, and never round and round."""

from __future__ import annotations

import base64
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from gcp.doors import Doors, push
from tiercel.cloud import process
from tiercel.cloud.handling import BAD_TRIES, BROKEN, DONE, LATER
from tiercel.errors import TransientError
from tiercel.model import messages as m
from tiercel.model.states import State
from tiercel.planner import plan
from tiercel.purging import purge
from tiercel.tasks.core.services import Purge, Purged

FLOW = """
id: NAME
namespace: tests
tasks:
  - {id: one, type: io.kestra.plugin.core.debug.Return, format: "1"}
  - {id: two, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.001S}
"""

SECRET = "hunter2"


@pytest.fixture(scope="module")
def installation() -> Iterator[Doors]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # `return_immediately` has no replacement
        doors = Doors(SECRET_PASSWORD=base64.b64encode(SECRET.encode()).decode())
        yield doors
        doors.close()


@pytest.fixture
def doors(installation: Doors, monkeypatch: pytest.MonkeyPatch) -> Doors:
    warnings.simplefilter("ignore", DeprecationWarning)
    monkeypatch.setattr(process, "_cloud", [installation.cloud])
    installation.dead()
    return installation


DEEP = b'{"type":"ResumeTask","execution":"e","lane":"main","run":"r","outputs":' + b'{"a":' * 50_000
UNKNOWN = {
    "nothing": b"",
    "no-json": b"{hunter2",
    "no-text": b"\xff\xfe",
    "no-message": b'{"a": "hunter2"}',
    "no-attributes": push(b'{"type":"StartExecution","execution":"hunter2"}'),
    "foreign": push(b"hunter2", {"colour": "hunter2"}),
    "foreign-with-a-key": push(b"hunter2", {"key": "k"}),
    "unknown-type": push(b'{"type":"hunter2","execution":"e"}', {"key": "k"}),
    "missing-field": push(b'{"type":"WalkLane","execution":"hunter2"}', {"key": "k"}),
    "wrong-field": push(b'{"type":"WalkLane","execution":"e","lane":["hunter2"]}', {"key": "k"}),
    "no-utf-8": push(b'{"type":"WalkLane","execution":"e","lane":"\xff"}', {"key": "k"}),
    "deeply-nested": push(DEEP, {"key": "k"}),
    "no-time": push(b'{"type":"StartExecution","execution":"e"}', {"key": "k", "due": "hunter2"}),
    "no-time-of-ours": push(b'{"type":"StartExecution","execution":"e"}', {"key": "k", "due": "1e300"}),
}


@pytest.mark.parametrize("body", UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize("attempt", ["0", "7"])
def test_what_is_no_message_of_ours_is_a_dead_letter(
    doors: Doors, caplog: pytest.LogCaptureFixture, body: bytes, attempt: str
) -> None:
    assert doors.post(body, headers={"X-CloudTasks-TaskRetryCount": attempt}) == DONE
    (line,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert line.levelno == logging.ERROR
    assert "dead-letter topic" in line.getMessage()
    assert SECRET not in caplog.text
    assert doors.dead() == [body]


def test_an_oversized_message_is_a_dead_letter_cut_short(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    assert doors.post(push(b"x" * (11 << 20), {"key": "k"})) == DONE
    (letter,) = doors.dead()
    assert 1_000_000 < len(letter) < 10_000_000
    assert "more than any message" in caplog.text


def test_a_dead_letter_topic_that_is_gone_stops_nobody(
    doors: Doors, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(body: bytes) -> None:
        raise RuntimeError("there is no such topic")

    monkeypatch.setitem(doors.cloud.handler.__dict__, "bury", gone)
    assert doors.post(b"{") == DONE
    assert "it is dropped" in caplog.text


# ------------------------------------------------------------ replayed

NOBODY = "nobody"
EVERYTHING = Purge(execution=True, logs=True, metrics=True, files=True)


def every_message(execution: str) -> list[m.Message]:
    """Return a message of each type to an execution's first task."""
    lane, run = "main", "one"
    return [
        m.StartExecution(execution),
        m.StartExecution(execution, "sweep/1"),
        m.WalkLane(execution, lane),
        m.WalkLane(execution, "one#0"),
        m.OpenBranches(execution, lane, run, [0]),
        m.OpenBranches(execution, lane, run, [0, 1]),
        m.BranchEnded(execution, lane, run, 0, 0),
        m.StopBranches(execution, lane, run),
        m.TaskDue(execution, lane, run, "retry", 3),
        m.ResumeTask(execution, lane, run),
        m.MarkTask(execution, lane, run, State.FAILED, 3),
        m.RestLanes(execution, 2),
        m.EndRest(execution, 2),
        m.CallFlow(execution, lane, run, 1, "child", "tests", "sub"),
        m.ChildEnded(execution, lane, run, "child"),
        m.RetryExecution(execution),
        m.ExecutionEnded(execution),
        m.ExecutionChanged(execution, State.SUCCESS, 1),
        m.CheckSla(execution, "late"),
        m.KillExecution(execution),
        m.ExecutionFinished(execution),
        m.TriggerDue(execution, "trigger/tests/nobody/none", 1.0),
        m.PollDue(execution, "trigger/tests/nobody/none", 1.0),
    ]


def test_every_message_is_tried() -> None:
    assert {type(each) for each in every_message("e")} == set(m.Message.__args__)


def test_messages_to_an_execution_that_does_not_exist_are_done_with(doors: Doors) -> None:
    for message in every_message(NOBODY):
        assert doors.send(message) == DONE, message
    doors.settle()
    assert doors.dead() == []
    assert doors.cloud.store.get([f"execution/{NOBODY}"]) == [None]


def test_messages_that_are_replayed_to_an_ended_execution_change_nothing(doors: Doors) -> None:
    execution = doors.start(FLOW.replace("NAME", "ended"))
    doors.settle()
    parts = doors.cloud.parts
    before = parts.view.show(doors.header(execution), None)
    assert doors.header(execution).state is State.SUCCESS
    for message in every_message(execution):
        assert doors.send(message) == DONE, message
    doors.settle()
    assert parts.view.show(doors.header(execution), None) == before


def test_messages_to_a_purged_execution_are_done_with(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    letters: list[bytes] = []
    post = doors.post

    def noting(body: bytes, *others: Any) -> int:
        letters.append(body)
        return post(body, *others)

    monkeypatch.setattr(doors, "post", noting)
    execution = doors.start(FLOW.replace("NAME", "purged"))
    doors.settle()
    purge(doors.cloud.store, doors.cloud.parts.services.objects, execution, EVERYTHING, Purged())
    assert doors.cloud.store.get([f"execution/{execution}"]) == [None]
    assert letters
    for body in list(letters):
        assert doors.post(body) == DONE
        assert doors.post(body, "tiercel-tasks") == DONE
    for message in every_message(execution):
        assert doors.send(message) == DONE, message
    doors.settle()
    assert doors.cloud.store.get([f"execution/{execution}"]) == [None]
    assert not list(doors.cloud.store.scan(f"lane/{execution}/"))


# ------------------------------------------------------------ our own mistakes


def test_a_flow_that_crashes_its_function_three_times_is_parked_and_others_go_on(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, codes = plan.go, []

    def broken(walk: Any) -> Any:
        if walk.header.flow_id == "broken":
            raise RuntimeError("a bug of ours")
        return real(walk)

    monkeypatch.setattr(plan, "go", broken)
    post = doors.post

    def noting(*arguments: Any) -> int:
        codes.append(post(*arguments))
        return codes[-1]

    monkeypatch.setattr(doors, "post", noting)
    bad = doors.start(FLOW.replace("NAME", "broken"))
    good = doors.start(FLOW.replace("NAME", "sound"))
    doors.settle()
    assert codes.count(BROKEN) == BAD_TRIES - 1
    assert doors.header(good).state is State.SUCCESS
    header = doors.header(bad)
    assert (header.state, header.finished) == (State.FAILED, True)
    assert "RuntimeError: a bug of ours" in header.logs[-1].message
    assert doors.dead() == []
    assert f"execution {bad} failed (try 3)" in caplog.text


def test_what_is_busy_comes_again_as_often_as_it_takes(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(message: m.Message) -> None:
        raise TransientError("somebody walks there")

    monkeypatch.setitem(doors.cloud.handler.__dict__, "handle", busy)
    execution = doors.start(FLOW.replace("NAME", "busy"))
    for attempt in (1, BAD_TRIES, 50):
        assert doors.send(m.StartExecution(execution), attempt) == LATER
    assert doors.header(execution).state is State.CREATED


def test_what_was_busy_for_long_is_parked_at_its_third_error_and_not_at_its_first(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = [TransientError("somebody walks there"), *[RuntimeError("a bug of ours")] * BAD_TRIES]

    def trouble(_: m.Message) -> None:
        raise errors.pop(0)

    monkeypatch.setitem(doors.cloud.handler.__dict__, "handle", trouble)
    execution = doors.start(FLOW.replace("NAME", "busy-at-first"))
    start = m.StartExecution(execution)
    assert [doors.send(start, attempt) for attempt in (19, 20, 21)] == [LATER, BROKEN, BROKEN]
    assert doors.header(execution).state is State.CREATED
    assert len(list(doors.cloud.store.scan_entries("failures/"))) == 2
    assert doors.send(start, 22) == DONE
    assert doors.header(execution).state is State.FAILED
    assert list(doors.cloud.store.scan_entries("failures/")) == []  # nothing is left of a message that is done with


def test_the_failures_of_a_message_that_is_done_with_are_forgotten(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, errors = doors.cloud.handler.handle, [RuntimeError("once")]

    def trouble(message: m.Message) -> None:
        if errors:
            raise errors.pop()
        real(message)

    monkeypatch.setitem(doors.cloud.handler.__dict__, "handle", trouble)
    start = m.StartExecution(doors.start(FLOW.replace("NAME", "once")))
    assert [doors.send(start, 1), doors.send(start, 2)] == [BROKEN, DONE]
    assert list(doors.cloud.store.scan_entries("failures/")) == []


def test_a_timer_that_does_not_take_a_message_has_it_come_again(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_: object) -> None:
        raise TransientError("the queue did not answer")

    monkeypatch.setitem(doors.cloud.handler.__dict__, "put_off", busy)
    early = {"key": "k", "due": "4102444800"}
    assert doors.post(push(m.encode_message(m.StartExecution("e")), early)) == LATER


def test_no_secret_is_logged(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    execution = doors.start("""
id: confidant
namespace: tests
tasks:
  - {id: say, type: io.kestra.plugin.core.log.Log, message: "it is {{ secret('PASSWORD') }}"}
  - {id: fail, type: io.kestra.plugin.core.execution.Fail, errorMessage: "no {{ secret('PASSWORD') }}"}
""")
    doors.settle()
    header = doors.header(execution)
    assert header.state is State.FAILED
    assert SECRET not in caplog.text
    assert SECRET not in str(doors.cloud.parts.view.show(header, None))
