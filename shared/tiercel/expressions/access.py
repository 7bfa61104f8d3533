"""Reads attributes, keys and indices, and calls the few methods that values have.

Promise: what is reachable stands in tables; no attribute of a Python object ever is.
"""

from __future__ import annotations

from collections.abc import Mapping

from tiercel.errors import ExpressionError
from tiercel.expressions.failures import NULL_RECEIVER, LocatedError, UndefinedError
from tiercel.expressions.limits import Budget
from tiercel.expressions.methods import method_of, property_of
from tiercel.expressions.nodes import Place
from tiercel.expressions.operators import key_of
from tiercel.expressions.printing import to_text
from tiercel.expressions.values import describe, is_number

_BLOCKED = frozenset(("class", "getClass", "wait", "notify", "notifyAll"))
_ABSENT = object()


def attribute(receiver: object, name: str, place: Place, budget: Budget) -> object:
    """Return `receiver.name`."""
    if isinstance(receiver, Mapping):
        try:
            return receiver[name]
        except KeyError:
            check_allowed(name, place)
            raise UndefinedError(name, place, receiver) from None
    if receiver is None:
        raise UndefinedError(name, place, NULL_RECEIVER)
    check_allowed(name, place)
    if isinstance(receiver, list | tuple) and name.isdecimal():
        return element(receiver, int(name), place)
    found = property_of(receiver, name, budget)
    if found is None:
        raise UndefinedError(name, place, receiver)
    return found[0]


def index(receiver: object, key: object, place: Place, budget: Budget) -> object:
    """Return `receiver[key]`."""
    if isinstance(key, str):
        return attribute(receiver, key, place, budget)
    if receiver is None:
        raise UndefinedError(to_text(key), place, NULL_RECEIVER)
    if isinstance(receiver, Mapping):
        return _entry(receiver, key, place)
    if isinstance(receiver, list | tuple) and isinstance(key, int | float) and not isinstance(key, bool):
        return element(receiver, int(key), place)
    raise UndefinedError(to_text(key), place, receiver)


def _entry(receiver: Mapping[object, object], key: object, place: Place) -> object:
    number = is_number(key)
    if isinstance(receiver, dict) or not number:  # the keys of every other map are texts
        try:
            return receiver[key_of(key)]
        except KeyError:
            pass
    if number:
        raise LocatedError(
            f"The number {to_text(key)} is no key of the map: its keys are texts, as in ['{to_text(key)}'] ({place})"
        )
    text = to_text(key)
    try:
        return receiver[text]
    except KeyError:
        raise UndefinedError(text or "null", place, receiver) from None


def element(receiver: list[object] | tuple[object, ...], position: int, place: Place) -> object:
    """Return an element of a list."""
    if 0 <= position < len(receiver):
        return receiver[position]
    raise UndefinedError(str(position), place, receiver)


def call_method(receiver: object, name: str, arguments: list[object], place: Place, budget: Budget) -> object:
    """Return `receiver.name(arguments)`."""
    check_allowed(name, place)
    if receiver is None:
        raise UndefinedError(name, place, NULL_RECEIVER)
    method = method_of(receiver, name)
    if method is None:
        raise UndefinedError(f"{name}()", place, receiver)
    try:
        return method(budget, receiver, *arguments)
    except TypeError as error:
        raise ExpressionError(
            f"{describe(receiver)} has no method {name}({', '.join(describe(one) for one in arguments)})"
        ) from error


def check_allowed(name: str, place: Place) -> None:
    """Raise when the name is one that no template may reach."""
    if name in _BLOCKED:
        raise LocatedError(f"For security reasons access to `{name}` is denied. ({place})")
