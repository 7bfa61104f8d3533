"""The flows of an installation: their sources by namespace, id and revision, parsed once in a process."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

import msgspec

from tiercel.errors import ConflictError, FlowError, NotFoundError, Problem, StoredFlowError
from tiercel.graphs.topology import Name, called_flows
from tiercel.indexes.listening import Listeners, index_writes, listener_key
from tiercel.indexes.watching import watch_writes, watching
from tiercel.model.execution import Record, encode
from tiercel.model.flow import Flow
from tiercel.model.labels import Label
from tiercel.ports import Clock, Create, Delete, Index, Put, Refused, StateStore, Update, Write
from tiercel.triggerrecords import Alarm, declared, state_keys, state_writes

KEPT = 512
"""Parsed flows that a process keeps at hand."""


LARGEST_COMMIT = 1 << 20
"""Bytes of sources that one commit takes: each is stored twice, and Firestore's emulator takes 4 MB in a request."""

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
    triggers: list[str] = msgspec.field(default_factory=list)
    """Its triggers, each of which has a record."""
    labels: list[Label] = msgspec.field(default_factory=list)
    calls: list[Name] = msgspec.field(default_factory=list)
    """The flows that it calls."""
    limited: bool = False
    """Whether it has a concurrency limit."""


_decode = msgspec.json.Decoder(FlowRecord).decode
_Check = Callable[[FlowRecord | None], object]
"""Gets the latest revision as it is stored, and raises where another must not follow."""


def _latest_key(namespace: str, flow_id: str) -> str:
    return f"flow/{namespace}/{flow_id}"


def _revision_key(namespace: str, flow_id: str, revision: int) -> str:
    return f"flowrev/{namespace}/{flow_id}/{revision:08d}"


def stored_source(flow: Flow) -> str:
    """Return the author's text without the line that names a revision: the number is ours to give."""
    return _REVISION.sub("", flow.source)


def _there(record: FlowRecord | None, namespace: str, flow_id: str) -> FlowRecord:
    """Return a revision that is not deleted.

    Raises:
        NotFoundError: It is, or there is none.
    """
    if record is None or record.deleted:
        raise NotFoundError(f"Unable to find flow '{namespace}'.'{flow_id}'")
    return record


def _writes(record: FlowRecord, version: int) -> list[Write]:
    """Return the writes of a revision itself, in place of the one that was last seen."""
    body = encode(record)
    key = _latest_key(record.namespace, record.id)
    state = "DELETED" if record.deleted else ("DISABLED" if record.disabled else "ACTIVE")
    index = Index("flow", record.namespace, record.id, state, record.at)
    latest = Update(key, body, version, index) if version else Create(key, body, index)
    return [latest, Put(_revision_key(record.namespace, record.id, record.revision), body)]


@dataclass(frozen=True)
class _Change:
    """A flow that is to be stored, or deleted."""

    flow: Flow
    check: _Check = lambda _: None
    """Asked with each try."""


def _batches(changes: Sequence[_Change]) -> Iterator[list[_Change]]:
    """Yield changes in groups that one commit takes."""
    batch: list[_Change] = []
    size = 0
    for change in changes:
        length = len(change.flow.source.encode("utf-8", "replace"))
        if batch and size + length > LARGEST_COMMIT:
            yield batch
            batch, size = [], 0
        batch.append(change)
        size += length
    if batch:
        yield batch


def _as_it_is(flow: Flow) -> Flow:
    return flow


