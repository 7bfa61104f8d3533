"""What happens outside and starts flows: an object comes into a bucket, a message is published, or asks for one.

Promise: what is told twice starts each execution once, for its id follows from the trigger and the event. An object is
moved or deleted only when every execution that it starts is there with its own copy; if that breaks off, the event,
told again, brings it to its end. One flow that cannot be asked does not keep the event from the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Protocol

import msgspec

from tiercel import registry
from tiercel.errors import ConflictError, ExpressionError, TiercelError, TransientError
from tiercel.flows import FlowStore
from tiercel.indexes import watching
from tiercel.intake import Intake, Request
from tiercel.model.addresses import Address, Version
from tiercel.model.flow import Flow
from tiercel.model.ids import derived_id
from tiercel.starts import Start, Starter
from tiercel.triggers.base import Trigger, as_authored, label_texts
from tiercel.triggers.gcs import ObjectTrigger, SeenObject
from tiercel.triggers.pubsub import MessageTrigger, SeenMessage
from tiercel.triggers.schedule import read_moment
from tiercel.triggerstates.changes import is_disabled, trigger_of

_log = logging.getLogger("tiercel")

WANTED = '{"namespace": "...", "flowId": "...", "inputs": {...}, "labels": {...}}'


class MalformedWishError(TiercelError):
    """A message that asks for an execution in a way that nobody understands: asking again helps nobody."""


class Buckets(Protocol):
    """The buckets of others. Each verb may be done again: what is done already stays done."""

    def copy(self, source: Version, uri: str) -> bool:
        """Make a file of the internal storage of an object; False when that content is gone.

        Raises:
            TransientError: The service is busy.
            TiercelError: It refuses.
        """

    def move(self, source: Version, to: Address) -> None:
        """Give an object another place; nothing happens when that content is gone. Raises as `copy`."""

    def delete(self, source: Version) -> None:
        """Remove an object; nothing happens when that content is gone. Raises as `copy`."""


class _Label(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    value: str


class _Wish(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A message that asks for an execution."""

    namespace: str
    flow_id: str
    inputs: dict[str, Any] | None = None
    labels: dict[str, str | int | float | bool] | list[_Label] | None = None
    revision: int | None = None
    schedule_date: str | None = None


_decode_wish = msgspec.json.Decoder(_Wish).decode


@dataclass(frozen=True)
class _Asked:
    """A trigger that an event concerns."""

    flow: Flow
    start: Start


