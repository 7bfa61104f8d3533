"""Flow files: where they are, and what they hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.errors import FlowError, Problem

if TYPE_CHECKING:
    from tiercel.model.flow import Flow

STDIN = "-"
_ENDINGS = (".yaml", ".yml")
TESTS = (".test.yaml", ".test.yml")
"""How the names of files end that hold tests of flows."""
NAMESPACE_FILES = "_files"
"""The folder beside flows that is no place for flows: by custom it holds the files of their namespace."""


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


def read_flows(path: str) -> Iterator[tuple[str, Flow | FlowError]]:
    """Yield each flow of a file, or of the files below a folder, or what is wrong with it; each with its file."""
    from tiercel.flowfile import parse_flows

    files = list(flow_files(path))
    if not files:
        yield path, FlowError([Problem("there is no .yaml or .yml file below this folder")], path)
    for file in files:
        name = name_of(file)
        try:
            found = parse_flows(read_source(file), name)
        except OSError as error:
            found = [FlowError([Problem(error.strerror or str(error))], name)]
        yield from ((name, each) for each in found)


def flow_files(path: str) -> Iterator[str]:
    """Yield a file, or every flow file below a folder, sorted.

    Left out are hidden folders, the files of namespaces (`_files`), and tests of flows.
    """
    if path == STDIN or not Path(path).is_dir():
        yield path
        return
    yield from (str(each) for each in _below(path) if not each.name.lower().endswith(TESTS))


def test_files(path: str) -> Iterator[str]:
    """Yield a file, or every file of tests below a folder, sorted."""
    if path == STDIN or not Path(path).is_dir():
        yield path
        return
    yield from (str(each) for each in _below(path) if each.name.lower().endswith(TESTS))


def _below(folder: str) -> Iterator[Path]:
    """Yield the YAML files below a folder, sorted."""
    for each in sorted(Path(folder).rglob("*")):
        parts = each.relative_to(folder).parts
        left_out = any(part.startswith(".") for part in parts) or NAMESPACE_FILES in parts[:-1]
        if each.suffix.lower() in _ENDINGS and not left_out and each.is_file():
            yield each
