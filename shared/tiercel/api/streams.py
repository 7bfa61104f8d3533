"""Server-sent events (api.md, 1.7): what a client follows, until it ends or the request's time is up.

Promise: a stream that is not at its end closes without saying `end`, so whoever follows comes again; streams are
bounded, a quiet one looks at the store once a second, and one that is costly to look at looks less often.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from tiercel.api.calls import Call, Stream
from tiercel.api.openstreams import OpenStreams
from tiercel.errors import NotFoundError, TiercelError
from tiercel.model.execution import Execution

SOONEST, LATEST = 0.2, 1.0
"""Seconds between two looks: at first, and after many in which nothing was new."""

KEEP_ALIVE = 15.0
"""Seconds of silence after which a stream says that it lives."""

BETWEEN = 0.5
"""Seconds after an event of what has changed before the next look: at most two a second, each with the newest."""

SHARE = 4
"""A stream rests this many times as long as its last look took."""

PATIENCE = 10.0
"""Seconds for which a stream waits for an execution that is not there yet."""

_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_log = logging.getLogger("tiercel.api")


@dataclass(frozen=True, slots=True)
class Event:
    """What is sent at once."""

    id: str
    """The phase: `start`, `progress`, `end`."""
    data: bytes
    """JSON, on one line."""

    def encoded(self) -> bytes:
        """Return it as it is sent."""
        return b"id: %s\ndata: %s\n\n" % (self.id.encode(), self.data)


Source = Iterator[Event | None]
"""Gives what is new; None each time it has looked and there is nothing more for now."""


@dataclass(frozen=True)
class Pace:
    """What a stream asks of the world; the tests turn the clock by hand."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class EventStream:
    """The body of an answer: it gives its place back when it is closed, also if nobody ever read it."""

    def __init__(self, source: Source, places: OpenStreams, longest: float, pace: Pace) -> None:
        self._pieces = _paced(source, longest, pace, lambda: places.closing)
        self._places: OpenStreams | None = places

    def __iter__(self) -> Iterator[bytes]:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Return the next event, once there is one."""
        try:
            return next(self._pieces)
        except StopIteration:
            self.close()
            raise
        except TiercelError as error:
            _log.warning("a stream has ended early: %s", error)
            self.close()
            raise StopIteration from None

    def close(self) -> None:
        """Stop, and give the place back."""
        self._pieces.close()
        places, self._places = self._places, None
        if places is not None:
            places.leave()


def _paced(source: Source, longest: float, pace: Pace, is_over: Callable[[], bool]) -> Generator[bytes, None, None]:
    began = said = looked = pace.now()
    rest, told = SOONEST, began - BETWEEN
    for event in source:
        if event is not None:
            yield event.encoded()
            said, rest = pace.now(), SOONEST
            told = said if event.id == "progress" else told
            if said - began > longest:
                return
            continue
        now = pace.now()
        pause = max(rest, SHARE * (now - looked), BETWEEN - (now - told))
        if now + pause - began > longest or is_over():
            return
        if now - said >= KEEP_ALIVE:
            yield Event("keepalive", b"{}").encoded()
            said = now
        pace.sleep(pause)
        looked, rest = pace.now(), min(rest * 1.5, LATEST)


def stream(call: Call, make: Callable[[Execution], Source], execution: str, pace: Pace | None = None) -> Stream:
    """Return the answer that follows an execution.

    Args:
        call: The request.
        make: Opens the source, given the execution as it is now.
        execution: The execution's id.
        pace: The clock.

    Raises:
        NotFoundError: It is not there, not even after a while.
        TransientError: Too many streams are open.
    """
    site, pace = call.site, pace or Pace()
    site.streams.enter()
    try:
        header = _awaited(call, execution, pace)
        if call.request.method == "HEAD":
            site.streams.leave()
            return Stream((), "text/event-stream", _HEADERS)
        return Stream(EventStream(make(header), site.streams, site.longest_wait, pace), "text/event-stream", _HEADERS)
    except BaseException:
        site.streams.leave()
        raise


def _awaited(call: Call, execution: str, pace: Pace) -> Execution:
    """Return an execution, once it is there."""
    patience = pace.now() + min(PATIENCE, call.site.longest_wait)
    while True:
        try:
            return call.site.parts.view.header(execution)
        except NotFoundError:
            if pace.now() + SOONEST > patience:
                raise
        pace.sleep(SOONEST)
