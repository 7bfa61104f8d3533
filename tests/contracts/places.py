"""The places that the contract suites run in: one class for each set of adapters.

A further adapter is one more class here and one more name in `PLACES`. What it truly cannot do is a flag, on which
single tests are skipped by name.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from clocks import HandClock
from emulators import fresh_project, running, storage
from tiercel.adapters.gcp.firestore import FirestoreStore, connect
from tiercel.adapters.gcp.objects import BucketObjects
from tiercel.adapters.gcp.pubsub import Lease, Publisher, PubSubBus
from tiercel.adapters.gcp.pubsub import connect as connect_pubsub
from tiercel.adapters.gcp.sending import Sender
from tiercel.adapters.local.bus import OutboxBus
from tiercel.adapters.local.objects import FolderObjects
from tiercel.adapters.local.store import SqliteStore
from tiercel.ports import Envelope, MessageBus, ObjectStore, StateStore


class Place(Protocol):
    """One store, its bus and its objects, as one process at a time sees them."""

    clock: HandClock
    exact_counts: bool
    """A repeated merge does not raise the count."""
    one_of_two_waiting: bool
    """A message that is committed again while it waits is delivered once."""
    in_order_of_due: bool
    """Messages that are due come in the order of their due times."""
    one_at_a_time: bool
    """A message that is sent again while it is in flight comes after that; of two, the newer one comes last."""

    @property
    def store(self) -> StateStore:
        """The state store, open."""

    @property
    def bus(self) -> MessageBus:
        """The bus that carries what the store commits."""

    @property
    def objects(self) -> ObjectStore:
        """The internal storage."""

    def reopen(self) -> None:
        """End the process, as it were, and start the next one."""

    def close(self) -> None:
        """Leave nothing open."""


class LocalPlace:
    """SQLite, its outbox, a folder."""

    exact_counts = True
    one_of_two_waiting = True
    in_order_of_due = True
    one_at_a_time = True

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.folder = folder
        self.objects = FolderObjects(folder)
        self._open()

    def _open(self) -> None:
        self.store = SqliteStore(self.folder)
        self.bus = OutboxBus(self.store, self.clock)
        self.clock.listeners[:] = [self.bus.wake]

    def reopen(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        self.bus.close()
        self.store.close()


class GcpPlace:
    """Firestore, Pub/Sub and Cloud Storage, on their emulators; the place itself plays Cloud Tasks, by its clock."""

    exact_counts = False
    one_of_two_waiting = False
    in_order_of_due = False
    one_at_a_time = False

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.firestore, self.pubsub = (each.host for each in running())
        self.project = fresh_project()
        self.topics = [f"projects/{self.project}/topics/{name}" for name in ("events", "tasks")]
        self.subscriptions = [f"projects/{self.project}/subscriptions/{name}" for name in ("events", "tasks")]
        self.timers = HandTimers(self)
        self.clock.listeners[:] = [self.timers.ring]
        self._subscribe()
        self._open()
        self.objects.make_bucket()

    def _subscribe(self) -> None:
        publisher, client = self._publisher(), connect_pubsub(self.pubsub)
        dead = f"projects/{self.project}/topics/dead"
        for topic in (dead, *self.topics):
            publisher.client.create_topic(name=topic)
        for topic, name in zip(self.topics, self.subscriptions, strict=True):
            policy = {"dead_letter_topic": dead, "max_delivery_attempts": 100}
            client.create_subscription(
                request={"name": name, "topic": topic, "ack_deadline_seconds": 600, "dead_letter_policy": policy}
            )
        publisher.close()
        client.transport.close()

    def _publisher(self) -> Publisher:
        return Publisher(events=self.topics[0], tasks=self.topics[1], host=self.pubsub)

    def _open(self) -> None:
        self.publisher, self.subscriber = self._publisher(), connect_pubsub(self.pubsub)
        self.objects = GcpObjects(self.project, prefix="storage/", host=storage())
        self.store = FirestoreStore(
            connect(self.firestore),
            project=self.project,
            database="(default)",
            objects=self.objects,
            publish=Sender(self.publisher, self.timers, self.clock),
            clock=self.clock,
            owner="test",
        )
        self.bus = PubSubBus(self.subscriber, self.subscriptions, self.clock, self.timers.put_off)

    def reopen(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        self.bus.close()
        self.store.close()
        self.objects.close()
        self.publisher.close()
        self.subscriber.transport.close()


class GcpObjects(BucketObjects):
    """A bucket of its own."""

    def make_bucket(self) -> None:
        self._client.create_bucket(self._bucket)


class HandTimers:
    """What the services do later, done when the clock is turned; it outlives each process of its place."""

    def __init__(self, place: GcpPlace) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, envelope: Envelope) -> None:
        """Publish a message when it is due, as a task of Cloud Tasks does."""
        self._wait(envelope.due, lambda: self._place.publisher.publish([envelope]))

    def put_off(self, lease: Lease, seconds: float) -> None:
        """Have a message delivered again later, as Pub/Sub does when a lease is over."""
        due = self._place.clock.now().timestamp() + seconds
        self._wait(due, lambda: self._place.bus.extend(lease, 0))

    def _wait(self, due: float, act: Callable[[], None]) -> None:
        with self._lock:
            heapq.heappush(self._waiting, (due, next(self._numbers), act))

    @property
    def waiting(self) -> int:
        """How many things wait."""
        return len(self._waiting)

    def ring(self) -> None:
        """Do what has become due."""
        now = self._place.clock.now().timestamp()
        with self._lock:
            acts = []
            while self._waiting and self._waiting[0][0] <= now:
                acts.append(heapq.heappop(self._waiting)[2])
        for act in acts:
            act()


PLACES: dict[str, Callable[[Path], Place]] = {"local": LocalPlace, "gcp": GcpPlace}
