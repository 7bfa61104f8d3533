"""The meaning of the operators: equality, order, arithmetic, text, membership, truth.

Promise: Java's rules, not Python's; every result is bounded. A list of the caller is copied before it is changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from enum import Enum

from tiercel.errors import ExpressionError
from tiercel.expressions.limits import MAX_INTEGER_BITS, MAX_LIST, Budget, LimitError, size_hint, too_large
from tiercel.expressions.printing import check_depth, java_text, to_text
from tiercel.expressions.values import Float32, Long, MapEntry, OwnList, describe, is_collection, is_number


def truth(value: object) -> bool | None:
    """Return a value cast to boolean; None when it cannot be cast."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value != ""
    if isinstance(value, int | float | Decimal):
        return value != 0
    return None


def equal(left: object, right: object, budget: Budget, depth: int = 0) -> bool:
    """Tell whether two values are equal: numbers by value, everything else only within its kind."""
    if left is None or right is None:
        return left is right
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Enum) or isinstance(right, Enum):
        return _enum_name(left) == _enum_name(right)
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    return _equal_structures(left, right, budget, depth)


def _enum_name(value: object) -> object:
    return value.name if isinstance(value, Enum) else value


def _equal_structures(left: object, right: object, budget: Budget, depth: int) -> bool:
    check_depth(depth)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        budget.spend(4 + 2 * len(left))
        return len(left) == len(right) and all(
            key in right and equal(child, right[key], budget, depth + 1) for key, child in left.items()
        )
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        budget.spend(4 + 2 * len(left))
        return len(left) == len(right) and all(
            equal(one, other, budget, depth + 1) for one, other in zip(left, right, strict=True)
        )
    if isinstance(left, MapEntry) and isinstance(right, MapEntry):
        return equal(left.key, right.key, budget) and equal(left.value, right.value, budget, depth + 1)
    if isinstance(left, Mapping | list | tuple) or isinstance(right, Mapping | list | tuple):
        return False
    return bool(left == right)


def compare(symbol: str, left: object, right: object) -> bool:
    """Tell whether `left < right` and the like; null on either side gives false."""
    if left is None or right is None:
        return False
    if is_number(left) and is_number(right):
        return _ORDER[symbol](left, right)
    if isinstance(left, str) and isinstance(right, str):
        return _ORDER[symbol](left.encode("utf-16-be", "surrogatepass"), right.encode("utf-16-be", "surrogatepass"))
    raise ExpressionError(
        f"Could not perform {_ORDER_NAMES[symbol]} comparison of {describe(left)} and {describe(right)}"
    )


