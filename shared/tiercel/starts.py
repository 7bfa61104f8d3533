"""Starting a flow as one of its triggers would, by hand or because it happened, with what the trigger has seen."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tiercel import registry
from tiercel.errors import ConflictError, ExpressionError, InputError, NotFoundError, TiercelError, TransientError
from tiercel.expressions import World
from tiercel.flowtriggers import Asking
from tiercel.intake import Intake, Request
from tiercel.lanes import Lanes
from tiercel.model.addresses import last_part, read_address
from tiercel.model.execution import Trigger as TriggerRecord
from tiercel.model.execution import header_key, refuse_large
from tiercel.model.flow import Flow
from tiercel.model.ids import fresh_id
from tiercel.paths import execution_folder, slug
from tiercel.planner.variables import Surroundings
from tiercel.ports import StateStore, Write
from tiercel.readers import Readers
from tiercel.tasks import records
from tiercel.triggers.base import Trigger, as_authored
from tiercel.triggers.flow import Flow as FlowTrigger
from tiercel.triggers.gcs import ObjectTrigger, SeenObject, told_object
from tiercel.triggers.pubsub import MessageTrigger, RealtimeTrigger, SeenMessage, told_message
from tiercel.triggers.schedule import Dated
from tiercel.triggers.sight import Sight
from tiercel.triggers.webhook import Webhook, webhook_variables
from tiercel.triggerstates.changes import is_disabled, trigger_of
from tiercel.upstream import Upstream

_log = logging.getLogger("tiercel")
_T = TypeVar("_T", bound=Trigger)


@dataclass(frozen=True)
class Starter:
    """Starts flows as their triggers would."""

    lanes: Lanes
    intake: Intake
    worlds: Callable[[Flow], World]
    """Gives the readers of the world for a flow's own expressions."""
    surroundings: Surroundings

    def start(self, flow: Flow, trigger_id: str, event: Mapping[str, Any] | None = None) -> str | None:
        """Start a flow as one of its triggers would.

        Args:
            flow: The flow.
            trigger_id: Which trigger.
            event: What it saw: for a Webhook `body`, `headers` and `parameters`; for a schedule the `date`; for a
                Flow trigger the `executionId` of the execution that has changed; for a gcs.Trigger the object's `name`,
                its `content` and what else is known of it; for a Pub/Sub trigger `data` and `attributes`.

        Returns:
            The execution's id, or None when the conditions do not hold.

        Raises:
            NotFoundError: The flow has no such trigger.
            ConflictError: The trigger, or the flow, is disabled, or the trigger cannot be started by hand.
            InputError: What it is said to have seen cannot be; or the inputs do not validate.
        """
        properties, seen = trigger_of(flow, trigger_id), event or {}
        trigger = enabled(self.lanes.store, flow, properties)
        if isinstance(trigger, Webhook):
            return Start(self, flow, trigger, properties).by_webhook(seen)
        if isinstance(trigger, Dated):
            return Start(self, flow, trigger, properties).by_date(trigger, seen)
        if isinstance(trigger, FlowTrigger):
            return self._by_execution(flow, trigger, properties, seen)
        if isinstance(trigger, ObjectTrigger):
            return Start(self, flow, trigger, properties).by_told_object(seen)
        if isinstance(trigger, MessageTrigger):
            start = Start(self, flow, trigger, properties)
            return start.by_message(_given(start, MessageTrigger), told_message(seen), fresh_id())
        raise ConflictError(f"a trigger of type {trigger.type} cannot be started by hand")

    def _by_execution(
        self, flow: Flow, trigger: FlowTrigger, properties: Mapping[str, Any], seen: Mapping[str, Any]
    ) -> str | None:
        name = seen.get("executionId")
        if not isinstance(name, str):
            raise InputError('a Flow trigger sees an execution: give it as {"executionId": "..."}')
        found = self.lanes.stored(name).header()
        if found is None:
            raise NotFoundError(f"there is no execution '{name}' in this store")
        upstream = Upstream(self.lanes, found[0], len(found[0].at))
        return Asking(self.lanes, self.intake, flow, trigger, properties, upstream, by_hand=fresh_id()).ask()


