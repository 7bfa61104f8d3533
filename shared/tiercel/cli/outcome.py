"""How an execution ended, as an exit code, and as the one JSON document of a command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from tiercel.errors import NotFoundError
from tiercel.model.states import State

if TYPE_CHECKING:
    from tiercel.assembly import Parts
    from tiercel.model.execution import Execution
    from tiercel.model.flow import Flow

_FAILED = (State.FAILED, State.KILLED, State.CANCELLED)
WAITS = 3
"""The exit code of an execution that waits for somebody."""


def exit_code(state: State) -> int:
    """Return the exit code for the state in which an execution was left."""
    if not state.is_terminal:
        return WAITS
    return 1 if state in _FAILED else 0


def final_exit_code(runtime: Parts, header: Execution) -> int:
    """Return the exit code of an execution; one that was retried as a whole counts as its latest retry."""
    if header.state is not State.RETRIED:
        return exit_code(header.state)
    retries = [each for each in runtime.view.caused_by(header.id) if each.attempt_number > header.attempt_number]
    latest = max(retries, key=lambda each: each.attempt_number, default=None)
    return 1 if latest is None else exit_code(latest.state)


def flow_of(runtime: Parts, header: Execution) -> Flow | None:
    """Return the flow of an execution, None when it is not stored any more."""
    try:
        return runtime.flows.get(header.namespace, header.flow_id, header.revision)
    except NotFoundError:
        return None


def print_execution(runtime: Parts, execution: str) -> None:
    """Write an execution as one JSON document to the standard output, task run by task run."""
    header = runtime.view.header(execution)
    output = binary_output()
    between = "{\n  "
    for name, value in runtime.view.parts(header, flow_of(runtime, header)):
        output.write(_utf8(f"{between}{json.dumps(name)}: "))
        between = ",\n  "
        if isinstance(value, Iterator):
            _write_list(output, value)
        else:
            output.write(_utf8(_text(value).replace("\n", "\n  ")))
    output.write(b"\n}\n")


def _write_list(output: BinaryIO, items: Iterator[object]) -> None:
    between = "[\n    "
    for item in items:
        output.write(_utf8(between + _text(item).replace("\n", "\n    ")))
        between = ",\n    "
    output.write(b"[]" if between.startswith("[") else b"\n  ]")


def print_json(value: object) -> None:
    """Write a JSON document to the standard output, as UTF-8."""
    binary_output().write(_utf8(_text(value) + "\n"))


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _utf8(text: str) -> bytes:
    # A lone surrogate cannot be written as UTF-8; its backslash form means the same in JSON.
    return text.encode("utf-8", "backslashreplace")


def binary_output() -> BinaryIO:
    """Return the standard output for bytes."""
    sys.stdout.flush()
    return sys.stdout.buffer
