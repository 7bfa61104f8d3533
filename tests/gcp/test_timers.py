"""Timers on Cloud Tasks, against a stand-in that speaks its protocol."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.tasks_v2 import HttpMethod

from clocks import HandClock
from gcp.standin import answering
from tiercel.adapters.gcp import trying
from tiercel.adapters.gcp.push import decode
from tiercel.adapters.gcp.timers import CloudTasks
from tiercel.errors import TiercelError, TransientError
from tiercel.ports import Envelope

QUEUE = "projects/p/locations/l/queues/q"
DAY = 86400.0


class Queue:
    """Keeps tasks as Cloud Tasks does: a name is taken once."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.refusals: list[tuple[int, str]] = []
        """Answered first, one by one."""

    def create(self, path: str, task: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        assert path.startswith(f"/v2/{QUEUE}/tasks"), path
        if self.refusals:
            code, status = self.refusals.pop(0)
            return code, {"error": {"code": code, "status": status, "message": f"it is {status}"}}
        if task["name"] in self.tasks:
            return 409, {"error": {"code": 409, "status": "ALREADY_EXISTS", "message": "there is such a task"}}
        self.tasks[task["name"]] = task
        return 200, {"name": task["name"]}

    @property
    def only(self) -> dict[str, Any]:
        (task,) = self.tasks.values()
        return task


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setattr("tiercel.adapters.gcp.trying.time.sleep", lambda seconds: None)
    return Queue()


@pytest.fixture
def host(queue: Queue) -> Iterator[str]:
    with answering(lambda path, asked: queue.create(path, asked["task"])) as found:
        yield found


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def timers(host: str, clock: HandClock) -> Iterator[CloudTasks]:
    timers = CloudTasks(queue=QUEUE, url="https://f.example/advance", clock=clock, host=host)
    yield timers
    timers.close()


def seconds(task: dict[str, Any]) -> float:
    return datetime.fromisoformat(task["scheduleTime"].replace("Z", "+00:00")).astimezone(UTC).timestamp()


def body(task: dict[str, Any]) -> bytes:
    return base64.b64decode(task["httpRequest"]["body"])


def test_a_task_posts_the_message_as_a_subscription_would(queue: Queue, timers: CloudTasks, clock: HandClock) -> None:
    sent = Envelope("TaskDue/e/main", b"\x00body", clock.now().timestamp() + 60.25)
    timers.at(sent)
    request = queue.only["httpRequest"]
    assert (request["url"], request["httpMethod"]) == ("https://f.example/advance", HttpMethod.POST)
    assert "oidcToken" not in request
    found = decode({"X-CloudTasks-TaskRetryCount": "0"}, body(queue.only))
    assert found.envelope() == sent
    assert found.delivery().attempt == 1
    assert found.subscription == QUEUE
    assert queue.only["name"] == f"{QUEUE}/tasks/{found.message_id}"
    assert seconds(queue.only) == pytest.approx(sent.due, abs=1e-5)
    assert queue.only["dispatchDeadline"] == "1800s"


def test_a_double_is_one_task(queue: Queue, timers: CloudTasks, clock: HandClock) -> None:
    due = clock.now().timestamp() + 60
    timers.at(Envelope("k", b"", due))
    clock.advance(5)
    timers.at(Envelope("k", b"", due))
    assert len(queue.tasks) == 1
    timers.at(Envelope("k", b"", due + 1))
    timers.at(Envelope("l", b"", due))
    assert len(queue.tasks) == 3


def test_a_long_wait_is_made_of_several(queue: Queue, timers: CloudTasks, clock: HandClock) -> None:
    sent = Envelope("k", b"", clock.now().timestamp() + 70 * DAY)
    waits = []
    while clock.now().timestamp() < sent.due:
        queue.tasks.clear()
        timers.at(sent)
        waits.append((seconds(queue.only) - clock.now().timestamp()) / DAY)
        clock.set(datetime.fromtimestamp(seconds(queue.only), UTC))
        sent = decode({}, body(queue.only)).envelope()
    assert waits == pytest.approx([12, 29, 29], abs=1e-6)


def test_each_part_of_a_long_wait_has_a_name_of_its_own(queue: Queue, timers: CloudTasks, clock: HandClock) -> None:
    due = clock.now().timestamp() + 58 * DAY
    for _ in range(2):
        timers.at(Envelope("k", b"", due))
        timers.at(Envelope("k", b"", due))
        clock.advance(29 * DAY)
    assert len(queue.tasks) == 2


def test_a_function_is_shown_who_calls(queue: Queue, host: str, clock: HandClock) -> None:
    timers = CloudTasks(
        queue=QUEUE,
        url="https://f.example/advance",
        works_url="https://f.example/execute",
        service_account="caller@p.iam.gserviceaccount.com",
        clock=clock,
        host=host,
    )
    timers.at(Envelope("k", b"", clock.now().timestamp() + 60, works=True))
    timers.close()
    request = queue.only["httpRequest"]
    assert request["url"] == "https://f.example/execute"
    assert request["oidcToken"] == {
        "serviceAccountEmail": "caller@p.iam.gserviceaccount.com",
        "audience": "https://f.example/execute",
    }


def test_a_busy_queue_is_asked_again(queue: Queue, timers: CloudTasks, clock: HandClock) -> None:
    queue.refusals = [(503, "UNAVAILABLE"), (429, "RESOURCE_EXHAUSTED"), (409, "ABORTED")]
    timers.at(Envelope("k", b"", clock.now().timestamp() + 60))
    assert len(queue.tasks) == 1


def test_a_queue_that_stays_busy_is_trouble_that_passes(queue: Queue, timers: CloudTasks, clock: HandClock) -> None:
    queue.refusals = [(503, "UNAVAILABLE")] * 10
    with pytest.raises(TransientError, match=f"the queue {QUEUE} did not answer: ServiceUnavailable"):
        timers.at(Envelope("k", b"", clock.now().timestamp() + 60))
    assert len(queue.refusals) == 10 - trying.TRIES


def test_a_queue_that_is_not_there_is_named(queue: Queue, timers: CloudTasks, clock: HandClock) -> None:
    queue.refusals = [(404, "NOT_FOUND")]
    with pytest.raises(TiercelError, match=f"the queue {QUEUE} refuses: .*it is NOT_FOUND") as refused:
        timers.at(Envelope("k", b"", clock.now().timestamp() + 60))
    assert not isinstance(refused.value, TransientError)


def test_nobody_at_the_other_end_is_trouble_that_passes(clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.adapters.gcp.trying.time.sleep", lambda seconds: None)
    timers = CloudTasks(queue=QUEUE, url="https://f.example/advance", clock=clock, host="127.0.0.1:1")
    with pytest.raises(TransientError, match="did not answer: ConnectionError"):
        timers.at(Envelope("k", b"", clock.now().timestamp() + 60))
    timers.close()


def test_a_message_that_no_task_takes_is_refused_in_words(timers: CloudTasks, clock: HandClock) -> None:
    with pytest.raises(TiercelError, match=r"the message 'k' has 800000 bytes, too many .* keep large values in files"):
        timers.at(Envelope("k", random.Random(7).randbytes(800_000), clock.now().timestamp() + 60))
