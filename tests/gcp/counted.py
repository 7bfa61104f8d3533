"""The engine over the emulators in this process, with every operation on the services counted."""

from __future__ import annotations

import base64
import json
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from google.api_core.exceptions import Aborted
from google.pubsub_v1.types import PullRequest

from emulators import fresh_project, running, storage
from tiercel.adapters.gcp.parcels import packed
from tiercel.cloud.runtime import Cloud, connect
from tiercel.cloud.settings import read_settings
from tiercel.emulation import topics
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.execution import Execution
from tiercel.ports import Envelope

EVENTS, TASKS = "tiercel-events", "tiercel-tasks"


@dataclass
class Counts:
    """What was asked of the services."""

    reads: int = 0
    """Documents read; one that is not there, and a query without a result, count as well (Firestore: pricing)."""
    writes: int = 0
    deletes: int = 0
    messages: int = 0
    invocations: int = 0
    refused: int = 0
    """Commits whose precondition did not hold, or that met another one."""
    aborted: int = 0
    """Those of them that met another one: the service tries them again, or has us try."""
    carried: int = 0
    """Bytes that topics are billed for: published and delivered, each request at least 1,000 (Pub/Sub: pricing)."""
    written: Counter[str] = field(default_factory=Counter)
    """How often each document was written."""
    largest: int = 0
    """Bytes of the largest write."""
    read: Counter[str] = field(default_factory=Counter)
    """How often documents of each collection were read."""

    def written_by_kind(self) -> Counter[str]:
        """Return how often documents of each collection were written."""
        found: Counter[str] = Counter()
        for name, times in self.written.items():
            found[_kind(name)] += times
        return found

    def clear(self) -> None:
        """Begin anew."""
        self.__init__()  # type: ignore[misc]


