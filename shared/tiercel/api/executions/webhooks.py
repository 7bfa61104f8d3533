"""Webhooks: flows that start when a URL with their key is called (api.md, 3.2). Nobody is asked for credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

from tiercel import actions
from tiercel.api.calls import Answer, Call
from tiercel.api.executions.shapes import execution_json, with_url
from tiercel.api.executions.starting import awaited
from tiercel.api.failures import TooLargeError
from tiercel.api.routing import routes
from tiercel.api.uploads import FORMS, prepare
from tiercel.firing.webhooks import BodyTooLargeError, Form, HookCall, Started, Upload
from tiercel.model.execution import Execution, encode
from tiercel.model.states import State

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage
    from werkzeug.wrappers import Request

PATTERNS = ("/executions/webhook/{namespace}/{id}/{key}", "/executions/webhook/{namespace}/{id}/{key}/{path*}")


def webhook(call: Call) -> object:
    """Start a flow by its webhook."""
    path, parts = call.path, call.site.parts
    try:
        started = actions.call_webhook(parts, path["namespace"], path["id"], path["key"], read_call(call.request))
    except BodyTooLargeError as error:
        raise TooLargeError(str(error)) from None
    if started.execution is None:
        return Answer(status=204)
    if not started.webhook.wait:
        header = parts.view.header(started.execution)
        return with_url(call.site, header, execution_json(call.site, header, full=False))
    ended = awaited(call.site, started.execution)
    return _answer(call, started, ended or parts.view.header(started.execution))


for _method in ("GET", "POST", "PUT"):
    routes.route(_method, *PATTERNS, is_open=True, any_query=True, codes=())(webhook)


def read_call(request: Request) -> HookCall:
    """Return what a request brought."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name, []).append(value)
    parameters = {name: request.args.getlist(name) for name in request.args}
    return HookCall(headers, parameters, lambda: _body(request))


def _body(request: Request) -> Form | BinaryIO | None:
    """Open the body of a request."""
    if request.mimetype == FORMS[0]:
        prepare(request)
        fields = {name: request.form.getlist(name) for name in request.form}
        return Form(fields, [_upload(file) for _, file in request.files.items(multi=True)])
    if not request.content_length and "Transfer-Encoding" not in request.headers:
        return None
    return cast(BinaryIO, request.stream)


def _upload(file: FileStorage) -> Upload:
    return Upload(str(file.name), file.filename or "", file.content_type or "", cast(BinaryIO, file.stream))


def _answer(call: Call, started: Started, header: Execution) -> Answer:
    """Return the response of a webhook that waits: the outputs, or the execution."""
    status = _status(call, started, header)
    if not started.webhook.return_outputs:
        return Answer(with_url(call.site, header, execution_json(call.site, header)), status)
    outputs = header.outputs or {}
    if started.webhook.response_content_type == "text/plain":
        return Answer(encode(outputs), status, content_type="text/plain; charset=utf-8")
    return Answer(outputs, status)


def _status(call: Call, started: Started, header: Execution) -> int:
    """Return the response's code: the trigger's own, else 500 for a flow that failed."""
    template = started.properties.get("responseCode")
    if template is not None and header.state.is_terminal:
        text = actions.evaluate(call.site.parts, header.id, str(template)).strip()
        if text.isdecimal() and 200 <= int(text) <= 599:
            return int(text)
    return 500 if header.state is State.FAILED else 200
