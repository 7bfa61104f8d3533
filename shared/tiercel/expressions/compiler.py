"""Turns the tree of an expression into closures.

Promise: names of filters, functions and tests are resolved when they are evaluated: an unknown one in a branch that is
not taken is harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tiercel.errors import ExpressionError, MissingError
from tiercel.expressions import access
from tiercel.expressions.calls import call_evaluator, failing, filter_evaluator
from tiercel.expressions.checks import CHECKS
from tiercel.expressions.failures import NULL_RECEIVER, LocatedError, UndefinedError, located
from tiercel.expressions.frame import Evaluator, Frame
from tiercel.expressions.limits import size_hint
from tiercel.expressions.nodes import (
    Attribute,
    Binary,
    Call,
    Expression,
    Filter,
    Index,
    ListOf,
    Literal,
    MapOf,
    MethodCall,
    Name,
    Place,
    Rendered,
    Ternary,
    Test,
    Unary,
)
from tiercel.expressions.operator_closures import binary_evaluator, joined_evaluator, unary_evaluator
from tiercel.expressions.operators import key_of, truth
from tiercel.expressions.routines import CALL_STEPS
from tiercel.expressions.values import Long, OwnList, describe

if TYPE_CHECKING:
    from tiercel.expressions.frame import Step
    from tiercel.expressions.nodes import Body


class ExpressionCompiler:
    """Compiles the expressions of one template."""

    def __init__(self, assigned: frozenset[str], compile_body: Callable[[Body], Step]) -> None:
        self.assigned = assigned
        """Every name that the template sets somewhere; all others come straight from the context."""
        self.compile_body = compile_body
        self.weight = 0
        """How many nodes were compiled: the price of an iteration."""
        self.makes_numbers = False
        """Whether values may hold Java's numbers, which must not leave."""
        self._compilers: dict[type, Callable[..., Evaluator]] = {
            Literal: self._literal,
            Name: self._name,
            Attribute: self._attribute,
            Index: self._index,
            MethodCall: self._method,
            Call: self._call,
            ListOf: self._list,
            MapOf: self._map,
            Unary: self._unary,
            Binary: self._binary,
            Filter: self._filter,
            Test: self._test,
            Ternary: self._ternary,
            Rendered: self._rendered,
        }

    def compile(self, node: Expression) -> Evaluator:
        """Return a function from a frame to the value of the expression."""
        self.weight += 1
        return self._compilers[type(node)](node)

    def _literal(self, node: Literal) -> Evaluator:
        value = node.value
        self.makes_numbers |= isinstance(value, Long)
        return lambda _: value

    def _name(self, node: Name) -> Evaluator:
        name, place = node

        def read(frame: Frame) -> object:
            try:
                return frame.variables[name]
            except KeyError:
                pass
            try:
                return frame.outside(name)
            except KeyError:
                raise UndefinedError(name, place, frame.visible()) from None

        def read_local(frame: Frame) -> object:
            for scope in reversed(frame.scopes):
                if name in scope:
                    return scope[name]
            return read(frame)

        return read_local if name in self.assigned else read

    def _attribute(self, node: Attribute) -> Evaluator:
        names: list[tuple[str, Place]] = []
        inner: Expression = node
        while isinstance(inner, Attribute):
            names.append((inner.name, inner.place))
            inner = inner.receiver
        return path_evaluator(self.compile(inner), tuple(reversed(names)))

    def _index(self, node: Index) -> Evaluator:
        place = node.place
        if isinstance(node.key, Literal) and isinstance(node.key.value, str):
            return path_evaluator(self.compile(node.receiver), ((node.key.value, place),))
        receiver, key = self.compile(node.receiver), self.compile(node.key)
        return lambda frame: access.index(receiver(frame), key(frame), place, frame.budget)

    def _method(self, node: MethodCall) -> Evaluator:
        if node.arguments.named:
            return failing(ExpressionError(f"The method {node.name} takes no named arguments"), node.place)
        receiver = self.compile(node.receiver)
        arguments = [self.compile(one) for one in node.arguments.positional]
        name, place = node.name, node.place
        self.makes_numbers = True

        def call(frame: Frame) -> object:
            target = receiver(frame)
            values = [one(frame) for one in arguments]
            try:
                frame.budget.spend(CALL_STEPS + size_hint(target) + sum(map(size_hint, values)))
                return access.call_method(target, name, values, place, frame.budget)
            except Exception as error:
                raise located(error, place, f"The method {name}") from error

        return call

    def _call(self, node: Call) -> Evaluator:
        self.makes_numbers = True
        return call_evaluator(node, self.compile)

    def _list(self, node: ListOf) -> Evaluator:
        items = [self.compile(one) for one in node.items]
        self.makes_numbers = True

        def make(frame: Frame) -> object:
            frame.budget.hold_list(len(items))
            return OwnList([one(frame) for one in items])

        return make

    def _map(self, node: MapOf) -> Evaluator:
        pairs = [(self.compile(key), self.compile(value)) for key, value in node.pairs]
        self.makes_numbers = True

        def make(frame: Frame) -> object:
            frame.budget.hold_list(2 * len(pairs))
            return {key_of(key(frame)): value(frame) for key, value in pairs}

        return make

    def _unary(self, node: Unary) -> Evaluator:
        return unary_evaluator(node, self.compile(node.operand))

    def _binary(self, node: Binary) -> Evaluator:
        if node.operator != "~":
            return binary_evaluator(node, self.compile(node.left), self.compile(node.right))
        parts: list[Evaluator] = []
        inner: Expression = node
        while isinstance(inner, Binary) and inner.operator == "~":
            parts.append(self.compile(inner.right))
            inner = inner.left
        parts.append(self.compile(inner))
        parts.reverse()
        return joined_evaluator(parts, node.place)

    def _filter(self, node: Filter) -> Evaluator:
        self.makes_numbers = True
        return filter_evaluator(node, self.compile(node.value), self.compile)

    def _test(self, node: Test) -> Evaluator:
        value = self.compile(node.value)
        negated, place = node.negated, node.place
        if node.name == "defined":
            return lambda frame: is_defined(value, frame) is not negated
        check = CHECKS.get(node.name)
        if check is None:
            known = ", ".join(["defined", *CHECKS])
            return failing(ExpressionError(f"Test [{node.name}] does not exist. The tests are: {known}."), place)

        def test(frame: Frame) -> object:
            found = value(frame)
            try:
                return check(found) is not negated
            except Exception as error:
                raise located(error, place) from error

        return test

    def _ternary(self, node: Ternary) -> Evaluator:
        condition, then, otherwise = map(self.compile, node[:3])
        place = node.place

        def choose(frame: Frame) -> object:
            found = condition(frame)
            chosen = False if found is None else truth(found)
            if chosen is None:
                raise LocatedError(f"Cannot cast {describe(found)} to a boolean in a ternary condition ({place})")
            return then(frame) if chosen else otherwise(frame)

        return choose

    def _rendered(self, node: Rendered) -> Evaluator:
        body = self.compile_body(node.body)
        return lambda frame: frame.capture(body)


def is_defined(value: Evaluator, frame: Frame) -> bool:
    """Tell whether an expression gives something that is not null."""
    try:
        return value(frame) is not None
    except MissingError:
        return False


def path_evaluator(receiver: Evaluator, names: tuple[tuple[str, Place], ...]) -> Evaluator:
    """Return the reader of `receiver.a.b`; plain maps are read without a call."""

    def read(frame: Frame) -> object:
        value = receiver(frame)
        for name, place in names:
            if type(value) is dict:
                try:
                    value = value[name]
                except KeyError:
                    access.check_allowed(name, place)
                    raise UndefinedError(name, place, value) from None
            elif value is None:
                raise UndefinedError(name, place, NULL_RECEIVER)
            else:
                value = access.attribute(value, name, place, frame.budget)
        return value

    return read
