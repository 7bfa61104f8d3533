"""Functions on numbers, and the ranges of them.

Promise: ranges are bounded.
"""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.frame import Frame
from tiercel.expressions.operators import compare, span
from tiercel.expressions.routines import function_named, integer_argument
from tiercel.expressions.values import describe, is_number


@function_named("max", variadic=True)
def greatest(*values: object) -> object:
    """Return the largest value."""
    return _extreme(">", values)


@function_named("min", variadic=True)
def smallest(*values: object) -> object:
    """Return the smallest value."""
    return _extreme("<", values)


def _extreme(symbol: str, values: tuple[object, ...]) -> object:
    best: object = None
    for value in values:
        if best is None or compare(symbol, value, best):
            best = value
    return best


@function_named("range", parameters="start end increment", required=2, framed=True)
def numbers(frame: Frame, start: object, end: object, increment: object = None) -> object:
    """Return the inclusive list from start to end."""
    if is_number(increment) and not isinstance(increment, int):
        increment = int(increment)  # type: ignore[call-overload]  # a number
    step = integer_argument(increment, "increment", 1)
    if not (is_number(start) and is_number(end)) and not (isinstance(start, str) and isinstance(end, str)):
        raise ExpressionError(f"The function range needs two numbers, found {describe(start)} and {describe(end)}")
    return span(start, end, step, frame.budget)