class FlowStore:
    """Deploys flows and finds them again."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._parsed: OrderedDict[tuple[str, str, int], Flow] = OrderedDict()
        self._lock = Lock()
        self.listeners = Listeners(store, clock)
        """Which flows listen to the executions of others."""
        self.alarm = Alarm()
        """Hears when something of a trigger is due that was just written."""
        self.prepare: Callable[[Flow], Flow] = _as_it_is
        """Has the last word about each flow that was just parsed: tests of flows put stand-ins in place of tasks."""

    def deploy(self, flow: Flow) -> Flow:
        """Store a flow; a new revision is made only when its text differs from the latest. A deleted one is back then.

        Returns:
            The flow with its revision.
        """
        return self._stored(flow, lambda _: None)

    def create(self, flow: Flow) -> Flow:
        """Store a flow that must not be there yet; one that was deleted is back, with its next revision.

        Raises:
            FlowError: There is a flow of this namespace and id.
        """

        def check(latest: FlowRecord | None) -> None:
            if latest is not None and not latest.deleted:
                raise FlowError([Problem("Flow id already exists; update it, or choose another id", "flow.id")])

        return self._stored(flow, check)

    def update(self, namespace: str, flow_id: str, flow: Flow) -> Flow:
        """Store a flow in place of the one that is there.

        Raises:
            NotFoundError: There is no such flow, or it was deleted.
            FlowError: The text is that of another flow.
        """

        def check(latest: FlowRecord | None) -> None:
            _there(latest, namespace, flow_id)
            for path, found, wanted in (("id", flow.id, flow_id), ("namespace", flow.namespace, namespace)):
                if found != wanted:
                    message = f"Illegal flow {path} update: found '{found}', wanted '{wanted}'; create another flow"
                    raise FlowError([Problem(message, f"flow.{path}")])

        if (flow.namespace, flow.id) != (namespace, flow_id):
            check(self.record(namespace, flow_id))
        return self._stored(flow, check)

    def delete(self, namespace: str, flow_id: str) -> FlowRecord:
        """Delete a flow: its next revision says so, those before stay, and none of its triggers starts anything.

        Raises:
            NotFoundError: There is no such flow, or it was deleted already.
        """
        return self._changed([self._end(namespace, flow_id)])[0]

    def replace(self, wanted: Iterable[Flow], gone: Iterable[Name] = ()) -> list[FlowRecord]:
        """Delete flows and store others, each named once: all or none, up to LARGEST_COMMIT.

        Returns:
            The records of those that were deleted, then of the others.

        Raises:
            NotFoundError: A flow that is to be deleted is not there.
        """
        changes = [self._end(*name) for name in gone]
        changes += [_Change(flow) for flow in wanted]
        return [record for batch in _batches(changes) for record in self._changed(batch)]

    def _end(self, namespace: str, flow_id: str) -> _Change:
        source = self.record(namespace, flow_id).source
        flow = Flow(flow_id, namespace, 0, source, {}, {}, deleted=True)
        return _Change(flow, lambda latest: _there(latest, namespace, flow_id))

    def _stored(self, flow: Flow, check: _Check) -> Flow:
        return self.get(flow.namespace, flow.id, self._changed([_Change(flow, check)])[0].revision)

    def _changed(self, changes: Sequence[_Change]) -> list[FlowRecord]:
        """Store the next revisions of flows with what stands in the indexes for them, in one commit."""
        for _ in range(10):
            steps = [self._step(change) for change in changes]
            writes = {
                write.key: write for _, own, also in steps for write in (*own, *also)
            }  # they share one of the index
            try:
                if writes:
                    self._store.commit(list(writes.values()))
            except Refused:
                continue
            self._tell([write for _, _, also in steps for write in also])
            return [record for record, _, _ in steps]
        names = ", ".join(f"{change.flow.namespace}.{change.flow.id}" for change in changes[:10])
        raise ConflictError(f"flow {names} is changed by too many at once; try again")

    def _step(self, change: _Change) -> tuple[FlowRecord, list[Write], list[Write]]:
        """Return a flow's next revision, its own writes, and those of the indexes; the latest where nothing differs."""
        flow = change.flow
        stored, listener = self._store.get(
            [_latest_key(flow.namespace, flow.id), listener_key(flow.namespace, flow.id)]
        )
        latest = None if stored is None else _decode(stored.body)
        change.check(latest)
        if latest is not None and latest.source == stored_source(flow) and latest.deleted == flow.deleted:
            return latest, [], []
        revision = 1 if latest is None else latest.revision + 1
        record = self._record(flow, revision)
        index = index_writes(flow, revision, record.at, is_indexed=listener is not None)
        index += watch_writes(flow, revision, record.at, () if latest is None else latest.watching)
        index += self._states(flow, revision, record.at, () if latest is None else latest.triggers)
        return record, _writes(record, 0 if stored is None else stored.version), index

    def _tell(self, indexed: Sequence[Write]) -> None:
        """Have those hear of what was written who keep something of it at hand, or wait for what is due."""
        if indexed:
            self.listeners.forget()
        for write in indexed:
            if isinstance(write, Create | Update) and write.index is not None:
                self.alarm.ring(write.index.date)

    def _states(self, flow: Flow, revision: int, at: float, former: Sequence[str]) -> list[Write]:
        """Return the writes of the records of a flow's triggers."""
        keys = state_keys(flow, former)
        found = self._store.get(keys) if keys else []
        return state_writes(flow, revision, at, dict(zip(keys, found, strict=True)))

    def _record(self, flow: Flow, revision: int) -> FlowRecord:
        return FlowRecord(
            flow.namespace,
            flow.id,
            revision,
            stored_source(flow),
            flow.deleted,
            flow.disabled,
            self._clock.now().timestamp(),
            [trigger for trigger, _, _ in watching(flow)],
            declared(flow),
            list(flow.labels),
            called_flows(flow),
            flow.concurrency is not None,
        )

    def latest(self, namespace: str, flow_id: str) -> Flow:
        """Return the latest revision of a flow.

        Raises:
            NotFoundError: There is no such flow, or it was deleted.
        """
        return self._parse(self.record(namespace, flow_id))

    def record(
        self, namespace: str, flow_id: str, revision: int | None = None, *, allow_deleted: bool = False
    ) -> FlowRecord:
        """Return a revision of a flow as it is stored, the latest where none is named.

        Raises:
            NotFoundError: There is no such flow or revision, or it was deleted.
        """
        key = _latest_key(namespace, flow_id) if revision is None else _revision_key(namespace, flow_id, revision)
        stored = self._store.get([key])[0]
        if stored is None and revision is not None:
            raise NotFoundError(f"Unable to find flow '{namespace}'.'{flow_id}' with revision '{revision}'")
        found = None if stored is None else _decode(stored.body)
        if allow_deleted and found is not None:
            return found
        return _there(found, namespace, flow_id)

    def revisions(self, namespace: str, flow_id: str) -> list[FlowRecord]:
        """Return every revision of a flow that is stored, oldest first; none for one that never was."""
        return [_decode(stored.body) for stored in self._store.scan(f"flowrev/{namespace}/{flow_id}/")]

    def forget_revisions(self, namespace: str, flow_id: str, revisions: Collection[int]) -> None:
        """Remove old revisions for good.

        Raises:
            NotFoundError: There is no such flow, or no such revision.
            ConflictError: The latest one is among them.
        """
        latest = self.record(namespace, flow_id, allow_deleted=True).revision
        if latest in revisions:
            raise ConflictError(f"revision {latest} is the latest of '{namespace}'.'{flow_id}'; delete the flow")
        for revision in revisions:
            self.record(namespace, flow_id, revision, allow_deleted=True)
        self._store.commit([Delete(_revision_key(namespace, flow_id, revision)) for revision in revisions])
        with self._lock:
            for revision in revisions:
                self._parsed.pop((namespace, flow_id, revision), None)

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

            try:
                parsed = parse_flow(record.source, source=f"{record.namespace}.{record.id}", revision=record.revision)
            except FlowError as error:
                raise StoredFlowError(error.problems, error.source) from None
            found = self.prepare(parsed)
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
