"""Timers on Cloud Tasks: a task posts the message to a function when its time has come, as a subscription would.

Promise: a message that is put off twice to the same time comes once, as long as Cloud Tasks remembers the task's name.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tiercel.adapters.gcp.parcels import packed
from tiercel.adapters.gcp.trying import TIMEOUT, tried
from tiercel.errors import TiercelError
from tiercel.ports import Clock, Envelope

if TYPE_CHECKING:
    from google.cloud.tasks_v2 import CloudTasksClient

FARTHEST = 29 * 86400.0
"""Seconds that a task may wait (Cloud Tasks takes 30 days: Quotas and limits); longer waits are made of several."""

LARGEST = 1_000_000
"""Bytes of a task (Cloud Tasks takes 1 MB: Quotas and limits)."""

DEADLINE = 1800
"""Seconds that the function may take: the longest that Cloud Tasks waits (CreateTask, `dispatchDeadline`)."""


class CloudTasks:
    """Implements `Timers` on one queue."""

    def __init__(
        self,
        *,
        queue: str,
        url: str,
        clock: Clock,
        works_url: str = "",
        service_account: str = "",
        host: str | None = None,
    ) -> None:
        """Name the queue; nothing is asked of the service yet.

        Args:
            queue: `projects/{project}/locations/{location}/queues/{queue}`.
            url: The function that messages are posted to.
            clock: Tells how far a time is.
            works_url: The function for messages whose handling runs a task; the same by default.
            service_account: Whose OIDC token the function is shown; empty for none.
            host: The `host:port` of what plays Cloud Tasks on this machine, spoken to in plain HTTP; None for the
                service.
        """
        self._queue = queue
        self._url = url
        self._works_url = works_url or url
        self._service_account = service_account
        self._clock = clock
        self._host = host
        self._opening = threading.Lock()

    @cached_property
    def client(self) -> CloudTasksClient:
        """The client, made when the first timer is set."""
        from google.auth.credentials import AnonymousCredentials
        from google.cloud.tasks_v2 import CloudTasksClient
        from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksRestTransport

        if self._host is None:
            return CloudTasksClient(transport="rest")
        transport = CloudTasksRestTransport(host=self._host, credentials=AnonymousCredentials(), url_scheme="http")
        return CloudTasksClient(transport=transport)

    def at(self, envelope: Envelope) -> None:
        """Have a message posted at its due time, or 29 days before it, as often as that is still ahead.

        Raises:
            TransientError: The service is busy.
            TiercelError: It refuses: there is no such queue, or the message is too long for it.
        """
        from google.api_core.exceptions import Aborted, Conflict

        task = self._task(envelope)
        with self._opening:
            client = self.client

        def create() -> None:
            try:
                client.create_task(request={"parent": self._queue, "task": task}, retry=None, timeout=TIMEOUT)
            except Conflict as refusal:
                if _says(refusal, "ABORTED"):
                    raise Aborted(refusal.message) from refusal
                # Already there: a double of this message.

        tried(create, f"the queue {self._queue}")

    def _task(self, envelope: Envelope) -> dict[str, Any]:
        at = self._time(envelope.due)
        name = hashlib.sha256(f"{envelope.key}\0{envelope.due!r}\0{at!r}".encode()).hexdigest()
        body = pushed(envelope, name, self._queue)
        if len(body) > LARGEST:
            raise TiercelError(
                f"the message '{envelope.key}' has {len(envelope.body)} bytes, too many to wait in a task of "
                f"{LARGEST} bytes (as JSON, in Base64): keep large values in files"
            )
        request: dict[str, Any] = {
            "url": self._works_url if envelope.works else self._url,
            "http_method": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": body,
        }
        if self._service_account:
            request["oidc_token"] = {"service_account_email": self._service_account, "audience": request["url"]}
        microseconds = math.ceil(at * 1_000_000)
        return {
            "name": f"{self._queue}/tasks/{name}",
            "http_request": request,
            "schedule_time": {"seconds": microseconds // 1_000_000, "nanos": microseconds % 1_000_000 * 1000},
            "dispatch_deadline": {"seconds": DEADLINE},
        }

    def _time(self, due: float) -> float:
        """Return when the task is to run: at the due time, or whole spans of 29 days before it."""
        ahead = due - self._clock.now().timestamp()
        return due - max(0, math.ceil(ahead / FARTHEST) - 1) * FARTHEST

    def close(self) -> None:
        """Close the connection, if there is one."""
        if "client" in self.__dict__:
            self.client.transport.close()


def pushed(envelope: Envelope, message_id: str, subscription: str) -> bytes:
    """Return a message as a subscription pushes it."""
    data, attributes = packed(envelope)
    message: Mapping[str, object] = {
        "data": base64.b64encode(data).decode(),
        "attributes": attributes,
        "messageId": message_id,
    }
    return json.dumps({"message": message, "subscription": subscription}).encode()


def _says(refusal: Any, status: str) -> bool:
    """Tell whether a refusal names this status; HTTP has one code for several."""
    try:
        return bool(refusal.response.json()["error"]["status"] == status)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
