"""The one place that reads settings and chooses adapters."""

from __future__ import annotations

import gc
import os
import shlex
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from tiercel.adapters.local.bus import OutboxBus
from tiercel.adapters.local.clock import SystemClock
from tiercel.adapters.local.objects import FolderObjects
from tiercel.adapters.local.secrets import EnvironmentSecrets, envs, read_environment
from tiercel.adapters.local.store import SqliteStore
from tiercel.assembly import Parts, World, assemble, poisoned
from tiercel.attempt import Watch
from tiercel.encryption import generate_key
from tiercel.firing.ticking import Scheduler
from tiercel.lanes import Observer
from tiercel.ports import Clock
from tiercel.pump import Pump
from tiercel.vitals import Readings

DEFAULT_STORE = Path.home() / ".tiercel"

NO_LEASE = 10 * 365 * 86400.0
"""On one machine a claim holds as long as its process lives, which the store can tell."""


def worker_threads() -> int:
    """Return how many tasks may run at once: TIERCEL_WORKERS, else eight for each core, at least sixteen."""
    given = os.environ.get("TIERCEL_WORKERS", "")
    return max(1, int(given)) if given.isdigit() else max(16, 8 * (os.cpu_count() or 1))


def spare_the_collector() -> None:
    """Have the cyclic garbage collector look less often.

    A flow of 10,000 tasks is some 200,000 objects that stay; with Python's own thresholds (700, 10, 10) every few
    tasks start a collection that looks at all of them (docs/decisions/garbage-collector.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 500)


@dataclass(frozen=True)
class EmbeddedVitals:
    """Tells how an installation of one folder fares."""

    store: SqliteStore
    bus: OutboxBus
    scheduler: Scheduler
    began: float
    """When this process has opened the folder, in seconds since the epoch."""

    def read(self) -> Readings:
        """Read the outbox of every process, and the messages of this one."""
        pending = self.bus.pending()
        swept, found = self.bus.adopted or (None, 0)
        return Readings(
            runtime="embedded",
            began=self.began,
            outbox=self.store.undelivered(),
            oldest=self.bus.oldest(),
            ready=pending.ready,
            in_flight=pending.in_flight,
            later=pending.later,
            looked=self.scheduler.looked,
            swept=swept,
            found=found,
        )


@dataclass(frozen=True)
class Runtime(Parts):
    """The embedded runtime: everything of one process, on one folder."""

    folder: Path
    database: SqliteStore
    bus: OutboxBus
    pump: Pump
    scheduler: Scheduler
    """Has triggers looked at when they are due; only where somebody starts it."""

    def close(self) -> None:
        """Stop, and leave what is not done to whoever opens the folder next."""
        self.scheduler.close()
        self.bus.close()
        self.pump.close(1.0)
        self.database.close()

    def __enter__(self) -> Runtime:
        """Begin to handle messages."""
        spare_the_collector()
        self.pump.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.close()


def embedded(
    folder: Path,
    *,
    clock: Clock | None = None,
    observer: Observer | None = None,
    watch: Watch | None = None,
    threads: int | None = None,
    adopt: bool = True,
    offline: bool = False,
) -> Runtime:
    """Return the embedded runtime on a folder, not yet started (enter it to start).

    Args:
        folder: Where the store lies; made if it is not there.
        clock: Tells the time; the system's by default.
        observer: Sees every commit.
        watch: Sees every log line as it is written.
        threads: How many tasks run at once at most.
        adopt: False to only read: what ended processes left stays theirs, and the runtime must not be started.
        offline: Whether expressions may ask nobody outside: in a test of a flow.
    """
    clock = clock or SystemClock()
    folder = folder.absolute()
    store = SqliteStore(folder)
    parts = assemble(_world(folder, store, clock, offline=offline), observer=observer, watch=watch)
    bus = OutboxBus(store, clock, adopt=adopt)
    pump = Pump(bus, parts.engine.handle, threads or worker_threads(), poisoned(parts.lanes))
    scheduler = Scheduler(store, clock, parts.flows.alarm, parts.triggers.begin)
    parts = replace(parts, vitals=EmbeddedVitals(store, bus, scheduler, clock.now().timestamp()))
    return Runtime(**vars(parts), folder=folder, database=store, bus=bus, pump=pump, scheduler=scheduler)


def _world(folder: Path, store: SqliteStore, clock: Clock, *, offline: bool) -> World:
    """Return the adapters of a process on a folder."""
    environment = read_environment()
    return World(
        where=f"--store {shlex.quote(str(folder))}",
        store=store,
        objects=FolderObjects(folder),
        clock=clock,
        secrets=EnvironmentSecrets(environment),
        cache_dir=folder / "cache",
        encryption_key=environment.get("TIERCEL_ENCRYPTION_KEY") or _own_key(folder),
        environment=environment,
        envs=envs(environment),
        owner=store.owner,
        lease=NO_LEASE,
        offline=offline,
    )


def _own_key(folder: Path) -> str:
    """Return the store's encryption key, made on first use and readable by its owner only."""
    path = folder / "encryption.key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    fresh = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(generate_key())
    with suppress(FileExistsError):  # another process was first
        os.link(fresh, path)
    fresh.unlink()
    return path.read_text().strip()
