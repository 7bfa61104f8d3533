"""What is stored about namespaces: a description, and variables, which expressions of their flows read as `namespace`.

Promise: a namespace has its own variables laid over those of the namespaces above it, map by map; a namespace of which
nothing is stored is none the less one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from tiercel.errors import ConflictError, NotFoundError
from tiercel.model.structures import deep_merge
from tiercel.namespaces.keyvalues import upwards
from tiercel.ports import Create, Delete, Put, Refused, StateStore


class NamespaceRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is stored about a namespace."""

    id: str
    description: str = ""
    variables: dict[str, Any] = {}
    """Its own."""


_decode = msgspec.json.Decoder(NamespaceRecord).decode
_encode = msgspec.json.Encoder().encode


class Namespaces:
    """The namespaces of an installation: one document `namespace/<id>` for each of which something is stored."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def get(self, namespace: str) -> NamespaceRecord | None:
        """Return what is stored about a namespace; None for nothing."""
        found = self._store.get([_key(namespace)])[0]
        return None if found is None else _decode(found.body)

    def all(self) -> Iterator[NamespaceRecord]:
        """Yield what is stored about namespaces, by their names."""
        return (_decode(found.body) for found in self._store.scan(_key("")))

    def create(self, record: NamespaceRecord) -> None:
        """Store a namespace of which nothing is stored yet, or raise ConflictError."""
        try:
            self._store.commit([Create(_key(record.id), _encode(record))])
        except Refused:
            raise ConflictError(f"the namespace '{record.id}' is there already; change it with PUT") from None

    def put(self, record: NamespaceRecord) -> None:
        """Store a namespace, whatever was stored of it."""
        self._store.commit([Put(_key(record.id), _encode(record))])

    def delete(self, namespace: str) -> None:
        """Forget what is stored about a namespace, or raise NotFoundError; its flows, keys and files stay."""
        if self.get(namespace) is None:
            raise NotFoundError(f"nothing is stored about the namespace '{namespace}'")
        self._store.commit([Delete(_key(namespace))])

    def variables(self, namespace: str) -> Mapping[str, Any]:
        """Return the variables that flows of a namespace see."""
        return self._merged(upwards(namespace))

    def inherited(self, namespace: str) -> Mapping[str, Any]:
        """Return the variables that a namespace has from those above it."""
        return self._merged(upwards(namespace)[1:])

    def _merged(self, names: Iterable[str]) -> Mapping[str, Any]:
        keys = [_key(name) for name in names]
        merged: Any = {}
        for found in reversed(self._store.get(keys) if keys else []):
            if found is not None:
                merged = deep_merge(merged, _decode(found.body).variables)
        return dict(merged)


def _key(namespace: str) -> str:
    return f"namespace/{namespace}"
