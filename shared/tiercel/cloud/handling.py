"""Messages as the functions get them: decoded, handled, answered with whether they are to come again.

Answers are HTTP codes, as push subscriptions and Cloud Tasks read them: 2xx acknowledges, everything else brings the
message again, after a while, until it goes to the dead-letter topic.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from tiercel.adapters.gcp.attributes import still_early
from tiercel.adapters.gcp.push import MalformedMessageError, Pushed, decode
from tiercel.cloud.failures import Failures
from tiercel.errors import TransientError
from tiercel.model.messages import Message, decode_message
from tiercel.ports import Delivery, Envelope

DONE, LATER, BROKEN = 204, 429, 500

BAD_TRIES = 3
"""How often a message that fails in a way it should not is tried, before its execution is parked."""

_log = logging.getLogger("tiercel")


class Budget:
    """How long the handling of the current message may still begin tasks, in each thread for itself."""

    def __init__(self) -> None:
        self._own = threading.local()

    def begin(self, seconds: float) -> None:
        """Begin a message; for so many seconds tasks may begin: the first one in any case, but for 0 none."""
        self._own.until, self._own.is_first = time.monotonic() + seconds, seconds > 0

    def works(self) -> bool:
        """Tell whether another task may begin here."""
        if getattr(self._own, "is_first", False):
            self._own.is_first = False
            return True
        return time.monotonic() < getattr(self._own, "until", 0.0)


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """What is left when a request is answered: neither fails the answer."""

    bury: Callable[[bytes], None]
    """Keeps what is no message as a dead letter."""
    flush: Callable[[], None]
    """Tidies up after a message."""

    def _bury(self, body: bytes) -> None:
        try:
            self.bury(body)
        except Exception:  # noqa: BLE001 - it is answered, whatever it is
            _log.exception("the dead-letter topic does not take it either; it is dropped")

    def _flush(self) -> None:
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - what is not tidied up now is found by the sweep
            _log.warning("the outbox is tidied up later: %s", error)


@dataclass(frozen=True, kw_only=True)
class Handler(Leftovers):
    """Handles messages with an engine."""

    handle: Callable[[Message], None]
    poisoned: Callable[[Message, Exception], None]
    """Parks the execution of a message that nobody can handle."""
    put_off: Callable[[Envelope], None]
    """Has a message come again when it is due."""
    now: Callable[[], float]
    failures: Failures
    budget: Budget = field(default_factory=Budget)

    def answer(self, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
        """Handle the message of a request; return the code to answer with.

        Args:
            headers: The request's headers.
            body: Its body.
            seconds: For how long tasks may begin here; 0 hands every task over.
        """
        try:
            return self.take(decode(headers, body), seconds)
        except MalformedMessageError as error:
            _log.error("a message is refused and goes to the dead-letter topic: %s", error)
            self._bury(body)
            return DONE

    def take(self, pushed: Pushed, seconds: float) -> int:
        """Handle a message, with so many seconds in which tasks may begin; return the code to answer with.

        Raises:
            MalformedMessageError: It is none of the engine's.
        """
        delivery = pushed.delivery()
        message = _message(delivery)
        self.budget.begin(seconds)
        try:
            return self._handle(message, delivery, pushed)
        finally:
            self.budget.begin(0)
            self._flush()

    def _is_early(self, pushed: Pushed) -> bool:
        """Put off what is not due yet: a timer does not reach that far, or its clock is ahead of ours."""
        seconds = still_early(pushed.attributes, self.now())
        if seconds > 1.5:
            self.put_off(pushed.envelope())
            return True
        if seconds > 0:
            time.sleep(seconds)
        return False

    def _handle(self, message: Message, delivery: Delivery, pushed: Pushed) -> int:
        try:
            if not self._is_early(pushed):
                self.handle(message)
        except TransientError as error:
            _log.info("%s comes again later: %s", type(message).__name__, error)
            return LATER
        except Exception as error:  # noqa: BLE001 - it is never lost for an error of ours: again, then parked
            tries = self.failures.note(delivery.key, delivery.attempt)
            _log.exception("%s of execution %s failed (try %d)", type(message).__name__, message.execution, tries)
            if tries < BAD_TRIES or not self._is_parked(message, error):
                return BROKEN
        if delivery.attempt > 1:
            self.failures.forget(delivery.key)
        return DONE

    def _is_parked(self, message: Message, error: Exception) -> bool:
        """Park the execution of a message; tell whether that could be done."""
        try:
            self.poisoned(message, error)
        except Exception:  # noqa: BLE001 - it is answered, whatever it is
            _log.exception("execution %s cannot even be parked", message.execution)
            return False
        return True


def _message(delivery: Delivery) -> Message:
    """Return the engine's message that a delivery holds.

    Raises:
        MalformedMessageError: It holds none. The text says what is wrong, and shows no value.
    """
    try:
        found: Message = decode_message(delivery.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = re.sub(r"'[^']*'", "'...'", str(error)) if isinstance(error, msgspec.MsgspecError) else "no JSON"
        raise MalformedMessageError(f"a message with a key holds none of the engine's messages: {reason}") from None
    return found
