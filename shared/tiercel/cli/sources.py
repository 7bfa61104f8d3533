"""Flow files: where they are, and what they hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.errors import FlowError

if TYPE_CHECKING:
    from tiercel.model.flow import Flow

STDIN = "-"
_ENDINGS = (".yaml", ".yml")


def read_source(path: str) -> bytes:
    """Return a file's content; `-` is the standard input."""
    return sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()


def name_of(path: str) -> str:
    """Return the name of a source for messages."""
    return "<stdin>" if path == STDIN else path


def one_flow(path: str) -> Flow:
    """Return the one flow of a file.

    Raises:
        FlowError: It is not valid, or there are several.
    """
    from tiercel.flowfile import parse_flow

    return parse_flow(read_source(path), source=name_of(path))


def all_flows(path: str) -> list[Flow]:
    """Return every flow of a file.

    Raises:
        FlowError: One of them is not valid.
    """
    from tiercel.flowfile import parse_flows

    found = []
    for each in parse_flows(read_source(path), name_of(path)):
        if isinstance(each, FlowError):
            raise each
        found.append(each)
    return found


def flow_files(path: str) -> Iterator[str]:
    """Yield a file, or every flow file below a folder, sorted; hidden folders are left out."""
    if path == STDIN or not Path(path).is_dir():
        yield path
        return
    for each in sorted(Path(path).rglob("*")):
        hidden = any(part.startswith(".") for part in each.relative_to(path).parts)
        if each.suffix.lower() in _ENDINGS and not hidden and each.is_file():
            yield str(each)
