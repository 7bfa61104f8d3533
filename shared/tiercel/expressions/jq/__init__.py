"""jq programs, run by a small interpreter of our own.

Promise: a program sees its input and nothing else; one that never ends, or that makes too much, is stopped by the
rendering's allowance. The C library can promise neither: it reads the environment and cannot be interrupted.
"""

from __future__ import annotations

from functools import lru_cache

from tiercel.errors import ExpressionError
from tiercel.expressions.jq.environment import BreakError
from tiercel.expressions.jq.machine import Machine
from tiercel.expressions.jq.natives import NATIVES
from tiercel.expressions.jq.parser import parse, parse_definitions
from tiercel.expressions.jq.prelude import PRELUDE
from tiercel.expressions.jq.tree import Function, Node
from tiercel.expressions.jq.values import Json, json_value
from tiercel.expressions.limits import MAX_LIST, Budget, too_large
from tiercel.expressions.values import OwnList, describe


def run_jq(program: str, value: object, budget: Budget) -> OwnList:
    """Return the list of results; a text is parsed as JSON first."""
    machine = Machine(budget, NATIVES, _definitions())
    results = OwnList()
    try:
        for result in machine.values(_parsed(program), None, _input(value, budget)):
            results.append(result)
            if len(results) > MAX_LIST:
                raise too_large("list of jq's results", len(results), MAX_LIST, "elements")
    except BreakError:
        raise ExpressionError("jq: a break left the program") from None
    return results


@lru_cache(maxsize=512)
def _parsed(program: str) -> Node:
    return parse(program)


@lru_cache(maxsize=1)
def _definitions() -> dict[tuple[str, int], Function]:
    return {(one.name, len(one.parameters)): one for one in parse_definitions(PRELUDE)}


def _input(value: object, budget: Budget) -> Json:
    if not isinstance(value, str):
        return json_value(value, budget)
    from json import loads

    try:
        parsed: Json = loads(value)
    except ValueError as error:
        raise ExpressionError(f"The input of jq, {describe(value)}, is not JSON: {error}") from None
    return parsed
