"""The ports: what the engine and the plugins ask of the world, as Protocols. No driver's word stands here.

Promise: the state store asks for no transaction that reads. `create`, `update as I last saw it`, `put` and
`merge with the new count in the reply` are the whole of it, so SQLite and Firestore can both serve it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, TypedDict, Unpack

from tiercel.model.states import Level

# ------------------------------------------------------------------ the state store


@dataclass(frozen=True, slots=True)
class Index:
    """The few scalars of a document that queries may name; everything else is one opaque body."""

    kind: str
    """What the document is: `execution`, `flow`, `kv`, `trigger`..."""
    namespace: str = ""
    flow_id: str = ""
    state: str = ""
    date: float = 0.0
    """Seconds since the epoch; lists are in its order."""
    owner: str = ""
    """The execution that caused this one, where one did."""
    until: float | None = None
    """Seconds since the epoch from when on the store may remove the document, at some time or never; None for never.

    Whoever reads it tells from the body whether its time is over.
    """


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it was read."""

    key: str
    body: bytes
    version: int


@dataclass(frozen=True, slots=True)
class Create:
    """Write a document that must not be there yet."""

    key: str
    body: bytes
    index: Index | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Write a document that must still be as it was last seen."""

    key: str
    body: bytes
    version: int
    index: Index | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """Write a document whether it is there or not."""

    key: str
    body: bytes
    index: Index | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a document or a map, whether it is there or not; with a version, only as it was last seen."""

    key: str
    version: int = 0
    """What a document was last seen as; 0: whatever it is."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Set entries of a map; the reply says how many entries it has then.

    The count may be too high after a repeat (an adapter may count writes instead of keys), never too low: who
    sees it full reads the map, which is the truth.
    """

    key: str
    entries: Mapping[str, bytes]


Write = Create | Update | Put | Delete | Merge


@dataclass(frozen=True, slots=True)
class Reply:
    """What a write answered."""

    version: int = 0
    """The document's version after it; 0 for a map."""
    count: int = 0
    """How many entries the map has after it; 0 for a document."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message on its way: its name comes from its cause, so sending it twice is sending it once."""

    key: str
    body: bytes
    due: float = 0.0
    """Not before this time (seconds since the epoch); 0 means now."""
    kept: bool = True
    """Whether the store must keep it until it is sent; False where the message being handled stands behind it."""
    works: bool = False
    """Whether handling it runs a task: it goes where there is room for that."""


class Refused(Exception):  # noqa: N818 - not a failure: someone else was first
    """A precondition of a commit did not hold; nothing of it was written."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the precondition on '{key}' did not hold")
        self.key = key


class Where(TypedDict, total=False):
    """Which documents a query means, by their indexed scalars; None, and no states, leave one out."""

    namespace: str | None
    """Only those of this namespace."""
    within: str | None
    """Only those of this namespace and of the ones below it (`a` stands for `a`, `a.b`, `a.b.c`)."""
    flow_id: str | None
    """Only those of this flow."""
    states: Sequence[str]
    """Only those in one of these states."""
    owner: str | None
    """Only those that this execution caused; "" for those that none did."""
    since: float | None
    """Only those whose date (seconds since the epoch) is not earlier."""
    until: float | None
    """Only those whose date is not later."""


class StateStore(Protocol):
    """Where flows, executions, lanes, joins, keys and triggers live."""

    def get(self, keys: Sequence[str]) -> list[Stored | None]:
        """Return the documents of these keys, None for each that is not there."""

    def entries(self, key: str) -> dict[str, bytes]:
        """Return the entries of a map; empty when there is none."""

    def scan(self, prefix: str) -> Iterator[Stored]:
        """Yield the documents whose keys start so, in the order of their keys."""

    def scan_entries(self, prefix: str) -> Iterator[tuple[str, str, bytes]]:
        """Yield (map, entry, body) of every map whose key starts so, in the order of keys and entries."""

    def query(
        self,
        kind: str,
        *,
        newest_first: bool = False,
        after: tuple[float, str] | None = None,
        limit: int = 1000,
        **where: Unpack[Where],
    ) -> list[Stored]:
        """Return documents of a kind by their indexed scalars, in the order of their dates, then keys.

        What is returned is what is read, at least one document.

        Args:
            kind: What the documents are.
            newest_first: The other way round.
            after: Only what comes behind the document of this date and key, in that order: the next page.
            limit: How many at most.
            where: Which of them; all by default.
        """

    def count(self, kind: str, **where: Unpack[Where]) -> int:
        """Return how many documents such a query finds, without reading them."""

    def commit(self, writes: Sequence[Write], messages: Sequence[Envelope] = ()) -> list[Reply]:
        """Write all or nothing, then send the messages (at least once, also after a crash).

        Raises:
            Refused: A precondition did not hold.
            TransientError: The store is busy; nothing was written.
        """

    def is_gone(self, owner: str) -> bool:
        """Tell whether the process of this name is known to have ended, so that its claims are void."""


class MessageBus(Protocol):
    """What carries messages to the engine, at least once, in any order."""

    def receive(self, timeout: float | None) -> Delivery | None:
        """Wait for the next message that is due; None when the time is over or the bus is closed."""

    def acknowledge(self, delivery: Delivery) -> None:
        """Say that the message is done with; last of all."""

    def later(self, delivery: Delivery, seconds: float) -> None:
        """Ask for the message again after so many seconds."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it arrives."""

    key: str
    body: bytes
    attempt: int = 1
    """The how-manieth time this message comes."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the internal storage, as lists show it."""

    uri: str
    size: int
    """In bytes."""
    written: float
    """When it was written last, in seconds since the epoch."""


