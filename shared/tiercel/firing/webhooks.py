"""Calls of webhooks: which trigger a key opens, and the start of its flow with what the call brought.

Promise: a flow that is not there, one without webhooks and a wrong key look the same; keys are compared in constant
time, and all of them.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from tiercel.errors import ExpressionError, InputError, NotFoundError
from tiercel.expressions import Context, render
from tiercel.model.execution import LARGEST_VALUES, encode
from tiercel.model.flow import Flow
from tiercel.model.ids import fresh_id
from tiercel.paths import file_name
from tiercel.ports import ObjectStore
from tiercel.starts import Start, Starter, enabled
from tiercel.triggers.webhook import Webhook

WEBHOOK = "io.kestra.plugin.core.trigger.Webhook"


class BodyTooLargeError(InputError):
    """A body that is too large to be a value of an execution."""


@dataclass(frozen=True)
class Upload:
    """A file that a call brought."""

    name: str
    """The part's name."""
    filename: str
    content_type: str
    content: BinaryIO


@dataclass(frozen=True)
class Form:
    """A body of the type `multipart/form-data`."""

    fields: Mapping[str, list[str]]
    files: Sequence[Upload] = ()


@dataclass(frozen=True)
class HookCall:
    """What a call brought; its body is not read before the key is known to be right."""

    headers: Mapping[str, list[str]]
    parameters: Mapping[str, list[str]]
    body: Callable[[], Form | BinaryIO | None]
    """Opens the body; None where there is none."""


@dataclass(frozen=True)
class Started:
    """What became of a call."""

    webhook: Webhook
    properties: Mapping[str, Any]
    """The trigger as authored."""
    execution: str | None
    """None when its conditions do not hold."""


def unknown() -> NotFoundError:
    """Return what a caller is told who has no key: nothing."""
    return NotFoundError("Not Found")


def start(starter: Starter, flow: Flow, key: str, call: HookCall) -> Started:
    """Start a flow by the webhook that a key opens.

    Raises:
        NotFoundError: There is none.
        ConflictError: The trigger, or the flow, is disabled.
        InputError: Its inputs cannot be rendered or do not validate.
        BodyTooLargeError: The body is to be a value, and is too large for one.
    """
    properties = _opened_by(starter, flow, key)
    if properties is None:
        raise unknown()
    webhook = enabled(starter.lanes.store, flow, properties)
    assert isinstance(webhook, Webhook)
    begun = Start(starter, flow, webhook, properties)
    execution = fresh_id()
    keeping = _Keeping(begun, starter.lanes.objects, execution)
    event = keeping.event(call, stores=webhook.fetch_type == "STORE")
    return Started(webhook, properties, begun.by_webhook(event, execution, keeping.keep))


def _opened_by(starter: Starter, flow: Flow, key: str) -> Mapping[str, Any] | None:
    """Return the webhook whose key this is; every key is compared."""
    shown, found = key.strip().encode("utf-8", "replace"), None
    for properties in flow.triggers:
        if properties["type"] != WEBHOOK:
            continue
        own = _key(starter, flow, str(properties.get("key", ""))).strip().encode("utf-8", "replace")
        if own and hmac.compare_digest(own, shown) and found is None:
            found = properties
    return found


def _key(starter: Starter, flow: Flow, template: str) -> str:
    """Return a webhook's key; one that cannot be rendered opens nothing."""
    if "{" not in template:
        return template
    names = {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision}
    variables = {**starter.surroundings, "flow": names, "vars": flow.variables or {}}
    try:
        return render(template, Context(variables, starter.worlds(flow)))
    except ExpressionError:
        return ""


class _Keeping:
    """The files of a call, kept under the execution that it starts."""

    def __init__(self, begun: Start, objects: ObjectStore, execution: str) -> None:
        self._begun = begun
        self._objects = objects
        self._execution = execution
        self._kept: list[tuple[str, BinaryIO]] = []

    def event(self, call: HookCall, *, stores: bool) -> dict[str, Any]:
        """Return what the trigger has seen."""
        event: dict[str, Any] = {"body": None, "headers": call.headers, "parameters": call.parameters}
        body = call.body()
        if isinstance(body, Form):
            if len(encode(body.fields)) > LARGEST_VALUES:
                raise _too_large("the form's fields have", "send large ones as files")
            event |= {"parts": [self._part(*each) for each in enumerate(body.files)], "formFields": body.fields}
        elif body is not None and stores:
            event["uri"] = self._uri("body", body)
        elif body is not None:
            event["body"] = _value(body)
        return event

    def keep(self) -> None:
        """Write the files."""
        for uri, content in self._kept:
            self._objects.write(uri, content)

    def _part(self, number: int, upload: Upload) -> dict[str, object]:
        size = upload.content.seek(0, 2)
        upload.content.seek(0)
        shown = {"name": upload.name, "filename": upload.filename, "contentType": upload.content_type or None}
        uri = self._uri(f"{number}-{file_name(upload.filename)}", upload.content)
        return {**{key: value for key, value in shown.items() if value is not None}, "size": size, "uri": uri}

    def _uri(self, name: str, content: BinaryIO) -> str:
        uri = self._begun.file(self._execution, name)
        self._kept.append((uri, content))
        return uri


def _value(body: BinaryIO) -> str | None:
    """Return a body as text; one that is no text as Base64, an empty one as None.

    Raises:
        BodyTooLargeError: It is too large.
    """
    found = body.read(LARGEST_VALUES + 1)
    if len(found) > LARGEST_VALUES:
        raise _too_large("the body has", "set fetchType: STORE on the trigger, so that it becomes a file")
    try:
        return found.decode() or None
    except UnicodeDecodeError:
        return base64.b64encode(found).decode()


def _too_large(found: str, remedy: str) -> BodyTooLargeError:
    return BodyTooLargeError(f"{found} more than {LARGEST_VALUES} bytes; {remedy}")
