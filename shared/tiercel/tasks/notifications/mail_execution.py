"""Mail about an execution: `io.kestra.plugin.email.MailExecution` (plugin specification, 10.2 and 10.3)."""

from __future__ import annotations

from html import escape
from typing import Any

from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks.notifications.mail import MailTask
from tiercel.tasks.notifications.reports import Report, report


class MailExecution(MailTask):
    """Send a mail about an execution."""

    execution_id: Rendered[str | None] = None
    """The execution; by default this one. In a flow with a Flow trigger it is `{{ trigger.executionId }}`."""
    custom_fields: Rendered[dict[str, Any] | None] = None
    """Further fields of the mail."""
    custom_message: Rendered[str | None] = None
    """A further text."""
    html_text_content: Rendered[str | None] = None
    """Accepted for flows that have it; the mail is that about the execution."""

    def run(self, ctx: RunContext) -> None:
        """Look the execution up and send the mail; without a subject it is how the execution ended."""
        found = report(ctx, self.execution_id, self.custom_fields, self.custom_message)
        message = self.envelope()
        if not self.subject:
            message.replace_header("Subject", found.title)
        message.set_content(found.lines)
        message.add_alternative(_html(found), subtype="html")
        self.deliver(message)


def _html(found: Report) -> str:
    title = escape(found.title)
    if found.link is not None:
        title = f'<a href="{escape(found.link)}">{title}</a>'
    color = found.choose("#2eb886", "#daa038", "#a30200")
    text = escape(found.text).replace("\n", "<br>")
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in found.fields)
    return (
        f'<h2 style="border-left: 6px solid {color}; padding-left: 8px">{title}</h2><p>{text}</p><table>{rows}</table>'
    )
