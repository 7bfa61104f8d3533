"""Starting a flow by an HTTP request: `io.kestra.plugin.core.trigger.Webhook` (flow specification, 8.4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from tiercel.model.execution import encode
from tiercel.model.plugin import Outputs, Rendered
from tiercel.triggers.base import Trigger


class Received(Outputs):
    """What a webhook's execution sees."""

    body: Any
    """The request's body: the object or list that it holds as JSON, else its text; null where there is none here."""
    headers: dict[str, list[str]]
    """The request's headers, each with all its values."""
    parameters: dict[str, list[str]]
    """The parameters of its address, each with all its values."""
    uri: str
    """With `fetchType: STORE` the URI of a file with the body."""
    form_fields: dict[str, list[str]]
    """Of a form: its fields, each with all its values."""
    parts: list[dict[str, Any]]
    """Of a form: its files, each with its `name`, `filename`, `contentType`, `size` and `uri`."""


class Webhook(Trigger):
    """Start an execution when a URL that holds the key is called."""

    gives = Received

    key: Rendered[str] = Field(min_length=1, max_length=256)
    """The secret part of the URL."""
    inputs: Rendered[dict[str, Any] | None] = None
    """The execution's inputs; they see `trigger.body`, `trigger.headers` and `trigger.parameters`."""
    wait: bool = False
    """Whether the caller gets the response when the execution has ended."""
    return_outputs: bool = False
    """With `wait`: whether the response is the flow's outputs."""
    response_content_type: Literal["application/json", "text/plain"] = "application/json"
    """What the response is."""
    response_code: Rendered[int | None] = Field(None, ge=200, le=599)
    """The status of the response; 200 by default."""
    fetch_type: Literal["FETCH", "STORE", "NONE"] = "FETCH"
    """What becomes of the body: `FETCH` gives `trigger.body`, `STORE` a file `trigger.uri`, `NONE` drops it."""


def webhook_variables(event: Mapping[str, object]) -> dict[str, object]:
    """Return what a webhook's execution sees as `trigger`.

    Args:
        event: `body` (text or a JSON value), `headers` and `parameters` (each a map of lists of texts).
    """
    found: dict[str, object] = {
        "body": _body(event.get("body")),
        "headers": _lists(event.get("headers")),
        "parameters": _lists(event.get("parameters")),
    }
    found.update((name, event[name]) for name in ("parts", "formFields", "uri") if name in event)
    return found


def _body(body: object) -> object:
    """Return the object or list that a text holds as JSON; any other text as it is."""
    if not isinstance(body, str):
        return body
    if body.lstrip()[:1] not in ("{", "["):
        return body
    try:
        found = json.loads(body)
        encode(found)
    except (ValueError, RecursionError):  # an escaped half of a surrogate pair is JSON, but no text that can be stored
        return body
    return found


def _lists(values: object) -> dict[str, list[str]]:
    if not isinstance(values, Mapping):
        return {}
    return {
        str(name): [str(each) for each in (value if isinstance(value, list) else [value])]
        for name, value in values.items()
    }
