"""The one place that reads settings and chooses adapters."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from tiercel.adapters.local.bus import OutboxBus
from tiercel.adapters.local.clock import SystemClock
from tiercel.adapters.local.objects import FolderObjects
from tiercel.adapters.local.secrets import EnvironmentSecrets, envs, read_environment
from tiercel.adapters.local.store import SqliteStore
from tiercel.attempt import Watch
from tiercel.commands import give_up
from tiercel.encryption import encrypt, generate_key
from tiercel.engine import Engine
from tiercel.executions import StoredExecutions
from tiercel.flows import FlowStore
from tiercel.intake import Intake
from tiercel.lanes import Lanes, Observer
from tiercel.masking import Mask
from tiercel.model.execution import TaskRun
from tiercel.model.messages import Message
from tiercel.namespacefiles import NamespaceFiles
from tiercel.planner.scene import Scene
from tiercel.ports import Clock
from tiercel.pump import Pump
from tiercel.readers import Readers
from tiercel.services import Services
from tiercel.storekeys import StoreKeyValues
from tiercel.view import ExecutionView
from tiercel.worker import LocalWorker

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
class Runtime:
    """The embedded runtime: everything of one process, on one folder."""

    folder: Path
    store: SqliteStore
    bus: OutboxBus
    flows: FlowStore
    intake: Intake
    lanes: Lanes
    engine: Engine
    pump: Pump
    services: Services
    view: ExecutionView

    def close(self) -> None:
        """Stop, and leave what is not done to whoever opens the folder next."""
        self.bus.close()
        self.pump.close(1.0)
        self.store.close()

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
) -> Runtime:
    """Return the embedded runtime on a folder, not yet started (enter it to start).

    Args:
        folder: Where the store lies; made if it is not there.
        clock: Tells the time; the system's by default.
        observer: Sees every commit.
        watch: Sees every log line as it is written.
        threads: How many tasks run at once at most.
        adopt: False to only read: what ended processes left stays theirs, and the runtime must not be started.
    """
    clock = clock or SystemClock()
    folder = folder.absolute()
    store = SqliteStore(folder)
    objects = FolderObjects(folder)
    services = _services(folder, store, objects, clock)
    flows = FlowStore(store, clock)
    intake = _intake(store, flows, services)
    services = replace(services, executions=StoredExecutions(store, objects, flows, intake))
    lanes = Lanes(
        store=store,
        objects=objects,
        clock=clock,
        flows=flows,
        worker=LocalWorker(services, watch),
        worlds=_worlds(services),
        surroundings=services.surroundings,
        owner=store.owner,
        lease=NO_LEASE,
        observer=observer,
    )
    engine = Engine(lanes, intake)
    bus = OutboxBus(store, clock, adopt=adopt)
    pump = Pump(bus, engine.handle, threads or worker_threads(), _poisoned(lanes))
    view = ExecutionView(store, objects)
    return Runtime(folder, store, bus, flows, intake, lanes, engine, pump, services, view)


def _services(folder: Path, store: SqliteStore, objects: FolderObjects, clock: Clock) -> Services:
    environment = read_environment()
    return Services(
        objects=objects,
        files=NamespaceFiles(objects),
        keys=StoreKeyValues(store, clock),
        secrets=EnvironmentSecrets(environment),
        clock=clock,
        cache_dir=folder / "cache",
        encryption_key=environment.get("TIERCEL_ENCRYPTION_KEY") or _own_key(folder),
        surroundings={"envs": envs(environment), "globals": {}, "kestra": {}},
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


def _intake(store: SqliteStore, flows: FlowStore, services: Services) -> Intake:
    return Intake(
        store=store,
        objects=services.objects,
        clock=services.clock,
        flows=flows,
        worlds=lambda flow: Readers(services, flow.namespace, Mask()),
        surroundings=services.surroundings,
        encrypt=lambda text: encrypt(services.encryption_key, text),
    )


def _worlds(services: Services) -> Callable[[Scene, TaskRun | None], Readers]:
    def world(scene: Scene, _: TaskRun | None) -> Readers:
        found = scene.memo.get("world")
        if found is None:
            found = Readers(services, scene.header.namespace, Mask(), scene)
            scene.memo["world"] = found
        return found

    return world


def _poisoned(lanes: Lanes) -> Callable[[Message, Exception], None]:
    def end(message: Message, error: Exception) -> None:
        if os.environ.get("TIERCEL_DEBUG"):
            traceback.print_exception(error, file=sys.stderr)
        give_up(lanes, message.execution, f"{type(message).__name__}: {type(error).__name__}: {error}")

    return end
