"""A page with an island, under the pages' own policy, and an API that answers what a test says."""

from __future__ import annotations

import gzip
import html
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import tiercel

BUILT = Path(tiercel.__file__).parent / "ui" / "built"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-n0nce'; img-src 'self' data: blob:; "
    "connect-src 'self'"
)
KINDS = {".js": "text/javascript", ".css": "text/css"}
PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>island</title>
<meta name="tiercel-api" content="/api/v1/main"><meta name="tiercel-ui" content="/ui">
<meta name="tiercel-nonce" content="n0nce"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/built/{styles}"><script type="module" src="/built/{boot}"></script></head>
<body>{body}</body></html>"""


@dataclass
class Asked:
    """A request to the API."""

    method: str
    path: str
    """Below `/api/v1/main`, decoded."""
    query: dict[str, str]
    body: bytes


@dataclass
class Stage:
    """What the page holds, what the API answers, and what it was asked."""

    body: str = ""
    answers: dict[str, Callable[[Asked], Any]] = field(default_factory=dict)
    """By `METHOD /pattern`: gives JSON, `(status, JSON)`, or an iterator of pieces of an event stream."""
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    def island(self, name: str, **options: object) -> str:
        """Put one island on the page; return the page's address."""
        given = html.escape(json.dumps(options))
        return self.show(f'<div id="here" data-island="{name}" data-options="{given}">fallback</div>')

    def show(self, body: str) -> str:
        """Put something on the page; return its address."""
        self.body = body
        return f"{self.address}/page"

    def on(self, what: str, answer: Callable[[Asked], Any] | object) -> None:
        """Say what the API answers to `METHOD /pattern`."""
        self.answers[what] = answer if callable(answer) else lambda _asked: answer

    def count(self, pattern: str) -> int:
        """Return how often an address was asked for."""
        return sum(bool(re.fullmatch(pattern, f"{each.method} {each.path}")) for each in self.asked)

    def clear(self) -> None:
        """Forget the last test."""
        self.body, self.answers, self.asked = "", {}, []


def events(*sent: tuple[str, object]) -> bytes:
    """Return server-sent events: each with its phase and its JSON."""
    return b"".join(f"id: {phase}\ndata: {json.dumps(each)}\n\n".encode() for phase, each in sent)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stage: Stage

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path == "/page":
            about = json.loads((BUILT / "manifest.json").read_text())
            page = PAGE.format(styles=about["styles"], boot=about["boot"], body=self.stage.body)
            self._send(200, page.encode(), "text/html; charset=utf-8", {"Content-Security-Policy": POLICY})
        elif parts.path.startswith("/built/"):
            file = BUILT / parts.path.removeprefix("/built/")
            packed = {"Content-Encoding": "gzip"}
            self._send(200, file.with_name(f"{file.name}.gz").read_bytes(), KINDS[file.suffix], packed)
        elif parts.path.startswith("/api/v1/main"):
            query = {name: ",".join(values) for name, values in parse_qs(parts.query).items()}
            self._api(Asked(self.command, unquote(parts.path.removeprefix("/api/v1/main")), query, body))
        else:
            self._send(200, b"<title>elsewhere</title>", "text/html", {})

    def _api(self, asked: Asked) -> None:
        self.stage.asked.append(asked)
        for pattern, answer in list(self.stage.answers.items()):
            if re.fullmatch(pattern, f"{asked.method} {asked.path}"):
                found = answer(asked)
                break
        else:
            found = 404, {"message": f"nothing stands at {asked.path}"}
        if isinstance(found, Iterator):
            self._stream(found)
            return
        status, content = found if isinstance(found, tuple) else (200, found)
        packed = gzip.compress(json.dumps(content).encode(), 1)
        self._send(status, packed, "application/json", {"Content-Encoding": "gzip"})

    def _stream(self, pieces: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for piece in pieces:
                self.wfile.write(piece)
                self.wfile.flush()
        except OSError:
            pass  # the page has gone

    def _send(self, status: int, content: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def serve(stage: Stage) -> ThreadingHTTPServer:
    """Serve a stage on a free port; the caller shuts it down."""
    handler = type("Handler", (_Handler,), {"stage": stage})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    stage.address = f"http://127.0.0.1:{server.server_address[1]}"
    return server


def path_of(*parts: str) -> str:
    """Return the pattern of a path."""
    return "/".join(["", *(quote(part) for part in parts)])
