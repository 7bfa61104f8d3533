"""What buckets and topics of the user's tell us: decoded, told to the flows that wait for it, answered.

The answers are those of `tiercel.cloud.handling`. What nobody understands is acknowledged and kept as a dead letter.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from tiercel.adapters.gcp.buckets import GcsBuckets
from tiercel.adapters.gcp.objects import BucketObjects
from tiercel.adapters.gcp.push import MalformedMessageError, Pushed, decode
from tiercel.assembly import Parts
from tiercel.cloud.failures import Failures
from tiercel.cloud.handling import BAD_TRIES, BROKEN, DONE, LATER, Handler, Leftovers
from tiercel.cloud.settings import Settings
from tiercel.errors import ConflictError, InputError, NotFoundError, TransientError
from tiercel.firing.happenings import Happenings, MalformedWishError
from tiercel.model.addresses import read_resource
from tiercel.starts import Starter
from tiercel.triggers.gcs import SeenObject
from tiercel.triggers.pubsub import SeenMessage

FINALIZED = "OBJECT_FINALIZE"
"""The type of event that says that an object is there (Cloud Storage, Pub/Sub notifications)."""

REFUSED = (MalformedMessageError, MalformedWishError, ConflictError, InputError, NotFoundError)
"""Errors that coming again does not help."""

_log = logging.getLogger("tiercel")
_resource = msgspec.json.Decoder(dict[str, object]).decode


@dataclass(frozen=True, kw_only=True)
class Events(Leftovers):
    """Hears what happens outside."""

    happenings: Happenings
    failures: Failures
    is_internal: Callable[[str, str], bool]
    """Tells whether an object, by its bucket and name, is a file of the internal storage."""
    executions_topic: str
    """`projects/P/topics/T`: where people ask for executions."""

    def on_object(self, headers: Mapping[str, str], body: bytes) -> int:
        """Hear a notification of a bucket; return the code to answer with."""
        return self._answer(headers, body, self._object)

    def on_message(self, topic: str, headers: Mapping[str, str], body: bytes) -> int:
        """Hear a message of a topic; return the code to answer with.

        Args:
            topic: The topic that the push endpoint's address names (`?topic=projects/P/topics/T`); empty where it names
                none, and the subscription alone says what it is.
            headers: The request's headers.
            body: Its body.
        """
        return self._answer(headers, body, lambda pushed: self._message(topic, pushed))

    def _answer(self, headers: Mapping[str, str], body: bytes, tell: Callable[[Pushed], None]) -> int:
        pushed = None
        try:
            pushed = decode(headers, body)
            tell(pushed)
        except TransientError as error:
            _log.info("an event comes again later: %s", error)
            return LATER
        except REFUSED as error:
            _log.error("an event is refused and goes to the dead-letter topic: %s", error)
            self._bury(body)
        except Exception:  # noqa: BLE001 - it is never lost for an error of ours: again, then a dead letter
            tries = BAD_TRIES if pushed is None else self.failures.note(_name(pushed), pushed.attempt)
            _log.exception("an event cannot be handled (try %d)", tries)
            if tries < BAD_TRIES:
                return BROKEN
            self._bury(body)
        finally:
            self._flush()
        if pushed is not None and pushed.attempt > 1:
            self.failures.forget(_name(pushed))
        return DONE

    # ------------------------------------------------------------ what it says

    def _object(self, pushed: Pushed) -> None:
        seen = _seen_object(pushed)
        if seen is None or self.is_internal(seen.bucket, seen.name):
            return
        started = self.happenings.object_created(seen)
        if started:
            _log.info("an object started executions", extra={"object": seen.address, "executions": started})

    def _message(self, topic: str, pushed: Pushed) -> None:
        name = _topic(topic, pushed)
        if not pushed.message_id:
            where = name or pushed.subscription
            raise MalformedMessageError(f"a message of {where!r} has no messageId, so nobody can tell it from others")
        if name == self.executions_topic:
            started = [self.happenings.execution_wanted(pushed.data, pushed.message_id)]
        else:
            started = self.happenings.message_arrived(_seen_message(name, pushed))
        if started:
            _log.info("a message started executions", extra={"messageId": pushed.message_id, "executions": started})


def hear(settings: Settings, parts: Parts, handler: Handler) -> Events:
    """Return what hears for an engine over Google's services.

    Args:
        settings: Where everything is.
        parts: The engine.
        handler: What handles the engine's messages: dead letters, failures and what is left over are the same.
    """
    objects = parts.services.objects
    assert isinstance(objects, BucketObjects)
    starter = Starter(parts.lanes, parts.intake, parts.intake.worlds, parts.services.surroundings)
    return Events(
        happenings=Happenings(starter, GcsBuckets(objects), settings.project),
        bury=handler.bury,
        flush=handler.flush,
        failures=handler.failures,
        is_internal=objects.holds,
        executions_topic=settings.topic(settings.executions_topic),
    )


def _name(pushed: Pushed) -> str:
    """Return what names an event among all: a message's id is one of its topic, and each subscription has its own."""
    return f"{pushed.subscription}/{pushed.message_id}"


def _topic(topic: str, pushed: Pushed) -> str:
    """Return the full name of the topic that a push endpoint's address names; empty where it names none."""
    if not topic:
        return ""
    try:
        found = read_resource(topic, "topics")
    except ValueError as error:
        where = f"the push endpoint of {pushed.subscription!r}"
        raise MalformedMessageError(f"{where} names a wrong topic: {error}") from None
    if found.project:
        return topic
    project = pushed.subscription.split("/")[1] if pushed.subscription.count("/") == 3 else ""
    return f"projects/{project}/topics/{topic}" if project else topic


def _seen_message(topic: str, pushed: Pushed) -> SeenMessage:
    return SeenMessage(
        pushed.data,
        pushed.message_id,
        pushed.attributes,
        pushed.ordering_key,
        pushed.publish_time,
        topic,
        pushed.subscription,
    )


def _seen_object(pushed: Pushed) -> SeenObject | None:
    """Return the object that a notification speaks of; None where it does not say that one is there.

    Raises:
        MalformedMessageError: It is no notification of a bucket.
    """
    said = pushed.attributes
    missing = [name for name in ("eventType", "bucketId", "objectId") if not said.get(name)]
    if missing:
        found = f"the message {pushed.message_id!r} of {pushed.subscription!r} has no attribute {', '.join(missing)}"
        raise MalformedMessageError(f"{found}: only a bucket's notifications go to this topic")
    if said["eventType"] != FINALIZED:
        return None
    generation = said.get("objectGeneration", "")
    if generation and not (generation.isascii() and generation.isdigit()):
        raise MalformedMessageError(f"the message {pushed.message_id!r} has an objectGeneration that is no number")
    try:
        resource = _resource(pushed.data) if pushed.data else {}
    except (msgspec.MsgspecError, RecursionError) as error:
        found = f"the message {pushed.message_id!r} holds no record of an object"
        raise MalformedMessageError(f"{found}: {error}") from None
    return SeenObject(said["bucketId"], said["objectId"], generation, "overwroteGeneration" not in said, resource)
