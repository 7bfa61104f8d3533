"""A service of Google's that answers JSON over HTTP, as tests want it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

Answer = Callable[[str, Any], tuple[int, Any]]
"""Gives the code and the content of an answer to what was posted to a path."""


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Answer what is posted, on a port of this machine; lend its `host:port`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            code, found = answer(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            content = json.dumps(found).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
