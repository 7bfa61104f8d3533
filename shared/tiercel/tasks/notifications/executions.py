"""Messages about an execution to chat services (plugin specification, 10.2)."""

from __future__ import annotations

import json
from typing import Any, Literal

from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks.notifications.reports import Report, report
from tiercel.tasks.notifications.webhooks import Sender


class ExecutionSender(Sender):
    """Which execution the message is about, and what the author adds."""

    execution_id: Rendered[str | None] = None
    """The execution; by default this one. In a flow with a Flow trigger it is `{{ trigger.executionId }}`."""
    custom_fields: Rendered[dict[str, Any] | None] = None
    """Further fields of the message."""
    custom_message: Rendered[str | None] = None
    """A further text."""

    def report(self, ctx: RunContext) -> Report:
        """Look the execution up; another one than this is waited for until it has ended."""
        return report(ctx, self.execution_id, self.custom_fields, self.custom_message)


class UrlSender(ExecutionSender):
    """A message that goes to the address of a channel."""

    url: Rendered[str]
    """The address that the service gave for this channel."""
    payload: Rendered[str | None] = None
    """Accepted for flows that have it; the message is that about the execution."""

    def form(self, report: Report) -> dict[str, Any]:
        """Return the message as the service takes it."""
        raise NotImplementedError

    def run(self, ctx: RunContext) -> None:
        """Look the execution up and send the message."""
        message = {name: value for name, value in self.form(self.report(ctx)).items() if value is not None}
        self.post(ctx, self.url, json.dumps(message, ensure_ascii=False))


class SlackExecution(UrlSender):
    """Send a message about an execution to a Slack channel."""

    channel: Rendered[str | None] = None
    """The channel, where the address allows another one."""
    username: Rendered[str | None] = None
    """The sender's name."""
    icon_url: Rendered[str | None] = None
    """The address of the sender's picture."""
    icon_emoji: Rendered[str | None] = None
    """The sender's picture as an emoji, such as `:rocket:`."""
    message_text: Rendered[str | None] = None
    """Accepted for flows that have it; the message is that about the execution."""

    def form(self, report: Report) -> dict[str, Any]:
        """Return the message with an attachment."""
        attachment: dict[str, Any] = {
            "color": report.choose("good", "warning", "danger"),
            "fallback": report.title,
            "title": report.title,
            "text": report.text,
            "fields": [{"title": name, "value": value, "short": len(value) < 40} for name, value in report.fields],
            "ts": int(report.at.timestamp()),
        }
        if report.link is not None:
            attachment["title_link"] = report.link
        return {
            "attachments": [attachment],
            "channel": self.channel,
            "username": self.username,
            "icon_url": self.icon_url,
            "icon_emoji": self.icon_emoji,
        }


class DiscordExecution(UrlSender):
    """Send a message about an execution to a Discord channel."""

    username: Rendered[str | None] = None
    """The sender's name."""
    avatar_url: Rendered[str | None] = None
    """The address of the sender's picture."""
    content: Rendered[str | None] = None
    """A text above the message."""
    embed_list: Rendered[list[dict[str, Any]] | None] = None
    """Further parts, each with title, websiteUrl, description, thumbnail, authorName, color and footer."""

    def form(self, report: Report) -> dict[str, Any]:
        """Return the message with its parts."""
        main: dict[str, Any] = {
            "title": report.title,
            "description": report.text,
            "color": report.choose(0x2EB886, 0xDAA038, 0xA30200),
            "fields": [{"name": name, "value": value, "inline": len(value) < 40} for name, value in report.fields],
            "timestamp": report.at.isoformat(),
        }
        if report.link is not None:
            main["url"] = report.link
        embeds = [main, *map(_embed, self.embed_list or ())]
        return {"embeds": embeds, "username": self.username, "avatar_url": self.avatar_url, "content": self.content}


def _embed(given: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a Discord message as the service takes it."""
    forms = {
        "title": given.get("title"),
        "url": given.get("websiteUrl"),
        "description": given.get("description"),
        "thumbnail": given.get("thumbnail") and {"url": given["thumbnail"]},
        "author": given.get("authorName") and {"name": given["authorName"]},
        "footer": given.get("footer") and {"text": given["footer"]},
    }
    color = given.get("color")
    if isinstance(color, list) and len(color) == 3:  # red, green, blue
        color = (int(color[0]) << 16) + (int(color[1]) << 8) + int(color[2])
    return {name: value for name, value in {**forms, "color": color}.items() if value is not None}


class TeamsExecution(UrlSender):
    """Send a message about an execution to a channel of Microsoft Teams."""

    theme_color: Rendered[str] = "0076D7"
    """The colour of the message's edge."""
    activity_title: Rendered[str | None] = None
    """The title of the part with the fields; by default the message's."""
    activity_subtitle: Rendered[str | None] = None
    """The text of the part with the fields; by default the message's."""

    def form(self, report: Report) -> dict[str, Any]:
        """Return the message as a card."""
        section = {
            "activityTitle": self.activity_title or report.title,
            "activitySubtitle": self.activity_subtitle or report.text,
            "facts": [{"name": name, "value": value} for name, value in report.fields],
            "markdown": True,
        }
        page = {"@type": "OpenUri", "name": "Open", "targets": [{"os": "default", "uri": report.link}]}
        return {
            "@type": "MessageCard",
            "@context": "https://schema.org/extensions",
            "themeColor": self.theme_color,
            "summary": report.title,
            "sections": [section],
            "potentialAction": [page] if report.link is not None else None,
        }


class GoogleChatExecution(UrlSender):
    """Send a message about an execution to a space of Google Chat."""

    text: Rendered[str | None] = None
    """A text above the message."""

    def form(self, report: Report) -> dict[str, Any]:
        """Return the message as text."""
        return {"text": "\n".join(filter(None, (self.text, report.lines)))}


class TelegramExecution(ExecutionSender):
    """Send a message about an execution to a Telegram chat."""

    token: Rendered[str]
    """The bot's token."""
    channel: Rendered[str]
    """The chat: its number, or `@` and the channel's name."""
    payload: Rendered[str | None] = None
    """Accepted for flows that have it; the message is that about the execution."""
    parse_mode: Rendered[Literal["HTML", "Markdown", "MarkdownV2"] | None] = None
    """Accepted for flows that have it; the message is plain text."""
    endpoint_override: Rendered[str | None] = None
    """The address of the service, where it is not Telegram's own."""

    def run(self, ctx: RunContext) -> None:
        """Look the execution up and send the message."""
        base = (self.endpoint_override or "https://api.telegram.org").rstrip("/")
        message = {"chat_id": self.channel, "text": self.report(ctx).lines}
        self.post(ctx, f"{base}/bot{self.token}/sendMessage", json.dumps(message, ensure_ascii=False))
