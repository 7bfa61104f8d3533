"""The engine over Google's services, as one function's process has it."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.adapters.gcp.attributes import attributes_of
from tiercel.adapters.gcp.firestore import LARGEST, LARGEST_EMULATED, FirestoreStore
from tiercel.adapters.gcp.firestore import connect as open_client
from tiercel.adapters.gcp.jobs import CloudRunJob
from tiercel.adapters.gcp.objects import BucketObjects
from tiercel.adapters.gcp.parcels import plain
from tiercel.adapters.gcp.pubsub import Publisher
from tiercel.adapters.gcp.push import Pushed
from tiercel.adapters.gcp.secrets import ManagedSecrets
from tiercel.adapters.gcp.sending import Sender
from tiercel.adapters.gcp.timers import CloudTasks
from tiercel.adapters.local.clock import SystemClock
from tiercel.adapters.local.secrets import EnvironmentSecrets, envs
from tiercel.archive import envelope
from tiercel.assembly import Parts, World, assemble, poisoned
from tiercel.claims import JOB
from tiercel.cloud.failures import StoredFailures
from tiercel.cloud.handling import DONE, Budget, Handler
from tiercel.cloud.settings import BUDGET, Settings
from tiercel.cloud.vitals import CloudVitals
from tiercel.firing.ticking import MOST, look
from tiercel.lanes import Jobs, Observer
from tiercel.model.messages import WalkLane
from tiercel.planner.bounds import Bounds
from tiercel.ports import Clock, Envelope
from tiercel.services import Secrets
from tiercel.sweeping import Sweeper

if TYPE_CHECKING:
    from tiercel.cloud.events import Events

SWEPT = 10
"""Minutes between two looks at executions that stand still."""

_log = logging.getLogger("tiercel")

LOOK = 10.0
"""Seconds after which it is looked again whether a task that runs is still wanted: here a look is billed as a read."""

LONGEST_LETTER = 8_000_000
"""Bytes of a refused request that are kept."""


@dataclass(frozen=True)
class Cloud:
    """Everything of one process."""

    settings: Settings
    store: FirestoreStore
    publisher: Publisher
    handler: Handler
    parts: Parts
    clock: Clock
    vitals: CloudVitals

    def advance(self, headers: Mapping[str, str], body: bytes) -> int:
        """Handle a message; tasks are handed over. Return the code to answer with."""
        return self.handler.answer(headers, body, 0.0)

    def execute(self, headers: Mapping[str, str], body: bytes) -> int:
        """Handle a message, and run tasks as long as there is time. Return the code to answer with."""
        return self.handler.answer(headers, body, self.settings.timeout * BUDGET)

    def work(self, message: WalkLane, attempt: int) -> int:
        """Handle the message of a job, which is tried so often by now. Return the code that a function would answer."""
        sent = envelope(message)
        pushed = Pushed(sent.body, attributes_of(sent), "", "the job's environment", attempt)
        return self.handler.take(pushed, self.settings.timeout * BUDGET)

    def on_object(self, headers: Mapping[str, str], body: bytes) -> int:
        """Hear a notification of a bucket. Return the code to answer with."""
        return self._events.on_object(headers, body)

    def on_message(self, topic: str, headers: Mapping[str, str], body: bytes) -> int:
        """Hear a message of a topic, whose name the push endpoint's address holds. Return the code to answer with."""
        return self._events.on_message(topic, headers, body)

    @cached_property
    def _events(self) -> Events:
        from tiercel.cloud.events import hear  # the other functions need nothing of it

        return hear(self.settings, self.parts, self.handler)

    @cached_property
    def _sweeper(self) -> Sweeper:
        return Sweeper(self.parts.lanes)

    def tick(self) -> int:
        """Have triggers looked at that are due; send what was left or lost. Return the code to answer with."""
        sent = 0
        for due in self.store.due(MOST):
            look(self.store, due.triggers)
            sent += self.store.send_again(due.notes)
        if self.clock.now().minute % SWEPT == 0:
            sent += self._sweeper.sweep()
        if sent:
            _log.warning("the sweep has sent %d messages again", sent)
            self.vitals.sweep_found(sent)
        self.store.flush()  # else the next tick takes what this one has sent for what a dead process left
        return DONE

    def close(self) -> None:
        """Close the connections."""
        self.store.flush()
        self.store.close()
        self.publisher.close()


