"""What plays Cloud Tasks: its REST call `tasks.create`, and a heap that posts each task when its time has come."""

from __future__ import annotations

import base64
import heapq
import itertools
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

FIRST_RETRY, LAST_RETRY = 0.1, 10.0
"""Seconds before a task is tried again: doubled with each attempt."""

_log = logging.getLogger("tiercel.emulation")


class TaskQueue:
    """Holds tasks until they are due, and posts each until it is answered with 2xx; they are lost with the process."""

    def __init__(self, timeout: float) -> None:
        """Open the queue.

        Args:
            timeout: Seconds that a function may take.
        """
        self._http = httpx.Client(timeout=timeout)
        self._lock = threading.Condition()
        self._heap: list[tuple[float, int, dict[str, Any], int]] = []
        self._names: set[str] = set()
        self._numbers = itertools.count()
        self._stopped = False
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="tasks")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.host = f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to answer, and to post."""
        threading.Thread(target=self._server.serve_forever, name="tasks-server", daemon=True).start()
        threading.Thread(target=self._run, name="tasks", daemon=True).start()

    def stop(self) -> None:
        """End."""
        with self._lock:
            self._stopped = True
            self._lock.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def create(self, task: dict[str, Any]) -> bool:
        """Take a task; False when one of its name was taken before."""
        when = task.get("scheduleTime")
        due = datetime.fromisoformat(_microseconds(when)).timestamp() if when else time.time()
        with self._lock:
            if task["name"] in self._names:
                return False
            self._names.add(task["name"])
            heapq.heappush(self._heap, (due, next(self._numbers), task, 0))
            self._lock.notify_all()
        return True

    def pending(self) -> int:
        """Return how many tasks wait."""
        with self._lock:
            return len(self._heap)

    def _run(self) -> None:
        with self._lock:
            while not self._stopped:
                now = time.time()
                if self._heap and self._heap[0][0] <= now:
                    _, _, task, attempt = heapq.heappop(self._heap)
                    self._threads.submit(self._post, task, attempt)
                    continue
                self._lock.wait(min(60.0, self._heap[0][0] - now) if self._heap else None)

    def _post(self, task: dict[str, Any], attempt: int) -> None:
        asked = task["httpRequest"]
        headers = {**asked.get("headers", {}), "X-CloudTasks-TaskRetryCount": str(attempt)}
        try:
            done = self._http.post(asked["url"], headers=headers, content=base64.b64decode(asked["body"])).is_success
        except httpx.HTTPError as error:
            _log.info("%s does not answer: %s", asked["url"], error)
            done = False
        with self._lock:
            if done or self._stopped:
                return
            wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(attempt, 10))
            heapq.heappush(self._heap, (time.time() + wait, next(self._numbers), task, attempt + 1))
            self._lock.notify_all()


def _microseconds(text: str) -> str:
    """Cut a time of the API to what Python reads: it may count nanoseconds."""
    head, dot, rest = text.removesuffix("Z").partition(".")
    return f"{head}{dot}{rest[:6].ljust(6, '0') if dot else ''}+00:00"


def _handler(queue: TaskQueue) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            task = body.get("task", {})
            taken = queue.create(task)
            error = {"error": {"code": 409, "status": "ALREADY_EXISTS", "message": f"{task.get('name')} exists"}}
            self._say(200 if taken else 409, task if taken else error)

        def _say(self, code: int, content: object) -> None:
            encoded = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
