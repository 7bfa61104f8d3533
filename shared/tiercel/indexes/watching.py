"""Which triggers watch which bucket or topic: an index that is written with the flows.

Promise: an event is compared with the index as it is stored then, and finding whom it may concern costs one query that
reads their entries alone. A trigger whose bucket or topic is an expression stands in a class of its own, which every
event of its kind reads too: the expression is rendered when something happens, so it is never out of date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from tiercel.model.addresses import read_address, read_resource
from tiercel.model.execution import Record, encode
from tiercel.model.flow import Flow
from tiercel.ports import Delete, Index, Put, StateStore, Write

GCS_TRIGGER = "io.kestra.plugin.gcp.gcs.Trigger"
PUBSUB_TRIGGERS = ("io.kestra.plugin.gcp.pubsub.Trigger", "io.kestra.plugin.gcp.pubsub.RealtimeTrigger")

KIND = "watch"
ANY_BUCKET, ANY_TOPIC = "bucket/*", "topic/*"
"""What those watch whose bucket or topic is an expression."""

MOST = 100_000
"""Triggers that one event may concern."""


class Watch(Record):
    """A trigger that watches something, as the index holds it."""

    namespace: str
    flow_id: str
    revision: int
    trigger: str
    prefix: str = ""
    """What the names of the objects that it waits for begin with, as far as that is known without its flow."""


_decode = msgspec.json.Decoder(Watch).decode


def of_bucket(bucket: str) -> str:
    """Return what a trigger watches that waits for the objects of a bucket."""
    return f"bucket/{bucket}"


def of_topic(topic: str) -> str:
    """Return what a trigger watches that names a topic; in which project, the trigger itself is asked."""
    return f"topic/{read_resource(topic, 'topics').id}"


def of_subscription(subscription: str) -> str:
    """Return what a trigger watches that names a subscription and no topic."""
    return f"subscription/{read_resource(subscription, 'subscriptions').id}"


def watched(trigger: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what a trigger, as authored, watches, and the beginning of the names it waits for; None for others."""
    kind = trigger["type"]
    if trigger.get("disabled") is True or kind not in (GCS_TRIGGER, *PUBSUB_TRIGGERS):
        return None
    with suppress(ValueError):  # what an expression has yet to give is asked when something happens
        return _in_bucket(str(trigger.get("from"))) if kind == GCS_TRIGGER else (_of_messages(trigger), "")
    return ANY_BUCKET if kind == GCS_TRIGGER else ANY_TOPIC, ""


def _in_bucket(text: str) -> tuple[str, str]:
    address = read_address(text)
    known, template, _ = address.path.partition("{")
    if "{" in address.bucket:
        return ANY_BUCKET, ""
    return of_bucket(address.bucket), known if template else address.path


def _of_messages(trigger: Mapping[str, Any]) -> str:
    topic = trigger.get("topic")
    name = str(topic or trigger.get("subscription"))
    if "{" in name:
        return ANY_TOPIC
    return of_topic(name) if topic else of_subscription(name)


def watching(flow: Flow) -> Iterator[tuple[str, str, str]]:
    """Yield each trigger of a flow that watches something: its id, what it watches, what the names begin with."""
    for trigger in () if flow.disabled or flow.deleted else flow.triggers:
        found = watched(trigger)
        if found is not None:
            yield str(trigger["id"]), *found


def watch_writes(flow: Flow, revision: int, at: float, indexed: Iterable[str]) -> list[Write]:
    """Return the writes that bring the index up to a flow's new revision.

    Args:
        flow: The flow.
        revision: Its new revision.
        at: When that is deployed, in seconds since the epoch.
        indexed: The triggers that its latest revision has in the index.
    """
    writes: list[Write] = []
    ids = set()
    for trigger, thing, prefix in watching(flow):
        ids.add(trigger)
        body = encode(Watch(flow.namespace, flow.id, revision, trigger, prefix))
        writes.append(Put(_key(flow, trigger), body, Index(KIND, flow.namespace, flow.id, thing, at)))
    return [*writes, *(Delete(_key(flow, trigger)) for trigger in indexed if trigger not in ids)]


def _key(flow: Flow, trigger: str) -> str:
    return f"{KIND}/{flow.namespace}/{flow.id}/{trigger}"


def find(store: StateStore, things: Sequence[str]) -> list[Watch]:
    """Return the triggers that watch one of these, with one query."""
    return [_decode(stored.body) for stored in store.query(KIND, states=things, limit=MOST)]
