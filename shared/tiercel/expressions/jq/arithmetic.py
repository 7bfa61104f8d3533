"""The operators of jq, and its text formats such as `@csv`.

Promise: numbers stay integers where the result is one; results are bounded.
"""

from __future__ import annotations

import binascii
import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tiercel.expressions.jq.values import JqError, Json, json_text, order, shown, text_of
from tiercel.expressions.limits import MAX_INTEGER_BITS, check_size

if TYPE_CHECKING:
    from tiercel.expressions.limits import Budget

_NAMES = {"+": "added", "-": "subtracted", "*": "multiplied", "/": "divided", "%": "divided"}


def is_number(value: Json) -> bool:
    """Tell whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def operate(operator: str, left: Json, right: Json, budget: Budget) -> Json:
    """Return `left operator right`."""
    if operator in _COMPARISONS:
        if isinstance(left, list | dict) and isinstance(right, list | dict):
            budget.spend(len(left) + len(right))
        first, second = order(left), order(right)
        return _COMPARISONS[operator](first, second)
    if is_number(left) and is_number(right):
        return _numbers(operator, left, right)
    if operator == "+":
        return _added(left, right, budget)
    if operator == "-" and isinstance(left, list) and isinstance(right, list):
        budget.spend(len(left) * max(1, len(right)))
        gone = [order(one) for one in right]
        return [one for one in left if order(one) not in gone]
    if operator == "*":
        return _multiplied(left, right, budget)
    if operator == "/" and isinstance(left, str) and isinstance(right, str):
        budget.spend(len(left) // 16)
        return list(left.split(right)) if right else list(left)
    raise _wrong(operator, left, right, budget)


def _wrong(operator: str, left: Json, right: Json, budget: Budget) -> JqError:
    return JqError(f"{shown(left, budget)} and {shown(right, budget)} cannot be {_NAMES[operator]}")


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _numbers(operator: str, left: Json, right: Json) -> Json:
    assert isinstance(left, int | float)
    assert isinstance(right, int | float)
    if operator == "%":
        return _remainder(left, right)
    if operator == "/":
        if right == 0:
            raise JqError(f"{left} and {right} cannot be divided because the divisor is zero")
        if isinstance(left, int) and isinstance(right, int) and left % right == 0:
            return left // right
        return float(left) / float(right)
    result = left + right if operator == "+" else left - right if operator == "-" else left * right
    return float(result) if isinstance(result, int) and result.bit_length() > MAX_INTEGER_BITS else result


def _remainder(left: float, right: float) -> Json:
    if left - left != 0 or right != right:
        return math.nan
    divisor = abs(int(right)) if right - right == 0 else 2**63
    if divisor == 0:
        raise JqError(f"{left} and {right} cannot be divided because the divisor is zero")
    rest = abs(int(left)) % divisor
    return -rest if left < 0 else rest


def _added(left: Json, right: Json, budget: Budget) -> Json:
    if left is None or right is None:
        return right if left is None else left
    if isinstance(left, str) and isinstance(right, str):
        return budget.hold_text(left + right)
    if isinstance(left, list) and isinstance(right, list):
        budget.hold_list(len(left) + len(right))
        return [*left, *right]
    if isinstance(left, dict) and isinstance(right, dict):
        budget.hold_list(len(left) + len(right))
        return {**left, **right}
    raise _wrong("+", left, right, budget)


def _multiplied(left: Json, right: Json, budget: Budget) -> Json:
    if isinstance(left, dict) and isinstance(right, dict):
        return _merged(left, right, budget)
    if is_number(left):
        left, right = right, left
    if isinstance(left, str) and isinstance(right, int | float) and not isinstance(right, bool):
        if right != right or right <= 0:
            return None
        times = right if right < 1e9 else 1e9
        check_size(len(left) * times)
        return budget.hold_text(left * max(1, math.ceil(times)))
    raise _wrong("*", left, right, budget)


def _merged(left: dict[str, Json], right: dict[str, Json], budget: Budget) -> dict[str, Json]:
    budget.hold_list(len(left) + len(right))
    result = dict(left)
    for key, child in right.items():
        old = result.get(key)
        result[key] = _merged(old, child, budget) if isinstance(old, dict) and isinstance(child, dict) else child
    return result


def formatted(name: str, value: Json, budget: Budget) -> str:
    """Return a value in a text format."""
    if name in ("@csv", "@tsv", "@sh"):
        return _FORMATS_OF_LISTS[name](value, budget)
    text = json_text(value, budget) if name == "@json" else text_of(value, budget)
    if name in ("@text", "@json"):
        return text
    if name == "@html":
        for old, new in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ('"', "&quot;")):
            text = text.replace(old, new)
        return budget.hold_text(text)
    if name == "@uri":
        from urllib.parse import quote

        return budget.hold_text(quote(text, safe="~"))
    if name == "@base64":
        return b64encode(text.encode()).decode()
    if name == "@base64d":
        try:
            return b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise JqError(f"{shown(value, budget)} is not valid base64 data") from None
    raise JqError(f"{name[1:]} is not a valid format")


def _cells(value: Json, kind: str, budget: Budget) -> list[Json]:
    if not isinstance(value, list):
        raise JqError(f"{shown(value, budget)} cannot be {kind}-formatted, only an array can be")
    for one in value:
        if isinstance(one, list | dict):
            raise JqError(f"{shown(one, budget)} is not valid in a {kind} row")
    return value


def _csv(value: Json, budget: Budget) -> str:
    cells = _cells(value, "csv", budget)
    quoted = ['"' + one.replace('"', '""') + '"' if isinstance(one, str) else one for one in cells]
    return ",".join("" if one is None else text_of(one, budget) for one in quoted)


def _tsv(value: Json, budget: Budget) -> str:
    texts = ["" if one is None else text_of(one, budget) for one in _cells(value, "tsv", budget)]
    for old, new in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        texts = [text.replace(old, new) for text in texts]
    return "\t".join(texts)


def _sh(value: Json, budget: Budget) -> str:
    cells: Json = value if isinstance(value, list) else [value]
    return " ".join(
        "'" + one.replace("'", "'\\''") + "'" if isinstance(one, str) else text_of(one, budget)
        for one in _cells(cells, "sh", budget)
    )


_FORMATS_OF_LISTS = {"@csv": _csv, "@tsv": _tsv, "@sh": _sh}
