"""Filters on numbers.

Promise: what is no number is refused; sizes are Java's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from tiercel.errors import ExpressionError
from tiercel.expressions.routines import filter_named, text_argument, text_input
from tiercel.expressions.values import BigInteger, Float32, Long, describe, is_number

_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|(?P<digits>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))(?P<suffix>[lLfFdD]?)",
    re.ASCII,
)
_MAX_DIGITS = 400
_FLOAT_DIGITS = 7


@filter_named("abs", takes_null=True)
def absolute(value: object) -> object:
    """Return a number without its sign."""
    if not is_number(value):
        raise ExpressionError(f"The 'abs' filter needs a number, found {describe(value)}")
    return type(value)(abs(value))  # type: ignore[arg-type, call-arg]  # a number


@filter_named("number", parameters="type")
def number(value: object, kind: object = None) -> object:
    """Read a number from text, as the type asked for or the smallest that holds it."""
    text = text_input(value, "number")
    wanted = None if kind is None else text_argument(kind, "type")
    try:
        return _READERS[wanted](text) if wanted in _READERS else read_number(text)
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise ExpressionError(f"{describe(value)} is not a number{f' of type {wanted}' if wanted else ''}") from error


def _bounded(text: str, bits: int) -> int:
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII) or len(text) > _MAX_DIGITS:
        raise ValueError(text)
    result = int(text)
    if bits and not -(1 << (bits - 1)) <= result < 1 << (bits - 1):
        raise ValueError(text)
    return result


def _decimal(text: str) -> Decimal:
    result = Decimal(text)
    if len(text) > _MAX_DIGITS or not result.is_finite() or abs(result.adjusted()) > _MAX_DIGITS or "_" in text:
        raise ValueError(text)
    return result


def _float(text: str) -> float:
    if "_" in text or len(text) > _MAX_DIGITS:
        raise ValueError(text)
    return float(text.rstrip("fFdD") or "?")


_READERS: dict[str | None, Callable[[str], object]] = {
    "INT": lambda text: _bounded(text, 32),
    "LONG": lambda text: Long(_bounded(text, 64)),
    "FLOAT": lambda text: Float32(_float(text)),
    "DOUBLE": _float,
    "BIGDECIMAL": _decimal,
    "BIGINTEGER": lambda text: BigInteger(_bounded(text, 0)),
}


def read_number(text: str) -> object:
    """Read a number as the smallest type that holds it."""
    found = _NUMBER.fullmatch(text)
    if found is None or len(text) > _MAX_DIGITS:
        raise ExpressionError(f"{describe(text)} is not a number")
    suffix, sign = found["suffix"].lower(), found["sign"]
    if found["hex"]:
        return int(sign + found["hex"] + (found["suffix"] if suffix in ("f", "d") else ""), 16)
    digits = found["digits"]
    if suffix == "l" or (not suffix and digits.isdigit()):
        value = _bounded(sign + digits, 0)
        return Long(value) if suffix else value
    if suffix == "f":
        return Float32(sign + digits)
    return float(sign + digits) if suffix == "d" else _smallest_decimal(sign + digits)


def _smallest_decimal(text: str) -> object:
    figures = re.split("[eE]", text)[0].lstrip("+-").replace(".", "")
    value = float(text)
    exact = _decimal(text)
    small = exact == 0 or -38 <= exact.adjusted() < 38
    if len(figures.lstrip("0")) <= _FLOAT_DIGITS and small:
        return Float32(value)
    if value - value != 0 or (value == 0 and exact != 0):
        return exact
    return value


@filter_named("numberFormat", parameters="format")
def number_format(value: object, pattern: object = None) -> str:
    """Format a number by a pattern such as `#,##0.00`."""
    from tiercel.expressions.decimalformat import format_number

    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        raise ExpressionError(f"The 'numberFormat' filter needs a number, found {describe(value)}")
    return format_number(value, "#,##0.###" if pattern is None else text_argument(pattern, "format"))
