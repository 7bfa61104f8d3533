"""Closures of the operators: who intercepts a missing value, who passes it on, who hardens it.

Promise: `??`, `???` catch what is missing; arithmetic and comparisons turn it into an ordinary error.
"""

from __future__ import annotations

from collections.abc import Callable

from tiercel.errors import ExpressionError, MissingError
from tiercel.expressions import operators
from tiercel.expressions.failures import LocatedError, hardened, located
from tiercel.expressions.frame import Evaluator, Frame
from tiercel.expressions.limits import Budget
from tiercel.expressions.nodes import Binary, Place, Unary
from tiercel.expressions.values import describe

_ARITHMETIC: dict[str, Callable[[object, object, Budget], object]] = {
    "+": operators.add,
    "-": operators.subtract,
    "*": lambda left, right, _: operators.arithmetic("*", left, right),
    "/": lambda left, right, _: operators.arithmetic("/", left, right),
    "%": lambda left, right, _: operators.arithmetic("%", left, right),
    "==": operators.equal,
    "!=": lambda left, right, budget: not operators.equal(left, right, budget),
    "<": lambda left, right, _: operators.compare("<", left, right),
    ">": lambda left, right, _: operators.compare(">", left, right),
    "<=": lambda left, right, _: operators.compare("<=", left, right),
    ">=": lambda left, right, _: operators.compare(">=", left, right),
}
_OTHER: dict[str, Callable[[object, object, Budget], object]] = {
    "contains": operators.contains,
    "in": operators.is_in,
    "not in": lambda left, right, budget: not operators.is_in(left, right, budget),
    "..": lambda left, right, budget: operators.span(left, right, 1, budget),
}


def binary_evaluator(node: Binary, left: Evaluator, right: Evaluator) -> Evaluator:
    """Return the evaluator of a binary operator, filters, tests and `~` aside."""
    operator, place = node.operator, node.place
    if operator == "??":
        return coalesced(left, right)
    if operator == "???":
        return undefined_coalesced(left, right)
    if operator in ("and", "or"):
        return logical(operator, left, right, place)
    if operator in _OTHER:
        return passing(_OTHER[operator], left, right, place)
    symbol = "==" if operator == "equals" else operator
    return hardening(_ARITHMETIC[symbol], f"Could not perform {operators.operator_name(symbol)}", left, right, place)


def coalesced(left: Evaluator, right: Evaluator) -> Evaluator:
    """Return `left ?? right`: right where left is null or missing."""

    def evaluate(frame: Frame) -> object:
        try:
            value = left(frame)
        except MissingError:
            value = None
        return right(frame) if value is None else value

    return evaluate


def undefined_coalesced(left: Evaluator, right: Evaluator) -> Evaluator:
    """Return `left ??? right`: right where left is missing."""

    def evaluate(frame: Frame) -> object:
        try:
            return left(frame)
        except MissingError:
            pass
        return right(frame)

    return evaluate


def logical(operator: str, left: Evaluator, right: Evaluator, place: Place) -> Evaluator:
    """Return `left and right` or `left or right`; the right side is evaluated only when it decides."""
    deciding = operator == "or"

    def cast(frame: Frame, operand: Evaluator) -> bool:
        value = operand(frame)
        if value is None:
            raise LocatedError(f"null value used in {operator} operator and strict variables is set to true ({place})")
        result = operators.truth(value)
        if result is None:
            raise LocatedError(f"Cannot cast {describe(value)} to a boolean in the operator {operator} ({place})")
        return result

    return lambda frame: deciding if cast(frame, left) is deciding else cast(frame, right)


def passing(
    apply: Callable[[object, object, Budget], object], left: Evaluator, right: Evaluator, place: Place
) -> Evaluator:
    """Return an operator that lets a missing operand through as missing."""

    def evaluate(frame: Frame) -> object:
        first, second = left(frame), right(frame)
        try:
            return apply(first, second, frame.budget)
        except Exception as error:
            raise located(error, place) from error

    return evaluate


def hardening(
    apply: Callable[[object, object, Budget], object], what: str, left: Evaluator, right: Evaluator, place: Place
) -> Evaluator:
    """Return an operator that turns a missing operand into an ordinary error."""

    def evaluate(frame: Frame) -> object:
        try:
            return apply(left(frame), right(frame), frame.budget)
        except MissingError as error:
            raise hardened(error, place, what) from error
        except Exception as error:
            raise located(error, place, what) from error

    return evaluate


def joined_evaluator(parts: list[Evaluator], place: Place) -> Evaluator:
    """Return `a ~ b ~ c`."""

    def evaluate(frame: Frame) -> object:
        values = [part(frame) for part in parts]
        try:
            return operators.joined(values, frame.budget)
        except Exception as error:
            raise located(error, place) from error

    return evaluate


def unary_evaluator(node: Unary, operand: Evaluator) -> Evaluator:
    """Return `not x`, `-x` or `+x`."""
    place = node.place
    if node.operator == "not":
        return negated_evaluator(operand, place)
    apply = operators.negate if node.operator == "-" else operators.keep_sign

    def evaluate(frame: Frame) -> object:
        try:
            return apply(operand(frame))
        except MissingError as error:
            raise hardened(error, place, f"Could not apply unary {node.operator}") from error
        except ExpressionError as error:
            raise located(error, place) from error

    return evaluate


def negated_evaluator(operand: Evaluator, place: Place) -> Evaluator:
    """Return `not x`."""

    def evaluate(frame: Frame) -> object:
        value = operand(frame)
        if value is None:
            raise LocatedError(f"null value given to not() and strict variables is set to true ({place})")
        result = operators.truth(value)
        if result is None:
            raise LocatedError(f"Cannot cast {describe(value)} to a boolean in not() ({place})")
        return not result

    return evaluate
