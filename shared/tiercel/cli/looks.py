"""How states and levels look: a symbol and a colour each; plain letters where the terminal knows no others."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click

from tiercel.model.states import Level, State

Part = tuple[str, str]
"""A piece of a line, and its style: a colour, `bold`, `dim`, or nothing."""
Parts = list[Part]
"""A line."""

_LOOKS: dict[State, tuple[str, str, str]] = {
    State.SUCCESS: ("✔", "+", "green"),
    State.WARNING: ("▲", "!", "yellow"),
    State.FAILED: ("✘", "x", "red"),
    State.KILLED: ("✘", "x", "magenta"),
    State.CANCELLED: ("✘", "x", "magenta"),
    State.KILLING: ("✘", "x", "magenta"),
    State.RUNNING: ("▶", ">", "blue"),
    State.PAUSED: ("‖", "=", "yellow"),
    State.BREAKPOINT: ("‖", "=", "yellow"),
    State.RETRYING: ("↻", "~", "yellow"),
    State.RETRIED: ("↻", "~", "yellow"),
    State.SKIPPED: ("-", "-", "dim"),
}
_ELSE = ("·", ".", "dim")
_LEVELS = {Level.ERROR: "red", Level.WARN: "yellow", Level.INFO: "", Level.DEBUG: "dim", Level.TRACE: "dim"}


def colour_of(state: State) -> str:
    """Return a state's colour."""
    return _LOOKS.get(state, _ELSE)[2]


def symbol(state: State, *, plain: bool) -> str:
    """Return a state's symbol."""
    return _LOOKS.get(state, _ELSE)[1 if plain else 0]


def level_colour(level: Level) -> str:
    """Return a level's colour."""
    return _LEVELS[level]


def is_plain(stream: TextIO | None = None) -> bool:
    """Tell whether a stream (the standard output without one) cannot be given the symbols."""
    stream = stream or sys.stdout
    try:
        "✔▲✘▶‖↻·├└│…".encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeError, LookupError):
        return True
    return False


def styled(text: str, style: str) -> str:
    """Return a text in a style; it loses it again where `click.echo` writes to no terminal."""
    if not style or os.environ.get("NO_COLOR"):
        return text
    if style in ("bold", "dim"):
        return click.style(text, bold=style == "bold" or None, dim=style == "dim" or None)
    return click.style(text, fg=style)


def say(*parts: Part) -> None:
    """Write a line to the standard output; what it cannot show is replaced, colours go to terminals only."""
    text = "".join(styled(*part) for part in parts)
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    click.echo(text.encode(encoding, "replace").decode(encoding))
