"""Where a key lies in Firestore, and back.

A key is `kind/rest`. The kind is the collection and the rest, encoded, the document's id. What belongs to one
execution (`lane`, `runs`, `leaf`) lies in subcollections of that execution, so a scan of it touches nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

INSIDE = frozenset({"lane", "runs", "leaf"})
"""The kinds whose keys are `kind/{execution}/rest`."""

ALONE = "alone"
"""The collection of keys without a kind."""

DUE = "trigger"
"""The kind of which a tick looks for what is due (`tiercel.triggerrecords`)."""

LAST = "\U0010ffff"
"""No id begins with it: the end of an open range."""


class Place(NamedTuple):
    """A collection, and an id in it (or the beginning of one)."""

    collection: str
    """The path below the database's documents."""
    id: str


def encode_id(text: str) -> str:
    """Return a text as a document id that sorts as the text does.

    Firestore forbids `/`, `.` and `..`, empty ids and `__x__` (Quotas and limits). `.` and `/` are neighbours in
    Unicode, so `.0` and `.1` in their places keep the order; the `k` before it does for the rest.
    """
    return "k" + text.replace(".", ".0").replace("/", ".1")


def decode_id(identifier: str) -> str:
    """Return the text of a document id."""
    return identifier[1:].replace(".1", "/").replace(".0", ".")


def place_of(key: str) -> Place:
    """Return where a key lies; of a prefix, where its keys begin."""
    kind, slash, rest = key.partition("/")
    if not slash:
        return Place(ALONE, encode_id(kind))
    if kind in INSIDE:
        execution, _, rest = rest.partition("/")
        return Place(f"execution/{encode_id(execution)}/{kind}", encode_id(rest))
    return Place(kind, encode_id(rest))


def path_of(key: str) -> str:
    """Return a key's path below the database's documents."""
    collection, identifier = place_of(key)
    return f"{collection}/{identifier}"


def key_of(path: str) -> str:
    """Return the key that lies at a path below the database's documents."""
    collection, _, identifier = path.rpartition("/")
    rest = decode_id(identifier)
    if collection == ALONE:
        return rest
    if "/" not in collection:
        return f"{collection}/{rest}"
    _, execution, kind = collection.split("/")
    return f"{kind}/{decode_id(execution)}/{rest}"
