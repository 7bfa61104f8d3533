"""Log lines for Cloud Logging."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest

from tiercel.adapters.gcp.logs import LONGEST, CloudFormatter, Trace, about, request, trace_of

ID, SPAN = "0123456789abcdef0123456789abcdef", "00000000000000ff"


def record(message: str, *args: object, level: int = logging.INFO, **fields: object) -> logging.LogRecord:
    return logging.getLogger("tiercel").makeRecord("tiercel", level, __file__, 1, message, args, None, extra=fields)


def line(found: logging.LogRecord, project: str = "p") -> dict[str, Any]:
    text = CloudFormatter(project).format(found)
    assert "\n" not in text
    entry = json.loads(text)
    assert isinstance(entry, dict)
    return entry


def test_a_record_is_one_line() -> None:
    found = record("first\nsecond %s", "ü")
    found.created = 1767225600.5
    assert line(found) == {
        "severity": "INFO",
        "message": "first\nsecond ü",
        "time": "2026-01-01T00:00:00.500000Z",
        "logger": "tiercel",
    }


@pytest.mark.parametrize(
    ("level", "severity"), [(5, "DEBUG"), (10, "DEBUG"), (20, "INFO"), (25, "INFO"), (30, "WARNING"), (50, "CRITICAL")]
)
def test_levels_are_severities(level: int, severity: str) -> None:
    assert line(record("x", level=level))["severity"] == severity


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ({"traceparent": f"00-{ID}-{SPAN}-01"}, Trace(ID, SPAN, True)),
        ({"Traceparent": f"00-{ID}-{SPAN}-00"}, Trace(ID, SPAN, False)),
        ({"X-Cloud-Trace-Context": f"{ID}/255;o=1"}, Trace(ID, SPAN, True)),
        ({"x-cloud-trace-context": f"{ID.upper()}/255"}, Trace(ID, SPAN, False)),
        ({"X-Cloud-Trace-Context": ID}, Trace(ID)),
        ({"X-Cloud-Trace-Context": f"{ID}/1;o=1", "traceparent": f"00-{ID}-{SPAN}-00"}, Trace(ID, SPAN)),
        ({"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, None),
        ({"traceparent": "nonsense", "X-Cloud-Trace-Context": "nonsense"}, None),
        ({}, None),
    ],
)
def test_the_trace_of_a_request_is_found(headers: dict[str, str], trace: Trace | None) -> None:
    assert trace_of(headers) == trace


def test_the_lines_of_a_request_carry_its_trace() -> None:
    with request({"traceparent": f"00-{ID}-{SPAN}-01"}):
        entry = line(record("x"))
        assert "logging.googleapis.com/trace" not in line(record("x"), project="")
    assert entry["logging.googleapis.com/trace"] == f"projects/p/traces/{ID}"
    assert entry["logging.googleapis.com/spanId"] == SPAN
    assert entry["logging.googleapis.com/trace_sampled"] is True
    assert "logging.googleapis.com/trace" not in line(record("x"))


def test_labels_come_from_the_block_and_from_the_record() -> None:
    with request({"traceparent": f"00-{ID}-{SPAN}-01"}), about(execution="e1", flow="ns/f"):
        with about(task="t"):
            inner = line(record("x", flow="ns/g", other="no label"))
        outer = line(record("x"))
    assert inner["logging.googleapis.com/labels"] == {"execution": "e1", "flow": "ns/g", "task": "t"}
    assert outer["logging.googleapis.com/labels"] == {"execution": "e1", "flow": "ns/f"}
    assert outer["logging.googleapis.com/trace"] == f"projects/p/traces/{ID}"
    assert "logging.googleapis.com/labels" not in line(record("x"))


def test_an_error_has_its_stack_trace() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        found = record("x", level=logging.ERROR)
        found.exc_info = sys.exc_info()
    assert line(found)["stack_trace"].endswith("ValueError: broken")


def test_a_line_never_fails_for_what_it_holds() -> None:
    class Odd:
        def __str__(self) -> str:
            raise ValueError("no text")

    assert line(record("%s", Odd()))["message"] == "%s"
    assert line(record("%d", "x"))["message"] == "%d"
    assert line(record("\ud800"))["message"] == "\ud800"
    assert len(line(record("x" * (LONGEST + 1000)))["message"]) == LONGEST + 3
