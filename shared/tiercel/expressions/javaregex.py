"""Java's regular expressions on top of the `regex` library.

Promise: a pattern or text that would run away is stopped by the rendering's allowance; the library is loaded on first
use.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING

from tiercel.errors import ExpressionError
from tiercel.expressions.limits import MAX_LIST, Budget, LimitError, too_large

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    import regex

    T = TypeVar("T")

_MAX_PATTERN = 4_000
_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7F",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1F\x7F",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0B\f\r",
    "IsAlphabetic": r"\p{Alphabetic}",
    "IsDigit": r"\p{Nd}",
    "IsLetter": r"\p{L}",
    "IsPunctuation": r"\p{P}",
    "IsWhite_Space": r"\p{White_Space}",
    "javaLowerCase": r"\p{Ll}",
    "javaUpperCase": r"\p{Lu}",
    "javaWhitespace": r"\s",
}
_CLASSES = {
    "d": "0-9",
    "w": "a-zA-Z_0-9",
    "s": r" \t\n\x0B\f\r",
    "h": r" \t\xA0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000",
}
_NEGATED = {"D": "d", "W": "w", "S": "s", "H": "h"}
_REPEAT = re.compile(r"\{\d+(,\d*)?\}")
_PROPERTY = re.compile(r"\\([pP])(?:\{\^?(\w+(?:=\w+)?)\}|(\w))")
_GROUP = re.compile(r"\(\?(?:[:=!>]|<[=!]|<[A-Za-z]\w*>|[a-zA-Z-]*[:)])")
_REFERENCE = re.compile(r"\\(.)|\$(?:\{([A-Za-z]\w*)\}|(\d))|\$", re.DOTALL)


def replace(pattern: str, replacement: str, text: str, budget: Budget, count: int = 0) -> str:
    """Replace every match; `$1`, `${name}` and `\\$` in the replacement mean what they mean in Java."""
    compiled = compile_java(pattern)
    template = _replacement(replacement, compiled)
    size = 0

    def expand(match: regex.Match[str]) -> str:
        nonlocal size
        made = "".join(part if isinstance(part, str) else match.group(part[0]) or "" for part in template)
        size += len(made)
        if size > MAX_LIST * 40:
            raise too_large("text", size, MAX_LIST * 40, "characters")
        return made

    result = _timed(budget, pattern, lambda seconds: compiled.sub(expand, text, count, timeout=seconds))
    return budget.hold_text(result)


def split(pattern: str, text: str, limit: int, budget: Budget) -> list[object]:
    """Split as Java does: trailing empty parts are dropped at limit 0, kept at a negative one."""
    compiled = compile_java(pattern)

    def cut(seconds: float) -> list[object]:
        parts: list[object] = []
        start = 0
        for match in compiled.finditer(text, timeout=seconds):
            if 0 < limit <= len(parts) + 1 or len(parts) > MAX_LIST:
                break
            if match.end() == 0 or (match.start() == match.end() == len(text)):
                continue
            parts.append(text[start : match.start()])
            start = match.end()
        parts.append(text[start:])
        return parts

    parts = _timed(budget, pattern, cut)
    if len(parts) > MAX_LIST:
        raise too_large("list", len(parts), MAX_LIST, "elements")
    if limit == 0 and len(parts) > 1:  # a text that was not cut stays, even an empty one
        while parts and not parts[-1]:
            parts.pop()
    budget.hold_list(len(parts))
    return parts


def matches(pattern: str, text: str, budget: Budget) -> bool:
    """Tell whether the whole text matches."""
    compiled = compile_java(pattern)
    return _timed(budget, pattern, lambda seconds: compiled.fullmatch(text, timeout=seconds)) is not None


def search(pattern: str, text: str, budget: Budget) -> regex.Match[str] | None:
    """Return the first match anywhere, or None."""
    compiled = compile_java(pattern)
    return _timed(budget, pattern, lambda seconds: compiled.search(text, timeout=seconds))


def found(compiled: regex.Pattern[str], text: str, most: int, budget: Budget) -> list[regex.Match[str]]:
    """Return the first matches of a compiled pattern."""

    def collect(seconds: float) -> list[regex.Match[str]]:
        return list(islice(compiled.finditer(text, timeout=seconds), most))

    result = _timed(budget, compiled.pattern, collect)
    budget.hold_list(4 * len(result))
    return result


def _timed(budget: Budget, pattern: str, run: Callable[[float], T]) -> T:
    if budget.regex_seconds <= 0:
        raise LimitError("The regular expressions of the template take too long.")
    budget.spend(20)
    started = perf_counter()
    try:
        return run(budget.regex_seconds)
    except TimeoutError:
        raise LimitError(f"The regular expression `{pattern[:80]}` takes too long on this text.") from None
    finally:
        budget.regex_seconds -= perf_counter() - started


@lru_cache(maxsize=512)
def compile_java(pattern: str) -> regex.Pattern[str]:
    """Compile a Java pattern, or raise with what is wrong in it."""
    import regex

    if len(pattern) > _MAX_PATTERN:
        raise too_large("regular expression", len(pattern), _MAX_PATTERN, "characters")
    try:
        return regex.compile(translate(pattern), regex.V1)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise ExpressionError(f"The regular expression `{pattern[:80]}` cannot be read: {error}") from None


def translate(pattern: str) -> str:
    """Return the pattern in the syntax of the `regex` library, version 1."""
    out: list[str] = []
    position = depth = 0
    while position < len(pattern):
        piece, position, depth = _piece(pattern, position, depth)
        out.append(piece)
    return "".join(out)


def _piece(pattern: str, position: int, depth: int) -> tuple[str, int, int]:
    """Translate one piece; `depth` counts the character classes that are open."""
    character = pattern[position]
    if character == "\\":
        piece, position = _escape(pattern, position, depth)
        return piece, position, depth
    if character == "[":
        return _class_start(pattern, position, depth)
    if depth:
        if character == "]":
            return "]", position + 1, depth - 1
        if character == "&" and pattern.startswith("&&", position):
            return "&&", position + 2, depth
        doubled = character in "-~|&" and pattern.startswith(character * 2, position)
        return ("\\" + character if doubled else character), position + 1, depth
    if character == "(" and pattern.startswith("(?", position):
        return _group_start(pattern, position)
    if character == "{" and not _REPEAT.match(pattern, position):
        raise ExpressionError(f"The regular expression `{pattern[:80]}` has a `{{` that repeats nothing; write `\\{{`.")
    if character == "$":
        return r"(?=\n?\Z)", position + 1, depth
    return character, position + 1, depth


def _class_start(pattern: str, position: int, depth: int) -> tuple[str, int, int]:
    piece = "["
    position += 1
    if pattern.startswith("^", position):
        piece += "^"
        position += 1
    if pattern.startswith("]", position):  # a bracket that stands first is itself
        piece += r"\]"
        position += 1
    return piece, position, depth + 1


def _group_start(pattern: str, position: int) -> tuple[str, int, int]:
    found = _GROUP.match(pattern, position)
    if found is None:
        raise ExpressionError(f"The regular expression `{pattern[:80]}` has a group that Java does not know.")
    flags = found.group()
    if flags[-1] in ":)" and len(flags) > 3:
        flags = flags.replace("d", "").replace("u", "").replace("U", "")
        if set(flags[2:-1]) - set("imsx-"):
            raise ExpressionError(f"The regular expression `{pattern[:80]}` has a flag that is not known.")
        flags = "(?:" if flags == "(?:" else "" if flags == "(?)" else flags
    return flags, found.end(), 0


def _escape(pattern: str, position: int, depth: int) -> tuple[str, int]:
    following = pattern[position + 1 : position + 2]
    if not following:
        raise ExpressionError(f"The regular expression `{pattern[:80]}` ends in a backslash.")
    if following in "pP":
        return _property(pattern, position, depth)
    if following == "Q":
        end = pattern.find("\\E", position)
        quoted = pattern[position + 2 : end if end >= 0 else None]
        return re.escape(quoted), end + 2 if end >= 0 else len(pattern)
    if following in _CLASSES:
        return (_CLASSES[following] if depth else f"[{_CLASSES[following]}]"), position + 2
    if following in _NEGATED:
        return f"[^{_CLASSES[_NEGATED[following]]}]", position + 2
    if following == "k" and pattern.startswith("\\k<", position):
        end = pattern.find(">", position)
        return f"(?P={pattern[position + 3 : end]})", end + 1
    plain = {"Z": r"(?=\n?\Z)", "z": r"\Z", "e": r"\x1B", "R": r"(?:\r\n|[\n\x0B\f\r\x85\u2028\u2029])"}
    if following in plain:
        return plain[following], position + 2
    if following.isascii() and following.isalpha() and following not in "tnrfaxucbBAGX":
        raise ExpressionError(
            f"The regular expression `{pattern[:80]}` has an escape `\\{following}` that means nothing."
        )
    return "\\" + following, position + 2


def _property(pattern: str, position: int, depth: int) -> tuple[str, int]:
    found = _PROPERTY.match(pattern, position)
    if found is None:
        raise ExpressionError(f"The regular expression `{pattern[:80]}` has a `\\p` without a name.")
    name = found.group(2) or found.group(3)
    negated = found.group(1) == "P"
    known = _POSIX.get(name)
    if known is not None:
        inside = f"[^{known}]" if negated else known if depth else f"[{known}]"
        return inside, found.end()
    name = name[2:] if name.startswith("Is") else "InBlock" if name == "In" else name
    return f"\\{found.group(1)}{{{name}}}", found.end()


def _replacement(replacement: str, compiled: regex.Pattern[str]) -> list[str | tuple[int | str]]:
    """Cut a replacement into texts and references to groups."""
    parts: list[str | tuple[int | str]] = []
    position = 0
    for found in _REFERENCE.finditer(replacement):
        parts.append(replacement[position : found.start()])
        position = found.end()
        if found.group(1) is not None:
            parts.append(found.group(1))
        elif found.group(2) is not None:
            if found.group(2) not in compiled.groupindex:
                raise ExpressionError(f"No group with name {{{found.group(2)}}} in the regular expression")
            parts.append((found.group(2),))
        elif found.group(3) is not None:
            number, position = _group_number(replacement, found, compiled)
            parts.append((number,))
        else:
            raise ExpressionError("Illegal group reference: write `\\$` for a dollar sign in a replacement")
    parts.append(replacement[position:])
    return parts


def _group_number(replacement: str, found: re.Match[str], compiled: regex.Pattern[str]) -> tuple[int, int]:
    """Read as many digits of a group number as there are groups."""
    number = int(found.group(3))
    if number > compiled.groups:
        raise ExpressionError(f"No group {number} in the regular expression")
    position = found.end()
    while replacement[position : position + 1].isdecimal():
        longer = number * 10 + int(replacement[position])
        if longer > compiled.groups:
            break
        number, position = longer, position + 1
    return number, position
