"""The engine and all its parts, put together over whatever adapters a runtime has chosen."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.archive import StoredExecution
from tiercel.attempt import Watch
from tiercel.commands.killing import give_up
from tiercel.encryption import encrypt
from tiercel.engine import Engine
from tiercel.errors import NotFoundError, TiercelError
from tiercel.executions import StoredExecutions
from tiercel.flows import FlowStore
from tiercel.inputreaders import Calls, InputReaders
from tiercel.intake import Intake
from tiercel.lanes import Jobs, Lanes, Observer
from tiercel.masking import Mask
from tiercel.model.execution import Execution, TaskRun
from tiercel.model.messages import Message, PollDue, TriggerDue
from tiercel.namespaces.files import NamespaceFiles
from tiercel.namespaces.records import Namespaces
from tiercel.namespaces.storekeys import StoreKeyValues
from tiercel.planner.scene import Scene
from tiercel.ports import Clock, ObjectStore, StateStore
from tiercel.readers import Readers
from tiercel.services import Secrets, Services
from tiercel.taskcache import TaskCache
from tiercel.triggerstates.changes import StoredTriggers, TriggerStates
from tiercel.views.executions import ExecutionView
from tiercel.vitals import Vitals
from tiercel.worker import LOOK, LocalWorker

if TYPE_CHECKING:
    from tiercel.firing.scheduling import Scheduling
    from tiercel.triggers.schedule import Recover


@dataclass(frozen=True)
class World:
    """What a runtime has chosen."""

    where: str
    """The options with which the command line finds this installation again."""
    store: StateStore
    objects: ObjectStore
    clock: Clock
    secrets: Secrets
    cache_dir: Path
    """A folder for what may be made again."""
    encryption_key: str
    environment: Mapping[str, str]
    """The settings."""
    envs: Mapping[str, object]
    """What expressions see of it."""
    owner: str
    """The name of this process, for claims."""
    lease: float
    """Seconds for which a claim holds."""
    works: Callable[[], bool] = lambda: True
    """Tells whether another task may begin here now, or is handed over to another process."""
    jobs: Jobs | None = None
    """Take tasks that are too much for this process; None where none is."""
    offline: bool = False
    """Whether expressions may ask nobody outside."""
    look: float = LOOK
    """Seconds after which it is looked again whether a task that runs is still wanted; each look reads a document."""


@dataclass(frozen=True)
class Parts:
    """The engine and its parts: what every runtime has."""

    where: str
    """The options with which the command line finds this installation again."""
    store: StateStore
    flows: FlowStore
    intake: Intake
    lanes: Lanes
    engine: Engine
    services: Services
    view: ExecutionView
    triggers: DueTriggers
    vitals: Vitals | None = field(default=None, kw_only=True)
    """Tells how the installation fares; a runtime adds it."""


class DueTriggers:
    """Looks at triggers that are due; the code for it is loaded with the first one."""

    def __init__(
        self, lanes: Lanes, intake: Intake, services: Services, states: TriggerStates, recover: Recover
    ) -> None:
        self._parts = lanes, intake, services, states
        self._recover = recover
        self._began = 0.0
        self.states = states
        """Their records."""

    @cached_property
    def scheduling(self) -> Scheduling:
        """What looks at them."""
        from tiercel.firing.scheduling import scheduling_of

        made = scheduling_of(*self._parts)
        made.recover, made.began = self._recover, self._began
        return made

    def begin(self, now: float) -> None:
        """Begin to look at triggers, after a time in which nobody did."""
        self._began = now
        self.__dict__.pop("scheduling", None)

    def __call__(self, message: TriggerDue | PollDue) -> None:
        """Look at a trigger."""
        self.scheduling.handle(message)


def assemble(world: World, *, observer: Observer | None = None, watch: Watch | None = None) -> Parts:
    """Put the parts together.

    Args:
        world: The adapters.
        observer: Sees every commit.
        watch: Sees every log line as it is written.
    """
    services = _services(world)
    flows = FlowStore(world.store, world.clock)
    intake = _intake(world.store, flows, services)
    executions = StoredExecutions(world.store, world.objects, flows, intake)
    states = TriggerStates(world.store, flows, world.clock)
    services = replace(services, executions=executions, triggers=StoredTriggers(states), flows=flows)
    lanes = Lanes(
        store=world.store,
        objects=world.objects,
        clock=world.clock,
        flows=flows,
        worker=LocalWorker(services, watch, world.look),
        worlds=_worlds(services),
        surroundings=services.surroundings,
        owner=world.owner,
        lease=world.lease,
        works=world.works,
        jobs=world.jobs,
        observer=observer,
    )
    view = ExecutionView(world.store, world.objects)
    triggers = DueTriggers(lanes, intake, services, states, _recover(world.environment))
    engine = Engine(lanes, intake, states, triggers)
    return Parts(world.where, world.store, flows, intake, lanes, engine, services, view, triggers)


def _recover(environment: Mapping[str, str]) -> Recover:
    """Return which missed dates are made up for, where a trigger does not say it."""
    words: dict[str, Recover] = {"ALL": "ALL", "LAST": "LAST", "NONE": "NONE"}
    found = environment.get("TIERCEL_RECOVER_MISSED_SCHEDULES", "ALL")
    if found not in words:
        raise TiercelError(f"TIERCEL_RECOVER_MISSED_SCHEDULES is '{found}'; it must be ALL, LAST or NONE")
    return words[found]


def _services(world: World) -> Services:
    return Services(
        objects=world.objects,
        files=NamespaceFiles(world.objects),
        keys=StoreKeyValues(world.store, world.clock),
        secrets=world.secrets,
        namespaces=Namespaces(world.store),
        clock=world.clock,
        cache_dir=world.cache_dir,
        encryption_key=world.encryption_key,
        recursive_rendering=world.environment.get("TIERCEL_RECURSIVE_RENDERING", "").lower() == "true",
        surroundings={"envs": world.envs, "globals": {}, "kestra": {}},
        task_cache=TaskCache(world.store, world.clock),
        offline=world.offline,
    )


def _intake(store: StateStore, flows: FlowStore, services: Services) -> Intake:
    intake = Intake(
        store=store,
        objects=services.objects,
        clock=services.clock,
        flows=flows,
        worlds=lambda flow: InputReaders(services, flow.namespace, calls),
        surroundings=services.surroundings,
        encrypt=lambda text: encrypt(services.encryption_key, text),
    )
    calls = Calls(intake, flows, lambda execution: _header(store, services, execution))
    return intake


def _header(store: StateStore, services: Services, execution: str) -> Execution:
    found = StoredExecution(store, services.objects, execution).header()
    if found is None:
        raise NotFoundError(f"execution '{execution}' is gone: somebody has purged it")
    return found[0]


def _worlds(services: Services) -> Callable[[Scene, TaskRun | None], Readers]:
    def world(scene: Scene, _: TaskRun | None) -> Readers:
        found = scene.memo.get("world")
        if found is None:
            found = Readers(services, scene.header.namespace, Mask(), scene)
            scene.memo["world"] = found
        return found

    return world


def poisoned(lanes: Lanes) -> Callable[[Message, Exception], None]:
    """Return what ends the execution of a message that nobody can handle."""

    def end(message: Message, error: Exception) -> None:
        if os.environ.get("TIERCEL_DEBUG"):
            traceback.print_exception(error, file=sys.stderr)
        give_up(lanes, message.execution, f"{type(message).__name__}: {type(error).__name__}: {error}")

    return end