def enabled(store: StateStore, flow: Flow, properties: Mapping[str, Any]) -> Trigger:
    """Return a trigger of a flow that may start it now, or raise ConflictError."""
    plugin = registry.load(properties["type"])
    if not issubclass(plugin, Trigger):
        raise ConflictError(f"{properties['type']} is no trigger")
    trigger = as_authored(plugin, properties)
    if trigger.disabled:
        raise ConflictError(f"trigger '{trigger.id}' of {flow.id} is disabled: remove 'disabled: true' to start it")
    if is_disabled(store, flow, trigger.id):
        raise ConflictError(
            f"trigger '{trigger.id}' of {flow.id} is disabled, though its source does not say so: enable it with a "
            "task of type io.kestra.plugin.core.trigger.Toggle that has enabled: true"
        )
    return trigger


def _given(start: Start, kind: type[_T]) -> _T:
    try:
        return start.sight.rendered(kind)
    except ExpressionError as error:
        raise InputError(str(error)) from None


@dataclass(frozen=True)
class Manner:
    """What is particular to one start."""

    inputs: Mapping[str, object] = field(default_factory=dict)
    """Go before those of the trigger."""
    labels: Sequence[tuple[str, str]] = ()
    """Come behind those of the trigger."""
    also: Sequence[Write] = ()
    """Writes that hold with the execution or not at all; Refused is raised where the execution is there already."""