@dataclass(frozen=True)
class Happenings:
    """Tells flows what has happened."""

    starter: Starter
    buckets: Buckets
    project: str = ""
    """The project of topics whose names do not say theirs."""

    @property
    def _flows(self) -> FlowStore:
        return self.starter.lanes.flows

    @property
    def _intake(self) -> Intake:
        return self.starter.intake

    # ------------------------------------------------------------ an object

    def object_created(self, seen: SeenObject) -> list[str]:
        """Start the flows that wait for an object, then move or delete it if they say so.

        Returns:
            The executions, also those that were there already.

        Raises:
            TransientError: Something is busy: the event is to be told again.
            TiercelError: The object cannot be moved or deleted.
        """
        found = self._watchers([watching.of_bucket(seen.bucket), watching.ANY_BUCKET])
        near = [each for each in found if seen.name.startswith(each.prefix)]
        acting: list[ObjectTrigger] = []

        def ask(asked: _Asked) -> str | None:
            trigger = asked.start.sight.rendered(ObjectTrigger)
            if not trigger.matches(seen):
                return None
            cause = ("gcs", asked.flow.namespace, asked.flow.id, trigger.id, seen.bucket, seen.name, seen.generation)
            execution = derived_id(*cause)
            if not asked.start.is_done(execution):
                made = asked.start.by_object(seen, execution, lambda uri: self.buckets.copy(seen.version, uri))
                if made is None:
                    return None
            acting.append(trigger)
            return execution

        started = self._ask_all(near, ask)
        for trigger in acting:
            self._act(trigger, seen)
        return started

    def _act(self, trigger: ObjectTrigger, seen: SeenObject) -> None:
        """Do with an object what its trigger says."""
        if trigger.action == "DELETE":
            self.buckets.delete(seen.version)
        elif trigger.action == "MOVE":
            to = trigger.target(seen)
            if trigger.matches(SeenObject(to.bucket, to.path)):
                _log.error("an object is left where it is: at %s it would start its flow again", to.uri)
            else:
                self.buckets.move(seen.version, to)

    # ------------------------------------------------------------ a message

    def message_arrived(self, seen: SeenMessage) -> list[str]:
        """Start the flows that wait for a message.

        Returns:
            The executions, also those that were there already.

        Raises:
            TransientError: Something is busy: the message is to come again.
        """
        things = [watching.ANY_TOPIC]
        if seen.topic:
            things.append(watching.of_topic(seen.topic))
        if seen.subscription:
            things.append(watching.of_subscription(seen.subscription))

        def ask(asked: _Asked) -> str | None:
            trigger = asked.start.sight.rendered(MessageTrigger)
            if not trigger.matches(seen, self.project):
                return None
            execution = derived_id("pubsub", asked.flow.namespace, asked.flow.id, trigger.id, seen.message_id)
            if asked.start.is_done(execution):
                return execution
            return asked.start.by_message(trigger, seen, execution)

        return self._ask_all(self._watchers(things), ask)

    # ------------------------------------------------------------ a wish

    def execution_wanted(self, body: bytes, message_id: str) -> str:
        """Start the flow that a message names; return the execution's id, the same for the same message.

        Args:
            body: `{"namespace", "flowId", "inputs", "labels"}`; perhaps `revision`, and `scheduleDate` (ISO 8601).
            message_id: The message's id.

        Raises:
            MalformedWishError: It is no such thing. The text holds nothing of its values.
            NotFoundError: There is no such flow.
            ConflictError: The flow is disabled.
            InputError: An input is missing or does not validate, or a label is refused.
        """
        try:
            wish = _decode_wish(body)
            date = None if wish.schedule_date is None else read_moment(wish.schedule_date, UTC).timestamp()
            labels = label_texts(wish.labels)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            found = f"the message {message_id} asks for no execution: {error}"
            raise MalformedWishError(f"{found}; wanted {WANTED}, perhaps with a revision and a scheduleDate") from None
        where = wish.namespace, wish.flow_id
        flow = self._flows.latest(*where) if wish.revision is None else self._flows.get(*where, wish.revision)
        execution = derived_id("wish", message_id)
        request = Request(inputs=wish.inputs or {}, labels=labels, id=execution, schedule_date=date)
        return self._intake.accept(flow, request).id

    # ------------------------------------------------------------ all of them

    def _watchers(self, things: Sequence[str]) -> list[watching.Watch]:
        return watching.find(self.starter.lanes.store, things)

    def _ask_all(self, watchers: Sequence[watching.Watch], ask: Callable[[_Asked], str | None]) -> list[str]:
        """Ask every trigger; return what was started.

        Raises:
            TransientError: One could not be asked now; the others were.
        """
        started: list[str] = []
        late: TransientError | None = None
        for watch in watchers:
            name = f"{watch.namespace}.{watch.flow_id}"
            try:
                asked = self._asked(watch)
                execution = None if asked is None else ask(asked)
                started += [] if execution is None else [execution]
            except TransientError as error:
                late = error
            except (ExpressionError, ConflictError, ValueError) as error:
                _log.warning("a trigger starts nothing: %s", error, extra={"flow": name, "trigger": watch.trigger})
            except Exception:  # noqa: BLE001 - one bad flow must not keep the event from the others
                _log.exception("a trigger cannot be asked", extra={"flow": name, "trigger": watch.trigger})
        if late is not None:
            raise late
        return started

    def _asked(self, watch: watching.Watch) -> _Asked | None:
        """Return the trigger that an entry of the index stands for; None where it was told to start nothing."""
        flow = self._flows.get(watch.namespace, watch.flow_id, watch.revision)
        if is_disabled(self.starter.lanes.store, flow, watch.trigger):
            return None
        properties: Mapping[str, Any] = trigger_of(flow, watch.trigger)
        plugin = registry.load(properties["type"])
        assert issubclass(plugin, Trigger)
        return _Asked(flow, Start(self.starter, flow, as_authored(plugin, properties), properties))
