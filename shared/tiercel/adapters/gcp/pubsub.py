"""The message bus on Pub/Sub: one topic for events, one for what runs tasks; sent at once, received by pull.

Promise: at least once, in any order. Of two messages under one key both come, perhaps at the same time: Pub/Sub
looks at no key. Whoever handles a message is right about that anyway.
"""

from __future__ import annotations

import heapq
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tiercel.adapters.gcp.attributes import KEY, still_early
from tiercel.adapters.gcp.parcels import Parcel, packed, unpacked
from tiercel.adapters.gcp.trying import TIMEOUT, tried
from tiercel.errors import TransientError
from tiercel.ports import Clock, Delivery, Envelope

if TYPE_CHECKING:
    from google.pubsub_v1.services.publisher import PublisherClient
    from google.pubsub_v1.services.subscriber import SubscriberClient

Pb = Any
"""A protocol buffer: the generated classes say nothing of their types."""

MOST = 1000
"""Messages in one request (Pub/Sub, Quotas and limits)."""

LARGEST = 9_000_000
"""Bytes in one request; the service takes 10 MB."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.003, 0.05
"""Seconds between two looks at subscriptions that are empty."""

LONGEST_LEASE = 600.0
"""Seconds for which the service keeps a message back (Pub/Sub: `ack_deadline_seconds`)."""

HELD = 5.0
"""Seconds for which a message that came too early is held here; for longer, it is put off."""

_log = logging.getLogger("tiercel")


class Publisher:
    """Sends messages at once: nothing is left to do when it returns."""

    def __init__(
        self, *, events: str, tasks: str, host: str | None = None, form: Callable[[Envelope], Parcel] = packed
    ) -> None:
        """Name the topics; nothing is asked of the service yet.

        Args:
            events: The topic of what moves executions, `projects/{project}/topics/{topic}`.
            tasks: The topic of messages whose handling runs a task.
            host: The emulator's `host:port`; None for the service.
            form: Gives messages the form in which they travel.
        """
        self._form = form
        self._events = events
        self._tasks = tasks
        self._host = host
        self._opening = threading.Lock()

    @cached_property
    def client(self) -> PublisherClient:
        """The client, made when the first message is sent."""
        from google.pubsub_v1.services.publisher import PublisherClient
        from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

        if self._host is None:
            return PublisherClient()
        return PublisherClient(transport=PublisherGrpcTransport(channel=_channel(self._host)))

    def publish(self, messages: Sequence[Envelope]) -> None:
        """Send messages, whatever their due times; where it fails, some may have been sent.

        Raises:
            TransientError: The service is busy.
            TiercelError: It refuses: there is no such topic, or a message is too long for it.
        """
        for topic, works in ((self._events, False), (self._tasks, True)):
            for some in _portions([self._form(message) for message in messages if message.works == works]):
                self._send(topic, some)

    def _send(self, topic: str, parcels: Sequence[Parcel]) -> None:
        from google.pubsub_v1.types import PublishRequest

        request = PublishRequest.pb(PublishRequest(topic=topic))
        for parcel in parcels:
            request.messages.add(data=parcel.data, attributes=parcel.attributes)
        with self._opening:
            client = self.client
        tried(lambda: client.publish(PublishRequest.wrap(request), retry=None, timeout=TIMEOUT), f"the topic {topic}")

    def close(self) -> None:
        """Close the connection, if there is one."""
        if "client" in self.__dict__:
            self.client.transport.close()


def _portions(parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    """Yield messages in portions that one request takes."""
    some: list[Parcel] = []
    size = 0
    for parcel in parcels:
        more = len(parcel.data) + sum(len(name) + len(value) * 4 for name, value in parcel.attributes.items())
        if some and (len(some) == MOST or size + more > LARGEST):
            yield some
            some, size = [], 0
        some.append(parcel)
        size += more
    if some:
        yield some


@dataclass(frozen=True, slots=True)
class Lease:
    """The hold on a message that was delivered."""

    subscription: str
    ack_id: str


@dataclass(order=True, slots=True)
class _Held:
    """A message that came before it was due."""

    due: float
    number: int
    delivery: Delivery
    lease: Lease


PutOff = Callable[[Lease, float], None]
"""Has a message delivered again after so many seconds."""


class PubSubBus:
    """Implements `MessageBus` by pull.

    The subscriptions need a dead-letter policy: without one, the service counts no attempts.
    """

    def __init__(
        self, client: SubscriberClient, subscriptions: Sequence[str], clock: Clock, put_off: PutOff | None = None
    ) -> None:
        """Open the bus; nothing is asked of the service yet.

        Args:
            client: Speaks to the service, or to its emulator.
            subscriptions: `projects/{project}/subscriptions/{subscription}`, each.
            clock: Tells what is due.
            put_off: Has a message delivered again later; by default the service does, at its own time.
        """
        from google.api_core.gapic_v1.method import wrap_method

        self._client = client
        # The client's own method warns of `return_immediately`, which is deprecated and without a replacement.
        self._ask = wrap_method(client.transport.pull)
        self._subscriptions = list(subscriptions)
        self._clock = clock
        self._put_off = put_off or self.extend
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._numbers = 0
        self._flights: dict[int, tuple[Delivery, Lease]] = {}
        """The leases by the identity of their deliveries: two deliveries may look the same."""
        self._held: list[_Held] = []

    # -------------------------------------------------------------- the port

    def receive(self, timeout: float | None) -> Delivery | None:
        """Wait for the next message that is due; None when the time is over or the bus is closed."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        pause = SHORTEST_PAUSE
        while not self._closed.is_set():
            delivery = self._ripe() or self._pull()
            if delivery is not None:
                return delivery
            left = end - time.monotonic()
            if left <= 0:
                return None
            self._closed.wait(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return None

    def acknowledge(self, delivery: Delivery) -> None:
        """Say that the message is done with; where that gets lost, the message comes again."""
        lease = self._land(delivery)
        if lease is None:
            return
        request = {"subscription": lease.subscription, "ack_ids": [lease.ack_id]}
        with _reported("a message that is done comes again"):
            tried(
                lambda: self._client.acknowledge(request, retry=None, timeout=TIMEOUT),
                f"the subscription {lease.subscription}",
            )

    def later(self, delivery: Delivery, seconds: float) -> None:
        """Ask for the message again after so many seconds."""
        lease = self._land(delivery)
        if lease is None:
            return
        with _reported("a message comes again when its lease is over"):
            if seconds > 0:
                self._put_off(lease, seconds)
            else:
                self.extend(lease, 0.0)

    # -------------------------------------------------------------- around it

    def extend(self, lease: Lease, seconds: float) -> None:
        """Have the service deliver a message again after so many seconds, whole ones, 600 at most; 0 is at once."""
        whole = math.ceil(min(seconds, LONGEST_LEASE))
        request = {
            "subscription": lease.subscription,
            "ack_ids": [lease.ack_id],
            "ack_deadline_seconds": whole,
        }
        tried(
            lambda: self._client.modify_ack_deadline(request, retry=None, timeout=TIMEOUT),
            f"the subscription {lease.subscription}",
        )

    def close(self) -> None:
        """Send every receiver home, and give back what is not acknowledged."""
        self._closed.set()
        with self._lock:
            leases = [lease for _, lease in self._flights.values()] + [held.lease for held in self._held]
            self._flights, self._held = {}, []
        for lease in leases:
            with _reported("a message comes again when its lease is over"):
                self.extend(lease, 0.0)

    # -------------------------------------------------------------- inside

    def _pull(self) -> Delivery | None:
        """Return a message that is ready, from whichever subscription has one."""
        with self._lock:
            self._subscriptions = [*self._subscriptions[1:], self._subscriptions[0]]
            subscriptions = self._subscriptions
        for subscription in subscriptions:
            while (received := self._one(subscription)) is not None:
                delivery = self._take(subscription, received)
                if delivery is not None:
                    return delivery
        return None

    def _one(self, subscription: str) -> Pb | None:
        from google.api_core.gapic_v1.routing_header import to_grpc_metadata
        from google.pubsub_v1.types import PullRequest, PullResponse

        request = PullRequest(subscription=subscription, max_messages=1, return_immediately=True)
        header = (to_grpc_metadata((("subscription", subscription),)),)
        found: list[Pb] = []
        with _reported("no messages for now"):
            answer = tried(
                lambda: self._ask(request, retry=None, timeout=TIMEOUT, metadata=header),
                f"the subscription {subscription}",
            )
            found.extend(PullResponse.pb(answer).received_messages)
        return found[0] if found else None

    def _take(self, subscription: str, received: Pb) -> Delivery | None:
        """Return a delivery; None where it came too early, or after the bus was closed."""
        lease = Lease(subscription, received.ack_id)
        attributes = dict(received.message.attributes)
        key = attributes.get(KEY, received.message.message_id)
        body = unpacked(received.message.data, attributes)
        delivery = Delivery(key, body, max(1, received.delivery_attempt))
        now = self._now()
        early = still_early(attributes, now)
        with self._lock:
            closed = self._closed.is_set()
            if not closed and early <= 0:
                self._flights[id(delivery)] = delivery, lease
                return delivery
            if not closed and early <= HELD:
                self._numbers += 1
                heapq.heappush(self._held, _Held(now + early, self._numbers, delivery, lease))
                return None
        with _reported("a message comes again when its lease is over"):
            if closed:
                self.extend(lease, 0.0)
            else:
                self._put_off(lease, early)
        return None

    def _ripe(self) -> Delivery | None:
        """Return a message that was held here until it was due."""
        with self._lock:
            if not self._held or self._held[0].due > self._now():
                return None
            held = heapq.heappop(self._held)
            self._flights[id(held.delivery)] = held.delivery, held.lease
            return held.delivery

    def _land(self, delivery: Delivery) -> Lease | None:
        """Take a message out of the air; None when this delivery was over already."""
        with self._lock:
            found = self._flights.pop(id(delivery), None)
        return found[1] if found else None

    def _now(self) -> float:
        return self._clock.now().timestamp()


@contextmanager
def _reported(consequence: str) -> Iterator[None]:
    """Go on where the service is busy, and say what follows; what was asked for happens later by itself."""
    try:
        yield
    except TransientError as error:
        _log.warning("%s: %s", consequence, error)


def connect(host: str | None) -> SubscriberClient:
    """Return a client that receives from the service, or from the emulator at `host:port`."""
    from google.pubsub_v1.services.subscriber import SubscriberClient
    from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

    if host is None:
        return SubscriberClient()
    return SubscriberClient(transport=SubscriberGrpcTransport(channel=_channel(host)))


def _channel(host: str) -> Any:
    """Return a channel to an emulator, for messages of any length, as the library's own channels are."""
    import grpc

    unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    return grpc.insecure_channel(host, options=unlimited)
