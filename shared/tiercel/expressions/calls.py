"""Closures of calls: filters, functions and macros.

Promise: whatever goes wrong inside one comes out as an `ExpressionError` with its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tiercel.errors import ExpressionError, MissingError
from tiercel.expressions.catalogue import FILTER_HINTS, FUNCTION_HINTS, filters, functions
from tiercel.expressions.checks import is_empty
from tiercel.expressions.failures import located, nearest
from tiercel.expressions.frame import Evaluator, Frame
from tiercel.expressions.limits import Budget, size_hint
from tiercel.expressions.nodes import Call, Filter, Place
from tiercel.expressions.routines import CALL_STEPS, PRICES, Routine, bound


def failing(error: Exception, place: Place) -> Evaluator:
    """Return an evaluator that raises: for what is wrong only if it is evaluated."""

    def fail(_: Frame) -> object:
        raise located(error, place)

    return fail


def filter_evaluator(node: Filter, value: Evaluator, compile_one: Callable[[Any], Evaluator]) -> Evaluator:
    """Return the evaluator of `value | name(arguments)`."""
    routine = filters().get(node.name)
    if routine is None:
        remedy = nearest(node.name, ("default", *filters()), FILTER_HINTS)
        return failing(ExpressionError(f"Filter [{node.name}] does not exist.{remedy}"), node.place)
    try:
        arguments = bound(routine, node.arguments, compile_one, "filter")
    except ExpressionError as error:
        return failing(error, node.place)
    if node.name == "default":
        return defaulted(value, arguments)
    return invocation(routine, (value, *arguments), node.place, null_through=not routine.takes_null)


def defaulted(value: Evaluator, arguments: tuple[Evaluator | None, ...]) -> Evaluator:
    """Return `value | default(other)`: other where value is missing, null or empty."""

    def evaluate(frame: Frame) -> object:
        other = arguments[0](frame) if arguments and arguments[0] else None
        try:
            found = value(frame)
        except MissingError:
            return other
        return other if is_empty(found) else found

    return evaluate


def invocation(
    routine: Routine, slots: tuple[Evaluator | None, ...], place: Place, *, null_through: bool = False
) -> Evaluator:
    """Return the call of a routine with its input, if it is a filter, and its arguments."""
    run, framed = routine.run, routine.framed
    what = f"`{routine.name}`"
    price = PRICES.get(routine.name, CALL_STEPS)

    def evaluate(frame: Frame) -> object:
        values = [slot(frame) if slot is not None else None for slot in slots]
        if null_through and values[0] is None:
            return None
        budget = frame.budget
        try:
            budget.spend(price + sum(map(size_hint, values)))
            result = run(frame, *values) if framed else run(*values)
            return charged(result, budget)
        except Exception as error:
            raise located(error, place, what) from error

    return evaluate


def charged(result: object, budget: Budget) -> object:
    """Count what a routine made against the allowance."""
    if isinstance(result, str):
        budget.hold_text(result)
    elif isinstance(result, list | tuple | dict):
        budget.hold_list(len(result))
    return result


def call_evaluator(node: Call, compile_one: Callable[[Any], Evaluator]) -> Evaluator:
    """Return the evaluator of `name(arguments)`: a macro of the template, else a function."""
    macro_call = macro_evaluator(node, compile_one)
    function_call = function_evaluator(node, compile_one)

    def evaluate(frame: Frame) -> object:
        return macro_call(frame) if node.name in frame.program.macros else function_call(frame)

    return evaluate


def function_evaluator(node: Call, compile_one: Callable[[Any], Evaluator]) -> Evaluator:
    """Return the evaluator of a function call."""
    routine = functions().get(node.name)
    if routine is None:
        remedy = nearest(node.name, functions(), FUNCTION_HINTS)
        return failing(ExpressionError(f"Function or Macro [{node.name}] does not exist.{remedy}"), node.place)
    try:
        arguments = bound(routine, node.arguments, compile_one, "function")
    except ExpressionError as error:
        return failing(error, node.place)
    return invocation(routine, arguments, node.place)


def macro_evaluator(node: Call, compile_one: Callable[[Any], Evaluator]) -> Evaluator:
    """Return the evaluator of a macro call; which macro is known only when the whole template is."""
    positional = [compile_one(one) for one in node.arguments.positional]
    named = [(name, compile_one(one)) for name, one in node.arguments.named]
    place = node.place

    def evaluate(frame: Frame) -> object:
        macro = frame.program.macros[node.name]
        names = [name for name, _ in macro.parameters]
        if len(positional) > len(names):
            raise located(
                ExpressionError(
                    f"The argument at position {len(names) + 1} is not allowed. "
                    f"Only {len(names)} argument(s) are allowed."
                ),
                place,
            )
        given = dict(zip(names, [one(frame) for one in positional], strict=False))
        for name, one in named:
            if name not in names:
                raise located(ExpressionError(f"The following named argument does not exist: {name}"), place)
            given[name] = one(frame)
        return macro.run(frame, given)

    return evaluate
