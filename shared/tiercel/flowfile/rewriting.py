"""One property of a flow set in its source, with every other character as its author wrote it.

Promise: what comes back differs in one word or one line, or a FlowError says that it must be set by hand.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from tiercel.errors import FlowError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def with_disabled(source: str, disabled: bool) -> str:
    """Return a valid flow's source with `disabled` set; YAML or JSON, one document.

    Raises:
        FlowError: It is written in a way in which one word cannot be changed alone (an alias, an anchor).
    """
    return _with(source, "disabled", "true" if disabled else "false")


def with_namespace(source: str, namespace: str) -> str:
    """Return a valid flow's source with another namespace; like `with_disabled`."""
    return _with(source, "namespace", json.dumps(namespace) if source.lstrip().startswith("{") else namespace)


def _with(source: str, name: str, word: str) -> str:
    root = yaml.compose(source, Loader=_Loader)
    if not isinstance(root, yaml.MappingNode):
        raise _by_hand(name)
    for key, value in root.value:
        if key.value == name:
            return _replaced(source, key, value, word)
    return _added(source, root, name, word)


def _by_hand(name: str) -> FlowError:
    return FlowError(f"'{name}' cannot be set without rewriting more of the flow's source; change it there")


def _replaced(source: str, key: yaml.Node, value: yaml.Node, word: str) -> str:
    start, end = value.start_mark, value.end_mark
    lines = source.splitlines(keepends=True)
    before = (start.line, start.column) < (key.end_mark.line, key.end_mark.column)  # an alias
    if before or start.line != end.line or start.line >= len(lines):
        raise _by_hand(key.value)
    line = lines[start.line]
    gap = "" if start.column < end.column or line[: start.column].endswith(" ") else " "
    lines[start.line] = line[: start.column] + gap + word + line[end.column :]
    return "".join(lines)


def _added(source: str, root: yaml.MappingNode, name: str, word: str) -> str:
    lines = source.splitlines(keepends=True)
    if root.flow_style:
        line, column = root.start_mark.line, root.start_mark.column + 1
        lines[line] = f'{lines[line][:column]}"{name}": {word}, {lines[line][column:]}'
        return "".join(lines)
    places = {key.value: (key, value) for key, value in root.value}
    key, value = places["namespace"]
    last = value.end_mark.line
    if value.start_mark.line != last or value.start_mark.line != key.start_mark.line:
        raise _by_hand(name)
    ending = lines[last][len(lines[last].rstrip("\r\n")) :]
    if not ending:
        lines[last] += "\n"
    lines.insert(last + 1, f"{' ' * key.start_mark.column}{name}: {word}{ending or chr(10)}")
    return "".join(lines)
