"""The HTTP server of `tiercel server`: a pool of threads that grows with the requests that last.

Promise: while streams are open and requests wait, there is a thread for the next request; when the server stops, the
requests that run have time to end, and those that would wait are told to.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Queue
from typing import Any

from cheroot.workers.threadpool import ThreadPool
from cheroot.wsgi import Server

from tiercel.errors import InputError

FEWEST, MOST = 8, 192
"""Threads: streams and waits hold 160 of them at most (api/openstreams.py), so that some are left for the others."""

SHUTDOWN = 10
"""Seconds that open requests have when the server is stopped."""

SWEPT = 30.0
"""Seconds between two looks for connections that nobody uses; between them the server sleeps until somebody calls."""


class GrowingPool(ThreadPool):
    """Threads that answer requests: one more is begun when all of them are busy."""

    _queue: Queue[Any]
    _threads: list[threading.Thread]
    _spawn_worker: Callable[[], threading.Thread]

    def put(self, obj: Any) -> None:
        """Have a connection served."""
        # not `grow`, which sleeps until the thread runs, and nobody listens meanwhile
        if self.idle <= self._queue.qsize() and len(self._threads) < self.max:
            self._threads.append(self._spawn_worker())
        super().put(obj)


@contextmanager
def serving(application: Any, host: str, port: int, closing: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Answer requests while the block runs.

    Args:
        application: The WSGI application.
        host: Where to listen.
        port: The port.
        closing: Is called when the server stops: has those requests end that would last.

    Raises:
        InputError: Nobody can listen there.
    """
    http = Server((host, port), application, server_name="tiercel", shutdown_timeout=SHUTDOWN)
    http.requests = GrowingPool(http, min=FEWEST, max=MOST)
    http.expiration_interval = SWEPT
    try:
        http.prepare()
    except OSError as error:
        raise InputError(f"cannot listen at {host}:{port}: {error.strerror or error}; --port names another") from None
    thread = threading.Thread(target=http.serve, name="http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        closing()
        _stop(http, thread)


def _stop(http: Server, thread: threading.Thread) -> None:
    """Stop the server; it looks whether it is to stop only when somebody calls."""
    address = http.socket.getsockname()[:2] if http.socket is not None else None
    stopping = threading.Thread(target=http.stop, name="stopping", daemon=True)
    stopping.start()
    while thread.is_alive() and stopping.is_alive():
        with suppress(OSError), socket.create_connection(address or ("127.0.0.1", 0), 0.5):
            pass
        thread.join(0.05)
    stopping.join(2 * SHUTDOWN)
