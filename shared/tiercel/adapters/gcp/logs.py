"""Log lines as Cloud Logging reads them from a function's output: one JSON object a line, with its trace.

Promise: no client and no network: a line is written when it is said. A line never fails for what it holds.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime

LONGEST = 100_000
"""Characters of a message or a stack trace; an entry may have 256 KB (Cloud Logging, Quotas and limits)."""

SEVERITIES = {
    logging.CRITICAL: "CRITICAL",
    logging.ERROR: "ERROR",
    logging.WARNING: "WARNING",
    logging.INFO: "INFO",
}

LABELS = ("execution", "flow", "namespace", "task")
"""The fields of a record (`extra`) that become labels."""

_CLOUD = re.compile(r"([0-9a-f]{32})(?:/(\d{1,20}))?(?:;o=(\d))?", re.IGNORECASE)
_W3C = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """The request that lines belong to."""

    id: str
    span: str = ""
    """Sixteen hexadecimal digits."""
    sampled: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What lines are about, while a request is handled."""

    trace: Trace | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


_about: ContextVar[About] = ContextVar("about", default=About())  # noqa: B039 - frozen


def trace_of(headers: Mapping[str, str]) -> Trace | None:
    """Return the trace that a request names, in `traceparent` or in `X-Cloud-Trace-Context`; None without one."""
    found = {name.lower(): value for name, value in headers.items()}
    match = _W3C.fullmatch(found.get("traceparent", "").strip())
    if match and match[1].strip("0"):
        return Trace(match[1], match[2], bool(int(match[3], 16) & 1))
    match = _CLOUD.fullmatch(found.get("x-cloud-trace-context", "").strip())
    if match:
        span = int(match[2] or 0) & (1 << 64) - 1
        return Trace(match[1].lower(), f"{span:016x}" if span else "", match[3] == "1")
    return None


@contextmanager
def request(headers: Mapping[str, str]) -> Iterator[None]:
    """Have the lines of the block say which request they belong to."""
    token = _about.set(About(trace_of(headers)))
    try:
        yield
    finally:
        _about.reset(token)


@contextmanager
def about(**labels: str) -> Iterator[None]:
    """Have the lines of the block carry further labels, such as `execution` and `flow`."""
    now = _about.get()
    token = _about.set(About(now.trace, {**now.labels, **labels}))
    try:
        yield
    finally:
        _about.reset(token)


class CloudFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def __init__(self, project: str = "") -> None:
        """Name the project in which the traces are; without one, lines say nothing of their traces."""
        super().__init__()
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        entry: dict[str, object] = {
            "severity": _severity(record.levelno),
            "message": _cut(_message(record)),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            # Error Reporting finds the errors by this field.
            entry["stack_trace"] = _cut(self.formatException(record.exc_info), end=True)
        now = _about.get()
        own = {name: str(getattr(record, name)) for name in LABELS if getattr(record, name, None) is not None}
        labels = {**now.labels, **own}
        if labels:
            entry["logging.googleapis.com/labels"] = labels
        if now.trace is not None and self._project:
            entry.update(_traced(now.trace, self._project))
        return json.dumps(entry, default=str)


def set_up(project: str, level: int = logging.INFO) -> None:
    """Have every logger of this process write for Cloud Logging, to the standard error output."""
    handler = logging.StreamHandler()
    handler.setFormatter(CloudFormatter(project))
    logging.basicConfig(handlers=[handler], level=level, force=True)


def _traced(trace: Trace, project: str) -> dict[str, object]:
    found: dict[str, object] = {
        "logging.googleapis.com/trace": f"projects/{project}/traces/{trace.id}",
        "logging.googleapis.com/trace_sampled": trace.sampled,
    }
    if trace.span:
        found["logging.googleapis.com/spanId"] = trace.span
    return found


def _message(record: logging.LogRecord) -> str:
    """Return the record's text; where its arguments do not fit it, the text as it stands in the code."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a line that says too little is better than none
        return str(record.msg)


def _severity(level: int) -> str:
    """Return the severity of a level; levels in between count as the one below."""
    return next((name for least, name in SEVERITIES.items() if level >= least), "DEBUG")


def _cut(text: str, *, end: bool = False) -> str:
    """Return the beginning of a text that is too long, or its end (a stack trace says more there)."""
    if len(text) <= LONGEST:
        return text
    return "..." + text[-LONGEST:] if end else text[:LONGEST] + "..."
