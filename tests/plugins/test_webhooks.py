"""Messages to chat services, against a server of this machine (plugin specification, 10.1)."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_context import FakeContext
from pydantic import ValidationError

from tiercel.errors import TaskError
from tiercel.registry import find
from tiercel.tasks.notifications import webhooks
from tiercel.tasks.notifications.payloads import escape_controls, slack_text
from tiercel.tasks.notifications.webhooks import SlackIncomingWebhook, TelegramSend, Webhook


class Service(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent; the path says with which status it answers."""

    seen: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append({"path": self.path, "body": body, "headers": headers})
        code = int(self.path.removeprefix("/")) if self.path[1:].isdigit() else 200
        self.send_response(code)
        self.send_header("Content-Length", "14")
        self.end_headers()
        self.wfile.write(b"invalid_blocks")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
        pass


@pytest.fixture
def service() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    handler = type("Handler", (Service,), {"seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler.seen  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def send(ctx: FakeContext, plugin: type[Any], **properties: object) -> None:
    task = plugin.model_validate({"id": "task", "type": "test", **properties})
    assert task.run(ctx) is None


WEBHOOKS = sorted(name for name, kind in vars(webhooks).items() if isinstance(kind, type) and issubclass(kind, Webhook))


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_payload_is_posted_as_it_is(ctx: FakeContext, service: Any, name: str) -> None:
    url, seen = service
    payload = '{"text":  "a\\nb", "n": 1.50}'
    send(ctx, getattr(webhooks, name), url=url, payload=payload, options={"headers": {"X-A": "1"}})
    assert seen[0]["body"] == payload
    assert seen[0]["headers"]["content-type"] == "application/json"
    assert seen[0]["headers"]["x-a"] == "1"


def test_line_breaks_inside_the_texts_of_a_payload_are_escaped(ctx: FakeContext, service: Any) -> None:
    url, seen = service
    send(ctx, SlackIncomingWebhook, url=url, payload='{\n  "text": "one\ntwo\t\\"three\\"",\n  "x": 1\n}')
    assert json.loads(seen[0]["body"]) == {"text": 'one\ntwo\t"three"', "x": 1}


def test_escaping_leaves_what_stands_between_texts(ctx: FakeContext) -> None:
    assert escape_controls('{\n"a\\\\":\r"\r"}') == '{\n"a\\\\":\r"\\r"}'


def test_a_payload_that_is_no_json_is_shown_where_it_breaks(ctx: FakeContext, service: Any) -> None:
    url, seen = service
    with pytest.raises(TaskError, match=r"payload is not JSON: .* in line 1, column 17, near .*said \"no\""):
        send(ctx, SlackIncomingWebhook, url=url, payload='{"text": "said "no""}')
    with pytest.raises(TaskError, match="payload and messageText are both missing"):
        send(ctx, SlackIncomingWebhook, url=url)
    with pytest.raises(TaskError, match="payload is missing"):
        send(ctx, webhooks.DiscordIncomingWebhook, url=url)
    assert seen == []


@pytest.mark.parametrize("code", [304, 400, 500])
def test_an_answer_other_than_2xx_fails(ctx: FakeContext, service: Any, code: int) -> None:
    url, _ = service
    with pytest.raises(TaskError, match=f"answered with status {code}" + (": invalid_blocks" if code > 399 else "")):
        send(ctx, SlackIncomingWebhook, url=f"{url}/{code}", payload="{}")


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("plain", "plain"),
        ('a "quoted"\nline', 'a "quoted"\nline'),
        ("**bold** and **more**", "*bold* and *more*"),
        ("__it__ [site](https://a.b/c?d=e) <@U1>", "_it_ <https://a.b/c?d=e|site> <@U1>"),
        ("42", "42"),
    ],
)
def test_a_text_becomes_a_message(ctx: FakeContext, service: Any, text: str, sent: str) -> None:
    url, seen = service
    send(ctx, SlackIncomingWebhook, url=url, messageText=text)
    assert json.loads(seen[0]["body"]) == {"text": sent}


def test_a_text_that_is_a_json_object_is_sent_as_it_is() -> None:
    assert slack_text('{"blocks": [ ]}') == '{"blocks": [ ]}'


def test_a_telegram_message_goes_to_the_bot_of_the_token(ctx: FakeContext, service: Any) -> None:
    url, seen = service
    message = {"token": "1:a", "channel": "@team", "payload": 'x "y"', "endpointOverride": f"{url}/"}
    send(ctx, TelegramSend, **message, parseMode="HTML")
    assert seen[0]["path"] == "/bot1:a/sendMessage"
    assert json.loads(seen[0]["body"]) == {"chat_id": "@team", "text": 'x "y"', "parse_mode": "HTML"}
    with pytest.raises(ValidationError, match="payload"):
        send(ctx, TelegramSend, token="1:a", channel="@team")


def test_an_opsgenie_token_goes_into_a_header(ctx: FakeContext, service: Any) -> None:
    url, seen = service
    send(ctx, webhooks.OpsgenieAlert, url=url, payload="{}", authorizationToken="k")
    assert seen[0]["headers"]["authorization"] == "GenieKey k"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("io.kestra.plugin.notifications.slack.SlackIncomingWebhook", "slack.notifications.SlackIncomingWebhook"),
        ("slack.SlackIncomingWebhook", "slack.notifications.SlackIncomingWebhook"),
        ("notifications.discord.DiscordIncomingWebhook", "discord.DiscordIncomingWebhook"),
        ("io.kestra.plugin.notifications.teams.TeamsIncomingWebhook", "microsoft365.teams.TeamsIncomingWebhook"),
        (
            "io.kestra.plugin.notifications.google.GoogleChatIncomingWebhook",
            "googleworkspace.chat.GoogleChatIncomingWebhook",
        ),
        ("io.kestra.plugin.notifications.telegram.TelegramSend", "telegram.TelegramSend"),
        ("io.kestra.plugin.notifications.mail.MailSend", "email.MailSend"),
    ],
)
def test_the_old_names_lead_to_the_new_ones(old: str, new: str) -> None:
    known = find(old)
    assert known is not None
    assert (known.type, known.deprecated) == (f"io.kestra.plugin.{new}", True)
