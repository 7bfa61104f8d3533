"""The HTTP tasks against a server of this machine."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from core_fakes import CoreContext, run
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.tasks.http.download import Download, disposition_name
from tiercel.tasks.http.request import Request

INSECURE = {"insecureTrustAllCertificates": True}


class Site(http.server.BaseHTTPRequestHandler):
    """Answers by path; `seen` counts the requests of each."""

    seen: dict[str, int]

    def answer(self) -> None:
        url = urlsplit(self.path)
        name = url.path.split("/")[1]
        type(self).seen[name] = type(self).seen.get(name, 0) + 1
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        getattr(self, f"page_{name}")(url)

    do_GET = do_POST = do_PUT = do_HEAD = do_PATCH = answer  # noqa: N815 - the names that http.server looks for

    def say(self, content: bytes, code: int = 200, **headers: str) -> None:
        self.send_response(code)
        for header, value in {"Content-Type": "text/plain", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def page_echo(self, url: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = {"method": self.command, "query": parse_qs(url.query), "path": url.path, "headers": headers}
        self.say(json.dumps({**seen, "body": self.body.decode(errors="replace")}).encode())

    def page_status(self, url: Any) -> None:
        self.say(b"what went wrong", int(url.path.split("/")[2]))

    def page_empty(self, url: Any) -> None:
        self.say(b"")

    def page_redirect(self, url: Any) -> None:
        self.say(b"", 302, Location="/echo")

    def page_round(self, url: Any) -> None:
        self.say(b"", 302, Location="/round")

    def page_binary(self, url: Any) -> None:
        self.say(b"\xff\xfe\x00", Content_Type="application/octet-stream")

    def page_latin(self, url: Any) -> None:
        self.say("grün".encode("latin-1"), Content_Type="text/plain; charset=iso-8859-1")

    def page_zip(self, url: Any) -> None:
        self.say(gzip.compress(b"hello" * 100), Content_Encoding="gzip")

    def page_short(self, url: Any) -> None:
        self.say(b"abc", Content_Length="10")
        self.close_connection = True

    def page_named(self, url: Any) -> None:
        self.say(b"x", Content_Disposition='attachment; filename="../a report.csv"')

    def page_basic(self, url: Any) -> None:
        ok = self.headers.get("Authorization") == "Basic dXNlcjpwYXNz"
        self.say(b"in" if ok else b"out", 200 if ok else 401)

    def page_digest(self, url: Any) -> None:
        given = self.headers.get("Authorization", "")
        if not given.startswith("Digest"):
            self.say(b"", 401, WWW_Authenticate='Digest realm="r", nonce="n", qop="auth", algorithm=MD5')
            return
        part = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
        one = hashlib.md5(b"user:r:pass").hexdigest()
        two = hashlib.md5(f"{self.command}:{part['uri']}".encode()).hexdigest()
        wanted = hashlib.md5(f"{one}:n:{part['nc']}:{part['cnonce']}:auth:{two}".encode()).hexdigest()
        self.say(b"in" if part["response"] == wanted else b"out", 200 if part["response"] == wanted else 403)

    def page_flaky(self, url: Any) -> None:
        self.say(b"late", 200 if type(self).seen["flaky"] >= 3 else 503)

    def page_slow(self, url: Any) -> None:
        time.sleep(4)

    def page_drip(self, url: Any) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b"drip\n")
                time.sleep(0.05)
        except OSError:
            pass

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as opened:
        thread = threading.Thread(target=opened.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{opened.server_port}"
        opened.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve with a certificate that nobody vouches for."""
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    pem.write_bytes(self_signed())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as opened:
        opened.handle_error = lambda *_: None  # type: ignore[method-assign]
        opened.socket = context.wrap_socket(opened.socket, server_side=True)
        thread = threading.Thread(target=opened.serve_forever, args=(0.05,))
        thread.start()
        yield f"https://127.0.0.1:{opened.server_port}"
        opened.shutdown()
        thread.join()


