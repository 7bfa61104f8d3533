"""Java's regular expressions on Python: translated once, matched with a time limit.

Promise: a match ends within a second, whatever the pattern; `regex` is imported on first use.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regex import Pattern

TIMEOUT = 1.0
"""Seconds that one match may take."""

_TOKEN = re.compile(r"\\Q(.*?)(?:\\E|\Z)|\\k<(\w+)>|\\x\{([0-9a-fA-F]+)\}|\\(.)|(\[\^?\]?)|(\])", re.DOTALL)

_CLASSES = {"d": "0-9", "w": "a-zA-Z0-9_", "s": r" \t\n\x0b\f\r"}
"""Java's short classes are ASCII; those of `regex` are not."""


def java_to_python(pattern: str) -> str:
    """Return a pattern in the syntax of `regex` (version 1) that means what it means in Java."""
    depth = 0
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(pattern):
        parts.append(pattern[end : token.start()])
        end = token.end()
        quoted, group, code, escape, opened, _closed = token.groups()
        if quoted is not None:
            parts.append(re.escape(quoted))
        elif group:
            parts.append(f"(?P={group})")
        elif code:
            parts.append(rf"\U{int(code, 16):08x}")
        elif escape:
            parts.append(_escape(escape, inside=depth > 0))
        else:
            depth = depth + 1 if opened else max(depth - 1, 0)
            parts.append(token.group())
    return "".join(parts) + pattern[end:]


def _escape(letter: str, *, inside: bool) -> str:
    if letter in _CLASSES:
        return _CLASSES[letter] if inside else f"[{_CLASSES[letter]}]"
    if letter.lower() in _CLASSES:
        return f"[^{_CLASSES[letter.lower()]}]"
    return {"e": r"\x1b", "Z": r"(?=\n?\z)"}.get(letter, "\\" + letter)


@lru_cache(maxsize=512)
def compile_java(pattern: str) -> Pattern[str]:
    """Return a compiled Java pattern.

    Raises:
        ValueError: It is not a pattern; the text begins with `invalid pattern [...]`.
    """
    import regex

    try:
        return regex.compile(java_to_python(pattern), regex.V1)
    except (regex.error, OverflowError, RecursionError, ValueError) as error:
        raise ValueError(f"invalid pattern [{pattern}]: {error}") from None


def full_match(pattern: str, text: str) -> bool:
    """Tell whether a Java pattern matches a whole text.

    Raises:
        ValueError: It is not a pattern, or the match takes too long.
    """
    try:
        return compile_java(pattern).fullmatch(text, timeout=TIMEOUT) is not None
    except TimeoutError:
        raise ValueError(f"the pattern `{pattern}` takes over {TIMEOUT:g} s to match; make it simpler") from None
