"""Mail: `io.kestra.plugin.email.MailSend` (plugin specification, 10.3)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask

NO_HTML = "Please view this email in a modern email client that displays HTML."
"""The plain text of a mail that has none."""


class Transport(StrEnum):
    """How the connection to the mail server is made."""

    SMTP = "SMTP"
    """In the clear, or encrypted where the server offers it."""
    SMTPS = "SMTPS"
    """Encrypted from the first byte, commonly on port 465."""
    SMTP_TLS = "SMTP_TLS"
    """Encrypted once the server agrees (STARTTLS), commonly on port 587."""
    SMTP_OAUTH2 = "SMTP_OAUTH2"
    """As SMTP_TLS, with an access token instead of a password."""


class Attachment(BaseModel):
    """A file that goes with a mail."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    name: str
    """The file's name as the reader sees it; an embedded image is shown where the HTML says `cid:` and this name."""
    uri: str
    """The file's URI."""
    content_type: str = "application/octet-stream"
    """The file's content type."""


class MailTask(RunnableTask):
    """How to reach the mail server, and to whom the mail goes."""

    host: Rendered[str | None] = None
    """The mail server's name."""
    port: Rendered[int | None] = None
    """The mail server's port; by default 465 for SMTPS, 587 for SMTP_TLS and SMTP_OAUTH2, 25 for SMTP."""
    username: Rendered[str | None] = None
    """The user, where the server asks for one."""
    password: Rendered[str | None] = Field(None, repr=False)
    """The user's password."""
    access_token: Rendered[str | None] = Field(None, repr=False)
    """The token of SMTP_OAUTH2."""
    transport_strategy: Rendered[Transport] = Transport.SMTPS
    """How the connection is made: SMTPS, SMTP_TLS, SMTP_OAUTH2 or SMTP."""
    session_timeout: Rendered[int] = Field(10_000, ge=1)
    """How long the server may be silent, in milliseconds."""
    verify_server_identity: Rendered[bool] = True
    """Whether the server's certificate must be trusted and carry its name."""
    trusted_hosts: Rendered[list[str] | None] = None
    """The servers whose certificates are accepted as they are."""
    from_: Rendered[str] = Field(alias="from")
    """The sender's address, perhaps with a name: `Ann <ann@example.com>`."""
    to: Rendered[str]
    """The addresses of the receivers, between commas or semicolons."""
    cc: Rendered[str | None] = None
    """The addresses of those who get a copy."""
    subject: Rendered[str | None] = None
    """The subject."""

    def envelope(self) -> EmailMessage:
        """Return a mail without its text; TaskError where an address is none."""
        message = EmailMessage()
        message["Subject"] = " ".join((self.subject or "").split())
        message["From"] = addresses("from", self.from_)
        message["To"] = addresses("to", self.to)
        if self.cc:
            message["Cc"] = addresses("cc", self.cc)
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = make_msgid(domain=message["From"].addresses[0].domain or None)
        return message

    def deliver(self, message: EmailMessage) -> None:
        """Give a mail to the server; TaskError where it does not take it."""
        with _explained(self), _connected(self) as server:
            server.send_message(message)


class MailSend(MailTask):
    """Send a mail."""

    html_text_content: Rendered[str | None] = None
    """The text as HTML."""
    plain_text_content: Rendered[str | None] = None
    """The text for readers that show no HTML; a sentence that asks for another reader where nothing is said."""
    attachments: Rendered[list[Attachment] | None] = None
    """Files that go with the mail."""
    embedded_images: Rendered[list[Attachment] | None] = None
    """Images of the HTML text."""

    def run(self, ctx: RunContext) -> None:
        """Send the mail.

        Raises:
            TaskError: An address is none, a file is not there, or the server did not take the mail.
        """
        self.deliver(self._message(ctx))

    def _message(self, ctx: RunContext) -> EmailMessage:
        message = self.envelope()
        plain = self.plain_text_content
        message.set_content(plain if plain is not None else NO_HTML)
        if self.html_text_content is not None:
            message.add_alternative(self.html_text_content, subtype="html")
            html: Any = message.get_payload()[-1]  # type: ignore[index]
            for image in self.embedded_images or ():
                main, sub = _kind(image)
                cid = f"<{image.name}>"
                html.add_related(_content(ctx, image), main, sub, cid=cid, filename=image.name, disposition="inline")
        for file in self.attachments or ():
            main, sub = _kind(file)
            message.add_attachment(_content(ctx, file), main, sub, filename=PurePosixPath(file.name).name)
        return message


