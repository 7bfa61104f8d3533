"""Mail, against a server of this machine (plugin specification, 10.3)."""

from __future__ import annotations

import base64
import email
import email.policy
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fake_context import FakeContext
from pydantic import ValidationError

from tiercel.errors import TaskError
from tiercel.tasks.notifications.mail import MailSend


class Talk(StreamRequestHandler):
    """Speaks so much SMTP as a client needs."""

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        server: Any = self.server
        if server.implicit:
            self._encrypt()
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            server.said.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "DATA":
                self.say("354 go on")
                self._take()
            elif verb == "STARTTLS":
                self.say("220 ready")
                self._encrypt()
            elif verb == "EHLO":
                self.say("250-here")
                if server.starttls and not isinstance(self.connection, ssl.SSLSocket):
                    self.say("250-STARTTLS")
                self.say("250 AUTH PLAIN XOAUTH2")
            elif verb == "RCPT" and "nobody@" in line:
                self.say("550 no such user")
            elif verb == "AUTH":
                wrong = base64.b64encode(b"\0ann\0wrong").decode() in line
                self.say("535 bad credentials" if wrong else "235 welcome")
            else:
                self.say("221 bye" if verb == "QUIT" else "250 ok")

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _encrypt(self) -> None:
        server: Any = self.server
        self.connection = server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def _take(self) -> None:
        server: Any = self.server
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        server.mails.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
        self.say("250 taken")


class PostOffice(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext, *, implicit: bool = False, starttls: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.context, self.implicit, self.starttls = context, implicit, starttls
        self.said: list[str] = []
        self.mails: list[EmailMessage] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that does not trust us breaks off."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def offices(certificate: ssl.SSLContext) -> Iterator[dict[str, PostOffice]]:
    found = {
        "SMTP": PostOffice(certificate),
        "SMTPS": PostOffice(certificate, implicit=True),
        "SMTP_TLS": PostOffice(certificate, starttls=True),
    }
    threads = [threading.Thread(target=office.serve_forever) for office in found.values()]
    for thread in threads:
        thread.start()
    yield found
    for office in found.values():
        office.shutdown()
        office.server_close()
    for thread in threads:
        thread.join()


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def send(ctx: FakeContext, office: PostOffice, strategy: str, **properties: object) -> EmailMessage:
    given = {
        "id": "task",
        "type": "test",
        "host": "127.0.0.1",
        "port": office.server_address[1],
        "transportStrategy": strategy,
        "verifyServerIdentity": False,
        "from": "Ann <ann@example.com>",
        "to": "bob@example.com",
        "subject": "Grüße",
        **properties,
    }
    assert MailSend.model_validate(given).run(ctx) is None  # type: ignore[func-returns-value]
    return office.mails[-1]


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text.strip()


@pytest.mark.parametrize("strategy", ["SMTP", "SMTPS", "SMTP_TLS"])
def test_a_mail_arrives_over_each_transport(ctx: FakeContext, offices: dict[str, PostOffice], strategy: str) -> None:
    mail = send(ctx, offices[strategy], strategy, htmlTextContent="<b>ü</b>", username="ann", password="right")
    assert mail["Subject"] == "Grüße"
    assert mail["From"] == "Ann <ann@example.com>"
    assert part(mail, "html") == "<b>ü</b>"
    assert "displays HTML" in part(mail, "plain")
    assert ("STARTTLS" in offices[strategy].said) == (strategy == "SMTP_TLS")


def test_receivers_stand_between_commas_or_semicolons_and_may_have_names(
    ctx: FakeContext, offices: dict[str, PostOffice]
) -> None:
    office = offices["SMTP"]
    to = '"Doe, Bob" <bob@example.com>; carl@example.com'
    mail = send(ctx, office, "SMTP", to=to, cc="dora@example.com", plainTextContent="x")
    receivers = [line.split(":")[1] for line in office.said if line.upper().startswith("RCPT")]
    assert receivers == ["<bob@example.com>", "<carl@example.com>", "<dora@example.com>"]
    assert part(mail, "plain") == "x"
    assert mail.get_body(("html",)) is None


def test_files_of_the_storage_go_along(ctx: FakeContext, offices: dict[str, PostOffice]) -> None:
    mail = send(
        ctx,
        offices["SMTP"],
        "SMTP",
        htmlTextContent='<img src="cid:logo">',
        attachments=[{"name": "a.csv", "uri": ctx.put("x", "1,2"), "contentType": "text/csv"}],
        embeddedImages=[{"name": "logo", "uri": ctx.put("y", b"\x89PNG"), "contentType": "image/png"}],
    )
    attached = [(each.get_filename(), each.get_content_type(), each.get_content()) for each in mail.iter_attachments()]
    assert attached == [("a.csv", "text/csv", "1,2")]
    image = next(each for each in mail.walk() if each.get_content_type() == "image/png")
    assert image["Content-ID"] == "<logo>"
    assert image.get_content() == b"\x89PNG"


def test_an_access_token_identifies_its_user(ctx: FakeContext, offices: dict[str, PostOffice]) -> None:
    send(ctx, offices["SMTP_TLS"], "SMTP_OAUTH2", username="ann", accessToken="t", plainTextContent="x")
    said = next(line for line in offices["SMTP_TLS"].said if line.startswith("AUTH XOAUTH2"))
    assert base64.b64decode(said.split(" ")[2]) == b"user=ann\x01auth=Bearer t\x01\x01"


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"username": "ann", "password": "wrong"}, "refused the user: .*bad credentials"),
        ({"to": "nobody@example.com"}, "refused every receiver: nobody@example.com: .*no such user"),
        ({"to": "bob"}, "to is 'bob'; wanted addresses such as"),
        ({"to": " "}, "to is empty; wanted an address"),
        ({"host": None}, "host is missing"),
        ({"port": 1}, "could not be used: .*check host, port and transportStrategy"),
        ({"transportStrategy": "SMTPS"}, "could not be reached over TLS"),
        ({"attachments": [{"name": "a", "uri": "kestra:///x"}]}, "there is no file"),
        ({"subject": "a\r\nBcc: x@example.com", "to": "nobody@example.com"}, "refused every receiver"),
    ],
)
def test_what_goes_wrong_is_said(
    ctx: FakeContext, offices: dict[str, PostOffice], properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(TaskError, match=message):
        send(ctx, offices["SMTP"], "SMTP", **properties)


def test_a_certificate_is_trusted_only_where_that_is_said(ctx: FakeContext, offices: dict[str, PostOffice]) -> None:
    with pytest.raises(TaskError, match="could not be reached over TLS"):
        send(ctx, offices["SMTPS"], "SMTPS", verifyServerIdentity=True)
    send(ctx, offices["SMTPS"], "SMTPS", verifyServerIdentity=True, trustedHosts=["127.0.0.1"])


def test_a_mail_needs_a_sender_and_a_receiver(ctx: FakeContext, offices: dict[str, PostOffice]) -> None:
    with pytest.raises(ValidationError, match="to"):
        MailSend.model_validate({"id": "task", "type": "test", "from": "a@b.c"})
