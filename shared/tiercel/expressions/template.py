"""Compiled templates and their cache.

Promise: a template without `{` is never parsed; only `ExpressionError` and what a reader of the world raised come out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tiercel.errors import ExpressionError, MissingError
from tiercel.expressions.failures import LocatedError, UndefinedError, located
from tiercel.expressions.frame import Context, Frame
from tiercel.expressions.lexer import RAW
from tiercel.expressions.limits import MAX_PASSES, Budget, LimitError
from tiercel.expressions.names import Reads, reads_of
from tiercel.expressions.nodes import Place, Tree
from tiercel.expressions.printing import to_text
from tiercel.expressions.statement_compiler import Program
from tiercel.expressions.statements import parse_template
from tiercel.expressions.values import describe, is_number, plain

CACHED_TEMPLATES = 4_096
CACHED_CHARACTERS = 8_192
"""A longer text is compiled each time: the cache must stay small."""


class Template:
    """A text with expressions, ready to be rendered again and again."""

    __slots__ = ("_program", "_reads", "_tree", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._program: Program | None = None
        self._tree: Tree | None = None
        self._reads: Reads | None = None
        if "{" in source:
            try:
                self._tree = parse_template(source)
                self._program = Program(self._tree)
            except RecursionError:
                raise ExpressionError("The template is nested too deeply.") from None

    def render(self, context: Context) -> str:
        """Return the text of the template."""
        if self._program is None:
            return self.source
        try:
            text = self.run(Frame(self._program, context, Budget()))
            return untagged(settled(text, context) if context.world.recursive_rendering else text)
        except Exception as error:
            raise self._raised(error) from error

    def run(self, frame: Frame) -> str:
        """Return the text, raw tags still in it, rendered in a frame that was made for this template."""
        program = self._program
        if program is None:
            return self.source
        if program.single is not None:
            return to_text(program.single(frame), frame.budget)
        program.body(frame)
        return "".join(frame.out)  # type: ignore[arg-type]  # only texts, for the frame is not typed

    def evaluate(self, context: Context) -> object:
        """Return the object that a single print gives; several scalar pieces join into a text."""
        program = self._program
        if program is None:
            return self.source or None
        frame = Frame(program, context, Budget())
        try:
            value = program.single(frame) if program.single else self._collected(program, frame)
            return plain(value) if program.makes_numbers else value
        except Exception as error:
            raise self._raised(error) from error

    def _collected(self, program: Program, frame: Frame) -> object:
        frame.typed = True
        program.body(frame)
        pieces = frame.out
        if not pieces:
            return None
        if len(pieces) > 1:
            return untagged("".join([scalar_piece(piece, pieces[0]) for piece in pieces]))
        return untagged(pieces[0]) if isinstance(pieces[0], str) else pieces[0]

    def references(self) -> frozenset[tuple[str, ...]]:
        """Return the static paths that the template reads, such as `("outputs", "a", "value")`.

        A dynamic index ends a path. What cannot be known is told by `reads_anything`.
        """
        return self._read().paths

    @property
    def reads_anything(self) -> bool:
        """Whether the template may read any variable: it calls `render()` or `printContext()`."""
        return self._read().anything

    @property
    def program(self) -> Program | None:
        """The compiled form; None for a constant text."""
        return self._program

    def _read(self) -> Reads:
        if self._reads is None:
            self._reads = reads_of(self._tree) if self._tree is not None else Reads(frozenset(), False)
        return self._reads

    def _raised(self, error: Exception) -> Exception:
        if isinstance(error, UndefinedError):
            return MissingError(str(error))
        if isinstance(error, LocatedError):
            return ExpressionError(str(error))
        place = Place(self.source[:160], 1)
        return located(error, place)


def settled(text: str, context: Context) -> str:
    """Render what a rendering gave, again and again until it no longer changes; raw tags stay in it.

    Only for installations that ask for it (`World.recursive_rendering`), as Kestra before 0.14 did.
    """
    budget = Budget()
    for _ in range(MAX_PASSES):
        program = compile_template(text).program
        again = text if program is None else compile_template(text).run(Frame(program, context, budget))
        if again == text:
            return text
        text = budget.hold_text(again)
    raise LimitError(f"Too many rendering attempts: the text still changes after {MAX_PASSES} passes")


def untagged(text: str) -> str:
    """Return a text without raw tags: what stood between them stays."""
    return RAW.sub(r"\1", text) if "{%" in text and "raw" in text else text


def scalar_piece(piece: object, first: object) -> str:
    """Return the text of one of several pieces, or raise when it is not a scalar."""
    if isinstance(piece, str | bool) or is_number(piece):
        return to_text(piece)
    raise LocatedError(f"Cannot concat {describe(first)} with {describe(piece)}: only texts, numbers and booleans join")


def compile_template(text: str) -> Template:
    """Return the compiled template of a text; the same one for the same text, while it is in the cache.

    Raises:
        ExpressionError: The text is not a template; the error names the line.
    """
    return _cached(text) if len(text) <= CACHED_CHARACTERS else Template(text)


@lru_cache(maxsize=CACHED_TEMPLATES)
def _cached(text: str) -> Template:
    return Template(text)


def render(text: str, context: Context) -> str:
    """Return the text of a template."""
    return compile_template(text).render(context) if "{" in text else text


def evaluate(text: str, context: Context) -> object:
    """Return the object of a template: what its single print gives, else its text."""
    return compile_template(text).evaluate(context)


def render_deep(value: object, context: Context) -> object:
    """Return a structure with its strings rendered: keys and leaves; the first of two equal keys wins."""
    if isinstance(value, str):
        return render(value, context)
    if isinstance(value, Mapping):
        rendered: dict[object, object] = {}
        for key, child in value.items():
            rendered.setdefault(render(key, context) if isinstance(key, str) else key, render_deep(child, context))
        return rendered
    if isinstance(value, list | tuple | set | frozenset):
        return [render_deep(child, context) for child in value]
    return value