class ObjectStore(Protocol):
    """Where files live: the internal storage, addressed by `kestra:///path`."""

    def open(self, uri: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            NotFoundError: There is no such file.
        """

    def write(self, uri: str, content: BinaryIO | bytes) -> int:
        """Write a file whole or not at all; return its size in bytes."""

    def size(self, uri: str) -> int:
        """Return a file's size in bytes, or raise NotFoundError."""

    def describe(self, uri: str) -> StoredFile:
        """Return what is known of a file, or raise NotFoundError."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the URIs of the files under a folder, sorted."""

    def look(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files under a folder, sorted by URI; it costs what `list` does."""

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the names of the folders directly under a folder, sorted; what is in them is not read."""

    def delete(self, uri: str) -> bool:
        """Remove a file; tell whether it was there."""

    def local_path(self, uri: str) -> Path | None:
        """Return where the file lies on this machine, if it does; only for reading."""


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the current time in UTC."""


@dataclass(frozen=True, slots=True)
class SecretName:
    """A secret as lists show it: never its value."""

    name: str
    """In upper case."""
    source: str
    """Where it comes from: `environment` or `Secret Manager`."""
    description: str = ""


# ------------------------------------------------------------------ what a plugin sees


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number of a task run."""

    name: str
    value: float
    kind: str = "counter"
    """`counter` (adds up), `timer` (seconds) or `gauge` (the last value)."""
    tags: Mapping[str, str] = field(default_factory=dict)


class RunContext(Protocol):
    """One attempt of one task run, as its plugin sees it."""

    namespace: str
    flow_id: str
    execution_id: str
    task_id: str
    task_run_id: str

    @property
    def variables(self) -> Mapping[str, object]:
        """The expression variables of this task run (lazy: read single keys)."""

    @property
    def cancelled(self) -> bool:
        """Tell whether the attempt is to stop: killed or out of time."""

    @property
    def cache_dir(self) -> Path:
        """A folder that outlives the attempt, for what may be made again (environments)."""

    @property
    def working_dir(self) -> Path:
        """The attempt's own folder, made on first use, removed afterwards; shared inside a WorkingDirectory."""

    def log(self, message: str, level: Level = Level.INFO) -> None:
        """Write one line to the execution's log; secrets are masked."""

    def render(self, text: str, extra: Mapping[str, object] | None = None) -> str:
        """Render a template to text, with further variables if given."""

    def render_deep(self, value: object, extra: Mapping[str, object] | None = None) -> object:
        """Render every text of a structure."""

    def evaluate(self, text: str, extra: Mapping[str, object] | None = None) -> object:
        """Render a template and keep the type of what it gives."""

    def metric(self, metric: Metric) -> None:
        """Record a measured number."""

    def on_cancel(self, stop: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `stop` from another thread if the attempt is cancelled while the block runs."""

    def wait(self, seconds: float) -> bool:
        """Sleep; return False at once when the attempt is cancelled."""

    def open(self, uri: str) -> BinaryIO:
        """Open a file of the internal storage (`kestra:///...`) or a namespace file (`nsfile:///...`).

        Raises:
            TaskError: There is no such file, or it belongs to another execution.
        """

    def fetch(self, uri: str) -> Path:
        """Return a local path with the content of such a file; only for reading."""

    def store(self, content: BinaryIO | bytes | Path, name: str) -> str:
        """Keep a file in the internal storage under this task run; return its URI.

        Args:
            content: What to keep.
            name: Its file name; a random part is put before it, so that names never collide.
        """

    def namespace_files(self, namespace: str | None = None) -> Iterator[tuple[str, str]]:
        """Yield (path, URI) of a namespace's files."""
