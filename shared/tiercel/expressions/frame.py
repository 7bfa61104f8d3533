"""The state of one rendering, and what callers hand in for it.

Promise: nothing of it outlives the rendering; the caller's values are never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from tiercel.expressions.limits import MAX_CALLS, Budget, LimitError

if TYPE_CHECKING:
    from tiercel.expressions.statement_compiler import Program
    from tiercel.expressions.world import World


NOTHING: Mapping[str, object] = {}
"""The variables inside a macro."""


class Context:
    """What a template is rendered against."""

    __slots__ = ("variables", "world")

    def __init__(self, variables: Mapping[str, object], world: World) -> None:
        self.variables = variables
        """The variables; any Mapping, also one that fetches its values only when asked."""
        self.world = world


class Frame:
    """The state of one rendering, or of one macro call or nested rendering inside it."""

    __slots__ = ("budget", "context", "depth", "out", "program", "scopes", "typed", "variables")

    def __init__(self, program: Program, context: Context, budget: Budget) -> None:
        self.program = program
        self.context = context
        self.variables = context.variables
        """What names are looked up in after the scopes; empty inside a macro."""
        self.scopes: list[dict[str, object]] = [{}]
        self.budget = budget
        self.out: list[object] = []
        self.typed = False
        self.depth = 0

    def child(self, program: Program, variables: Mapping[str, object]) -> Frame:
        """Return the frame of a macro call or of a nested rendering; it shares the allowance."""
        frame = Frame(program, self.context, self.budget)
        frame.variables = variables
        frame.depth = self.depth + 1
        if frame.depth > MAX_CALLS:
            raise LimitError(f"Too many rendering attempts: more than {MAX_CALLS} calls inside each other.")
        return frame

    def outside(self, name: str) -> object:
        """Return a variable of the world; KeyError where there is none, and inside a macro, which sees no variables."""
        if self.variables is NOTHING:
            raise KeyError(name)
        return self.context.world.variable(name)

    def capture(self, body: Step) -> str:
        """Return the text that a body prints."""
        out, typed, depth = self.out, self.typed, self.depth
        self.out, self.typed, self.depth = [], False, depth + 1
        if self.depth > MAX_CALLS:
            raise LimitError(f"Too many rendering attempts: more than {MAX_CALLS} calls inside each other.")
        try:
            body(self)
            return self.budget.hold_text("".join(map(str, self.out)))
        finally:
            self.out, self.typed, self.depth = out, typed, depth

    def audit(self) -> None:
        """Count anew what is held, at a moment when no expression is half evaluated."""
        if self.depth == 0 and self.budget.crowded:
            self.budget.audit([*self.out, *(value for scope in self.scopes for value in scope.values())])

    def visible(self) -> Mapping[str, object]:
        """Return all variables, with what the template has set laid over them."""
        if not any(self.scopes):
            return self.context.variables
        overlay = Overlay(self.context.variables)
        for scope in self.scopes:
            overlay.local.update(scope)
        return overlay


class Overlay(Mapping[str, object]):
    """Variables of a template laid over those of the context, which may be lazy."""

    __slots__ = ("base", "local")

    def __init__(self, base: Mapping[str, object]) -> None:
        self.base = base
        self.local: dict[str, object] = {}

    def __getitem__(self, name: str) -> object:
        return self.local[name] if name in self.local else self.base[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.local
        yield from (name for name in self.base if name not in self.local)

    def __len__(self) -> int:
        return sum(1 for _ in self)


Evaluator: TypeAlias = Callable[[Frame], object]
Step: TypeAlias = Callable[[Frame], None]
