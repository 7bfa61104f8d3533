"""Finding a text in the sources of flows."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tiercel.errors import InputError
from tiercel.flows import FlowRecord

MOST = 100
"""Places of one flow that are shown."""
SNIPPET = 500
"""Characters of a line that are shown."""
AROUND = 1
"""Lines before and after a place that a fragment shows."""
SECONDS = 2.0
"""How long a pattern may take over all of them."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for."""

    text: str
    case_sensitive: bool = False
    whole_word: bool = False
    regex: bool = False


@dataclass(frozen=True)
class Hit:
    """A flow in which it was found."""

    record: FlowRecord
    places: tuple[tuple[int, int, int], ...]
    """Of each place: its line, counted from 1, where it begins there, counted from 0, and how long it is."""

    def matches(self) -> list[dict[str, Any]]:
        """Return `{line, column, length, snippet}` of each place, columns counted from 1."""
        lines = self.record.source.splitlines()
        return [
            {"line": line, "column": start + 1, "length": length, "snippet": lines[line - 1][:SNIPPET]}
            for line, start, length in self.places
        ]

    def fragments(self) -> list[str]:
        """Return each place with the lines around it, `[mark]...[/mark]` around what was found."""
        lines = self.record.source.splitlines()
        found = []
        for line, start, length in self.places:
            here = lines[line - 1]
            marked = f"{here[:start]}[mark]{here[start : start + length]}[/mark]{here[start + length :]}"
            before, after = lines[max(0, line - 1 - AROUND) : line - 1], lines[line : line + AROUND]
            found.append("\n".join([*before, marked, *after]))
        return found


def search_sources(records: Iterable[FlowRecord], wanted: Wanted) -> Iterator[Hit]:
    """Yield the flows whose source holds what is looked for, within one line.

    Raises:
        InputError: The regular expression cannot be read, or takes too long.
    """
    import regex  # its matches can be stopped

    pattern = wanted.text if wanted.regex else re.escape(wanted.text)
    pattern = rf"\b(?:{pattern})\b" if wanted.whole_word else pattern
    try:
        compiled = regex.compile(pattern, regex.MULTILINE | (0 if wanted.case_sensitive else regex.IGNORECASE))
    except (regex.error, OverflowError, RecursionError) as error:
        raise InputError(f"the regular expression '{wanted.text[:200]}' cannot be read: {error}") from None
    end = time.monotonic() + SECONDS
    for record in records:
        try:
            places = tuple(_places(compiled, record.source, end))
        except TimeoutError:
            raise InputError(f"'{wanted.text[:200]}' takes more than {SECONDS:g} s; make it simpler") from None
        if places:
            yield Hit(record, places)


def _places(compiled: Any, source: str, end: float) -> Iterator[tuple[int, int, int]]:
    for number, line in enumerate(source.splitlines(), 1):
        count = 0
        for match in compiled.finditer(line, timeout=max(0.001, end - time.monotonic())):
            if match.end() > match.start():
                yield number, match.start(), match.end() - match.start()
                count += 1
            if count >= MOST:
                return
