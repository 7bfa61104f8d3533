"""Number patterns of Java's DecimalFormat.

Promise: rounding is half-even on the exact binary value, as on the reference.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache
from typing import NamedTuple

from tiercel.errors import ExpressionError
from tiercel.expressions.limits import LimitError

_MAX_PATTERN = 200
_MAX_DIGITS = 400
_DIGITS = "#0,."


class Pattern(NamedTuple):
    """One half of a pattern."""

    prefix: str
    suffix: str
    min_integer: int
    max_integer: int
    min_fraction: int
    max_fraction: int
    grouping: int
    exponent: int
    """Least digits of the exponent; 0 without one."""
    scale: int
    """Power of ten to multiply by: 2 for percent, 3 for per mille."""
    always_point: bool


def format_number(value: float | Decimal, pattern: str) -> str:
    """Return a number formatted by a pattern."""
    positive, negative = parse(pattern)
    number = Decimal(value)
    if number.is_nan():
        return "NaN"
    minus = number.is_signed()
    half = negative if minus and negative else positive
    prefix = half.prefix if not minus or negative else "-" + half.prefix
    if number.is_infinite():
        return f"{prefix}∞{half.suffix}"
    if number and abs(number.adjusted()) > _MAX_DIGITS:
        raise LimitError("The number is too large to format.")
    with localcontext() as context:
        context.prec = 3 * _MAX_DIGITS
        body = _body(abs(number).scaleb(positive.scale), positive)
    return f"{prefix}{body}{half.suffix}"


def _body(number: Decimal, half: Pattern) -> str:
    if half.exponent:
        return _scientific(number, half)
    return _plain(number, half)


def _plain(number: Decimal, half: Pattern) -> str:
    rounded = number.quantize(Decimal(1).scaleb(-half.max_fraction), rounding=ROUND_HALF_EVEN)
    whole, _, fraction = f"{rounded:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(half.min_fraction, "0")
    whole = whole.lstrip("0").rjust(half.min_integer, "0")
    if not whole and not fraction:
        whole = "0"
    if half.grouping:
        whole = _grouped(whole, half.grouping)
    return f"{whole}.{fraction}" if fraction or half.always_point else whole


def _grouped(whole: str, size: int) -> str:
    first = len(whole) % size or size
    return ",".join([whole[:first], *(whole[at : at + size] for at in range(first, len(whole), size))])


def _scientific(number: Decimal, half: Pattern) -> str:
    exponent = number.adjusted() if number else 0
    if half.max_integer > half.min_integer and half.max_integer > 1:
        exponent = exponent // half.max_integer * half.max_integer
        places = half.min_integer + half.max_fraction - 1
        digits = max(0, places - (number.adjusted() - exponent if number else 0))
    else:
        exponent -= half.min_integer - 1
        digits = half.max_fraction
    mantissa = number.scaleb(-exponent).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    text = _plain(mantissa, half._replace(max_fraction=digits, grouping=0, exponent=0, min_integer=half.min_integer))
    sign = "-" if exponent < 0 else ""
    return f"{text}E{sign}{str(abs(exponent)).rjust(half.exponent, '0')}"


@lru_cache(maxsize=256)
def parse(pattern: str) -> tuple[Pattern, Pattern | None]:
    """Read a pattern with its perhaps negative half."""
    if len(pattern) > _MAX_PATTERN:
        raise ExpressionError("The number pattern is too long")
    positive, rest = _half(pattern, 0)
    if rest >= len(pattern):
        return positive, None
    negative, rest = _half(pattern, rest + 1)
    if rest < len(pattern):
        raise ExpressionError(f"The number pattern '{pattern}' has more than two parts")
    return positive, negative


def _half(pattern: str, position: int) -> tuple[Pattern, int]:
    prefix, position = _affix(pattern, position)
    start = position
    while position < len(pattern) and pattern[position] in _DIGITS:
        position += 1
    digits = pattern[start:position]
    exponent = 0
    if pattern.startswith("E", position):
        end = position + 1
        while pattern.startswith("0", end):
            end += 1
        exponent, position = end - position - 1, end
        if not exponent:
            raise ExpressionError(f"The number pattern '{pattern}' has an exponent without digits")
    suffix, position = _affix(pattern, position)
    if position < len(pattern) and pattern[position] != ";":
        raise ExpressionError(f"The number pattern '{pattern}' cannot be read at '{pattern[position:]}'")
    return _made(pattern, prefix, suffix, digits, exponent), position


def _affix(pattern: str, position: int) -> tuple[str, int]:
    """Read literal text up to the digits, a `;` or the end; the scale stands in it as `%` or `‰`."""
    text = ""
    quoted = False
    while position < len(pattern):
        character = pattern[position]
        if character == "'":
            if pattern.startswith("''", position):
                text += "'"
                position += 1
            else:
                quoted = not quoted
        elif not quoted and (character in _DIGITS or character == ";"):
            break
        elif character == "¤" and not quoted:
            text += "$"
        else:
            text += character
        position += 1
    if quoted:
        raise ExpressionError(f"The number pattern '{pattern}' has a quote that is not closed")
    return text, position


def _made(pattern: str, prefix: str, suffix: str, digits: str, exponent: int) -> Pattern:
    whole, point, fraction = digits.partition(".")
    plain = whole.replace(",", "")
    if "0#" in plain or "#0" in fraction or "," in fraction or "." in fraction or whole.endswith(","):
        raise ExpressionError(f"The number pattern '{pattern}' is malformed: # stands outside, 0 inside")
    grouping = len(whole) - whole.rindex(",") - 1 if "," in whole else 0
    scale = 2 if "%" in prefix + suffix else 3 if "‰" in prefix + suffix else 0
    least = plain.count("0")
    if point and "0" not in digits:  # Java reads `#.##` as `0.##`, but `#.00` as written
        least = 1
    return Pattern(
        prefix,
        suffix,
        least,
        len(plain) if exponent else _MAX_DIGITS,
        fraction.count("0"),
        len(fraction),
        grouping,
        exponent,
        scale,
        bool(point) and not fraction,
    )