def connect(settings: Settings, environment: Mapping[str, str], *, observer: Observer | None = None) -> Cloud:
    """Put the engine together over the services; nothing is asked of them yet.

    Args:
        settings: Where everything is.
        environment: The variables that `envs` and `secret()` may show.
        observer: Sees every commit of this process.
    """
    clock, budget = SystemClock(), Budget()
    publisher = Publisher(
        events=settings.topic(settings.events_topic),
        tasks=settings.topic(settings.tasks_topic),
        host=settings.pubsub_host,
    )
    sender, objects = Sender(publisher, _timers(settings, clock), clock), _objects(settings)
    store = _store(settings, objects, sender, clock)
    vitals = CloudVitals(settings, store, clock, clock.now().timestamp())
    world = _world(settings, environment, store, objects, clock, budget)
    parts = replace(assemble(world, observer=observer), vitals=vitals)
    handler = Handler(
        handle=parts.engine.handle,
        poisoned=poisoned(parts.lanes),
        bury=_burial(settings),
        put_off=lambda envelope: sender([envelope]),
        flush=store.flush,
        now=lambda: clock.now().timestamp(),
        failures=StoredFailures(store),
        budget=budget,
    )
    return Cloud(settings, store, publisher, handler, parts, clock, vitals)


def _objects(settings: Settings) -> BucketObjects:
    host = (settings.storage_host or "").rpartition("/")[2] or None
    return BucketObjects(settings.storage_bucket or settings.bucket, prefix="storage/", host=host)


def _store(settings: Settings, objects: BucketObjects, sender: Sender, clock: Clock) -> FirestoreStore:
    return FirestoreStore(
        open_client(settings.firestore_host),
        project=settings.project,
        database=settings.database,
        objects=objects,
        publish=sender,
        clock=clock,
        owner=_owner(settings),
        largest=LARGEST_EMULATED if settings.is_emulated else LARGEST,
    )


def _owner(settings: Settings) -> str:
    """Return the name of this process: that of the run of a job, or one that no other has had."""
    if settings.run:
        return f"{JOB}{settings.run}"
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def _jobs(settings: Settings) -> Jobs | None:
    """Return what takes the tasks that are too much for a function; None where the installation has no job."""
    if not settings.has_jobs:
        return None
    job = CloudRunJob(settings.job, host=settings.run_host)
    return Jobs(Bounds(settings.longest, settings.tasks_apart), job.begin)


def _world(
    settings: Settings,
    environment: Mapping[str, str],
    store: FirestoreStore,
    objects: BucketObjects,
    clock: Clock,
    budget: Budget,
) -> World:
    return World(
        where="--on emulators" if settings.is_emulated else "--on gcp",
        store=store,
        objects=objects,
        clock=clock,
        secrets=_secrets(settings, environment),
        cache_dir=Path(tempfile.gettempdir()) / "tiercel",
        encryption_key=settings.encryption_key,
        environment=environment,
        envs=envs(environment),
        owner=store.owner,
        lease=settings.lease,
        works=budget.works,
        jobs=_jobs(settings),
        look=LOOK,
    )


def _secrets(settings: Settings, environment: Mapping[str, str]) -> Secrets:
    """Return where secrets come from: on emulators the environment alone, for Secret Manager has none."""
    if settings.is_emulated:
        return EnvironmentSecrets(environment)
    writes = settings.manage_secrets.lower() == "true"
    return ManagedSecrets(settings.project, environment, region=settings.region, is_writable=writes)


def _timers(settings: Settings, clock: Clock) -> CloudTasks:
    return CloudTasks(
        queue=settings.queue,
        url=settings.advance_url,
        works_url=settings.execute_url,
        clock=clock,
        service_account=settings.account,
        host=settings.tasks_host,
    )


def _burial(settings: Settings) -> Callable[[bytes], None]:
    """Return what keeps the body of a request that is no message, as a dead letter."""
    dead = settings.topic(settings.dead_topic)
    publisher = Publisher(events=dead, tasks=dead, host=settings.pubsub_host, form=plain)

    def bury(body: bytes) -> None:
        name = hashlib.sha256(body).hexdigest()[:16]
        publisher.publish([Envelope(f"refused/{name}", body[:LONGEST_LETTER])])

    return bury