class Installation:
    """Firestore and Pub/Sub on their emulators; two pumps in place of push subscriptions."""

    def __init__(self, *, timeout: float = 540.0) -> None:
        """Make a project of its own.

        Args:
            timeout: Seconds that a function may take; 0 has every task handed over to another invocation.
        """
        self.counts = Counts()
        self._lock = threading.Lock()
        self._project = fresh_project()
        firestore, self._pubsub = (each.host for each in running())
        environment = {
            "GOOGLE_CLOUD_PROJECT": self._project,
            "TIERCEL_BUCKET": f"{self._project}-files",
            "FIRESTORE_EMULATOR_HOST": firestore,
            "PUBSUB_EMULATOR_HOST": self._pubsub,
            "STORAGE_EMULATOR_HOST": f"http://{storage()}",
            "TIERCEL_TIMEOUT": str(timeout),
        }
        for name in (EVENTS, TASKS, "tiercel-dead"):
            topics.make_topic(self._pubsub, f"projects/{self._project}/topics/{name}")
            subscription = f"projects/{self._project}/subscriptions/{name}"
            topics.subscribe(self._pubsub, f"projects/{self._project}/topics/{name}", subscription, None)
        self.cloud: Cloud = connect(read_settings(environment), environment)
        self._looker: Cloud = connect(read_settings(environment), environment)
        """Looks without being counted."""
        self._subscriber = topics.subscriber(self._pubsub)
        self._count()

    def close(self) -> None:
        """Leave nothing open."""
        self.cloud.close()
        self._looker.close()
        self._subscriber.transport.close()

    # ------------------------------------------------------------ counting

    def _count(self) -> None:
        client: Any = self.cloud.store._client
        client.commit = self._counting_commit(client.commit)
        client.batch_get_documents = self._counting_get(client.batch_get_documents)
        client.run_query = self._counting_query(client.run_query)
        publisher = self.cloud.publisher
        plain = publisher.publish

        def publish(messages: Any) -> None:
            with self._lock:
                self.counts.messages += len(messages)
                self.counts.carried += carried(messages)
            plain(messages)

        object.__setattr__(publisher, "publish", publish)

    def _counting_commit(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def commit(request: Any, **named: Any) -> Any:
            try:
                answer = real(request, **named)
            except Exception as error:
                with self._lock:
                    self.counts.refused += 1
                    self.counts.aborted += isinstance(error, Aborted)
                raise
            with self._lock:
                for write in type(request).pb(request).writes:
                    self._note(write)
            return answer

        return commit

    def _note(self, write: Any) -> None:
        if write.delete:
            self.counts.deletes += 1
            return
        self.counts.writes += 1
        self.counts.written[write.update.name] += 1
        self.counts.largest = max(self.counts.largest, write.ByteSize())

    def _counting_get(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def get(request: Any, **named: Any) -> Any:
            answers = list(real(request, **named))
            with self._lock:
                self.counts.reads += len(answers)
                self.counts.read.update(_kind(name) for name in request.documents)
            return answers

        return get

    def _counting_query(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def query(request: Any, **named: Any) -> Any:
            answers = list(real(request, **named))
            with self._lock:
                self.counts.reads += max(1, sum(1 for answer in answers if answer.document.name))
                self.counts.read["query"] += 1
            return answers

        return query

    # ------------------------------------------------------------ doing

    def run(self, source: str, seconds: float = 120.0) -> Execution:
        """Deploy a flow, execute it, deliver messages until it has ended; count from after the deployment."""
        parts = self.cloud.parts
        flow = parts.flows.deploy(parse_flow(source))
        parts.flows.listeners.all()
        self.counts.clear()
        execution = parts.intake.accept(flow, Request()).id
        self.cloud.store.flush()
        view = self._looker.parts.view
        self._deliver(lambda: view.header(execution).finished, seconds)
        return view.header(execution)

    def _deliver(self, is_done: Callable[[], bool], seconds: float) -> None:
        stopped = threading.Event()
        with ThreadPoolExecutor(2) as threads:
            pumps = [threads.submit(self._pump, name, stopped) for name in (EVENTS, TASKS)]
            end = time.monotonic() + seconds
            try:
                while not is_done():
                    assert time.monotonic() < end, "the execution does not end"
                    time.sleep(0.05)
                time.sleep(0.1)
            finally:
                stopped.set()
                wait(pumps)
        for pump in pumps:
            pump.result()

    def _pump(self, topic: str, stopped: threading.Event) -> None:
        subscription = f"projects/{self._project}/subscriptions/{topic}"
        verb = self.cloud.advance if topic == EVENTS else self.cloud.execute
        with ThreadPoolExecutor(8) as threads:
            while not stopped.is_set():
                request = PullRequest(subscription=subscription, max_messages=100, return_immediately=True)
                with warnings.catch_warnings(action="ignore"):  # deprecated in the API; a waiting pull polls at 50 ms
                    found = self._subscriber.pull(request, retry=None, timeout=60).received_messages
                list(threads.map(lambda each: self._handle(subscription, verb, each), found))
                if not found:
                    time.sleep(0.005)

    def _handle(self, subscription: str, verb: Callable[..., int], received: Any) -> None:
        message = received.message
        pushed = {"data": base64.b64encode(message.data).decode(), "attributes": dict(message.attributes)}
        body = json.dumps({"message": {**pushed, "messageId": message.message_id}, "subscription": subscription})
        with self._lock:
            self.counts.invocations += 1
        if verb({}, body.encode()) < 300:
            self._subscriber.acknowledge(subscription=subscription, ack_ids=[received.ack_id], timeout=60)
        else:
            self._subscriber.modify_ack_deadline(
                subscription=subscription, ack_ids=[received.ack_id], ack_deadline_seconds=0, timeout=10
            )


LEAST = 1000
"""Bytes that a request to publish, or to deliver, is billed for at least."""


def carried(messages: Sequence[Envelope]) -> int:
    """Return the bytes that these messages are billed for: one request a topic, then a push each."""
    sizes = [(each.works, _size(each)) for each in messages]
    published = [sum(size for works, size in sizes if works == topic) for topic in {works for works, _ in sizes}]
    return sum(max(LEAST, size) for size in published) + sum(max(LEAST, size) for _, size in sizes)


def _size(message: Envelope) -> int:
    """Return the bytes of a message as it travels: data, attributes, and its id with the time."""
    data, attributes = packed(message)
    return len(data) + len(str(attributes)) + 36


def _kind(name: str) -> str:
    """Return the kind of a document: the collection in which it lies."""
    return name.rsplit("/", 2)[-2]
