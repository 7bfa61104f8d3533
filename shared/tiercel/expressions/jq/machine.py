"""Runs the tree of a jq program as generators of values, each with its path where one is asked for.

Promise: every evaluated node is paid from the rendering's allowance, so a program that never ends is stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from tiercel.errors import ExpressionError
from tiercel.expressions.jq import arithmetic, paths
from tiercel.expressions.jq.environment import BreakError, Closure, Environment, look_up
from tiercel.expressions.jq.patterns import destructured
from tiercel.expressions.jq.tree import Function, Node
from tiercel.expressions.jq.values import JqError, Json, order, shown, truthy

if TYPE_CHECKING:
    from tiercel.expressions.limits import Budget

Path: TypeAlias = tuple[Json, ...] | None
Result: TypeAlias = Iterator[tuple[Path, Json]]
_NODE_STEPS = 6


class Machine:
    """Runs programs on one allowance."""

    def __init__(self, budget: Budget, natives: Natives, prelude: dict[tuple[str, int], Function]) -> None:
        self.budget = budget
        self.natives = natives
        self.prelude = prelude
        self._runs: dict[str, Callable[..., Result]] = {
            name.removeprefix("run_"): getattr(self, name) for name in dir(self) if name.startswith("run_")
        }

    def run(self, node: Node, environment: Environment | None, path: Path, value: Json) -> Result:
        """Yield every result; paths are followed when `path` is not None."""
        self.budget.spend(_NODE_STEPS)
        return self._runs[node.kind](node.parts, environment, path, value)

    def values(self, node: Node, environment: Environment | None, value: Json) -> Iterator[Json]:
        """Yield every result without its path."""
        for _, result in self.run(node, environment, None, value):
            yield result

    def given(self, path: Path, value: Json) -> tuple[Path, Json]:
        """Return a value that stands nowhere in the input; where a path is asked for it raises."""
        if path is not None and value is not None:
            raise JqError(f"Invalid path expression with result {shown(value, self.budget)}")
        return path, value

    def run_identity(self, _: Any, __: Environment | None, path: Path, value: Json) -> Result:
        """Run `.`."""
        yield path, value

    def run_literal(self, parts: Any, _: Environment | None, path: Path, __: Json) -> Result:
        """Run a constant."""
        yield self.given(path, parts[0])

    def run_index(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `.[key]`."""
        for where, target in self.run(parts[0], environment, path, value):
            for key in self.values(parts[1], environment, value):
                yield paths.extended(where, key), paths.index(target, key, self.budget)

    def run_slice(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `.[start:end]`."""
        for where, target in self.run(parts[0], environment, path, value):
            for end in self.values(parts[2], environment, value) if parts[2] else [None]:
                for start in self.values(parts[1], environment, value) if parts[1] else [None]:
                    key: Json = {"start": start, "end": end}
                    yield paths.extended(where, key), paths.index(target, key, self.budget)

    def run_iterate(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `.[]`."""
        for where, target in self.run(parts[0], environment, path, value):
            for key, child in paths.children(target, self.budget):
                self.budget.spend(1)
                yield paths.extended(where, key), child

    def run_try(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `try body catch handler` and `body?`."""
        results = self.run(parts[0], environment, path, value)
        while True:
            try:
                result = next(results)
            except StopIteration:
                return
            except JqError as error:
                if parts[1] is not None:
                    yield from self.run(parts[1], environment, None, cast("Json", error.value))
                return
            yield result

    def run_pipe(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `left | right`."""
        for where, result in self.run(parts[0], environment, path, value):
            yield from self.run(parts[1], environment, where, result)

    def run_comma(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `left, right`."""
        yield from self.run(parts[0], environment, path, value)
        yield from self.run(parts[1], environment, path, value)

    def run_variable(self, parts: Any, environment: Environment | None, path: Path, _: Json) -> Result:
        """Run `$name`; the environment of the process is not to be read."""
        name = parts[0]
        link, bound = look_up(environment, f"${name}")
        if link is None:
            if name not in ("ENV", "__prog_args"):
                raise ExpressionError(f"The jq program uses ${name}, which is not defined")
            bound = {}
        yield self.given(path, cast("Json", bound))

    def run_string(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run a string with `\\(...)` in it."""
        formatter = parts[0] or "@text"
        for texts in self._combined(parts[1:], environment, value):
            pieces = [
                part if isinstance(part, str) else arithmetic.formatted(formatter, text, self.budget)
                for part, text in zip(parts[1:], texts, strict=True)
            ]
            yield self.given(path, self.budget.hold_text("".join(pieces)))

    def _combined(self, parts: Any, environment: Environment | None, value: Json) -> Iterator[list[Json]]:
        if not parts:
            yield []
            return
        head = [None] if isinstance(parts[0], str) else self.values(parts[0], environment, value)
        for one in head:
            for rest in self._combined(parts[1:], environment, value):
                yield [one, *rest]

    def run_format(self, parts: Any, _: Environment | None, path: Path, value: Json) -> Result:
        """Run `@base64` and its like."""
        yield self.given(path, arithmetic.formatted(parts[0], value, self.budget))

    def run_list(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `[...]`."""
        items = list(self.values(parts[0], environment, value)) if parts[0] is not None else []
        self.budget.hold_list(len(items))
        yield self.given(path, items)

    def run_object(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `{...}`."""
        if not parts:
            yield self.given(path, {})
            return
        *rest, (key_node, value_node) = parts
        for _, made in self.run_object(tuple(rest), environment, None, value):
            for key in self.values(key_node, environment, value):
                if not isinstance(key, str):
                    raise JqError(f"Object keys must be strings, found {shown(key, self.budget)}")
                for child in self.values(value_node, environment, value):
                    self.budget.hold_list(1)
                    yield self.given(path, {**cast("dict[str, Json]", made), key: child})

    def run_negate(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `-x`."""
        for result in self.values(parts[0], environment, value):
            yield self.given(path, arithmetic.operate("-", 0, result, self.budget))

    def run_binary(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run arithmetic, comparisons, `and` and `or`."""
        operator, left, right = parts
        if operator in ("and", "or"):
            for first in self.values(left, environment, value):
                if truthy(first) is (operator == "or"):
                    yield self.given(path, operator == "or")
                else:
                    for second in self.values(right, environment, value):
                        yield self.given(path, truthy(second))
            return
        for second in self.values(right, environment, value):
            for first in self.values(left, environment, value):
                yield self.given(path, arithmetic.operate(operator, first, second, self.budget))

    def run_alternative(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `left // right`."""
        some = False
        results = self.run(parts[0], environment, path, value)
        while True:
            try:
                where, result = next(results)
            except (StopIteration, JqError):
                break
            if truthy(result):
                some = True
                yield where, result
        if not some:
            yield from self.run(parts[1], environment, path, value)

    def run_if(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `if`."""
        for test in self.values(parts[0], environment, value):
            yield from self.run(parts[1] if truthy(test) else parts[2], environment, path, value)

    def paths_of(self, node: Node, environment: Environment | None, value: Json) -> list[tuple[Json, ...]]:
        """Return the paths of every result of an expression."""
        found = [where for where, _ in self.run(node, environment, (), value)]
        self.budget.hold_list(len(found))
        return [where for where in found if where is not None]

    def run_assign(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `=`, `|=` and their like."""
        operator, left, right = parts
        if operator == "|=":
            yield self.given(path, self._updated(left, right, environment, value))
            return
        for operand in self.values(right, environment, value):
            result = value
            for where in self.paths_of(left, environment, value):
                old = paths.get(result, where, self.budget)
                if operator == "=":
                    new = operand
                elif operator == "//=":
                    new = old if truthy(old) else operand
                else:
                    new = arithmetic.operate(operator[:-1], old, operand, self.budget)
                result = paths.put(result, where, new, self.budget)
            yield self.given(path, result)

    def _updated(self, left: Node, right: Node, environment: Environment | None, value: Json) -> Json:
        gone: list[tuple[Json, ...]] = []
        for where in self.paths_of(left, environment, value):
            old = paths.get(value, where, self.budget)
            new = next(((one,) for one in self.values(right, environment, old)), None)
            if new is None:
                gone.append(where)
            else:
                value = paths.put(value, where, new[0], self.budget)
        return paths.without(value, gone, self.budget)

    def run_as(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `source as $name | body`."""
        source, patterns, body = parts
        for one in self.values(source, environment, value):
            for bound in destructured(self, patterns, environment, one, value):
                yield from self.run(body, bound, path, value)

    def run_reduce(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `reduce source as $x (start; update)`."""
        source, patterns, start, update = parts
        for state in self.values(start, environment, value):
            result = state
            for one in self.values(source, environment, value):
                for bound in destructured(self, patterns, environment, one, value):
                    states = list(self.values(update, bound, result))
                    result = states[-1] if states else None
            yield self.given(path, result)

    def run_foreach(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `foreach source as $x (start; update; extract)`."""
        source, patterns, start, update = parts[:4]
        for state in self.values(start, environment, value):
            result = state
            for one in self.values(source, environment, value):
                for bound in destructured(self, patterns, environment, one, value):
                    for result in self.values(update, bound, result):  # noqa: B020  # the state goes on
                        for shown_value in self.values(parts[4], bound, result) if len(parts) > 4 else [result]:
                            yield self.given(path, shown_value)

    def run_label(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `label $name | body`."""
        label = object()
        bound = Environment(environment, f"*{parts[0]}", label)
        results = self.run(parts[1], bound, path, value)
        while True:
            try:
                result = next(results)
            except StopIteration:
                return
            except BreakError as error:
                if error.label is not label:
                    raise
                return
            yield result

    def run_break(self, parts: Any, environment: Environment | None, _: Path, __: Json) -> Result:
        """Run `break $name`."""
        link, label = look_up(environment, f"*{parts[0]}")
        if link is None:
            raise ExpressionError(f"The jq program breaks to ${parts[0]}, which is no label")
        raise BreakError(label)
        yield  # a generator, like its siblings

    def run_def(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run `def name: body; rest`."""
        function: Function = parts[0]
        bound = Environment(environment, (function.name, len(function.parameters)), function)
        return self.run(parts[1], bound, path, value)

    def run_call(self, parts: Any, environment: Environment | None, path: Path, value: Json) -> Result:
        """Run a call: of an argument, a definition, or a built-in."""
        name, arguments = parts
        key = (name, len(arguments))
        link, bound = look_up(environment, key)
        if isinstance(bound, Closure):
            return self.run(bound.node, bound.environment, path, value)
        function = bound if isinstance(bound, Function) else self.prelude.get(key)
        if function is not None:
            return self._applied(function, link, arguments, environment, path, value)
        native = self.natives.get(key)
        if native is None:
            raise ExpressionError(f"The jq program calls {name}/{len(arguments)}, which is not defined")
        return native(self, [Closure(node, environment) for node in arguments], path, value)

    def _applied(
        self,
        function: Function,
        home: Environment | None,
        arguments: Any,
        caller: Environment | None,
        path: Path,
        value: Json,
    ) -> Result:
        bound = home
        for parameter, node in zip(function.parameters, arguments, strict=True):
            if not parameter.startswith("$"):
                bound = Environment(bound, (parameter, 0), Closure(node, caller))
        by_value = [(one, node) for one, node in zip(function.parameters, arguments, strict=True) if one[0] == "$"]
        yield from self._with_values(by_value, bound, function, caller, path, value)

    def _with_values(
        self,
        rest: list[tuple[str, Node]],
        bound: Environment | None,
        function: Function,
        caller: Environment | None,
        path: Path,
        value: Json,
    ) -> Result:
        if not rest:
            yield from self.run(function.body, bound, path, value)
            return
        parameter, node = rest[0]
        for one in self.values(node, caller, value):
            named = Environment(bound, parameter, one)
            own = Environment(named, (parameter[1:], 0), Closure(Node("variable", (parameter[1:],)), named))
            yield from self._with_values(rest[1:], own, function, caller, path, value)

    def of(self, closure: Closure, value: Json) -> Iterator[Json]:
        """Yield the results of an argument for a value."""
        return self.values(closure.node, closure.environment, value)

    def order_of(self, closure: Closure, value: Json) -> tuple[object, ...]:
        """Return the sorting key that an argument gives for a value."""
        return order(list(self.of(closure, value)))


Native: TypeAlias = Callable[[Machine, list[Closure], Path, Json], Result]
Natives: TypeAlias = dict[tuple[str, int], Native]
