"""Starting a flow when a message is published: `gcp.pubsub.Trigger` and `RealtimeTrigger` (specification, 5.4).

Messages are pushed to us, so both start an execution for each: the one with a file of one record, the other with the
message itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import field_validator, model_validator

from tiercel.model.addresses import read_resource
from tiercel.model.durations import Duration
from tiercel.model.plugin import Outputs, Rendered
from tiercel.triggers.google import GoogleTrigger


@dataclass(frozen=True)
class SeenMessage:
    """A message that was published."""

    data: bytes
    message_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    ordering_key: str = ""
    publish_time: str = ""
    topic: str = ""
    """`projects/P/topics/T`; empty where it is not known."""
    subscription: str = ""
    """`projects/P/subscriptions/S`, through which it came."""


class MessageTrigger(GoogleTrigger):
    """Base of the triggers on messages."""

    topic: Rendered[str | None] = None
    """The topic; a subscription that pushes its messages here belongs to the installation."""
    subscription: Rendered[str | None] = None
    """Without a topic: the subscription that pushes here."""
    auto_create_subscription: Rendered[bool] = True
    """Accepted; subscriptions are made with the installation."""
    serde_type: Rendered[Literal["STRING", "JSON", "BINARY"]] = "STRING"
    """What the data are: text, JSON, or anything, which is given as Base64."""
    max_records: Rendered[int | None] = None
    """Accepted; each message starts an execution of its own."""
    max_duration: Rendered[Duration | None] = None
    """Accepted, as `maxRecords` is."""

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, name: str | None) -> str | None:
        if name is not None and "{" not in name:
            read_resource(name, "topics")
        return name

    @field_validator("subscription")
    @classmethod
    def _is_subscription(cls, name: str | None) -> str | None:
        if name is not None and "{" not in name:
            read_resource(name, "subscriptions")
        return name

    @model_validator(mode="after")
    def _names_something(self) -> MessageTrigger:
        if not self.topic and not self.subscription:
            raise ValueError("'topic' or 'subscription' must not be null: name the topic whose messages are wanted")
        return self

    def matches(self, seen: SeenMessage, project: str) -> bool:
        """Tell whether a message is one that the trigger waits for; all its values must be rendered.

        Args:
            seen: The message.
            project: The project of names that do not say theirs.

        Raises:
            ValueError: A name is none.
        """
        if self.topic:
            return bool(seen.topic) and self._is_same(self.topic, seen.topic, "topics", project)
        return bool(seen.subscription) and self._is_same(
            self.subscription or "", seen.subscription, "subscriptions", project
        )

    def _is_same(self, wanted: str, found: str, collection: str, project: str) -> bool:
        ours, theirs = read_resource(wanted, collection), read_resource(found, collection)
        projects = {ours.project or self.project_id or project, theirs.project or project} - {""}
        return ours.id == theirs.id and len(projects) < 2

    def record(self, seen: SeenMessage) -> dict[str, object]:
        """Return a message as flows see it: data, attributes, messageId, orderingKey, publishTime.

        Raises:
            ValueError: The data are not what `serdeType` says.
        """
        return {
            "data": decoded(seen.data, self.serde_type),
            "attributes": dict(seen.attributes),
            "messageId": seen.message_id,
            "orderingKey": seen.ordering_key or None,
            "publishTime": seen.publish_time or None,
        }


class Message(Outputs):
    """What a message's execution sees; of one that cannot be read, in an execution that has failed, the two first."""

    message_id: str
    """The message's id."""
    attributes: dict[str, str]
    """Its attributes."""
    data: Any
    """Its data, as `serdeType` says."""
    ordering_key: str | None
    """Its ordering key; null where it has none."""
    publish_time: str | None
    """When it was published; null where nobody says so."""


class MessageFile(Outputs):
    """What a message's execution sees that gets it as a file."""

    count: int
    """How many messages the file holds: one."""
    uri: str
    """The URI of a record file with the message: `data`, `attributes`, `messageId`, `orderingKey`, `publishTime`."""
    message_id: str
    """Only of a message that cannot be read, in an execution that has failed: its id."""
    attributes: dict[str, str]
    """Only of such a message: its attributes."""


class Trigger(MessageTrigger):
    """Start an execution for each message, with a file that holds it."""

    gives = MessageFile


class RealtimeTrigger(MessageTrigger):
    """Start an execution for each message, with its data."""

    gives = Message


def decoded(data: bytes, serde: str) -> object:
    """Return a message's data as flows see them: text, a JSON value (null for no data at all), or Base64.

    Raises:
        ValueError: They are no such thing.
    """
    if serde == "BINARY":
        return base64.b64encode(data).decode("ascii")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"the data are no UTF-8 text ({error.reason}); set 'serdeType: BINARY'") from None
    if serde == "STRING":
        return text
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the data are no JSON ({error}); set 'serdeType: STRING'") from None


def told_message(event: Mapping[str, Any]) -> SeenMessage:
    """Return the message that a person tells of: `data` (text, or any JSON value), `attributes`, `messageId`..."""
    data, attributes = event.get("data", ""), event.get("attributes")
    return SeenMessage(
        (data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)).encode(),
        str(event.get("messageId", "by-hand")),
        {str(name): str(value) for name, value in attributes.items()} if isinstance(attributes, Mapping) else {},
        str(event.get("orderingKey", "")),
        str(event.get("publishTime", "")),
    )
