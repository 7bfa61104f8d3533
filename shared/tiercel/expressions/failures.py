"""The errors of a rendering, with the place at which they happened.

Promise: every error that leaves a template is an `ExpressionError`, or another `TiercelError` that a reader raised;
one that says "does not exist" stays a `MissingError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from tiercel.errors import ExpressionError, MissingError, TiercelError
from tiercel.expressions.nodes import Place
from tiercel.expressions.values import describe

_KNOWN_SHOWN = 20


class LocatedError(ExpressionError):
    """An error whose text already names its place."""


class UndefinedError(MissingError):
    """A name that does not exist; its text is made only when somebody reads it, for `??` asks often."""

    def __init__(self, name: str, place: Place, receiver: object = None) -> None:
        super().__init__(name)
        self.name = name
        self.place = place
        self.receiver = receiver

    def __str__(self) -> str:
        text = f"Unable to find `{self.name}` used in the expression `{self.place.text}` at line {self.place.line}"
        if isinstance(self.receiver, Mapping):
            return f"{text} {known_here(self.receiver)}"
        if isinstance(self.receiver, list | tuple):
            return f"{text} (the list has {len(self.receiver)} elements)"
        if isinstance(self.receiver, NullReceiver):
            return f"{text}: what it is read from is null"
        return f"{text}: it is read from {describe(self.receiver)}"


class AbsentError(MissingError):
    """What a reader of the world did not find, such as a key; its text already names its place."""


class NullReceiver:
    """Stands for the null that an attribute was read from."""


NULL_RECEIVER = NullReceiver()


def known_here(receiver: Mapping[object, object]) -> str:
    """Return `(known here: a, b)` for the keys of a map."""
    names: list[str] = []
    with suppress(Exception):  # a lazy map that cannot be listed must not hide the error it would explain
        for key in receiver:
            names.append(str(key))
            if len(names) > _KNOWN_SHOWN:
                names[-1] = "..."
                break
    return f"(known here: {', '.join(names)})" if names else "(nothing is known here)"


def located(error: Exception, place: Place, what: str = "") -> Exception:
    """Return the error to raise instead of `error`: with its place, and of a class that callers know."""
    if isinstance(error, LocatedError | UndefinedError | AbsentError):
        return error
    if isinstance(error, MissingError):
        return AbsentError(f"{error} ({place})")
    if isinstance(error, ExpressionError):
        return LocatedError(f"{error} ({place})")
    if isinstance(error, TiercelError):
        return error
    if isinstance(error, RecursionError):
        return LocatedError(f"{what or 'The expression'} is nested too deeply ({place})")
    if isinstance(error, MemoryError):
        return LocatedError(f"{what or 'The expression'} needs too much memory ({place})")
    text = str(error) or type(error).__name__
    return LocatedError(f"{what + ': ' if what else ''}{text} ({place})")


def hardened(error: MissingError, place: Place, what: str) -> LocatedError:
    """Return an error for a missing value that `??` must not catch any more."""
    return LocatedError(f"{what}: {error} ({place})")


def nearest(name: str, known: Iterable[str], hints: Mapping[str, str]) -> str:
    """Return the remedy for an unknown name: a written hint, or the nearest known names."""
    if name in hints:
        return f" Use {hints[name]}."
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=2)
    return f" The nearest is {' or '.join(f'`{one}`' for one in close)}." if close else ""
