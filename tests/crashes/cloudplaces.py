"""The functions over Firestore's emulator, in one thread: a queue in memory stands for Pub/Sub and Cloud Tasks.

What the adapters ask of the services is counted one by one (a commit, a batch of documents, a query, a publish, a
timer, an object), so a process can be made to die between any two of them.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from google.api_core import exceptions

from crashes.places import Parsed
from crashes.tripwires import Crash, Wire, wired
from emulators import fresh_project, running
from gcp.leftovers import send_left
from machine import Machine
from memory import Memory, MemoryObjects
from tiercel.adapters.gcp.attributes import WORKS, attributes_of
from tiercel.adapters.gcp.firestore import FirestoreStore, connect
from tiercel.adapters.gcp.outbox import PATIENCE
from tiercel.adapters.gcp.sending import Sender
from tiercel.adapters.gcp.timers import pushed
from tiercel.cloud.failures import StoredFailures
from tiercel.cloud.handling import BROKEN, Budget, Handler
from tiercel.ports import Envelope

EXECUTE = 324.0
"""Seconds for which tasks may begin in `execute`."""

AGAIN = 10.0
"""Seconds after which a message comes again that was not acknowledged."""


@dataclass
class Letter:
    """A message that is not acknowledged."""

    envelope: Envelope
    due: float
    attempt: int = 1

    @property
    def works(self) -> bool:
        """Whether it goes to `execute`."""
        return WORKS in attributes_of(self.envelope)

    def body(self) -> bytes:
        """Return it as it is posted to a function."""
        body = pushed(self.envelope, "7", "projects/p/subscriptions/s")
        return body[:-1] + b', "deliveryAttempt": %d}' % self.attempt


@dataclass
class Services:
    """What outlives a process: documents, files, and the messages that nobody has acknowledged."""

    project: str = field(default_factory=fresh_project)
    memory: Memory = field(default_factory=Memory)
    """Its clock and its files."""
    letters: list[Letter] = field(default_factory=list)
    flights: list[Letter] = field(default_factory=list)
    buried: list[bytes] = field(default_factory=list)
    """The bodies that went to the dead-letter topic."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self.memory.clock.now().timestamp()

    def publish(self, messages: Sequence[Envelope]) -> None:
        """Take messages as a topic does; one that comes a second early is held back until it is due."""
        with self.lock:
            self.letters += [Letter(each, each.due) for each in messages]

    def at(self, envelope: Envelope) -> None:
        """Take a message as a queue of timers does: a task's name is taken once."""
        with self.lock:
            if all(letter.envelope != envelope for letter in self.letters):
                self.letters.append(Letter(envelope, envelope.due))

    def take(self, choose: Callable[[int], int]) -> Letter | None:
        """Hand out a message that is due."""
        now = self.now()
        with self.lock:
            ready = [letter for letter in self.letters if letter.due <= now]
            if not ready:
                return None
            letter = ready[choose(len(ready))]
            self.letters.remove(letter)
            self.flights.append(letter)
            return letter

    def land(self, letter: Letter, code: int) -> None:
        """Take a function's answer."""
        with self.lock:
            self.flights.remove(letter)
            if code >= 300:
                self.letters.append(replace(letter, due=self.now() + AGAIN, attempt=letter.attempt + 1))

    def die(self) -> None:
        """Have what was in the air come again: whoever had it is dead."""
        with self.lock:
            self.letters += [replace(letter, attempt=letter.attempt + 1) for letter in self.flights]
            self.flights = []


class Line(Wire):
    """A wire on which nothing comes through any more after the crash."""

    is_dead = False

    def call(self, real: Callable[..., Any], *args: Any, **named: Any) -> Any:
        if self.is_dead:
            raise Crash("the process is dead")
        try:
            return super().call(real, *args, **named)
        except Crash:
            self.is_dead = True
            raise


class LostAnswer(Wire):
    """A wire on which one commit is done, and nobody is told so."""

    def call(self, real: Callable[..., Any], *args: Any, **named: Any) -> Any:
        found = real(*args, **named)
        if real.__name__ == "commit":
            self.calls += 1
            if self.calls == self.at:
                raise exceptions.DeadlineExceeded("the answer is lost")
        return found


class WiredClient:
    """Firestore's client with a wire."""

    def __init__(self, client: Any, wire: Wire) -> None:
        self.transport = client.transport
        for name in ("commit", "batch_get_documents", "run_query", "run_aggregation_query"):
            setattr(self, name, self._wired(getattr(client, name), wire))

    def _wired(self, real: Callable[..., Any], wire: Wire) -> Callable[..., Any]:
        return lambda *args, **named: wire.call(real, *args, **named)


