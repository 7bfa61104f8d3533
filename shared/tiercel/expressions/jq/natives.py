"""The built-in functions of jq that take programs as arguments, and the way plain ones are called.

Promise: loops are iterative; each turn is paid from the allowance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, cast

from tiercel.expressions.jq import paths
from tiercel.expressions.jq.environment import Closure
from tiercel.expressions.jq.functions import FUNCTIONS, number
from tiercel.expressions.jq.machine import Machine, Natives, Path, Result
from tiercel.expressions.jq.values import JqError, Json, shown, truthy

NATIVES: Natives = {}


def _native(name: str, arity: int) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    def register(run: Callable[..., Result]) -> Callable[..., Result]:
        NATIVES[name, arity] = lambda machine, arguments, path, value: run(machine, path, value, *arguments)
        return run

    return register


def _plain(function: Callable[..., Json], name: str, arity: int) -> None:
    def run(machine: Machine, arguments: list[Closure], path: Path, value: Json) -> Result:
        for given in _combinations(machine, arguments, value):
            machine.budget.spend(1 + len(value) // 64 if isinstance(value, str | list | dict) else 1)
            yield machine.given(path, function(machine.budget, value, *given))

    NATIVES[name, arity] = run


def _combinations(machine: Machine, arguments: list[Closure], value: Json) -> Iterator[list[Json]]:
    if not arguments:
        yield []
        return
    for last in machine.of(arguments[-1], value):
        for rest in _combinations(machine, arguments[:-1], value):
            yield [*rest, last]


for (_name, _arity), _function in FUNCTIONS.items():
    _plain(_function, _name, _arity)


@_native("empty", 0)
def _empty(_: Machine, __: Path, ___: Json) -> Result:
    return iter(())


@_native("not", 0)
def _not(machine: Machine, path: Path, value: Json) -> Result:
    yield machine.given(path, not truthy(value))


@_native("error", 0)
def _error(_: Machine, __: Path, value: Json) -> Result:
    raise JqError(value)
    yield  # a generator, so that the error is raised where `try` looks for it


@_native("error", 1)
def _error_of(machine: Machine, _: Path, value: Json, message: Closure) -> Result:
    for one in machine.of(message, value):
        raise JqError(one)
    yield from ()


@_native("path", 1)
def _path(machine: Machine, path: Path, value: Json, where: Closure) -> Result:
    for found, _ in machine.run(where.node, where.environment, (), value):
        yield machine.given(path, list(found or ()))


@_native("getpath", 1)
def _getpath(machine: Machine, path: Path, value: Json, where: Closure) -> Result:
    for keys in machine.of(where, value):
        if not isinstance(keys, list):
            raise JqError("Path must be specified as an array")
        yield None if path is None else (*path, *keys), paths.get(value, tuple(keys), machine.budget)


@_native("delpaths", 1)
def _delpaths(machine: Machine, path: Path, value: Json, where: Closure) -> Result:
    for found in machine.of(where, value):
        gone = [tuple(one) for one in cast("list[list[Json]]", found)]
        yield machine.given(path, paths.without(value, gone, machine.budget))


@_native("setpath", 2)
def _setpath(machine: Machine, path: Path, value: Json, where: Closure, what: Closure) -> Result:
    for keys in machine.of(where, value):
        for new in machine.of(what, value):
            if not isinstance(keys, list):
                raise JqError("Path must be specified as an array")
            yield machine.given(path, paths.put(value, tuple(keys), new, machine.budget))


@_native("range", 1)
def _range_to(machine: Machine, path: Path, value: Json, end: Closure) -> Result:
    for last in machine.of(end, value):
        yield from _counted(machine, path, 0, number(last), 1)


@_native("range", 2)
def _range_between(machine: Machine, path: Path, value: Json, start: Closure, end: Closure) -> Result:
    for first in machine.of(start, value):
        for last in machine.of(end, value):
            yield from _counted(machine, path, number(first), number(last), 1)


@_native("range", 3)
def _range_by(machine: Machine, path: Path, value: Json, start: Closure, end: Closure, by: Closure) -> Result:
    for first in machine.of(start, value):
        for last in machine.of(end, value):
            for step in machine.of(by, value):
                yield from _counted(machine, path, number(first), number(last), number(step))


def _counted(machine: Machine, path: Path, first: float, last: float, step: float) -> Result:
    at = first
    while (at < last) if step > 0 else (at > last) if step < 0 else False:
        machine.budget.spend(1)
        yield machine.given(path, at)
        at += step


@_native("limit", 2)
def _limit(machine: Machine, path: Path, value: Json, count: Closure, source: Closure) -> Result:
    for most in machine.of(count, value):
        size = int(number(most))
        yield from islice(machine.run(source.node, source.environment, path, value), max(0, size))


@_native("skip", 2)
def _skip(machine: Machine, path: Path, value: Json, count: Closure, source: Closure) -> Result:
    for most in machine.of(count, value):
        yield from islice(machine.run(source.node, source.environment, path, value), max(0, int(number(most))), None)


@_native("first", 1)
def _first(machine: Machine, path: Path, value: Json, source: Closure) -> Result:
    yield from islice(machine.run(source.node, source.environment, path, value), 1)


@_native("last", 1)
def _last(machine: Machine, path: Path, value: Json, source: Closure) -> Result:
    final: list[Any] = []
    for result in machine.run(source.node, source.environment, path, value):
        final = [result]
    yield from final


@_native("nth", 2)
def _nth(machine: Machine, path: Path, value: Json, count: Closure, source: Closure) -> Result:
    for position in machine.of(count, value):
        at = int(number(position))
        if at < 0:
            raise JqError("Out of bounds negative array index")
        yield from islice(machine.run(source.node, source.environment, path, value), at, at + 1)


@_native("isempty", 1)
def _isempty(machine: Machine, path: Path, value: Json, source: Closure) -> Result:
    yield machine.given(path, next(machine.of(source, value), machine) is machine)


@_native("until", 2)
def _until(machine: Machine, path: Path, value: Json, test: Closure, update: Closure) -> Result:
    values = _Updated(machine, value, update)
    for one in values:
        if truthy(next(machine.of(test, one), None)):
            yield machine.given(path, one)
        else:
            values.follow(one)


@_native("while", 2)
def _while(machine: Machine, path: Path, value: Json, test: Closure, update: Closure) -> Result:
    values = _Updated(machine, value, update)
    for one in values:
        if truthy(next(machine.of(test, one), None)):
            yield machine.given(path, one)
            values.follow(one)


@_native("repeat", 1)
def _repeat(machine: Machine, path: Path, value: Json, update: Closure) -> Result:
    values = _Updated(machine, value, update)
    for one in values:
        yield machine.given(path, one)
        values.follow(one)


class _Updated:
    """A value, and after each that is followed the values that an update makes of it; no recursion, however deep."""

    def __init__(self, machine: Machine, value: Json, update: Closure) -> None:
        self._machine, self._update = machine, update
        self._waiting: list[Iterator[Json]] = [iter([value])]

    def __iter__(self) -> Iterator[Json]:
        while self._waiting:
            one = next(self._waiting[-1], self._machine)
            if one is self._machine:
                self._waiting.pop()
            else:
                yield cast("Json", one)

    def follow(self, one: Json) -> None:
        """Have what the update makes of a value come next."""
        self._machine.budget.hold_list(10)
        self._waiting.append(self._machine.of(self._update, one))


def _items(value: Json, machine: Machine, what: str) -> list[Json]:
    if not isinstance(value, list):
        raise JqError(f"{shown(value, machine.budget)} cannot be {what}, as it is not an array")
    return value


def _keyed(machine: Machine, value: Json, key: Closure, what: str) -> list[tuple[tuple[object, ...], Json]]:
    return [(machine.order_of(key, one), one) for one in _items(value, machine, what)]


@_native("sort_by", 1)
def _sort_by(machine: Machine, path: Path, value: Json, key: Closure) -> Result:
    pairs = sorted(_keyed(machine, value, key, "sorted"), key=lambda pair: pair[0])
    yield machine.given(path, [one for _, one in pairs])


@_native("group_by", 1)
def _group_by(machine: Machine, path: Path, value: Json, key: Closure) -> Result:
    groups: list[Json] = []
    last: object = None
    for mark, one in sorted(_keyed(machine, value, key, "grouped"), key=lambda pair: pair[0]):
        if mark != last:
            groups.append([])
        cast("list[Json]", groups[-1]).append(one)
        last = mark
    yield machine.given(path, groups)


@_native("unique_by", 1)
def _unique_by(machine: Machine, path: Path, value: Json, key: Closure) -> Result:
    kept: list[Json] = []
    last: object = None
    for mark, one in sorted(_keyed(machine, value, key, "grouped"), key=lambda pair: pair[0]):
        if mark != last:
            kept.append(one)
        last = mark
    yield machine.given(path, kept)


@_native("min_by", 1)
def _min_by(machine: Machine, path: Path, value: Json, key: Closure) -> Result:
    pairs = _keyed(machine, value, key, "compared")
    yield machine.given(path, min(pairs, key=lambda pair: pair[0])[1] if pairs else None)


@_native("max_by", 1)
def _max_by(machine: Machine, path: Path, value: Json, key: Closure) -> Result:
    pairs = _keyed(machine, value, key, "compared")
    yield machine.given(path, max(reversed(pairs), key=lambda pair: pair[0])[1] if pairs else None)


def _refused(name: str, arity: int, reason: str) -> None:
    def refuse(*_: object) -> Result:
        raise JqError(f"The jq function {name} is not available: {reason}")
        yield  # a generator, so that the error is raised where `try` looks for it

    NATIVES[name, arity] = refuse


for _one in ("input", "inputs", "input_filename", "input_line_number", "halt", "halt_error", "get_search_list"):
    _refused(_one, 0, "a filter has one input and no command line")
_refused("now", 0, "use the function now() of the template")
