"""The built-in functions of jq on texts, and its regular expressions.

Promise: regular expressions run on the rendering's allowance of time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from tiercel.errors import ExpressionError
from tiercel.expressions import javaregex
from tiercel.expressions.jq.values import JqError, Json, shown, text_of, type_name
from tiercel.expressions.limits import MAX_LIST

if TYPE_CHECKING:
    from tiercel.expressions.limits import Budget

_FLAGS = {"i": "i", "x": "x", "s": "s", "n": "", "p": "s", "l": "", "g": ""}


def text(value: Json, name: str) -> str:
    """Return a value that must be a string."""
    if isinstance(value, str):
        return value
    raise JqError(f"{name} needs a string, found {type_name(value)}")


def _explode(budget: Budget, value: Json) -> Json:
    budget.hold_list(len(text(value, "explode")))
    return [ord(one) for one in text(value, "explode")]


def _implode(_: Budget, value: Json) -> Json:
    if not isinstance(value, list):
        raise JqError("implode input must be an array")
    try:
        return "".join(chr(cast("int", one)) for one in value)
    except (TypeError, ValueError, OverflowError):
        raise JqError("implode needs an array of codepoints") from None


def _join(budget: Budget, value: Json, separator: Json) -> Json:
    if not isinstance(value, list):
        raise JqError(f"Cannot iterate over {shown(value, budget)}")
    if not value:
        return ""
    parts = []
    for one in value:
        if isinstance(one, list | dict):
            raise JqError(f"{shown(one, budget)} and string cannot be added")
        parts.append("" if one is None else text_of(one, budget))
    glue = text(separator, "join")
    budget.hold(len(glue) * len(parts) * 4)
    return budget.hold_text(glue.join(parts))


def _starts(_: Budget, value: Json, part: Json) -> Json:
    if not isinstance(value, str) or not isinstance(part, str):
        raise JqError("startswith() requires string inputs")
    return value.startswith(part)


def _ends(_: Budget, value: Json, part: Json) -> Json:
    if not isinstance(value, str) or not isinstance(part, str):
        raise JqError("endswith() requires string inputs")
    return value.endswith(part)


def _cut_left(_: Budget, value: Json, part: Json) -> Json:
    return value.removeprefix(part) if isinstance(value, str) and isinstance(part, str) else value


def _cut_right(_: Budget, value: Json, part: Json) -> Json:
    return value.removesuffix(part) if isinstance(value, str) and isinstance(part, str) else value


def _cased(name: str, change: Callable[[str], str]) -> Callable[[Budget, Json], Json]:
    def run(_: Budget, value: Json) -> Json:
        return "".join(change(one) if one.isascii() else one for one in text(value, name))

    return run


def _arguments(pattern: Json, flags: Json) -> tuple[str, str]:
    if isinstance(pattern, list):
        pattern, flags = (*pattern, None)[:2]
    letters = "" if flags is None else text(flags, "the flags")
    unknown = set(letters) - set(_FLAGS)
    if unknown:
        raise JqError(f"{letters} is not a valid modifier string")
    inline = "".join(sorted({_FLAGS[one] for one in letters} - {""}))
    return (f"(?{inline})" if inline else "") + text(pattern, "a pattern"), letters


def _matches(budget: Budget, value: Json, pattern: Json, flags: Json, *, every: bool = False) -> list[Any]:
    if not isinstance(value, str):
        raise JqError(f"{shown(value, budget)} cannot be matched, as it is not a string")
    expression, letters = _arguments(pattern, flags)
    try:
        compiled = javaregex.compile_java(expression)
    except ExpressionError as error:
        raise JqError(str(error)) from None
    most = MAX_LIST if every or "g" in letters else 1
    found = javaregex.found(compiled, value, most, budget)
    return [one for one in found if one.group() or "n" not in letters]


def _match_object(found: Any) -> dict[str, Json]:
    names = {number: name for name, number in found.re.groupindex.items()}
    captures: list[Json] = []
    for number in range(1, len(found.groups()) + 1):
        part = found.group(number)
        captures.append(
            {
                "offset": found.start(number),
                "length": len(part) if part is not None else 0,
                "string": part,
                "name": names.get(number),
            }
        )
    return {
        "offset": found.start(),
        "length": len(found.group()),
        "string": found.group(),
        "captures": captures,
    }


def _test(budget: Budget, value: Json, pattern: Json, flags: Json = None) -> Json:
    return bool(_matches(budget, value, pattern, flags))


def _match(budget: Budget, value: Json, pattern: Json, flags: Json = None) -> Json:
    found = _matches(budget, value, pattern, flags)
    budget.hold_list(8 * len(found))
    return [_match_object(one) for one in found]


def _scan(budget: Budget, value: Json, pattern: Json, flags: Json = None) -> Json:
    found = _matches(budget, value, pattern, flags, every=True)
    return [list(one.groups()) if one.groups() else one.group() for one in found]


def _split(budget: Budget, value: Json, pattern: Json, flags: Json) -> Json:
    parts: list[Json] = []
    start = 0
    subject = text(value, "split")
    for one in _matches(budget, value, pattern, flags, every=True):
        parts.append(subject[start : one.start()])
        start = one.end()
    return [*parts, subject[start:]]


FUNCTIONS: dict[tuple[str, int], Callable[..., Json]] = {
    ("explode", 0): _explode,
    ("implode", 0): _implode,
    ("join", 1): _join,
    ("startswith", 1): _starts,
    ("endswith", 1): _ends,
    ("ltrimstr", 1): _cut_left,
    ("rtrimstr", 1): _cut_right,
    ("trim", 0): lambda _, value: text(value, "trim").strip(),
    ("ltrim", 0): lambda _, value: text(value, "ltrim").lstrip(),
    ("rtrim", 0): lambda _, value: text(value, "rtrim").rstrip(),
    ("ascii_downcase", 0): _cased("ascii_downcase", str.lower),
    ("ascii_upcase", 0): _cased("ascii_upcase", str.upper),
    ("test", 1): _test,
    ("test", 2): _test,
    ("_match", 2): _match,
    ("_scan", 2): _scan,
    ("split", 2): _split,
}
