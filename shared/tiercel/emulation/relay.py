"""Push subscriptions as the service has them: pull, post, acknowledge what was answered with 2xx.

The Pub/Sub emulator's own push is slow, has two requests in flight, and tells no delivery attempt.
"""

from __future__ import annotations

import base64
import heapq
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

Pb = Any

IN_FLIGHT = 32
"""Requests of one subscription that are open at the same time."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.003, 0.03
"""Seconds between two looks at a subscription that is empty."""

FIRST_RETRY, LAST_RETRY = 0.1, 10.0
"""Seconds before a message comes again: doubled with each attempt. (The deployed subscriptions have 10 to 600 s.)"""

_log = logging.getLogger("tiercel.emulation")


@dataclass(frozen=True)
class Push:
    """A push subscription."""

    subscription: str
    """`projects/{project}/subscriptions/{name}`"""
    url: str
    """Where its messages are posted."""


class Relay:
    """Posts the messages of some subscriptions, each in its own threads, until it is stopped."""

    def __init__(self, host: str, timeout: float) -> None:
        """Open the relay.

        Args:
            host: The Pub/Sub emulator's `host:port`.
            timeout: Seconds that a function may take.
        """
        from tiercel.emulation.topics import subscriber

        self._client = subscriber(host)
        self._http = httpx.Client(timeout=timeout, limits=httpx.Limits(max_connections=None))
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.posted = 0
        """How many requests were made."""

    def start(self, push: Push) -> None:
        """Begin with a subscription."""
        thread = threading.Thread(target=_Line(push, self).run, name=push.subscription, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Take no more messages; what is in flight comes again to the next relay."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(2)
        self._http.close()

    def given_up(self) -> list[str]:
        """Return the names of threads that have ended though nobody stopped them."""
        return [] if self.is_stopped else [thread.name for thread in self._threads if not thread.is_alive()]

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped."""
        return self._stopped.is_set()

    def pull(self, subscription: str, most: int) -> list[Pb]:
        """Return messages that are ready."""
        from google.pubsub_v1.types import PullRequest

        request = PullRequest(subscription=subscription, max_messages=most, return_immediately=True)
        return list(self._client.pull(request, retry=None, timeout=10).received_messages)

    def post(self, push: Push, received: Pb) -> bool:
        """Post a message; tell whether it was acknowledged."""
        message = received.message
        body = {
            "message": {
                "data": base64.b64encode(message.data).decode(),
                "attributes": dict(message.attributes),
                "messageId": message.message_id,
                "publishTime": message.publish_time.isoformat() if message.publish_time else "",
                "orderingKey": message.ordering_key,
            },
            "subscription": push.subscription,
            "deliveryAttempt": max(1, received.delivery_attempt),
        }
        self.posted += 1
        try:
            return self._http.post(push.url, json=body).is_success
        except httpx.HTTPError as error:
            _log.info("%s does not answer: %s", push.url, error)
            return False

    def acknowledge(self, subscription: str, ack_id: str) -> None:
        """Say that a message is done with."""
        self._client.acknowledge(subscription=subscription, ack_ids=[ack_id], retry=None, timeout=10)

    def give_back(self, subscription: str, ack_id: str) -> None:
        """Have a message delivered again at once, with its attempt counted."""
        self._client.modify_ack_deadline(
            subscription=subscription, ack_ids=[ack_id], ack_deadline_seconds=0, retry=None, timeout=10
        )


class _Line:
    """One subscription of a relay."""

    def __init__(self, push: Push, relay: Relay) -> None:
        self._push = push
        self._relay = relay
        self._free = threading.Semaphore(IN_FLIGHT)
        self._lock = threading.Lock()
        self._waiting: list[tuple[float, str]] = []
        """Messages that were not acknowledged: when they are given back."""

    def run(self) -> None:
        """Take messages until the relay is stopped."""
        pause = SHORTEST_PAUSE
        with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="relay") as threads:
            while not self._relay.is_stopped:
                self._give_back()
                found = self._safely(lambda: self._relay.pull(self._push.subscription, IN_FLIGHT)) or []
                for received in found:
                    self._free.acquire()
                    threads.submit(self._deliver, received)
                pause = SHORTEST_PAUSE if found else min(pause * 1.5, LONGEST_PAUSE)
                if not found:
                    time.sleep(pause)

    def _deliver(self, received: Pb) -> None:
        try:
            done = self._relay.post(self._push, received)
            if self._relay.is_stopped:
                return
            if done:
                self._safely(lambda: self._relay.acknowledge(self._push.subscription, received.ack_id))
                return
            wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(max(1, received.delivery_attempt) - 1, 10))
            with self._lock:
                heapq.heappush(self._waiting, (time.monotonic() + wait, received.ack_id))
        finally:
            self._free.release()

    def _give_back(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            with self._lock:
                _, ack_id = heapq.heappop(self._waiting)
            self._safely(lambda ack_id=ack_id: self._relay.give_back(self._push.subscription, ack_id))  # type: ignore[misc]

    def _safely(self, call: Callable[[], Any]) -> Any:
        """Call the emulator; while it does not answer, wait: whoever started it notices when it has ended."""
        from google.api_core.exceptions import GoogleAPIError

        try:
            return call()
        except GoogleAPIError as error:
            if not self._relay.is_stopped:
                _log.info("the Pub/Sub emulator does not answer: %s", error)
                time.sleep(0.2)
            return None