def addresses(name: str, text: str) -> list[Address]:
    """Return the addresses of a property.

    Raises:
        TaskError: There is none, or one of them is no address.
    """
    found = []
    for shown, address in getaddresses([" ".join(text.replace(";", ",").split())]):
        try:
            if "@" not in address:
                raise ValueError(address)
            found.append(Address(shown, addr_spec=address))
        except (ValueError, IndexError):
            raise TaskError(
                f"{name} is '{text}'; wanted addresses such as 'Ann <ann@example.com>, bob@example.com'",
                retryable=False,
            ) from None
    if not found:
        raise TaskError(f"{name} is empty; wanted an address", retryable=False)
    return found


def _kind(file: Attachment) -> tuple[str, str]:
    main, slash, sub = file.content_type.partition(";")[0].strip().partition("/")
    if not (main and slash and sub):
        raise TaskError(
            f"contentType of '{file.name}' is '{file.content_type}'; wanted one such as text/csv", retryable=False
        )
    return main, sub


def _content(ctx: RunContext, file: Attachment) -> bytes:
    with ctx.open(file.uri) as source:
        return source.read()


@contextmanager
def _connected(task: MailTask) -> Iterator[smtplib.SMTP]:
    """Open a connection as the task wants it, and identify its user."""
    if not task.host:
        raise TaskError("host is missing; wanted the name of a mail server, such as smtp.example.com", retryable=False)
    strategy, seconds, context = task.transport_strategy, task.session_timeout / 1000, _certificates(task)
    secure = strategy in (Transport.SMTP_TLS, Transport.SMTP_OAUTH2)
    port = task.port or (465 if strategy is Transport.SMTPS else 587 if secure else 25)
    if strategy is Transport.SMTPS:
        server: smtplib.SMTP = smtplib.SMTP_SSL(task.host, port, timeout=seconds, context=context)
    else:
        server = smtplib.SMTP(task.host, port, timeout=seconds)
    with server:
        server.ehlo()
        if secure or (strategy is Transport.SMTP and server.has_extn("starttls")):
            server.starttls(context=context)
            server.ehlo()
        if strategy is Transport.SMTP_OAUTH2:
            server.auth("XOAUTH2", lambda _=None: f"user={task.username}\1auth=Bearer {task.access_token}\1\1")
        elif task.username:
            server.login(task.username, task.password or "")
        yield server


def _certificates(task: MailTask) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not task.verify_server_identity or task.host in (task.trusted_hosts or ()):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _explained(task: MailTask) -> Iterator[None]:
    """Turn what the mail library raises into a TaskError with the server, the cause and the remedy."""
    place = f"the mail server {task.host}{f':{task.port}' if task.port else ''}"
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise TaskError(f"{place} refused the user: {_said(error.smtp_error)}; check username and password") from error
    except smtplib.SMTPRecipientsRefused as error:
        refused = "; ".join(f"{address}: {_said(answer[1])}" for address, answer in error.recipients.items())
        raise TaskError(f"{place} refused every receiver: {refused}") from error
    except smtplib.SMTPResponseException as error:
        raise TaskError(f"{place} answered {error.smtp_code}: {_said(error.smtp_error)}") from error
    except ssl.SSLError as error:
        raise TaskError(
            f"{place} could not be reached over TLS ({error}); transportStrategy is {task.transport_strategy}: use "
            "SMTPS for port 465, SMTP_TLS for 587; for a certificate of your own set verifyServerIdentity: false"
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        hint = "; many networks block port 25: use 465 or 587" if task.port == 25 else ""
        raise TaskError(f"{place} could not be used: {error}; check host, port and transportStrategy{hint}") from error


def _said(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
