"""Google's emulators for the tests: started once in a session, shared by all, a project of its own for each test."""

from __future__ import annotations

import atexit
import itertools
import os
import threading
from functools import lru_cache, partial
from http.server import HTTPServer

import pytest

from tiercel.emulation import java
from tiercel.emulation.java import FIRESTORE, PUBSUB, EmulatorMissingError, Started

_numbers = itertools.count(1)


@lru_cache(maxsize=1)
def running() -> tuple[Started, Started]:
    """Return the emulators of Firestore and Pub/Sub; skip where they are missing, fail where CI is."""
    try:
        started = java.start(FIRESTORE, memory="3g"), java.start(PUBSUB)
    except EmulatorMissingError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the emulators: {error}")
        pytest.skip(str(error))
    for each in started:
        atexit.register(each.stop)
    for each in started:
        java.wait(each, 60)
    return started


@lru_cache(maxsize=1)
def storage() -> str:
    """Return the `host:port` of an emulator of Cloud Storage, which runs in this process."""
    from gcp_storage_emulator.server import RequestHandler
    from gcp_storage_emulator.storage import Storage

    server = HTTPServer(("127.0.0.1", 0), partial(RequestHandler, Storage(use_memory_fs=True)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    atexit.register(stop)
    return f"127.0.0.1:{server.server_port}"


def fresh_project() -> str:
    """Return the id of a project that nobody has used: it is empty."""
    return f"test-{os.getpid()}-{next(_numbers)}"