def self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def site(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    Site.seen = {}
    return server


@pytest.fixture
def ctx(tmp_path: Path) -> CoreContext:
    return CoreContext(tmp_path, {"inputs": {"token": "s3cret", "n": 1}})


def echoed(ctx: CoreContext, site: str, **properties: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(Request, ctx, uri=f"{site}/echo", **properties)["body"])
    return found


# ------------------------------------------------------------------ what is sent


def test_a_request_is_a_get_without_a_body(ctx: CoreContext, site: str) -> None:
    outputs = run(Request, ctx, uri=f"{site}/echo?a=1")
    assert outputs["code"] == 200
    assert outputs["uri"] == f"{site}/echo?a=1"
    assert outputs["headers"]["Content-Type"] == ["text/plain"]
    seen = json.loads(outputs["body"])
    assert (seen["method"], seen["body"], seen["query"]) == ("GET", "", {"a": ["1"]})
    assert seen["headers"]["user-agent"].startswith("Tiercel/")
    assert "content-type" not in seen["headers"]
    assert {metric.name for metric in ctx.metrics} == {"request.duration", "response.length"}


def test_blanks_are_encoded_and_parameters_appended(ctx: CoreContext, site: str) -> None:
    params = {"a": [2, 3], "b": "{{ inputs.n }}", "c": None}
    outputs = run(Request, ctx, uri=f" {site}/echo/a b?a=1 ", params=params)
    seen = json.loads(outputs["body"])
    assert seen["path"] == "/echo/a%20b"
    assert seen["query"] == {"a": ["1", "2", "3"], "b": ["1"]}


def test_a_body_is_json_where_nothing_else_is_said(ctx: CoreContext, site: str) -> None:
    seen = echoed(ctx, site, method="POST", body={"n": "{{ inputs.n }}"})
    assert (seen["body"], seen["headers"]["content-type"]) == ('{"n":"1"}', "application/json")


@pytest.mark.parametrize("way", [{"contentType": "text/csv"}, {"headers": {"content-type": "text/csv"}}])
def test_the_content_type_may_stand_in_two_places(ctx: CoreContext, site: str, way: dict[str, Any]) -> None:
    assert echoed(ctx, site, method="PUT", body="a,b", **way)["headers"]["content-type"] == "text/csv"


def test_headers_are_rendered_and_null_ones_left_out(ctx: CoreContext, site: str) -> None:
    headers = echoed(ctx, site, headers={"X-{{ inputs.n }}": "{{ inputs.token }}", "X-2": None, "X-3": 3})["headers"]
    assert (headers["x-1"], headers["x-3"], "x-2" in headers) == ("s3cret", "3", False)


def test_a_line_break_in_a_header_is_named_and_its_value_is_not_shown(ctx: CoreContext, site: str) -> None:
    with pytest.raises(TaskError, match="header 'X-Key' has a line break") as caught:
        run(Request, ctx, uri=f"{site}/echo", headers={"X-Key": "s3cret\nb"})
    assert "s3cret" not in str(caught.value)


def test_a_form_is_url_encoded_and_wins_over_the_body(ctx: CoreContext, site: str) -> None:
    seen = echoed(ctx, site, method="POST", body="x", formData={"a": "b c", "n": 1, "list": ["x", "y"], "none": None})
    assert parse_qs(seen["body"]) == {"a": ["b c"], "n": ["1"], "list": ["x", "y"]}
    assert seen["headers"]["content-type"] == "application/x-www-form-urlencoded"


def test_a_multipart_form_uploads_files_of_the_storage(ctx: CoreContext, site: str) -> None:
    uri = ctx.store(b"one,two", "data.csv")
    form = {"plain": "text", "file": uri, "named": {"name": "b.txt", "content": uri}, "json": {"a": [1]}}
    seen = echoed(ctx, site, method="POST", formData=form, contentType="multipart/form-data")
    assert seen["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert seen["body"].count("one,two") == 2
    assert 'name="named"; filename="b.txt"' in seen["body"]
    assert 'filename="0-data.csv"' in seen["body"]
    assert '{"a":[1]}' in seen["body"]
    assert 'name="plain"\r\n\r\ntext' in seen["body"]


# ------------------------------------------------------------------ what comes back


def test_no_content_is_null(ctx: CoreContext, site: str) -> None:
    assert run(Request, ctx, uri=f"{site}/empty")["body"] is None
    assert run(Request, ctx, uri=f"{site}/echo", method="HEAD")["body"] is None


def test_a_body_is_decoded_as_the_server_says(ctx: CoreContext, site: str) -> None:
    assert run(Request, ctx, uri=f"{site}/latin")["body"] == "grün"
    assert run(Request, ctx, uri=f"{site}/zip")["body"] == "hello" * 100


def test_a_body_that_is_not_text_points_to_download(ctx: CoreContext, site: str) -> None:
    with pytest.raises(TaskError, match=r"use http\.Download"):
        run(Request, ctx, uri=f"{site}/binary")


def test_a_body_that_is_too_long_fails(ctx: CoreContext, site: str) -> None:
    with pytest.raises(TaskError, match=r"more than 10 bytes.*maxContentLength"):
        run(Request, ctx, uri=f"{site}/zip", options={"maxContentLength": "10"})


def test_a_failed_status_shows_status_address_and_body(ctx: CoreContext, site: str) -> None:
    with pytest.raises(TaskError, match="status 417: what went wrong") as caught:
        run(Request, ctx, uri=f"{site.replace('//', '//user:pw@')}/status/417")
    assert f"GET {site}/status/417" in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("way", [{"allowFailed": True}, {"options": {"allowFailed": "true"}}])
def test_a_failed_status_may_be_allowed(ctx: CoreContext, site: str, way: dict[str, Any]) -> None:
    outputs = run(Request, ctx, uri=f"{site}/status/404", **way)
    assert (outputs["code"], outputs["body"]) == (404, "what went wrong")


def test_with_a_list_of_allowed_statuses_every_other_fails(ctx: CoreContext, site: str) -> None:
    options = {"allowedResponseCodes": [404], "allowFailed": True}
    assert run(Request, ctx, uri=f"{site}/status/404", options=options)["code"] == 404
    with pytest.raises(TaskError, match="status 200"):
        run(Request, ctx, uri=f"{site}/echo", options=options)


def test_redirects_are_followed_unless_told_otherwise(ctx: CoreContext, site: str) -> None:
    assert run(Request, ctx, uri=f"{site}/redirect")["uri"] == f"{site}/echo"
    assert run(Request, ctx, uri=f"{site}/redirect", options={"followRedirects": False})["code"] == 302
    with pytest.raises(TaskError, match="redirects"):
        run(Request, ctx, uri=f"{site}/round")


@pytest.mark.parametrize(
    ("page", "options"),
    [
        ("basic", {"auth": {"type": "BASIC", "username": "user", "password": "pass"}}),
        ("basic", {"basicAuthUser": "user", "basicAuthPassword": "pass"}),
        ("digest", {"auth": {"type": "DIGEST", "username": "user", "password": "pass"}}),
    ],
)
def test_user_and_password(ctx: CoreContext, site: str, page: str, options: dict[str, Any]) -> None:
    assert run(Request, ctx, uri=f"{site}/{page}", options=options)["body"] == "in"


def test_a_bearer_token(ctx: CoreContext, site: str) -> None:
    seen = echoed(ctx, site, options={"auth": {"type": "BEARER", "token": "{{ inputs.token }}"}})
    assert seen["headers"]["authorization"] == "Bearer s3cret"


def test_parts_of_the_exchange_can_be_logged_without_what_identifies(ctx: CoreContext, site: str) -> None:
    options = {"auth": {"type": "BEARER", "token": "s3cret"}, "logs": ["REQUEST_HEADERS", "REQUEST_BODY"]}
    run(Request, ctx, uri=f"{site}/empty", method="POST", body="hello", options=options)
    text = "\n".join(message for _, message in ctx.logs)
    assert "hello" in text
    assert "Authorization: ***" in text.replace("authorization", "Authorization")
    assert "s3cret" not in text
    assert {level for level, _ in ctx.logs} == {Level.DEBUG}


def test_an_encrypted_body_needs_a_key(ctx: CoreContext, site: str) -> None:
    with pytest.raises(TaskError, match="encryption key"):
        run(Request, ctx, uri=f"{site}/echo", encryptBody=True)
    assert Site.seen == {}
    ctx.encrypt = lambda text: text[::-1]  # type: ignore[attr-defined]
    outputs = run(Request, ctx, uri=f"{site}/latin", encryptBody=True)
    assert outputs["encryptedBody"] == {"type": "io.kestra.datatype:aes_encrypted", "value": "nürg"}
    assert "body" not in outputs


# ------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize("uri", ["example.com/x", "ftp://example.com", "http://", "http://a:x/"])
def test_an_address_that_is_none_is_refused(ctx: CoreContext, uri: str) -> None:
    with pytest.raises(TaskError, match=r"https://example\.com/path"):
        run(Request, ctx, uri=uri)


def test_a_server_that_is_not_there(ctx: CoreContext, site: str) -> None:
    with pytest.raises(TaskError, match=r"GET http://127.0.0.1:1/ failed: no connection .*refused.*check the host"):
        run(Request, ctx, uri="http://user:pw@127.0.0.1:1/")


@pytest.mark.parametrize("options", [{"timeout": {"readIdleTimeout": "PT0.2S"}}, {"readTimeout": "PT0.2S"}])
def test_a_silent_server(ctx: CoreContext, site: str, options: dict[str, Any]) -> None:
    with pytest.raises(TaskError, match=r"no answer for 0.2 s; raise options.timeout.readIdleTimeout"):
        run(Request, ctx, uri=f"{site}/slow", options=options)


def test_a_certificate_that_nobody_vouches_for(ctx: CoreContext, site: str, secure: str) -> None:
    with pytest.raises(TaskError, match=r"certificate is not trusted .*insecureTrustAllCertificates"):
        run(Request, ctx, uri=f"{secure}/echo")
    for way in ({"options": {"ssl": INSECURE}}, {"sslOptions": INSECURE}):
        assert run(Request, ctx, uri=f"{secure}/echo", **way)["code"] == 200


def test_a_cancelled_attempt_ends_at_once_over_tls(ctx: CoreContext, site: str, secure: str) -> None:
    began = time.monotonic()
    timer = threading.Timer(0.2, ctx.cancel)
    timer.start()
    with pytest.raises(TaskError, match="cancelled"):
        run(Request, ctx, uri=f"{secure}/slow", sslOptions=INSECURE)
    assert time.monotonic() - began < 3.8
    timer.join()


def test_an_unknown_option_is_refused(ctx: CoreContext) -> None:
    with pytest.raises(ValidationError, match="timeOut"):
        run(Request, ctx, uri="http://x", options={"timeOut": "PT1S"})


def test_passing_failures_are_asked_again(ctx: CoreContext, site: str) -> None:
    retry = {"type": "constant", "interval": "PT5S", "maxAttempts": 3}
    assert run(Request, ctx, uri=f"{site}/flaky", options={"retry": retry})["body"] == "late"
    assert [round(seconds) for seconds in ctx.waits] == [5, 5]
    with pytest.raises(TaskError, match="status 503"):
        run(Request, ctx, uri=f"{site}/status/503", options={"retryOnStatusCodes": [503]})
    assert Site.seen["status"] == 3


def test_a_cancelled_attempt_ends_at_once(ctx: CoreContext, site: str) -> None:
    began = time.monotonic()
    timer = threading.Timer(0.1, ctx.cancel)
    timer.start()
    with pytest.raises(TaskError, match="cancelled"):
        run(Request, ctx, uri=f"{site}/slow")
    assert time.monotonic() - began < 3.8
    timer.join()


def test_a_cancelled_download_is_not_taken_for_a_whole_one(ctx: CoreContext, site: str) -> None:
    timer = threading.Timer(0.1, ctx.cancel)
    timer.start()
    with pytest.raises(TaskError, match="cancelled"):
        run(Download, ctx, uri=f"{site}/drip")
    assert ctx.memory.files == {}
    timer.join()


def test_private_addresses_can_be_closed(ctx: CoreContext, site: str) -> None:
    ctx.public_addresses_only = True  # type: ignore[attr-defined]
    with pytest.raises(TaskError, match=r"address 127\.0\.0\.1 is private"):
        run(Request, ctx, uri=f"{site}/echo", options={"retryOnStatusCodes": [503]})
    assert Site.seen == {}


def test_a_proxy_needs_an_address(ctx: CoreContext, site: str) -> None:
    with pytest.raises(TaskError, match=r"options\.proxy\.address"):
        run(Request, ctx, uri=site, options={"proxy": {"type": "HTTP"}})
    host, port = site.removeprefix("http://").split(":")
    options = {"proxyAddress": host, "proxyPort": port, "proxyType": "HTTP"}
    assert run(Request, ctx, uri="http://example.invalid/empty", options=options)["code"] == 200


# ------------------------------------------------------------------ downloads


def test_a_download_is_kept_in_the_storage(ctx: CoreContext, site: str) -> None:
    outputs = run(Download, ctx, uri=f"{site}/echo/data.csv?x=1")
    assert outputs["uri"].endswith(".csv")
    assert outputs["length"] == len(ctx.memory.files[outputs["uri"]])
    assert (outputs["code"], outputs["headers"]["Content-Type"]) == (200, ["text/plain"])
    assert "response.length" in {metric.name for metric in ctx.metrics}


def test_a_download_gets_the_name_that_the_server_gives(ctx: CoreContext, site: str) -> None:
    assert run(Download, ctx, uri=f"{site}/named")["uri"].endswith("-a report.csv")
    assert run(Download, ctx, uri=f"{site}/named", saveAs="mine.csv")["uri"].endswith("-mine.csv")


def test_a_compressed_download_is_not_taken_for_a_short_one(ctx: CoreContext, site: str) -> None:
    assert run(Download, ctx, uri=f"{site}/zip")["length"] == 500


def test_a_download_that_breaks_off_fails(ctx: CoreContext, site: str) -> None:
    with pytest.raises(TaskError, match="broke off"):
        run(Download, ctx, uri=f"{site}/short")


def test_an_empty_download_fails_unless_allowed(ctx: CoreContext, site: str) -> None:
    with pytest.raises(TaskError, match="No response from server"):
        run(Download, ctx, uri=f"{site}/empty")
    assert run(Download, ctx, uri=f"{site}/empty", options={"allowFailed": True})["length"] == 0
    outputs = run(Download, ctx, uri=f"{site}/empty", failOnEmptyResponse=False)
    assert ctx.memory.files[outputs["uri"]] == b""
    assert [level for level, _ in ctx.logs] == [Level.WARN, Level.WARN]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=a.csv", "a.csv"),
        ('attachment; filename="a b.csv"; size=3', "a b.csv"),
        ("attachment; filename=\"x\"; filename*=UTF-8''gr%C3%BCn.csv", "grün.csv"),
        ("attachment; filename*=iso-8859-1'de'gr%FCn.csv", "grün.csv"),
        ('attachment; filename="C:\\\\dir\\\\a.csv"', "a.csv"),
        ('attachment; filename=".."', None),
        ("inline", None),
        ("", None),
    ],
)
def test_the_name_of_a_content_disposition(header: str, name: str | None) -> None:
    assert disposition_name(header) == name
