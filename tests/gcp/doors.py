"""The functions' doors over the emulators: a request goes in, a code comes out, and the topics can be looked into."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, cast

from flask import Request
from werkzeug.test import EnvironBuilder

from emulators import fresh_project, running, storage
from tiercel.adapters.gcp.objects import connect as connect_storage
from tiercel.cloud import process
from tiercel.cloud.runtime import Cloud, connect
from tiercel.cloud.settings import read_settings
from tiercel.emulation import topics
from tiercel.flowfile import parse_flow
from tiercel.intake import Request as Wish
from tiercel.model.execution import Execution
from tiercel.model.messages import Message, encode_message, message_key

EVENTS, TASKS, DEAD = "tiercel-events", "tiercel-tasks", "tiercel-dead"
VERBS: Mapping[str, process.Verb] = {EVENTS: Cloud.advance, TASKS: Cloud.execute}


class Doors:
    """An installation of its own; its functions run in this process."""

    def __init__(self, **settings: str) -> None:
        """Make topics and subscriptions; further settings by the names of their variables."""
        self.project = fresh_project()
        firestore, self._pubsub = (each.host for each in running())
        self.environment = environment = {
            "GOOGLE_CLOUD_PROJECT": self.project,
            "TIERCEL_BUCKET": f"{self.project}-files",
            "FIRESTORE_EMULATOR_HOST": firestore,
            "PUBSUB_EMULATOR_HOST": self._pubsub,
            "STORAGE_EMULATOR_HOST": f"http://{storage()}",
            **settings,
        }
        for name in (EVENTS, TASKS, DEAD):
            topic = f"projects/{self.project}/topics/{name}"
            topics.make_topic(self._pubsub, topic)
            topics.subscribe(self._pubsub, topic, self._subscription(name), None)
        self._subscriber = topics.subscriber(self._pubsub)
        self.cloud = connect(read_settings(environment), environment)
        client = connect_storage(storage())
        client.create_bucket(environment["TIERCEL_BUCKET"])
        client.close()

    def close(self) -> None:
        """Leave nothing open."""
        self.cloud.close()
        self._subscriber.transport.close()

    def _subscription(self, topic: str) -> str:
        return f"projects/{self.project}/subscriptions/{topic}"

    # ------------------------------------------------------------ knocking

    def post(self, body: bytes, topic: str = EVENTS, headers: Mapping[str, str] | None = None) -> int:
        """Post a body to the function of a topic; return the code that it answers."""
        sent = EnvironBuilder(method="POST", path="/", data=body, headers=list((headers or {}).items()))
        answer, code = process.answer(cast("process.Request", Request(sent.get_environ())), VERBS[topic])
        assert answer == ""
        return code

    def send(self, message: Message, attempt: int = 1) -> int:
        """Post a message of the engine's."""
        return self.post(push(encode_message(message), {"key": message_key(message)}, attempt))

    def post_to_execute(self, message: Message) -> int:
        """Post a message of the engine's to the function that runs tasks."""
        return self.post(push(encode_message(message), {"key": message_key(message)}), TASKS)

    def dead(self) -> list[bytes]:
        """Take what lies on the dead-letter topic."""
        return [base64.b64decode(each["data"]) for each in self._pulled(DEAD)]

    # ------------------------------------------------------------ running

    def start(self, source: str) -> str:
        """Deploy a flow and ask for an execution of it; return its id."""
        flow = self.cloud.parts.flows.deploy(parse_flow(source))
        return self.cloud.parts.intake.accept(flow, Wish()).id

    def settle(self, attempt: int = 1) -> None:
        """Post what lies on the topics until nothing is left; what is not acknowledged comes again, a time later."""
        waiting = [(name, each) for name in (EVENTS, TASKS) for each in self._pulled(name)]
        while waiting:
            name, message = waiting.pop(0)
            data = base64.b64decode(message["data"])
            if self.post(push(data, message["attributes"], message.get("attempt", attempt)), name) >= 300:
                waiting.append((name, {**message, "attempt": message.get("attempt", attempt) + 1}))
            waiting += [(name, each) for name in (EVENTS, TASKS) for each in self._pulled(name)]

    def header(self, execution: str) -> Execution:
        """Return an execution's header."""
        return self.cloud.parts.view.header(execution)

    def _pulled(self, topic: str) -> list[dict[str, Any]]:
        subscription = self._subscription(topic)
        received = self._subscriber.pull(
            subscription=subscription, max_messages=100, return_immediately=True, retry=None, timeout=10
        ).received_messages
        if received:
            self._subscriber.acknowledge(subscription=subscription, ack_ids=[each.ack_id for each in received])
        return [
            {"data": base64.b64encode(each.message.data).decode(), "attributes": dict(each.message.attributes)}
            for each in received
        ]


def push(data: bytes, attributes: Mapping[str, str] | None = None, attempt: int = 1) -> bytes:
    """Return a message as a subscription posts it."""
    message = {"data": base64.b64encode(data).decode(), "attributes": dict(attributes or {}), "messageId": "7"}
    return json.dumps({"message": message, "subscription": "s", "deliveryAttempt": attempt}).encode()
