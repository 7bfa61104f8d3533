"""A flow's YAML text to a `Flow`, or to a FlowError that names everything wrong with it, with line and column.

Promise: nothing is rendered, nothing is read but the text; whatever the text, the outcome is one of the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tiercel.errors import FlowError, Problem
from tiercel.flowfile.defaults import Injected
from tiercel.flowfile.document import read_flow
from tiercel.flowfile.labels import read_labels
from tiercel.flowfile.places import Document, Report
from tiercel.flowfile.reading import decode, read
from tiercel.flowfile.tasks import Tree, is_runnable
from tiercel.model.flow import MAIN, Flow, Node

__all__ = ["parse_flow", "parse_flows", "parse_task", "read_labels"]


def parse_flow(
    text: str | bytes,
    *,
    source: str = "",
    revision: int = 1,
    strict: bool = True,
    global_defaults: Sequence[Mapping[str, Any]] = (),
) -> Flow:
    """Return the flow that a text holds.

    Args:
        text: YAML or JSON, one document; bytes are taken as UTF-8.
        source: The file's name, for messages.
        revision: The number that the flow is given; a number in the text does not count.
        strict: False lets unknown top-level properties pass as notices, and `extend` in silence.
        global_defaults: The configuration's plugin defaults, after the flow's own.

    Raises:
        FlowError: Something is wrong; `problems` holds all of it.
    """
    try:
        decoded = decode(text)
        documents = _filled(read(decoded))
        if len(documents) > 1:
            line = documents[1].first_line + 1
            message = f"found {len(documents)} documents (the second begins on line {line}), wanted one flow"
            raise FlowError([Problem(message, line=line, column=1)])
        return read_flow(documents[0], decoded, revision=revision, strict=strict, global_defaults=global_defaults)
    except FlowError as error:
        raise FlowError(error.problems, source) from None


def parse_flows(
    text: str | bytes,
    source: str = "",
    *,
    strict: bool = True,
    global_defaults: Sequence[Mapping[str, Any]] = (),
) -> list[Flow | FlowError]:
    """Return what each document of a text is: a flow, or what is wrong with it. A text that is no YAML is one error."""
    try:
        decoded = decode(text)
        documents = _filled(read(decoded))
    except FlowError as error:
        return [FlowError(error.problems, source)]
    found: list[Flow | FlowError] = []
    for document, part in zip(documents, _parts(documents, decoded), strict=True):
        try:
            found.append(read_flow(document, part, revision=1, strict=strict, global_defaults=global_defaults))
        except FlowError as error:
            found.append(FlowError(error.problems, source))
    return found


def parse_task(text: str, default_id: str) -> Node:
    """Return the one task that a text holds, without tasks inside it.

    Args:
        text: YAML, one map.
        default_id: The task's id, where the text has none.

    Raises:
        FlowError: Something is wrong; `problems` holds all of it.
    """
    document = _filled(read(decode(text)))[0]
    report = Report(document, problems=list(document.problems))
    if isinstance(document.value, dict):
        document.value.setdefault("id", default_id)
    node = Tree(report, Injected(), ("", "")).task(document.value, (), MAIN, None)
    if node is None or report.problems:
        raise FlowError(report.problems or "the task is disabled")
    if not is_runnable(node.plugin):
        raise FlowError(f"a task of type {node.type} is none that a worker runs by itself")
    return node


def _filled(documents: list[Document]) -> list[Document]:
    """Leave out empty documents, unless there is nothing else."""
    return [each for each in documents if each.value is not None] or documents[:1] or [Document()]


def _parts(documents: list[Document], text: str) -> list[str]:
    """Return the text of each document, without the line that begins it."""
    if len(documents) == 1:
        return [text]
    lines = text.splitlines(keepends=True)
    starts = [document.first_line for document in documents]
    if lines[starts[0]].strip() != "---":
        starts[0] = 0  # what the author says before the first key belongs to the first document
    parts = (lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True))
    return ["".join(part[1:] if part and part[0].strip() == "---" else part) for part in parts]