class WiredServices:
    """The topics and the timers with a wire."""

    def __init__(self, services: Services, wire: Wire) -> None:
        self._services = services
        self._wire = wire

    def publish(self, messages: Sequence[Envelope]) -> None:
        """Publish; nothing is asked of the service for no messages."""
        if messages:
            self._wire.call(self._services.publish, messages)

    def at(self, envelope: Envelope) -> None:
        """Set a timer."""
        self._wire.call(self._services.at, envelope)


@lru_cache(maxsize=1)
def firestore() -> Any:
    """Return a client of the emulator, the same for all processes of the tests."""
    return connect(running()[0].host)


class CloudMachine(Machine):
    """A process in which both functions run: messages come as they are posted, and go as their answers say."""

    def __init__(self, services: Services, wire: Wire, *, owner: str, seconds: float = EXECUTE) -> None:
        """Begin a process.

        Args:
            services: What outlives it.
            wire: Counts what it asks of the services.
            owner: Its name.
            seconds: For how long tasks may begin in `execute`.
        """
        self.services_ = services
        self.seconds = seconds
        self.codes: list[int] = []
        memory = services.memory
        objects = wired(MemoryObjects(memory), wire)
        outside: Any = WiredServices(services, wire)
        self.firestore = FirestoreStore(
            WiredClient(firestore(), wire),  # type: ignore[arg-type]
            project=services.project,
            database="(default)",
            objects=objects,
            publish=Sender(outside, outside, memory.clock),
            clock=memory.clock,
            owner=owner,
        )
        super().__init__(memory, owner=owner, store=self.firestore, objects=objects)
        budget = Budget()
        self.lanes._works = budget.works
        self.handler = Handler(
            handle=self.engine.handle,
            poisoned=self._poisoned,
            bury=services.buried.append,
            put_off=lambda envelope: outside.at(envelope),
            flush=self.firestore.flush,
            now=services.now,
            failures=StoredFailures(self.firestore),
            budget=budget,
        )

    def answer(self, letter: Letter) -> int:
        """Post a message to its function; return the code that it answers."""
        code = self.handler.answer({}, letter.body(), self.seconds if letter.works else 0.0)
        self.codes.append(code)
        assert code != BROKEN, f"{letter.envelope.key} failed"
        return code

    def choose(self, count: int) -> int:
        """Pick the oldest message."""
        return 0

    def deliver(self) -> bool:
        """Handle one message; tell whether there was one."""
        letter = self.services_.take(self.choose)
        if letter is None:
            return False
        self.services_.land(letter, self.answer(letter))
        return True

    def next_due(self) -> float | None:
        """Return when the next message is due, now that none is."""
        return min((letter.due for letter in self.services_.letters), default=None)

    def sweep(self) -> None:
        """Do what `tick` does a while after a process has died."""
        self.clock.advance(PATIENCE + 1)
        while send_left(self.firestore):
            self.settle()


class RestlessMachine(CloudMachine):
    """A process that gets every message twice, in any order: the second copy at once, late, or in the middle."""

    def __init__(self, services: Services, *, seed: int, seconds: float = EXECUTE) -> None:
        """Begin a process in the weather of a seed."""
        super().__init__(services, Wire(), owner="restless", seconds=seconds)
        self._random = random.Random(seed)
        self._depth = 0
        self.worker.before = self._in_between
        self._repeated: set[str] = set()

    def choose(self, count: int) -> int:
        """Pick any message."""
        return self._random.randrange(count)

    def answer(self, letter: Letter) -> int:
        """Post a message, and see to it that it comes once more."""
        if letter.envelope.key not in self._repeated:
            self._repeated.add(letter.envelope.key)
            late = self._random.choice([0.0, 0.0, 5.0, 90.0])
            again = replace(letter, due=self.services_.now() + late, attempt=letter.attempt + 1)
            with self.services_.lock:
                self.services_.letters.append(again)
            self._in_between()
        return super().answer(letter)

    def _in_between(self) -> None:
        """Handle another message, perhaps, before the one that is at hand goes on."""
        if self._depth < 2 and self._random.random() < 0.5:
            self._depth += 1
            try:
                self.deliver()
            finally:
                self._depth -= 1


class CloudPlace:
    """The services of an installation; each machine is a new process."""

    def __init__(self, parsed: Parsed, *, seconds: float = EXECUTE) -> None:
        self.services = Services()
        self.parsed = parsed
        self.seconds = seconds
        self._processes = 0

    def begin(self, wire: Wire) -> CloudMachine:
        """Begin a process."""
        self._processes += 1
        machine = CloudMachine(self.services, wire, owner=f"process-{self._processes}", seconds=self.seconds)
        machine.flows._parsed = self.parsed
        return machine

    def die(self) -> None:
        """End the process, as a function's instance ends: without a word."""
        self.services.die()
