"""Messages about an execution (plugin specification, 10.2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_context import FakeContext

from tiercel.errors import NotFoundError, TaskError
from tiercel.model.states import State
from tiercel.tasks.core.services import Seen
from tiercel.tasks.notifications import executions
from tiercel.tasks.notifications.mail_execution import MailExecution
from tiercel.tasks.notifications.webhooks import Sender

BEGAN = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def seen(state: State, task: str | None = None, *, failed: bool = False) -> Seen:
    return Seen("company.team", "daily", state, BEGAN, BEGAN + timedelta(seconds=90), task, failed)


class Known:
    """The executions of a test, each as it looks the first, the second... time."""

    def __init__(self, **looks: list[Seen]) -> None:
        self.looks = looks

    def look(self, execution: str) -> Seen:
        if execution not in self.looks:
            raise NotFoundError(f"there is no execution '{execution}' in this store")
        found = self.looks[execution]
        return found.pop(0) if len(found) > 1 else found[0]


class Context(FakeContext):
    """An attempt whose waits take no time."""

    def __init__(self, root: Path, known: Known, **variables: object) -> None:
        super().__init__(root, **variables)
        self.executions = known
        self.waits: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return not self.cancelled


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []

    def post(_: Sender, ctx: object, url: str, payload: str, headers: object = None) -> str:
        found.append((url, json.loads(payload)))
        return ""

    monkeypatch.setattr(Sender, "post", post)
    return found


def send(ctx: Context, name: str, **properties: object) -> None:
    kind = getattr(executions, name)
    assert kind.model_validate({"id": "task", "type": "test", **properties}).run(ctx) is None


def test_a_slack_message_tells_how_another_execution_ended(tmp_path: Path, sent: list[Any]) -> None:
    ctx = Context(
        tmp_path, Known(other=[seen(State.FAILED, "load", failed=True)]), kestra={"url": "https://t.example/"}
    )
    send(
        ctx,
        "SlackExecution",
        url="u",
        executionId="other",
        channel="#c",
        customFields={"n": 1},
        customMessage="look",
        payload="ignored",
    )
    (url, message), attachment = sent[0], sent[0][1]["attachments"][0]
    assert (url, message["channel"], "username" in message) == ("u", "#c", False)
    assert attachment["title"] == "[company.team] daily ➛ FAILED"
    assert attachment["title_link"] == "https://t.example/ui/executions/company.team/daily/other"
    assert attachment["text"] == "Failed on task `load` after PT1M30S\nlook"
    assert attachment["color"] == "danger"
    assert {field["title"]: field["value"] for field in attachment["fields"]} == {
        "Namespace": "company.team",
        "Flow ID": "daily",
        "Execution ID": "other",
        "Execution Status": "FAILED",
        "n": "1",
        "Final task ID": "load",
    }


@pytest.mark.parametrize(
    ("state", "color"),
    [(State.SUCCESS, "good"), (State.WARNING, "warning"), (State.CANCELLED, "warning"), (State.KILLED, "danger")],
)
def test_the_colour_is_that_of_the_state(tmp_path: Path, sent: list[Any], state: State, color: str) -> None:
    send(Context(tmp_path, Known(other=[seen(state)])), "SlackExecution", url="u", executionId="other")
    assert sent[0][1]["attachments"][0]["color"] == color
    assert "title_link" not in sent[0][1]["attachments"][0]


def test_another_execution_is_waited_for(tmp_path: Path, sent: list[Any]) -> None:
    ctx = Context(tmp_path, Known(other=[seen(State.RUNNING)] * 9 + [seen(State.SUCCESS)]))
    send(ctx, "SlackExecution", url="u", executionId="other")
    assert ctx.waits == pytest.approx([1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 11.390625, 15, 15])
    assert sent[0][1]["attachments"][0]["title"].endswith("SUCCESS")


def test_an_execution_that_does_not_end_fails_the_task(tmp_path: Path, sent: list[Any]) -> None:
    ctx = Context(tmp_path, Known(other=[seen(State.PAUSED)]))
    with pytest.raises(TaskError, match="the execution other is PAUSED and has not ended within 600 s"):
        send(ctx, "SlackExecution", url="u", executionId="other")
    assert sum(ctx.waits) < 620
    with pytest.raises(TaskError, match=r"there is no execution 'none' .*trigger.executionId"):
        send(ctx, "SlackExecution", url="u", executionId="none")
    assert sent == []


def test_this_execution_is_not_waited_for_and_failed_where_a_task_of_it_did(tmp_path: Path, sent: list[Any]) -> None:
    ctx = Context(tmp_path, Known(execution=[seen(State.RUNNING, "load", failed=True)]))
    send(ctx, "SlackExecution", url="u")
    assert ctx.waits == []
    assert sent[0][1]["attachments"][0]["title"].endswith("FAILED")


@pytest.mark.parametrize(
    ("name", "properties", "part"),
    [
        ("DiscordExecution", {"url": "u", "embedList": [{"title": "t", "color": [1, 2, 3]}]}, '"color": 66051'),
        ("TeamsExecution", {"url": "u", "themeColor": "FF"}, '"themeColor": "FF"'),
        ("GoogleChatExecution", {"url": "u", "text": "above"}, '"text": "above\\n[company.team] daily'),
        ("TelegramExecution", {"token": "1:a", "channel": "@c"}, '"chat_id": "@c"'),
    ],
)
def test_each_service_has_its_form(
    tmp_path: Path, sent: list[Any], name: str, properties: dict[str, Any], part: str
) -> None:
    send(Context(tmp_path, Known(other=[seen(State.SUCCESS, "load")])), name, executionId="other", **properties)
    text = json.dumps(sent[0][1], ensure_ascii=False)
    assert part in text
    for each in ("[company.team] daily ➛ SUCCESS", "Succeeded after PT1M30S", "load"):
        assert each in text


def test_a_mail_tells_how_an_execution_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mails: list[Any] = []
    monkeypatch.setattr(MailExecution, "deliver", lambda _, message: mails.append(message))
    given = {"id": "task", "type": "test", "host": "h", "from": "a@b.c", "to": "d@e.f", "executionId": "other"}
    ctx = Context(
        tmp_path, Known(other=[seen(State.FAILED, "load<1>", failed=True)]), kestra={"url": "https://t.example"}
    )
    MailExecution.model_validate({**given, "customFields": {"n": 1}}).run(ctx)
    html, plain = (mails[0].get_body((kind,)).get_content() for kind in ("html", "plain"))
    assert mails[0]["Subject"] == "[company.team] daily ➛ FAILED"
    assert "Failed on task `load<1>` after PT1M30S" in plain
    assert "load&lt;1&gt;" in html
    assert 'href="https://t.example/ui/executions/company.team/daily/other"' in html
    assert "<td>n</td><td>1</td>" in html
