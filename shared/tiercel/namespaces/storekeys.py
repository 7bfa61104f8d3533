"""The keys of all namespaces in the state store: one document `kv/<namespace>/<key>` each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from tiercel.errors import ConflictError, TransientError
from tiercel.namespaces.keyvalues import ExpiredError, KeyValue, ValueType, check_key, decode, encode, written
from tiercel.ports import Clock, Create, Delete, Index, Refused, StateStore, Stored, Update, Write

_TRIES = 8
"""How often a write that others overtook is made again."""


class StoreKeyValues:
    """`KeyValues` over the state store; a write never overwrites what it has not seen."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    def get(self, namespace: str, key: str) -> KeyValue | None:
        """Return a key, None where there is none; ExpiredError (once: it removes the key) where its time is over."""
        found = self._stored(namespace, key)
        if found is None:
            return None
        entry = decode(key, found.body)
        if entry.is_expired(self.clock.now()):
            with suppress(Refused):  # somebody has written it again
                self.store.commit([Delete(found.key, found.version)])
            raise ExpiredError(f"the key '{key}' of the namespace '{namespace}' is expired; write it again")
        return entry

    def set(
        self,
        namespace: str,
        key: str,
        value: object,
        *,
        kind: ValueType | None = None,
        ttl: timedelta | None = None,
        description: str | None = None,
        overwrite: bool = True,
    ) -> KeyValue:
        """Write a key; see `KeyValues`."""
        for _ in range(_TRIES):
            now = self.clock.now()
            found = self._stored(namespace, check_key(key))
            before = decode(key, found.body) if found else None
            if before is not None and before.is_expired(now):
                before = None
            if before is not None and not overwrite:
                raise ConflictError(
                    f"the key '{key}' is already in the namespace '{namespace}' and overwrite is false; "
                    "delete it first, or set overwrite: true"
                )
            entry = written(key, value, now, before=before, kind=kind, ttl=ttl, description=description)
            try:
                self.store.commit([_write(namespace, entry, found)])
            except Refused:
                continue
            return entry
        raise TransientError(f"the key '{key}' of the namespace '{namespace}' is written by too many others at once")

    def delete(self, namespace: str, key: str) -> bool:
        """Remove a key; tell whether it was there."""
        found = self._stored(namespace, key)
        if found is None:
            return False
        self.store.commit([Delete(found.key)])
        return not decode(key, found.body).is_expired(self.clock.now())

    def list(self, namespace: str, prefix: str = "", *, expired: bool = False) -> Sequence[KeyValue]:
        """Return the keys that start so, sorted; with `expired` also those whose time is over."""
        now, root = self.clock.now(), _key(namespace, "")
        entries = (decode(found.key.removeprefix(root), found.body) for found in self.store.scan(root + prefix))
        return [entry for entry in entries if expired or not entry.is_expired(now)]

    def all(self) -> Iterator[tuple[str, KeyValue]]:
        """Yield every key whose time is not over, each with its namespace."""
        now = self.clock.now()
        for found in self.store.scan("kv/"):
            _, namespace, key = found.key.split("/", 2)
            entry = decode(key, found.body)
            if not entry.is_expired(now):
                yield namespace, entry

    def namespaces(self) -> Sequence[str]:
        """Return the namespaces that have keys, sorted."""
        return sorted({found.key.split("/")[1] for found in self.store.scan("kv/")})

    def has_namespace(self, namespace: str) -> bool:
        """Tell whether there is a flow or a key in the namespace."""
        if self.store.query("flow", namespace=namespace, limit=1):
            return True
        return next(iter(self.store.scan(_key(namespace, ""))), None) is not None

    def _stored(self, namespace: str, key: str) -> Stored | None:
        return self.store.get([_key(namespace, key)])[0]


def _key(namespace: str, key: str) -> str:
    return f"kv/{namespace}/{key}"


def _write(namespace: str, entry: KeyValue, found: Stored | None) -> Write:
    until = None if entry.expiration is None else entry.expiration.timestamp()
    index = Index(kind="kv", namespace=namespace, date=entry.updated.timestamp(), until=until)
    name = _key(namespace, entry.key)
    if found is None:
        return Create(name, encode(entry), index)
    return Update(name, encode(entry), found.version, index)
