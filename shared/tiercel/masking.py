"""Masks secrets in log lines (flow specification, 10.5).

Promise: no character of a secret that was added before a line is applied stays in it, wherever secrets overlap; a line
keeps its length; without secrets it is returned as it is. Safe to share between threads.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

_RUN = "*" * 9
_SIGN = "**masked*"
_LINE = 8
"""Lines of a secret that are shorter than this are not masked by themselves."""


class Mask:
    """The secrets that one task run has used."""

    __slots__ = ("_forms",)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def __bool__(self) -> bool:
        """Tell whether there is anything to mask."""
        return bool(self._forms)

    def add(self, secret: str | None) -> None:
        """Mask this text from now on, also as Base64, inside JSON text, and line by line; an empty one is ignored."""
        if secret and secret not in self._forms:
            self._forms = tuple(dict.fromkeys((*self._forms, *_forms(secret))))

    def __call__(self, line: str) -> str:
        """Return a line with each character of a secret as `*`; the first nine in a row read `**masked*`."""
        if not self._forms:
            return line
        spans = [span for form in self._forms if form in line for span in _places(form, line)]
        if not spans:
            return line
        return _starred(line, spans).replace(_RUN, _SIGN, 1)


def _forms(secret: str) -> list[str]:
    forms = [secret, base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode()]
    forms += [json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True)]
    if "\n" in secret:
        forms += [line.strip() for line in secret.splitlines() if len(line.strip()) >= _LINE]
    return forms


def _places(form: str, line: str) -> list[tuple[int, int]]:
    """Return the stretches that a text covers in a line, also where it overlaps itself."""
    places: list[tuple[int, int]] = []
    start = line.find(form)
    while start >= 0:
        if places and start <= places[-1][1]:
            places[-1] = (places[-1][0], start + len(form))
        else:
            places.append((start, start + len(form)))
        start = line.find(form, start + 1)
    return places


def _starred(line: str, spans: list[tuple[int, int]]) -> str:
    """Return a line with the characters of these stretches as `*`."""
    parts: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if end > done:
            parts += (line[done:start], "*" * (end - max(start, done)))
            done = end
    return "".join(parts) + line[done:]
