"""Writes and reads YAML as the reference's YAML library does.

Promise: writing needs no library; reading loads PyYAML on first use and makes no Python objects but plain values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.limits import Budget
from tiercel.expressions.printing import check_depth, to_text
from tiercel.expressions.values import Instant

_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n", "null", "~", ""))
_PLAIN = re.compile(
    r"[^\s\-?:,\[\]{}#&*!|>'\"%@`](?:[^\n\r\t:#]|:(?!\s|$)|(?<!\s)#)*|-(?:[^\s:#]|:(?!\s|$))+", re.DOTALL
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\\\"\t]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
_MAX_READ = 1_000_000
_MAX_BRACKETS = 500
_BRACKETS = re.compile(r"[\[\]{}]")
_TIMESTAMP = re.compile(r"(\d{4}-\d\d?-\d\d?)[Tt ]+(\d\d?:\d\d:\d\d)(\.\d*)?\s*(Z|[-+]\d\d?(?::?\d\d)?)?")


def to_yaml(value: object, budget: Budget) -> str:
    """Return block YAML that ends with a newline."""
    lines: list[str] = []
    if _is_block(value):
        _write_block(value, 0, lines, budget, 0)
    else:
        lines.append(_scalar(value, 0, budget))
    return budget.hold_text("\n".join(lines) + "\n")


def _is_block(value: object) -> bool:
    return isinstance(value, Mapping | list | tuple | set | frozenset) and len(value) > 0


def _write_block(value: object, indent: int, lines: list[str], budget: Budget, depth: int) -> None:
    check_depth(depth)
    margin = " " * indent
    if isinstance(value, Mapping):
        for key, child in value.items():
            if child is not None:
                _write_item(f"{margin}{_scalar(key, 0, budget)}:", child, indent, lines, budget, depth)
        return
    for child in value:  # type: ignore[attr-defined]  # a collection
        if isinstance(child, list | tuple) and child:
            inner: list[str] = []
            _write_block(child, indent + 2, inner, budget, depth + 1)
            lines.append(f"{margin} - {inner[0].lstrip()}")
            lines.extend(inner[1:])
        else:
            _write_item(f"{margin} -", child, indent, lines, budget, depth)


def _write_item(lead: str, child: object, indent: int, lines: list[str], budget: Budget, depth: int) -> None:
    budget.spend(10)
    if not _is_block(child):
        lines.append(f"{lead} {_scalar(child, indent, budget)}")
        return
    lines.append(lead)
    _write_block(child, indent + (2 if isinstance(child, Mapping) else 0), lines, budget, depth + 1)


def _scalar(value: object, indent: int, budget: Budget) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[]"
    text = to_text(value, budget)
    if isinstance(value, datetime):
        return f'"{text}"'
    if not isinstance(value, str):
        return text
    return _string(text, indent)


def _string(text: str, indent: int) -> str:
    if text.lower() in _WORDS:
        return f'"{text}"'
    if "\n" in text and not _UNPRINTABLE.search(text) and not text.startswith((" ", "\n")):
        return _literal(text, indent)
    if _PLAIN.fullmatch(text) and text == text.strip():
        return text
    return '"' + re.sub(r"[\x00-\x1f\x7f\\\"]", lambda found: _escaped(found.group()), text) + '"'


def _escaped(character: str) -> str:
    return _ESCAPES.get(character) or f"\\x{ord(character):02X}"


def _literal(text: str, indent: int) -> str:
    """Return a block scalar: lines are kept as they are."""
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    chomp = "-" if ends == 0 else "" if ends == 1 else "+"
    margin = " " * (indent + 2)
    lines = [margin + line if line else "" for line in body.split("\n")]
    return "\n".join([f"|{chomp}", *lines, *[""] * max(0, ends - 1)])


def from_yaml(text: str, budget: Budget) -> object:
    """Read one YAML document; timestamps become instants, dates and times stay text."""
    import yaml

    if len(text) > _MAX_READ:
        raise ExpressionError(f"The YAML text has {len(text):,} characters; {_MAX_READ:,} are allowed")
    budget.spend(len(text) // 4)
    check_brackets(text)
    loader = _loader()
    try:
        return yaml.load(text, loader)  # noqa: S506  # a safe loader of our own
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ExpressionError(f"The text is not YAML: {' '.join(str(error).split())[:300]}") from None


def check_brackets(text: str) -> None:
    """Raise when brackets are nested so deeply that reading them takes long."""
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > _MAX_BRACKETS:
            raise ExpressionError("The text is not YAML that can be read: its brackets are nested too deeply")


def _loader() -> Any:
    import yaml

    if not _LOADERS:
        base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        loader: Any = type("_Loader", (base,), {})
        loader.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }
        for first in "0123456789":
            resolvers = [
                (tag, _DECIMAL_ONLY if tag.endswith(":int") else pattern)
                for tag, pattern in loader.yaml_implicit_resolvers.get(first, [])
                if not tag.endswith(":float")
            ]
            resolvers += [("tag:yaml.org,2002:float", _FLOAT), ("tag:yaml.org,2002:timestamp", _TIMESTAMP_WHOLE)]
            loader.yaml_implicit_resolvers[first] = resolvers
        loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_timestamp)
        _LOADERS.append(loader)
    return _LOADERS[0]


_LOADERS: list[Any] = []
_DECIMAL_ONLY = re.compile(r"(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0o?[0-7_]+|0b[01_]+)$")
_FLOAT = re.compile(r"[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$")
_TIMESTAMP_WHOLE = re.compile(_TIMESTAMP.pattern + "$")


def _construct_timestamp(loader: Any, node: Any) -> object:
    text = str(loader.construct_scalar(node))
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return date.fromisoformat(text).isoformat()
    day = "-".join(part.zfill(2) for part in found.group(1).split("-"))
    moment = datetime.fromisoformat(f"{day}T{found.group(2).zfill(8)}").replace(tzinfo=UTC)
    fraction = (found.group(3) or ".0")[1:7].ljust(6, "0")
    moment = moment.replace(microsecond=int(fraction))
    if found.group(4) and found.group(4) != "Z":
        from tiercel.expressions.zones import fixed_offset

        moment = moment.replace(tzinfo=fixed_offset(found.group(4)))
    return Instant.of(moment)
