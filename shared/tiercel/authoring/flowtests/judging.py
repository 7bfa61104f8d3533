"""Whether what a flow gave is what its test expects."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from tiercel.authoring.flowtests.suites import Assertion
from tiercel.errors import ExpressionError, MissingError
from tiercel.expressions import Context, evaluate, render_deep, to_text
from tiercel.expressions.javaregex import matches
from tiercel.expressions.limits import Budget

LONGEST = 1000
"""Characters of a value that a report shows."""


@dataclass(frozen=True)
class Failure:
    """One thing that is not as the test expects it."""

    message: str
    assertion: str | None = None
    """Which assertion, and its value as written; None for what concerns the case as a whole."""
    operator: str | None = None
    expected: str | None = None
    """As JSON, secrets masked."""
    actual: str | None = None
    description: str | None = None


class _Nothing:
    """What stands where an expression names something that is not there."""


def judge(number: int, assertion: Assertion, context: Context, hide: Callable[[str], str]) -> Iterator[Failure]:
    """Yield what is not as an assertion expects it.

    Args:
        number: Its number, counted from 0.
        assertion: The assertion.
        context: What its expressions see.
        hide: Hides secrets in a text.
    """
    place = f"assertions[{number}]: {to_text(assertion.value)}"
    try:
        actual = _value(assertion, context)
        description = None if assertion.description is None else to_text(render_deep(assertion.description, context))
        for name, wanted in assertion.operators:
            expected = evaluate(wanted, context) if isinstance(wanted, str) else render_deep(wanted, context)
            problem = _compare(name, actual, expected)
            if problem is None:
                continue
            if assertion.error_message is not None:
                problem = to_text(render_deep(assertion.error_message, context))
            shown = None if isinstance(actual, _Nothing) else hide(_shown(actual))
            yield Failure(hide(problem), place, name, hide(_shown(expected)), shown, description)
    except ExpressionError as error:
        yield Failure(hide(f"cannot be rendered: {error}"), place)


def _value(assertion: Assertion, context: Context) -> object:
    """Return what an assertion looks at; that something is missing is an answer where null is asked about."""
    if not isinstance(assertion.value, str):
        return render_deep(assertion.value, context)
    try:
        return evaluate(assertion.value, context)
    except MissingError:
        if all(name in ("isNull", "isNotNull") for name, _ in assertion.operators):
            return _Nothing()
        raise


def _compare(name: str, actual: object, expected: object) -> str | None:
    """Return what is wrong; None when the comparison holds."""
    try:
        return None if _COMPARISONS[name](actual, expected) else "is not as expected"
    except (InvalidOperation, TypeError, ValueError) as error:
        return f"cannot be compared: {error or type(error).__name__}"


def equal(one: object, other: object) -> bool:
    """Tell whether two values are the same, or would be written the same."""
    return one == other or (one is not None and other is not None and to_text(one) == to_text(other))


def _contains(actual: object, expected: object) -> bool:
    if isinstance(actual, list | tuple):
        return any(equal(each, expected) for each in actual)
    if isinstance(actual, dict):
        return any(equal(each, expected) for each in actual)
    return to_text(expected) in to_text(actual)


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError(f"{_shown(value)} is no number")
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"{_shown(value)} is no number") from None


def _numbers(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[object, object], bool]:
    return lambda actual, expected: compare(_number(actual), _number(expected))


def _among(actual: object, expected: object) -> bool:
    if not isinstance(expected, list | tuple):
        raise ValueError(f"{_shown(expected)} is no list")
    return any(equal(actual, each) for each in expected)


def _is_null(actual: object) -> bool:
    return actual is None or isinstance(actual, _Nothing)


_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "equalTo": equal,
    "notEqualTo": lambda actual, expected: not equal(actual, expected),
    "contains": _contains,
    "startsWith": lambda actual, expected: to_text(actual).startswith(to_text(expected)),
    "endsWith": lambda actual, expected: to_text(actual).endswith(to_text(expected)),
    "matches": lambda actual, expected: matches(to_text(expected), to_text(actual), Budget()),
    "greaterThan": _numbers(operator.gt),
    "greaterThanOrEqualTo": _numbers(operator.ge),
    "lessThan": _numbers(operator.lt),
    "lessThanOrEqualTo": _numbers(operator.le),
    "in": _among,
    "notIn": lambda actual, expected: not _among(actual, expected),
    "isNull": lambda actual, expected: _is_null(actual) is bool(expected),
    "isNotNull": lambda actual, expected: _is_null(actual) is not bool(expected),
}


def _shown(value: object) -> str:
    """Return a value for a report."""
    text = json.dumps(value, ensure_ascii=False, default=to_text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"
