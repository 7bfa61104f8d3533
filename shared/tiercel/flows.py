"""The flows of an installation: their sources by namespace, id and revision, parsed once in a process."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock

import msgspec

from tiercel.errors import ConflictError, NotFoundError
from tiercel.listening import Listeners, index_writes, listener_key
from tiercel.model.execution import Record, encode
from tiercel.model.flow import Flow
from tiercel.ports import Clock, Create, Index, Put, Refused, StateStore, Update, Write
from tiercel.watching import watch_writes, watching

KEPT = 512
"""Parsed flows that a process keeps at hand."""


_REVISION = re.compile(r"^revision:[ \t]*[0-9]+[ \t]*(?:\r?\n|\Z)", re.MULTILINE)


class FlowRecord(Record):
    """A revision of a flow as it is stored."""

    namespace: str
    id: str
    revision: int
    source: str
    deleted: bool = False
    disabled: bool = False
    at: float = 0.0
    watching: list[str] = msgspec.field(default_factory=list)
    """Its triggers that stand in the index of those that watch a bucket or a topic."""


_decode = msgspec.json.Decoder(FlowRecord).decode


def _latest_key(namespace: str, flow_id: str) -> str:
    return f"flow/{namespace}/{flow_id}"


def _revision_key(namespace: str, flow_id: str, revision: int) -> str:
    return f"flowrev/{namespace}/{flow_id}/{revision:08d}"


def stored_source(flow: Flow) -> str:
    """Return the author's text without the line that names a revision: the number is ours to give."""
    return _REVISION.sub("", flow.source)


class FlowStore:
    """Deploys flows and finds them again."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._parsed: OrderedDict[tuple[str, str, int], Flow] = OrderedDict()
        self._lock = Lock()
        self.listeners = Listeners(store, clock)
        """Which flows listen to the executions of others."""

    def deploy(self, flow: Flow) -> Flow:
        """Store a flow; a new revision is made only when its text differs from the latest.

        Returns:
            The flow with its revision.
        """
        for _ in range(10):
            keys = [_latest_key(flow.namespace, flow.id), listener_key(flow.namespace, flow.id)]
            stored, listener = self._store.get(keys)
            latest = None if stored is None else _decode(stored.body)
            if latest is not None and latest.source == stored_source(flow) and not latest.deleted:
                return self.get(flow.namespace, flow.id, latest.revision)
            revision = 1 if latest is None else latest.revision + 1
            record = self._record(flow, revision)
            index = index_writes(flow, revision, record.at, is_indexed=listener is not None)
            index += watch_writes(flow, revision, record.at, () if latest is None else latest.watching)
            try:
                self._write(record, 0 if stored is None else stored.version, index)
            except Refused:
                continue
            return self.get(flow.namespace, flow.id, revision)
        raise ConflictError(f"flow {flow.namespace}.{flow.id} is changed by too many at once; try again")

    def _record(self, flow: Flow, revision: int, deleted: bool = False) -> FlowRecord:
        now = self._clock.now().timestamp()
        watched = [trigger for trigger, _, _ in watching(flow)]
        source = stored_source(flow)
        return FlowRecord(flow.namespace, flow.id, revision, source, deleted, flow.disabled, now, watched)

    def _write(self, record: FlowRecord, version: int, also: Sequence[Write] = ()) -> None:
        body = encode(record)
        key = _latest_key(record.namespace, record.id)
        state = "DELETED" if record.deleted else ("DISABLED" if record.disabled else "ACTIVE")
        index = Index("flow", record.namespace, record.id, state, record.at)
        latest = Update(key, body, version, index) if version else Create(key, body, index)
        self._store.commit([latest, Put(_revision_key(record.namespace, record.id, record.revision), body), *also])
        if also:
            self.listeners.forget()

    def latest(self, namespace: str, flow_id: str) -> Flow:
        """Return the latest revision of a flow.

        Raises:
            NotFoundError: There is no such flow, or it was deleted.
        """
        stored = self._store.get([_latest_key(namespace, flow_id)])[0]
        record = None if stored is None else _decode(stored.body)
        if record is None or record.deleted:
            raise NotFoundError(f"Unable to find flow '{namespace}'.'{flow_id}'")
        return self._parse(record)

    def get(self, namespace: str, flow_id: str, revision: int) -> Flow:
        """Return a revision of a flow.

        Raises:
            NotFoundError: There is no such revision.
        """
        key = (namespace, flow_id, revision)
        with self._lock:
            found = self._parsed.get(key)
            if found is not None:
                self._parsed.move_to_end(key)
                return found
        stored = self._store.get([_revision_key(namespace, flow_id, revision)])[0]
        if stored is None:
            raise NotFoundError(f"Unable to find flow '{namespace}'.'{flow_id}' with revision '{revision}'")
        return self._parse(_decode(stored.body))

    def _parse(self, record: FlowRecord) -> Flow:
        key = (record.namespace, record.id, record.revision)
        with self._lock:
            found = self._parsed.get(key)
        if found is None:
            from tiercel.flowfile import parse_flow  # a process that finds its flows parsed needs no YAML

            found = parse_flow(record.source, source=f"{record.namespace}.{record.id}", revision=record.revision)
        with self._lock:
            self._parsed[key] = found
            while len(self._parsed) > KEPT:
                self._parsed.popitem(last=False)
        return found

    def all(self, namespace: str | None = None) -> Iterator[FlowRecord]:
        """Yield the latest record of every flow that is not deleted, by namespace and id."""
        found = self._store.query("flow", namespace=namespace, limit=1_000_000)
        records = sorted((_decode(stored.body) for stored in found), key=lambda record: (record.namespace, record.id))
        yield from (record for record in records if not record.deleted)
