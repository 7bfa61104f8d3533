"""Chat and alarm services that take JSON at an address (plugin specification, 10.1)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Literal

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered, TextMap
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.http.bodies import JSON
from tiercel.tasks.http.options import HttpOptions
from tiercel.tasks.http.request import Request
from tiercel.tasks.http.wire import shown
from tiercel.tasks.notifications.payloads import checked, slack_text

PATIENCE = timedelta(seconds=10)
"""How long a service may be silent where nothing else is said."""


class WebhookOptions(HttpOptions):
    """Everything about the connection."""

    headers: TextMap | None = None
    """Further headers by name."""


class Sender(RunnableTask):
    """A task that posts JSON; it has no outputs."""

    options: Rendered[WebhookOptions | None] = None
    """Everything about the connection: timeouts, proxy, headers."""

    def post(self, ctx: RunContext, url: str, payload: str, headers: dict[str, str | None] | None = None) -> str:
        """Post JSON, and return what the service answers.

        Raises:
            TaskError: There was no answer, or its status is not 2xx; the text shows the answer.
        """
        options = self.options or WebhookOptions()
        if not {"read_timeout", "read_idle_timeout", "timeout"} & options.model_fields_set:
            options = options.model_copy(update={"read_idle_timeout": PATIENCE})
        request = Request(
            id=self.id,
            type=self.type,
            uri=url,
            method="POST",
            headers={**(headers or {}), **(options.headers or {})},
            body=payload,
            content_type=JSON,
            options=options,
        )
        with request.exchange(ctx) as response:
            if not response.is_success:
                raise TaskError(f"POST {shown(response.url)} answered with status {response.status_code}; wanted 2xx")
            return response.read().decode(response.charset_encoding or "utf-8", errors="replace")


class Webhook(Sender):
    """A task that posts the JSON of its author to an address."""

    url: Rendered[str]
    """The address that the service gave for this channel."""
    payload: Rendered[str | None] = None
    """The JSON to send, in the form that the service takes."""

    def run(self, ctx: RunContext) -> None:
        """Post the payload."""
        self.post(ctx, self.url, checked(self.payload))


class SlackIncomingWebhook(Webhook):
    """Send a message to a Slack channel."""

    message_text: Rendered[str | None] = None
    """The message where there is no payload; bold, italics and links may be written as in Markdown."""

    def run(self, ctx: RunContext) -> None:
        """Post the payload, or the one made of the text."""
        if self.payload is None and self.message_text is None:
            raise TaskError("payload and messageText are both missing; wanted one of them", retryable=False)
        made = checked(self.payload) if self.payload is not None else slack_text(self.message_text or "")
        self.post(ctx, self.url, made)


class DiscordIncomingWebhook(Webhook):
    """Send a message to a Discord channel."""


class TeamsIncomingWebhook(Webhook):
    """Send a message to a channel of Microsoft Teams."""


class GoogleChatIncomingWebhook(Webhook):
    """Send a message to a space of Google Chat."""


class PagerDutyAlert(Webhook):
    """Send an event to PagerDuty."""


class ZendutyAlert(Webhook):
    """Send an alert to Zenduty."""


class ZulipIncomingWebhook(Webhook):
    """Send a message to Zulip."""


class QQIncomingWebhook(Webhook):
    """Send a message to QQ."""


class OpsgenieAlert(Webhook):
    """Send an alert to Opsgenie."""

    authorization_token: Rendered[str | None] = None
    """The key of the integration, sent as `Authorization: GenieKey ...`."""

    def run(self, ctx: RunContext) -> None:
        """Post the payload."""
        token = None if self.authorization_token is None else f"GenieKey {self.authorization_token}"
        self.post(ctx, self.url, checked(self.payload), {"Authorization": token})


class TelegramSend(Sender):
    """Send a message to a Telegram chat."""

    token: Rendered[str]
    """The bot's token."""
    channel: Rendered[str]
    """The chat: its number, or `@` and the channel's name."""
    payload: Rendered[str]
    """The text of the message."""
    parse_mode: Rendered[Literal["HTML", "Markdown", "MarkdownV2"] | None] = None
    """How marks in the text are read; plain text where nothing is said."""
    endpoint_override: Rendered[str | None] = None
    """The address of the service, where it is not Telegram's own."""

    def run(self, ctx: RunContext) -> None:
        """Post the message."""
        message = {"chat_id": self.channel, "text": self.payload}
        if self.parse_mode is not None:
            message["parse_mode"] = self.parse_mode
        base = (self.endpoint_override or "https://api.telegram.org").rstrip("/")
        self.post(ctx, f"{base}/bot{self.token}/sendMessage", json.dumps(message, ensure_ascii=False))
