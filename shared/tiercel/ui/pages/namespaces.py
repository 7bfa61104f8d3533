"""The namespaces as a tree: also those that hold only files or keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tiercel.ui.visit import Shown, Visit

MOST = 1000
"""Namespaces of the tree."""

UNFOLDED = 60
"""Namespaces up to which the whole tree stands open; of more only the first level does."""


@dataclass(frozen=True)
class Branch:
    """A namespace, with those below it."""

    name: str
    shown: str
    """Its name, as far as the namespace above does not say it."""
    below: list[Branch] = field(default_factory=list)


def show(visit: Visit) -> Shown:
    """Show the namespaces that the address asks for, those above before those below."""
    query = {"q": visit.given("q"), "size": MOST, "sort": "id:asc"}
    answer = visit.api.get("/namespaces/search", query=query)
    names = [str(each["id"]) for each in answer["results"]]
    values = {"tree": grown(names), "is_open": len(names) <= UNFOLDED, "hidden": answer["total"] - len(names)}
    return Shown("namespaces", "Namespaces", values, section="namespaces")


def grown(names: Sequence[str]) -> list[Branch]:
    """Return names as a tree; one whose namespace above is not among them stands at the top, with its whole name."""
    known: dict[str, Branch] = {}
    top: list[Branch] = []
    for name in sorted(names, key=lambda each: each.split(".")):
        above, _, last = name.rpartition(".")
        known[name] = Branch(name, last if above in known else name)
        (known[above].below if above in known else top).append(known[name])
    return top
