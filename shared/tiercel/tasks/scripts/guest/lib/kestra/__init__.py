"""The `kestra` helper: outputs, metrics and logs of a script, each printed as one line of the protocol.

It stands behind site-packages: where the package `kestra` itself is installed, that one is used.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def _send(message: dict[str, Any], stream: Any = None) -> None:
    print("::" + json.dumps(message) + "::", file=stream or sys.stdout, flush=True)


class _Handler(logging.Handler):
    """Prints a log record as a message; warnings and worse on the standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        levels = {"WARNING": "WARN", "CRITICAL": "ERROR", "DEBUG": "DEBUG", "INFO": "INFO", "ERROR": "ERROR"}
        entry = {"level": levels.get(record.levelname, "TRACE"), "message": self.format(record)}
        _send({"logs": [entry]}, sys.stderr if record.levelno >= logging.WARNING else sys.stdout)


class Kestra:
    """What a script says to the flow that runs it."""

    @staticmethod
    def outputs(map_: dict[str, Any] | None) -> None:
        """Set outputs: `{{ outputs.<task>.vars.<name> }}`."""
        _send({"outputs": map_})

    @staticmethod
    def counter(name: str, value: float, tags: dict[str, str] | None = None) -> None:
        """Add to a counter."""
        _metric(name, "counter", value, tags)

    @staticmethod
    def timer(name: str, duration: float | Callable[[], Any], tags: dict[str, str] | None = None) -> None:
        """Record seconds, or call a function and record how long it took."""
        if callable(duration):
            start = time.perf_counter()
            duration()
            duration = time.perf_counter() - start
        _metric(name, "timer", duration, tags)

    @staticmethod
    def gauge(name: str, value: float, tags: dict[str, str] | None = None) -> None:
        """Set a gauge."""
        _metric(name, "gauge", value, tags)

    @staticmethod
    def assets(map_: dict[str, Any]) -> None:
        """Declare assets."""
        _send({"assets": map_})

    @staticmethod
    def logger() -> logging.Logger:
        """Return a logger whose records keep their level in the execution's log."""
        logger = logging.getLogger("Kestra")
        if not logger.handlers:
            handler = _Handler()
            handler.setFormatter(logging.Formatter("%(asctime)s - %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
            logger.addHandler(handler)
            logger.setLevel(logging.DEBUG)
            logger.propagate = False
        return logger

    @staticmethod
    def read(path: str) -> list[Any]:
        """Return the records of a file of records (one JSON value in each line)."""
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.strip()]


def _metric(name: str, kind: str, value: float, tags: dict[str, str] | None) -> None:
    _send({"metrics": [{"name": name, "type": kind, "value": value, "tags": tags or {}}]})


def __getattr__(name: str) -> Any:
    if name == "context":
        path = os.environ.get("KESTRA_EXECUTION_CONTEXT_FILE", ".kestra-execution-context.json")
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    if name == "Flow":
        raise ImportError("kestra.Flow is in the package itself: add 'kestra' to the task's dependencies")
    raise AttributeError(name)
