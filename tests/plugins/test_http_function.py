"""The expression function `http()` against a server of this machine."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tiercel.errors import ExpressionError
from tiercel.tasks.http.asking import ask


class Site(http.server.BaseHTTPRequestHandler):
    """Tells what it was asked, or says what the path names."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        names = ("Content-Type", "Accept", "X-Own")
        told = {"method": self.command, "path": self.path, "body": body, **{one: self.headers[one] for one in names}}
        code, kind, answer = {
            "/missing": (404, "text/plain", "nothing here"),
            "/text": (200, "text/plain", "plain {{ text }}"),
            "/unnamed": (200, "text/plain", '{"a": 1}'),
            "/yaml": (200, "application/yaml", "a: [1, 2]"),
            "/broken": (200, "application/json", "{"),
            "/empty": (200, "application/json", ""),
        }.get(urlsplit(self.path).path, (200, "application/json", json.dumps(told)))
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as opened:
        threading.Thread(target=opened.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{opened.server_port}"
        opened.shutdown()


def asked(uri: str, **given: object) -> object:
    usual: dict[str, object] = {"method": "GET", "query": {}, "body": None, "headers": {}, "options": {}}
    usual |= {"content_type": "application/json", "accept": "application/json"}
    return ask(uri, **{**usual, **given})  # type: ignore[arg-type]  # the test names what it gives


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {"method": "GET", "path": "/a", "body": "", "Content-Type": None, "Accept": "application/json"}),
        ({"query": {"q": "1 2"}}, {"path": "/a?q=1+2"}),
        (
            {"method": "post", "body": {"x": 1}},
            {"method": "POST", "body": '{"x":1}', "Content-Type": "application/json"},
        ),
        (
            {"method": "POST", "body": "raw", "content_type": "text/plain"},
            {"body": "raw", "Content-Type": "text/plain"},
        ),
        (
            {"method": "POST", "body": {"x": "é"}, "content_type": "application/x-www-form-urlencoded"},
            {"body": "x=%C3%A9"},
        ),
        ({"headers": {"X-Own": "v"}, "accept": "text/plain"}, {"X-Own": "v", "Accept": "text/plain"}),
    ],
)
def test_the_request_is_what_the_arguments_say(site: str, given: dict[str, object], told: dict[str, object]) -> None:
    found = asked(f"{site}/a", **given)
    assert isinstance(found, dict)
    assert {name: found[name] for name in told} == told


@pytest.mark.parametrize(
    ("path", "given", "wanted"),
    [
        ("/text", {}, "plain {{ text }}"),
        ("/unnamed", {}, {"a": 1}),
        ("/unnamed", {"accept": "text/plain"}, '{"a": 1}'),
        ("/yaml", {}, {"a": [1, 2]}),
        ("/empty", {}, None),
        ("/missing", {"options": {"allowFailed": True}}, "nothing here"),
    ],
)
def test_the_answer_becomes_a_value(site: str, path: str, given: dict[str, object], wanted: object) -> None:
    assert asked(site + path, **given) == wanted


@pytest.mark.parametrize(
    ("path", "given", "message"),
    [
        ("/missing", {}, "status 404: nothing here"),
        ("/broken", {}, "no JSON"),
        ("/a", {"options": {"nope": 1}}, "nope"),
        ("/a", {"method": "NO WAY"}, "method"),
    ],
)
def test_what_cannot_be_is_an_error_of_the_expression(
    site: str, path: str, given: dict[str, object], message: str
) -> None:
    with pytest.raises(ExpressionError, match=message):
        asked(site + path, **given)
