"""The state store on Firestore: blind commits with preconditions, and an outbox document beside the writes.

Promise: messages go out after the commit that they belong to, also when the process dies in between: they stand in
a document of the same commit until they are sent. Nothing is ever read to be written in a transaction.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, Unpack

import grpc
from google.api_core import exceptions
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.types import firestore as calls

from tiercel.adapters.gcp.bodies import DATE, NONCE, Bodies, Pb, entries_of, new_write, version_of
from tiercel.adapters.gcp.names import DUE, path_of
from tiercel.adapters.gcp.outbox import COLLECTION, PATIENCE, Due, Outbox, removal
from tiercel.adapters.gcp.queries import COUNTED, PAGE, advance, count, due, due_behind, named_from, select
from tiercel.adapters.gcp.trying import TIMEOUT, tried
from tiercel.errors import TiercelError, TransientError
from tiercel.ports import (
    Clock,
    Create,
    Delete,
    Envelope,
    Merge,
    ObjectStore,
    Put,
    Refused,
    Reply,
    Stored,
    Update,
    Where,
    Write,
)

T = TypeVar("T")
Publish = Callable[[Sequence[Envelope]], None]

WHAT = "Firestore"
"""Who is asked, for errors."""

MOST_KEYS = 300
"""Documents that one call asks for."""

LARGEST = 10 << 20
"""Bytes of a commit (Firestore: Quotas and limits)."""

LARGEST_EMULATED = 7 << 19
"""Bytes of a commit on the emulator: it takes no request over 4 MiB (docs/emulators.md)."""

_log = logging.getLogger("tiercel")
_REFUSALS = (exceptions.AlreadyExists, exceptions.FailedPrecondition, exceptions.NotFound)


class FirestoreStore:
    """Implements `StateStore`."""

    def __init__(
        self,
        client: FirestoreClient,
        *,
        project: str,
        database: str,
        objects: ObjectStore,
        publish: Publish,
        clock: Clock,
        owner: str,
        largest: int = LARGEST,
    ) -> None:
        """Open the store; nothing is asked of the service yet.

        Args:
            client: Speaks to the service, or to its emulator.
            project: The project's id.
            database: The database's id, `(default)` for the first one.
            objects: Takes bodies that are too long for a document.
            publish: Sends messages.
            clock: Tells the time.
            owner: The name of this process, for claims.
            largest: Bytes of a commit that the service takes.
        """
        self.owner = owner
        self._client = client
        self._largest = largest
        self._database = f"projects/{project}/databases/{database}"
        self._root = f"{self._database}/documents"
        self._header = [("google-cloud-resource-prefix", self._database)]
        self._bodies = Bodies(self._root, objects)
        self.outbox = Outbox(self._bodies, publish, clock)

    # ------------------------------------------------------------ reading

    def get(self, keys: Sequence[str]) -> list[Stored | None]:
        """Return the documents of these keys, None for each that is not there."""
        names = {key: f"{self._root}/{path_of(key)}" for key in keys}
        found: dict[str, Stored] = {}
        every = list(dict.fromkeys(names.values()))
        for first in range(0, len(every), MOST_KEYS):
            found.update((key, self._bodies.stored(each)) for key, each in self._documents(every[first:][:MOST_KEYS]))
        return [found.get(names[key]) for key in keys]

    def _documents(self, names: Sequence[str]) -> list[tuple[str, Pb]]:
        request = calls.BatchGetDocumentsRequest(database=self._database, documents=names)

        def ask() -> list[tuple[str, Pb]]:
            answers = self._client.batch_get_documents(request, retry=None, timeout=TIMEOUT, metadata=self._header)
            found = [calls.BatchGetDocumentsResponse.pb(answer) for answer in answers]
            return [(answer.found.name, answer.found) for answer in found if answer.HasField("found")]

        return self._ask(ask)

    def entries(self, key: str) -> dict[str, bytes]:
        """Return the entries of a map; empty when there is none."""
        found = self._documents([f"{self._root}/{path_of(key)}"])
        return entries_of(found[0][1]) if found else {}

    def scan(self, prefix: str) -> Iterator[Stored]:
        """Yield the documents whose keys start so, in the order of their keys."""
        return map(self._bodies.stored, self._named(prefix))

    def scan_entries(self, prefix: str) -> Iterator[tuple[str, str, bytes]]:
        """Yield (map, entry, body) of every map whose key starts so, in the order of keys and entries."""
        for document in self._named(prefix):
            key = self._bodies.key(document.name)
            for entry, body in entries_of(document).items():
                yield key, entry, body

    def query(
        self,
        kind: str,
        *,
        newest_first: bool = False,
        after: tuple[float, str] | None = None,
        limit: int = 1000,
        **where: Unpack[Where],
    ) -> list[Stored]:
        """Return documents of a kind by their indexed scalars, in the order of their dates, then keys."""
        behind = None if after is None else (after[0], f"{self._root}/{path_of(after[1])}")
        query = select(kind, where, newest_first, limit, behind)
        return [self._bodies.stored(document) for document in self._ask(lambda: self._run(self._root, query))]

    def count(self, kind: str, **where: Unpack[Where]) -> int:
        """Return how many documents such a query finds (a thousand of them are billed as one read)."""
        return self._count(self._root, kind, where)

    def _count(self, parent: str, kind: str, where: Where) -> int:
        request = calls.RunAggregationQueryRequest(parent=parent, structured_aggregation_query=count(kind, where))

        def ask() -> int:
            answers = self._client.run_aggregation_query(request, retry=None, timeout=TIMEOUT, metadata=self._header)
            found = [calls.RunAggregationQueryResponse.pb(answer).result.aggregate_fields for answer in answers]
            return sum(fields[COUNTED].integer_value for fields in found if COUNTED in fields)

        return self._ask(ask)

    def _named(self, prefix: str) -> Iterator[Pb]:
        """Yield the documents whose keys start so, page by page."""
        parent, query = named_from(self._root, prefix)
        while True:
            found = self._ask(lambda: self._run(parent, query))
            yield from found
            if len(found) < PAGE:
                return
            advance(query, found[-1].name)

    def _run(self, parent: str, query: Pb) -> list[Pb]:
        request = calls.RunQueryRequest(parent=parent, structured_query=query)
        answers = self._client.run_query(request, retry=None, timeout=TIMEOUT, metadata=self._header)
        found = [calls.RunQueryResponse.pb(answer) for answer in answers]
        return [answer.document for answer in found if answer.HasField("document")]

    # ------------------------------------------------------------ writing

    def commit(self, writes: Sequence[Write], messages: Sequence[Envelope] = ()) -> list[Reply]:
        """Write all or nothing, then send the messages (at least once, also after a crash).

        Raises:
            Refused: A precondition did not hold.
            TransientError: The store is busy.
            TiercelError: The service refuses it: it is too large, or may not be written.
        """
        if not writes and not messages:
            return []
        nonce = secrets.randbits(62)
        asked = [self._write(write, nonce) for write in writes]
        notes, removed = self.outbox.notes(messages), self.outbox.sent()
        everything = asked + notes + removed
        replies = self._removing(removed, everything, writes, nonce, notes) if everything else []
        self.outbox.send(notes, messages)
        if notes and self.outbox.tidies:
            self._tidy()
        return replies[: len(writes)]

    def _write(self, write: Write, nonce: int) -> Pb:
        path = path_of(write.key)
        match write:
            case Merge(_, entries):
                return self._bodies.merge_of(path, entries)
            case Delete(_, version):
                asked = new_write()
                asked.delete = f"{self._root}/{path}"
                return _as_seen(asked, version) if version else asked
            case Create(_, body, index):
                asked = self._bodies.write_of(path, body, index, nonce)
                asked.current_document.exists = False
                return asked
            case Update(_, body, version, index):
                return _as_seen(self._bodies.write_of(path, body, index, nonce), version)
            case Put(_, body, index):
                return self._bodies.write_of(path, body, index, nonce)

    def _commit(
        self, asked: Sequence[Pb], writes: Sequence[Write], nonce: int, notes: Sequence[Pb] = ()
    ) -> list[Reply]:
        """Commit; when the service did not answer, find out whether it was done before believing a refusal."""
        request = calls.CommitRequest.pb(calls.CommitRequest())
        request.database = self._database
        request.writes.extend(asked)
        self._refuse_large(request)
        unsure = False

        def ask() -> list[Reply]:
            nonlocal unsure
            wrapped = calls.CommitRequest.wrap(request)
            try:
                answer = self._client.commit(wrapped, retry=None, timeout=TIMEOUT, metadata=self._header)
            except _REFUSALS as refusal:
                if unsure and (replies := self._done_before(writes, nonce, notes)) is not None:
                    return replies
                raise Refused(self._refused(writes)) from refusal
            except exceptions.GoogleAPICallError as trouble:
                unsure = unsure or not isinstance(trouble, exceptions.Aborted)
                raise
            return [_reply(result) for result in calls.CommitResponse.pb(answer).write_results]

        return self._ask(ask)

    def _refuse_large(self, request: Pb) -> None:
        """Refuse a commit that the service would not take: the emulator calls that a passing trouble, which it is not.

        Raises:
            TiercelError: It is too large.
        """
        size = request.ByteSize()
        if size <= self._largest:
            return
        largest = max(request.writes, key=lambda write: write.ByteSize())
        raise TiercelError(
            f"a commit of {len(request.writes)} writes has {size:,} bytes, more than the {self._largest:,} that {WHAT} "
            f"takes; the largest is '{self._bodies.key(largest.update.name)}' with {largest.ByteSize():,} bytes: "
            "keep large inputs, values and outputs in files"
        )

    def _done_before(self, writes: Sequence[Write], nonce: int, notes: Sequence[Pb]) -> list[Reply] | None:
        """Return the replies of a commit that was done without an answer; None when it was not ours."""
        mine = [write for write in writes if isinstance(write, Create | Update | Put)]
        own = [note.update.name for note in notes[:1]]  # nobody else takes that name
        names = [f"{self._root}/{path_of(write.key)}" for write in mine] + own
        found = dict(self._documents(names)) if names else {}
        noted = any(found.pop(name, None) is not None for name in own)
        if not noted and not any(document.fields[NONCE].integer_value == nonce for document in found.values()):
            return None
        many = 1 << 30  # a count that is too high costs a look
        versions = {self._bodies.key(name): version_of(each.update_time) for name, each in found.items()}
        return [
            Reply(count=many) if isinstance(write, Merge) else Reply(version=versions.get(write.key, 0))
            for write in writes
        ]

    def _refused(self, writes: Sequence[Write]) -> str:
        """Return the key of the first precondition that does not hold (the service names none that can be read)."""
        asking = [write for write in writes if isinstance(write, Create | Update | Delete)]
        found = dict(zip([write.key for write in asking], self.get([write.key for write in asking]), strict=True))
        for write in asking:
            stored = found[write.key]
            if isinstance(write, Create) and stored is not None:
                return write.key
            if not isinstance(write, Create) and write.version and (stored is None or stored.version != write.version):
                return write.key
        return asking[0].key if asking else ""

    def _removing(
        self, removed: Sequence[Pb], asked: Sequence[Pb], writes: Sequence[Write], nonce: int, notes: Sequence[Pb] = ()
    ) -> list[Reply]:
        """Commit with the removal of notes; where that fails, they are still to be removed."""
        try:
            return self._commit(asked, writes, nonce, notes)
        except BaseException:
            self.outbox.give_back(removed)
            raise

    def flush(self) -> None:
        """Remove what the outbox holds of messages that were sent; nothing is lost when this is never called."""
        removed = self.outbox.sent()
        if removed:
            self._removing(removed, removed, (), 0)

    def _tidy(self) -> None:
        """Remove what the outbox holds, if that can be done now: what was asked for is done in any case."""
        try:
            self.flush()
        except TiercelError as error:
            _log.info("the outbox is tidied up later: %s", error)

    def due(self, most: int) -> Iterator[Due]:
        """Yield what a tick has to do, the oldest first and a page at a time: notes may be long."""
        query = due(self.outbox.now(), PAGE)
        for _ in range(0, most, PAGE):
            found = self._ask(lambda: self._run(self._root, query))
            triggers = [self._bodies.stored(document) for document in found if not self.outbox.is_note(document)]
            yield Due(triggers, [document for document in found if self.outbox.is_note(document)])
            if len(found) < PAGE:
                return
            due_behind(query, found[-1])

    def send_again(self, notes: Sequence[Pb]) -> int:
        """Send the messages of processes that died before they did; return how many there were.

        A note whose messages are refused for good stays where it is, and is reported each time; the others are sent.

        Raises:
            TransientError: A service is busy.
        """
        messages = [each for document in notes for each in self.outbox.noted(document)]
        try:
            self.outbox.send((), messages)
        except TransientError:
            raise
        except TiercelError as refusal:
            if len(notes) > 1:
                return sum(self.send_again([document]) for document in notes)
            _log.error("the outbox keeps messages that cannot be sent (%s): %s", _names(messages), refusal)
            return 0
        if notes:
            self._commit([removal(document.name) for document in notes], (), 0)
        return len(messages)

    def noted(self) -> tuple[int, float | None]:
        """Return how many notes the outbox holds, and when its oldest was made, in seconds since the epoch."""
        parent = f"{self._root}/{COLLECTION}".rpartition("/")[0]
        first = self._ask(lambda: self._run(parent, select(DUE, {}, False, 1, None)))
        if not first:
            return 0, None
        return self._count(parent, DUE, {}), first[0].fields[DATE].double_value - PATIENCE

    def is_gone(self, owner: str) -> bool:  # noqa: ARG002 - nobody here knows which instances have ended
        """Tell nothing: a claim of an instance is void when its time is over."""
        return False

    def close(self) -> None:
        """Close the connection."""
        self._client.transport.close()

    def _ask(self, ask: Callable[[], T]) -> T:
        return tried(ask, WHAT)


def _names(messages: Sequence[Envelope]) -> str:
    return ", ".join(message.key for message in messages)


def _as_seen(asked: Pb, version: int) -> Pb:
    """Have a write insist on the version that was seen."""
    seen = asked.current_document.update_time
    seen.seconds, microseconds = divmod(version, 1_000_000)
    seen.nanos = microseconds * 1000
    return asked


def _reply(result: Pb) -> Reply:
    if result.transform_results:
        return Reply(count=result.transform_results[0].integer_value)
    return Reply(version=version_of(result.update_time))


def connect(host: str | None) -> FirestoreClient:
    """Return a client of the service, or of the emulator at `host:port`."""
    if host is None:
        return FirestoreClient()
    from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

    # Messages of any length, as the library's own channels take them; gRPC alone takes 4 MiB.
    channel = grpc.insecure_channel(host, options=[("grpc.max_receive_message_length", -1)])
    return FirestoreClient(transport=FirestoreGrpcTransport(channel=channel))