_ORDER: dict[str, Callable[..., bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}
_ORDER_NAMES = {
    "<": "less than",
    ">": "greater than",
    "<=": "less than or equals",
    ">=": "greater than or equals",
    "==": "equals",
    "!=": "not equals",
}
ARITHMETIC_NAMES = {"+": "addition", "-": "subtraction", "*": "multiplication", "/": "division", "%": "modulus"}


def operator_name(symbol: str) -> str:
    """Return what errors call an arithmetic or comparison operator."""
    if symbol in ARITHMETIC_NAMES:
        return ARITHMETIC_NAMES[symbol]
    return f"{_ORDER_NAMES[symbol]} comparison"


def arithmetic(symbol: str, left: object, right: object) -> object:
    """Return the result of `+ - * / %` on two numbers."""
    if not (is_number(left) and is_number(right)):
        raise ExpressionError(
            f"Could not perform {ARITHMETIC_NAMES[symbol]} of {describe(left)} and {describe(right)}: wanted numbers"
        )
    if isinstance(left, int) and isinstance(right, int):
        return _integer(symbol, left, right)
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        with localcontext() as context:
            context.prec = 34
            return _divided(symbol, _decimal(left), _decimal(right))
    result = _double(symbol, float(left), float(right))  # type: ignore[arg-type]  # both are numbers
    short = not (type(left) is float or type(right) is float)
    return Float32(result) if short else result


def _integer(symbol: str, left: int, right: int) -> int:
    if symbol == "+":
        result = left + right
    elif symbol == "-":
        result = left - right
    elif symbol == "*":
        result = int(left) * int(right)
    elif right == 0:
        raise ExpressionError(f"Could not perform {ARITHMETIC_NAMES[symbol]}: division of {left} by zero")
    else:
        quotient = abs(left) // abs(right)
        quotient = quotient if (left < 0) == (right < 0) else -quotient
        result = quotient if symbol == "/" else left - quotient * right
    if result.bit_length() > MAX_INTEGER_BITS:
        raise LimitError(f"Could not perform {ARITHMETIC_NAMES[symbol]}: the result is too large")
    return Long(result) if isinstance(left, Long) or isinstance(right, Long) else result


def _double(symbol: str, left: float, right: float) -> float:
    if symbol == "+":
        return left + right
    if symbol == "-":
        return left - right
    if symbol == "*":
        return left * right
    if symbol == "%":
        return math.nan if right == 0 or math.isinf(left) else math.fmod(left, right)
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def _decimal(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(to_text(value))


def _divided(symbol: str, left: Decimal, right: Decimal) -> Decimal:
    if symbol in "/%" and right == 0:
        raise ExpressionError(f"Could not perform {ARITHMETIC_NAMES[symbol]}: division by zero")
    if symbol == "+":
        return left + right
    if symbol == "-":
        return left - right
    if symbol == "*":
        return left * right
    return left / right if symbol == "/" else left % right


def add(left: object, right: object, budget: Budget) -> object:
    """Return `left + right`: text when either side is text, a longer list, or a sum."""
    if isinstance(left, str) or isinstance(right, str):
        return budget.hold_text(java_text(left, budget) + java_text(right, budget))
    if isinstance(left, list | tuple):
        more = list(right) if is_collection(right) else [right]  # type: ignore[call-overload]  # a collection
        if type(left) is not OwnList:
            budget.hold_list(len(left))
            left = OwnList(left)
        budget.hold_list(len(more))
        left.extend(more)
        return left
    return arithmetic("+", left, right)


def subtract(left: object, right: object, budget: Budget) -> object:
    """Return `left - right`: a difference, or a list without an element or elements."""
    if not isinstance(left, list | tuple):
        return arithmetic("-", left, right)
    budget.spend(len(left))
    if is_collection(right):
        gone = list(right)  # type: ignore[call-overload]  # a collection
        budget.spend(len(left) * len(gone))
        kept = [one for one in left if not any(equal(one, other, budget) for other in gone)]
    else:
        kept = list(left)
        found = next((index for index, one in enumerate(left) if equal(one, right, budget)), None)
        if found is not None:
            del kept[found]
    budget.hold_list(len(kept))
    if type(left) is OwnList:
        left[:] = kept
        return left
    return OwnList(kept)


def negate(value: object) -> object:
    """Return `-value`."""
    if not is_number(value):
        raise ExpressionError(f"Could not negate {describe(value)}: wanted a number")
    result = -value  # type: ignore[operator]  # a number
    return result if isinstance(value, Decimal) else type(value)(result)  # type: ignore[call-arg]


def keep_sign(value: object) -> object:
    """Return `+value`."""
    if not is_number(value):
        raise ExpressionError(f"Could not apply + to {describe(value)}: wanted a number")
    return value


def joined(parts: list[object], budget: Budget) -> str:
    """Return the texts of `~` joined; null is empty, maps and lists have their Java text."""
    texts = [part if type(part) is str else "" if part is None else java_text(part, budget) for part in parts]
    return budget.hold_text("".join(texts))


def contains(left: object, right: object, budget: Budget) -> bool:
    """Tell whether a collection, map or text contains something."""
    if left is None:
        return False
    budget.spend(size_hint(left))
    if isinstance(left, str):
        return java_text(right, budget) in left
    if isinstance(left, Mapping):
        return key_of(right) in left
    if not is_collection(left):
        raise ExpressionError(f"Could not look into {describe(left)}: contains needs a list, a map or a string")
    wanted = list(right) if is_collection(right) else [right]  # type: ignore[call-overload]  # a collection
    budget.spend(2 * len(wanted) * size_hint(left))
    return all(any(equal(one, other, budget) for other in left) for one in wanted)  # type: ignore[attr-defined]


def is_in(left: object, right: object, budget: Budget) -> bool:
    """Tell whether `left in right`: by text among elements, or among the keys and values of a map."""
    if left is None or right is None:
        return False
    text = java_text(left, budget)
    if isinstance(right, str):
        return text in right
    budget.spend(size_hint(right))
    if isinstance(right, Mapping):
        return any(text in (java_text(key, budget), java_text(child, budget)) for key, child in right.items())
    if not is_collection(right):
        raise ExpressionError(f"Could not look into {describe(right)}: in needs a list or a map")
    return any(text == java_text(one, budget) for one in right)  # type: ignore[attr-defined]  # a collection


def key_of(value: object) -> object:
    """Return a value as it can be a key of a map: what cannot be hashed becomes its text."""
    return to_text(value) if isinstance(value, list | dict | set) else value


def span(start: object, end: object, step: int, budget: Budget) -> OwnList:
    """Return the inclusive list from start to end: of integers, or of characters."""
    if isinstance(start, str) and isinstance(end, str) and len(start) == len(end) == 1:
        return OwnList(map(chr, _steps(ord(start), ord(end), step, budget)))
    if is_number(start) and is_number(end):
        return OwnList(map(Long, _steps(int(start), int(end), step, budget)))  # type: ignore[call-overload]
    raise ExpressionError(f"Could not make a range from {describe(start)} to {describe(end)}: wanted two numbers")


def _steps(start: int, end: int, step: int, budget: Budget) -> range:
    if step == 0:
        raise ExpressionError("The increment of a range must not be 0")
    steps = range(start, end + (1 if step > 0 else -1), step)
    count = max(0, (end - start) // step + 1)
    if count > MAX_LIST:
        raise too_large("range", count, MAX_LIST, "elements")
    budget.hold_list(count)
    return steps
