"""What one rendering may use: steps, memory, nesting, and seconds spent in regular expressions.

Promise: no template, however broken, outgrows these figures; a template that would raises `LimitError`.
"""

from __future__ import annotations

from collections.abc import Iterable

from tiercel.errors import ExpressionError

MAX_STEPS = 250_000
"""Evaluated nodes in loops and macros, and the work of filters counted in the same coin."""
MAX_BYTES = 24_000_000
"""Memory that a rendering may have made and still hold."""
MAX_LIST = 100_000
"""Elements of a list that an operator or function makes from nothing, such as a range."""
MAX_TEXT = 4_000_000
"""Characters of one text that an expression makes from parts."""
MAX_NESTING = 60
"""Brackets, tags and operators inside each other."""
MAX_CALLS = 20
"""Macros, blocks and nested renderings inside each other."""
MAX_DEPTH = 100
"""Lists and maps inside each other, where a value is printed, compared or converted."""
MAX_TOKENS = 6_000
"""Tokens of one template."""
MAX_INTEGER_BITS = 1_000
"""Size of an integer that arithmetic may give."""
MAX_PASSES = 100
"""Passes of a recursive rendering."""
REGEX_SECONDS = 0.05
"""Time of all the regular expressions of one rendering together."""

_ELEMENT_BYTES = 40
_STEP_BYTES = 1_024


class LimitError(ExpressionError):
    """A rendering that would use more than it may."""


class Budget:
    """What is left of one rendering's allowance."""

    __slots__ = ("held", "regex_seconds", "steps")

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.steps = steps
        self.held = 0
        self.regex_seconds = REGEX_SECONDS

    def spend(self, steps: int) -> None:
        """Take steps from the allowance."""
        self.steps -= steps
        if self.steps < 0:
            raise LimitError(f"The template takes more than {MAX_STEPS:,} steps; loop over fewer values.")

    def hold_text(self, text: str) -> str:
        """Count a text that was made, and return it."""
        size = len(text) if text.isascii() else len(text) * 4
        self.hold(size)
        if len(text) > MAX_TEXT:
            raise too_large("text", len(text), MAX_TEXT, "characters")
        return text

    def hold(self, size: int) -> None:
        """Count bytes that were made, and the time that making them took."""
        self.held += size
        self.spend(1 + size // _STEP_BYTES)
        if self.held > MAX_BYTES:
            raise LimitError(f"The template makes more than {MAX_BYTES // 1_000_000} MB of values.")

    def hold_list(self, count: int) -> None:
        """Count a list or map of so many elements that was made."""
        self.spend(count // 3)
        self.hold(count * _ELEMENT_BYTES)

    @property
    def crowded(self) -> bool:
        """Whether half the memory is used, so that it pays to look what of it is still held."""
        return self.held > MAX_BYTES // 2

    def audit(self, alive: Iterable[object]) -> None:
        """Count anew what is still held: what loops made and dropped again is free."""
        self.held = self._size_of(alive)

    def _size_of(self, alive: Iterable[object]) -> int:
        size = 0
        seen: set[int] = set()
        waiting = list(alive)
        while waiting:
            value = waiting.pop()
            self.spend(1)
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, str):
                size += len(value) if value.isascii() else len(value) * 4
            elif isinstance(value, list | tuple):
                size += len(value) * _ELEMENT_BYTES
                waiting.extend(value)
            elif type(value) is dict:
                size += len(value) * _ELEMENT_BYTES
                waiting.extend(value.values())
        return size


class Unlimited(Budget):
    """An allowance for values that no template made, such as records being stored."""

    __slots__ = ()

    def spend(self, steps: int) -> None:
        """Take nothing."""


def too_large(what: str, found: int, allowed: int, unit: str) -> LimitError:
    """Return the error for one value that is too large."""
    return LimitError(f"The {what} would have {found:,} {unit}; {allowed:,} are allowed.")


def size_hint(value: object) -> int:
    """Return about how many steps it costs to walk over the value once, without iterating a lazy map."""
    if isinstance(value, str):
        return len(value) // 100
    if isinstance(value, list | tuple | dict | set | frozenset):
        return len(value)
    return 1


def check_size(characters: float) -> None:
    """Raise before a text is made that would be too large."""
    if characters > MAX_TEXT:
        raise too_large("text", int(characters), MAX_TEXT, "characters")