class Start:
    """One start of a flow by a trigger that sees no execution."""

    def __init__(
        self,
        starter: Starter,
        flow: Flow,
        trigger: Trigger,
        properties: Mapping[str, Any],
        manner: Manner = Manner(),
    ) -> None:
        self._manner = manner
        self._starter = starter
        self._flow = flow
        self._trigger = trigger
        self._world = starter.worlds(flow)
        self.sight = Sight(flow, trigger, properties, self._world, starter.surroundings)

    def by_webhook(
        self, event: Mapping[str, Any], execution: str | None = None, keep: Callable[[], None] = lambda: None
    ) -> str | None:
        """Start for a request; None when the conditions do not hold.

        Args:
            event: What the request brought.
            execution: The id that the execution gets; a fresh one by default.
            keep: Keeps the files of which the event speaks; called once the conditions hold.

        Raises:
            InputError: The inputs cannot be rendered, or do not validate.
        """
        assert isinstance(self._trigger, Webhook)
        variables = webhook_variables(event if self._trigger.fetch_type != "NONE" else {**event, "body": None})
        try:
            if not self._is_wanted(variables):
                return None
            request = self._request(variables, execution)
        except ExpressionError as error:
            raise InputError(f"trigger '{self._trigger.id}' of {self._flow.id}: {error}") from None
        keep()
        return self._starter.intake.accept(self._flow, request).id

    def by_date(self, trigger: Dated, event: Mapping[str, Any], execution: str | None = None) -> str | None:
        """Start for a date; None when the conditions do not hold.

        What goes wrong beyond that makes an execution that has failed, with the reason in its log.
        """
        almanac = self.sight.almanac(trigger)
        date = self.sight.date(trigger, almanac, event.get("date"))
        try:
            variables = almanac.variables(date)
        except ExpressionError as error:
            return self.failed(almanac.plain(date), execution, f"a condition cannot be judged: {error}")
        if variables is None:
            return None
        try:
            return self._accept(variables, execution)
        except (ExpressionError, InputError) as error:
            return self.failed(variables, execution, f"the inputs cannot be made: {error}")

    def by_told_object(self, event: Mapping[str, Any]) -> str | None:
        """Start for an object that a person tells of; None when it is none that the trigger waits for.

        Raises:
            InputError: There can be no such object, or the trigger's values cannot be rendered.
        """
        trigger, execution = _given(self, ObjectTrigger), fresh_id()
        try:
            seen = told_object(event, read_address(trigger.from_).bucket)
            if not trigger.matches(seen):
                return None
        except ValueError as error:
            raise InputError(f"trigger '{trigger.id}' of {self._flow.id}: {error}") from None
        content = event.get("content")
        if content is None:
            return self.by_event({"blobs": [seen.blob(str(event.get("uri", seen.address)))]}, execution)
        return self.by_object(seen, execution, lambda uri: self._kept(uri, str(content).encode()))

    def by_object(self, seen: SeenObject, execution: str, copy: Callable[[str], bool]) -> str | None:
        """Start for an object; None when the conditions do not hold, or the object is gone.

        Args:
            seen: The object.
            execution: The id that the execution gets.
            copy: Makes a file of the object, given its URI; False when the object is gone.
        """
        uri = self.file(execution, last_part(seen.name))
        return self.by_event({"blobs": [seen.blob(uri)]}, execution, lambda: copy(uri))

    def by_message(self, trigger: MessageTrigger, seen: SeenMessage, execution: str) -> str | None:
        """Start for a message; None when the conditions do not hold.

        A message that is not what the trigger says it is makes an execution that has failed.
        """
        try:
            record = trigger.record(seen)
        except ValueError as error:
            known = {"messageId": seen.message_id, "attributes": dict(seen.attributes)}
            return self.failed(known, execution, f"the message {seen.message_id} cannot be read: {error}")
        if isinstance(trigger, RealtimeTrigger):
            return self.by_event(record, execution)
        uri, lines = self.file(execution, "messages.ion"), io.BytesIO()
        records.write([record], lines)
        return self.by_event({"count": 1, "uri": uri}, execution, lambda: self._kept(uri, lines.getvalue()))

    def by_event(
        self, variables: Mapping[str, object], execution: str, keep: Callable[[], bool] = lambda: True
    ) -> str | None:
        """Start for something that happened elsewhere; None when the conditions do not hold, or it is gone.

        Inputs that cannot be made make an execution that has failed, with the reason in its log. A condition that
        cannot be judged holds nothing; with `failOnTriggerError` it makes one too.

        Args:
            variables: What the trigger has seen.
            execution: The id that the execution gets.
            keep: Keeps the file that the variables speak of; False when there is nothing left to keep.
        """
        try:
            if not self._is_wanted(variables):
                return None
        except ExpressionError as error:
            reason = f"a condition cannot be judged: {error}"
            if self._trigger.fail_on_trigger_error:
                return self.failed(variables, execution, reason)
            self._doubt(reason)
            return None
        return self._begin(variables, execution, keep)

    def _begin(self, variables: Mapping[str, object], execution: str, keep: Callable[[], bool]) -> str | None:
        try:
            refuse_large(variables, "what the trigger has seen", "use a trigger that gives a file")
        except InputError as error:
            return self.failed({}, execution, str(error))
        try:
            if not keep():
                self._doubt("what it has seen is gone already")
                return None
            return self._accept(variables, execution)
        except (TransientError, ConflictError):
            raise
        except TiercelError as error:
            return self.failed(variables, execution, f"the execution cannot begin: {error}")

    def _is_wanted(self, variables: Mapping[str, object]) -> bool:
        return self.sight.holds(self._trigger.conditions, variables) and self.sight.is_when(variables)

    def is_done(self, execution: str) -> bool:
        """Tell whether the execution is there already: the same cause came before."""
        return self._starter.lanes.store.get([header_key(execution)])[0] is not None

    def file(self, execution: str, name: str) -> str:
        """Return where a file lies that the trigger gives to an execution."""
        folder = execution_folder(self._flow.namespace, self._flow.id, execution)
        return f"{folder}trigger/{slug(self._trigger.id)}/{name if name not in ('', '.', '..') else 'object'}"

    def _kept(self, uri: str, content: bytes) -> bool:
        self._starter.lanes.objects.write(uri, content)
        return True

    def _doubt(self, reason: str) -> None:
        """Say why nothing is started."""
        flow = f"{self._flow.namespace}.{self._flow.id}"
        _log.warning("a trigger starts nothing: %s", reason, extra={"flow": flow, "trigger": self._trigger.id})

    def _accept(self, variables: Mapping[str, object], execution: str | None) -> str:
        return self._starter.intake.accept(self._flow, self._request(variables, execution), self._manner.also).id

    def failed(self, variables: Mapping[str, object], execution: str | None, reason: str) -> str:
        """Make an execution that has failed before it began, with the reason in its log; return its id."""
        labels, also = self._manner.labels, self._manner.also
        request = Request(labels=labels, trigger=self._record(variables), id=execution, anew=bool(also))
        return self._starter.intake.fail(self._flow, request, self.masked(reason), also).id

    def masked(self, text: str) -> str:
        """Return a text without the secrets that the trigger's expressions have read."""
        return self._world.masked(text) if isinstance(self._world, Readers) else text

    def _request(self, variables: Mapping[str, object], execution: str | None) -> Request:
        return Request(
            inputs={**self.sight.inputs(variables), **self._manner.inputs},
            labels=[*self.sight.labels(variables), *self._manner.labels],
            trigger=self._record(variables),
            id=execution,
            anew=bool(self._manner.also),
        )

    def _record(self, variables: Mapping[str, object]) -> TriggerRecord:
        return TriggerRecord(self._trigger.id, self._trigger.type, dict(variables))
