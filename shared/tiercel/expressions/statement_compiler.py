"""Turns the tree of a template into a program: closures that print into a frame.

Promise: a program holds no state; rendering it twice with the same values prints the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tiercel.errors import MissingError
from tiercel.expressions.compiler import ExpressionCompiler
from tiercel.expressions.failures import LocatedError, hardened
from tiercel.expressions.frame import NOTHING, Evaluator, Frame, Step
from tiercel.expressions.names import assigned_names
from tiercel.expressions.nodes import Block, Body, For, If, Macro, Place, Print, Set, Statement, Text, Tree
from tiercel.expressions.operators import truth
from tiercel.expressions.printing import to_text
from tiercel.expressions.values import MapEntry, describe, is_collection


class CompiledMacro(NamedTuple):
    """A macro that can be called."""

    parameters: tuple[tuple[str, Evaluator], ...]
    body: Step
    weight: int

    def run(self, caller: Frame, given: dict[str, object]) -> str:
        """Return what the macro prints; it sees its parameters and nothing else."""
        caller.budget.spend(self.weight + 10)
        frame = caller.child(caller.program, NOTHING)
        scope = frame.scopes[0]
        for name, default in self.parameters:
            scope[name] = given[name] if name in given else default(frame)
        return frame.capture(self.body)


class Program:
    """A compiled template."""

    __slots__ = ("blocks", "body", "macros", "makes_numbers", "single")

    def __init__(self, tree: Tree) -> None:
        compiler = StatementCompiler(assigned_names(tree))
        self.macros = {name: compiler.macro(macro) for name, macro in tree.macros.items()}
        self.blocks = {name: compiler.body(body) for name, body in tree.blocks.items()}
        self.single: Evaluator | None = None
        """The expression, when the template is one print and nothing else."""
        if len(tree.body) == 1 and isinstance(tree.body[0], Print):
            self.single = compiler.expressions.compile(tree.body[0].value)
        self.body = compiler.body(tree.body)
        self.makes_numbers = compiler.expressions.makes_numbers


class StatementCompiler:
    """Compiles the statements of one template."""

    def __init__(self, assigned: frozenset[str]) -> None:
        self.expressions = ExpressionCompiler(assigned, self.body)

    def body(self, body: Body) -> Step:
        """Return the step that runs statements in order."""
        steps = tuple(self.statement(statement) for statement in body)
        if len(steps) == 1:
            return steps[0]

        def run(frame: Frame) -> None:
            for step in steps:
                step(frame)

        return run

    def statement(self, node: Statement) -> Step:
        """Return the step of one statement."""
        self.expressions.weight += 1
        match node:
            case Text():
                return text_step(node.text)
            case Print():
                return print_step(self.expressions.compile(node.value))
            case If():
                return self._if_step(node)
            case For():
                return self._for_step(node)
            case Set():
                return set_step(node.name, self.expressions.compile(node.value))
            case Block():
                return block_step(node.name)

    def macro(self, macro: Macro) -> CompiledMacro:
        """Compile a macro."""
        before = self.expressions.weight
        parameters = tuple((name, self.expressions.compile(default)) for name, default in macro.parameters)
        return CompiledMacro(parameters, self.body(macro.body), self.expressions.weight - before)

    def _if_step(self, node: If) -> Step:
        branches = [
            (condition_evaluator(self.expressions.compile(condition), place), self.body(body))
            for condition, body, place in node.branches
        ]
        otherwise = self.body(node.otherwise)

        def run(frame: Frame) -> None:
            for condition, body in branches:
                if condition(frame):
                    body(frame)
                    return
            otherwise(frame)

        return run

    def _for_step(self, node: For) -> Step:
        items = self.expressions.compile(node.items)
        before = self.expressions.weight
        body = self.body(node.body)
        loop = Loop(node.name, body, self.expressions.weight - before + 4)
        otherwise = self.body(node.otherwise)

        def run(frame: Frame) -> None:
            values = iterable(items(frame), node.place, frame)
            if values:
                loop.run(frame, values)
            elif values is not None:
                otherwise(frame)

        return run


class Loop(NamedTuple):
    """The body of a `for`."""

    name: str
    body: Step
    weight: int

    def run(self, frame: Frame, values: list[object]) -> None:
        """Run the body once for each value, in one scope for all of them."""
        scope: dict[str, object] = {" values": values}
        frame.scopes.append(scope)
        last = len(values) - 1
        try:
            for index, value in enumerate(values):
                frame.budget.spend(self.weight)
                scope[self.name] = value
                scope["loop"] = {
                    "index": index,
                    "length": last + 1,
                    "first": index == 0,
                    "last": index == last,
                    "revindex": last - index,
                }
                self.body(frame)
                frame.audit()
        finally:
            frame.scopes.pop()


def iterable(value: object, place: Place, frame: Frame) -> list[object] | None:
    """Return what a `for` runs over: elements, or the entries of a map; None for null."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        values: list[object] = [MapEntry(key, child) for key, child in value.items()]
    elif is_collection(value):
        values = list(value)  # type: ignore[call-overload]  # a collection
    else:
        raise LocatedError(f"Not an iterable object. Value = [{to_text(value)[:80]}] ({place})")
    frame.budget.hold_list(len(values))
    return values


def condition_evaluator(condition: Evaluator, place: Place) -> Evaluator:
    """Return the evaluator of an `if`'s condition: a boolean or an error."""
    wrong = "Wrong operand(s) type in conditional expression"

    def evaluate(frame: Frame) -> object:
        try:
            value = condition(frame)
        except MissingError as error:
            raise hardened(error, place, wrong) from error
        result = truth(value)
        if result is None:
            raise LocatedError(f"{wrong}: found {describe(value)}, wanted a boolean, number or string ({place})")
        return result

    return evaluate


def text_step(text: str) -> Step:
    """Return the step that prints text."""
    size = len(text)

    def run(frame: Frame) -> None:
        frame.budget.held += size
        frame.out.append(text)

    return run


def print_step(expression: Evaluator) -> Step:
    """Return the step that prints a value: the value itself in typed rendering, else its text."""

    def run(frame: Frame) -> None:
        value = expression(frame)
        if frame.typed:
            if value is not None:
                frame.out.append(value)
            return
        text = to_text(value, frame.budget)
        frame.budget.hold(len(text))
        frame.out.append(text)

    return run


def set_step(name: str, expression: Evaluator) -> Step:
    """Return the step that assigns: where the name already is, else in the current scope."""

    def run(frame: Frame) -> None:
        value = expression(frame)
        frame.budget.spend(1)
        scopes = frame.scopes
        for scope in reversed(scopes):
            if name in scope:
                scope[name] = value
                return
        known = len(scopes) > 1 and name in frame.variables
        scopes[0 if known else -1][name] = value

    return run


def block_step(name: str) -> Step:
    """Return the step that prints a block where it stands."""
    return lambda frame: frame.program.blocks[name](frame)
