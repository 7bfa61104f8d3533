"""Listening to a web server's events: `io.kestra.plugin.core.http.SseRequest`.

Promise: a stream is read as the HTML standard says (section 9.2, server-sent events), except that an event at its end
counts also where no blank line follows it: a server that is done may leave that out.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tiercel.errors import ExpressionError, TaskError
from tiercel.expressions.jq import run_jq
from tiercel.expressions.jq.parser import parse
from tiercel.expressions.limits import Budget
from tiercel.model.plugin import Outputs, Rendered, text_of
from tiercel.model.states import Level
from tiercel.ports import Metric, RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.http.base import HttpTask
from tiercel.tasks.http.bodies import Body
from tiercel.tasks.http.request import LONGEST
from tiercel.tasks.http.wire import shown

if TYPE_CHECKING:
    import httpx

STREAM = "text/event-stream"
_END = re.compile(r"\r\n|\n|\r")
_ROOT = re.compile(r"^\s*\$(?=\.)")
"""A `$` before a path, as in `$.message`: documents show it, and jq does not know it."""

Event = dict[str, Any]
"""`id`, `event` and `data` (text), `retry` (milliseconds); what an event does not say is not in it, but `data` is."""


class Heard(Outputs):
    """What SseRequest gives."""

    uri: str
    """The address that answered."""
    events: list[dict[str, Any]]
    """The events in order, each with its `data` and, where it says so, `id`, `event` and `retry`."""
    size: int
    """How many there are."""
    result: str | None
    """What `concatJqExpression` makes of them; null without it."""


class SseRequest(HttpTask, RunnableTask):
    """Send an HTTP request and gather the events that the server sends until it closes the stream."""

    gives = Heard

    concat_jq_expression: Rendered[str | None] = None
    """A jq program on each event's data, which is JSON then; the texts it gives are joined to the output `result`."""
    failed_on_missing_jq: Rendered[bool] = True
    """Whether an event in which the program finds nothing fails the task; otherwise the event adds nothing."""
    max_events: Rendered[int | None] = Field(None, ge=1)
    """After how many events to stop listening; without it the server ends the stream, or the task's timeout does."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Listen; return `uri`, `events`, `size` (how many) and `result` (null without a jq program)."""
        program = _checked(self.concat_jq_expression)
        found: list[Event] = []
        pieces: list[str] = []
        with self.exchange(ctx) as response:
            self._look_at_type(ctx, response)
            for event in events(self._read(response)):
                found.append(event)
                if program is not None:
                    pieces += self._texts(program, event, len(found))
                if len(found) == self.max_events:
                    break
            else:
                self._ended(ctx, response)
        ctx.metric(Metric("events", float(len(found))))
        result = None if program is None else "".join(pieces)
        return {"uri": shown(response.url), "events": found, "size": len(found), "result": result}

    def _set_headers(self, request: httpx.Request, body: Body) -> None:
        request.headers["Accept"] = STREAM
        super()._set_headers(request, body)

    def _look_at_type(self, ctx: RunContext, response: httpx.Response) -> None:
        kind = response.headers.get("content-type", "")
        if response.status_code != 204 and kind.partition(";")[0].strip().lower() != STREAM:
            ctx.log(
                f"{shown(response.url)} answers with the content type '{kind}', wanted {STREAM}: "
                "what is no event in it is left out; use http.Request for a plain body",
                Level.WARN,
            )

    def _read(self, response: httpx.Response) -> Iterator[bytes]:
        limit, length = self.settings.max_content_length, 0
        limit = LONGEST if limit is None else limit
        for piece in response.iter_bytes():
            length += len(piece)
            if length > limit:
                raise TaskError(
                    f"{self.method} {shown(response.url)} sent more than {limit} bytes of events; "
                    "set maxEvents, or raise options.maxContentLength"
                )
            yield piece

    def _ended(self, ctx: RunContext, response: httpx.Response) -> None:
        if ctx.cancelled:  # a stream that ends with its connection looks whole when the connection is shut
            raise TaskError(f"{self.method} {shown(response.url)} failed: the attempt was cancelled")

    def _texts(self, program: str, event: Event, number: int) -> list[str]:
        """Return what the program finds in an event, as texts.

        Raises:
            TaskError: It finds nothing, and that fails the task.
        """
        try:
            found = [text_of(value) for value in run_jq(program, event["data"], Budget()) if value is not None]
            why = "it gives nothing"
        except ExpressionError as error:
            found, why = [], str(error)
        if not found and self.failed_on_missing_jq:
            raise TaskError(
                f"concatJqExpression '{program}' finds nothing in event {number} ({event['data']:.200}): {why}; "
                "correct it, or set failedOnMissingJq: false to leave such events out"
            )
        return found


def _checked(program: str | None) -> str | None:
    """Return a jq program as jq reads it, or None where there is none.

    Raises:
        TaskError: It is no jq program.
    """
    if program is None or not program.strip():
        return None
    program = _ROOT.sub("", program)
    try:
        parse(program)
    except ExpressionError as error:
        raise TaskError(f"concatJqExpression: {error}; write a jq program such as .message", retryable=False) from None
    return program


def events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of a stream, as soon as they are whole."""
    data: list[str] = []
    event: Event = {}
    for line in _lines(pieces):
        if line:
            _take(line, event, data)
            continue
        if data:
            yield {**event, "data": "\n".join(data)}
        data, event = [], {}
    if data:
        yield {**event, "data": "\n".join(data)}


def _take(line: str, event: Event, data: list[str]) -> None:
    """Take a line into the event that is being read; comments and unknown fields are left out."""
    name, _, value = line.partition(":")
    value = value.removeprefix(" ")
    if name == "data":
        data.append(value)
    elif name == "event" or (name == "id" and "\0" not in value):
        event[name] = value
    elif name == "retry" and value.isascii() and value.isdigit():
        event[name] = int(value)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a stream without their ends; the text is UTF-8, whatever its header says."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    rest = ""
    for piece in pieces:
        rest += decoder.decode(piece)
        held = "\r" if rest.endswith("\r") else ""  # its line feed may still come
        *lines, rest = _END.split(rest.removesuffix(held))
        yield from lines
        rest += held
    *lines, last = _END.split(rest + decoder.decode(b"", final=True))
    yield from lines
    if last:
        yield last
