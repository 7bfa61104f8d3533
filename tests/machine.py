"""The engine in one thread, over the ports in memory: the test decides which message comes next, and when."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memory import Choose, Memory, MemoryBus, MemoryObjects, MemoryStore, first
from tiercel.adapters.local.secrets import EnvironmentSecrets
from tiercel.archive import envelope
from tiercel.attempt import Attempt
from tiercel.commands.killing import give_up
from tiercel.engine import Engine
from tiercel.errors import ExpressionError
from tiercel.executions import StoredExecutions
from tiercel.firing.scheduling import scheduling_of
from tiercel.flowfile import parse_flow
from tiercel.flows import FlowStore
from tiercel.intake import Intake, Request
from tiercel.lanes import Lanes
from tiercel.masking import Mask
from tiercel.model.execution import Execution, TaskRun
from tiercel.model.flow import Flow
from tiercel.model.messages import Message, ResumeTask, decode_message
from tiercel.namespaces.files import NamespaceFiles
from tiercel.namespaces.records import Namespaces
from tiercel.namespaces.storekeys import StoreKeyValues
from tiercel.planner.rendering import Renderer
from tiercel.planner.scene import Scene
from tiercel.planner.transition import Outcome, Work
from tiercel.ports import MessageBus, ObjectStore, StateStore
from tiercel.pump import Pump
from tiercel.readers import Readers
from tiercel.services import Services
from tiercel.taskcache import TaskCache
from tiercel.triggerstates.changes import StoredTriggers, TriggerStates
from tiercel.views.executions import ExecutionView
from tiercel.worker import LocalWorker

LEASE = 60.0
MOST_DELIVERIES = 20_000

Between = Callable[[], None]
"""What else happens in the world before something is done."""


class NoSecrets(EnvironmentSecrets):
    """There are none."""

    def __init__(self) -> None:
        super().__init__({})

    def get(self, key: str) -> str:
        raise ExpressionError(f"there is no secret '{key}'")


class CallingWorker(LocalWorker):
    """Runs attempts in the calling thread, so that nothing happens at the same time unless a test says so."""

    before: Between | None = None

    def _watched(self, attempt: Attempt, renderer: Renderer, work: Work) -> Outcome:
        if self.before is not None:
            self.before()
        return self._try(attempt, renderer, work)


class Machine:
    """One process on a memory: deploy, start, deliver message after message, look."""

    def __init__(
        self,
        memory: Memory | None = None,
        *,
        owner: str = "first",
        choose: Choose = first,
        store: StateStore | None = None,
        objects: ObjectStore | None = None,
        bus: MessageBus | None = None,
        routed: bool = False,
    ) -> None:
        """Begin a process.

        Args:
            memory: What outlives it.
            owner: Its name.
            choose: Picks the next message.
            store: Stands in for the memory's.
            objects: Stands in for the memory's.
            bus: Stands in for the memory's.
            routed: Run tasks only for the messages that ask for it, as functions of several sizes do.
        """
        self._routed = routed
        self.works = not routed
        self.memory = memory or Memory()
        self.owner = owner
        self.clock = self.memory.clock
        self.store: StateStore = store or MemoryStore(self.memory)
        self.objects: ObjectStore = objects or MemoryObjects(self.memory)
        self.bus: MessageBus = bus or MemoryBus(self.memory, choose)
        self.services = Services(
            objects=self.objects,
            files=NamespaceFiles(self.objects),
            keys=StoreKeyValues(self.store, self.clock),
            secrets=NoSecrets(),
            namespaces=Namespaces(self.store),
            clock=self.clock,
            cache_dir=Path(tempfile.gettempdir()) / "tiercel-tests",
            encryption_key="",
            surroundings={"envs": {}, "globals": {}, "kestra": {}},
            task_cache=TaskCache(self.store, self.clock),
        )
        self.flows = FlowStore(self.store, self.clock)
        self.intake = self._intake()
        executions = StoredExecutions(self.store, self.objects, self.flows, self.intake)
        self.states = TriggerStates(self.store, self.flows, self.clock)
        self.services = replace(self.services, executions=executions, triggers=StoredTriggers(self.states))
        self.worker = CallingWorker(self.services)
        self.lanes = self._lanes()
        self.scheduling = scheduling_of(self.lanes, self.intake, self.services, self.states)
        self.engine = Engine(self.lanes, self.intake, self.states, self.scheduling.handle)
        self.pump = Pump(self.bus, self.engine.handle, 0, self._poisoned)
        self.view = ExecutionView(self.store, self.objects)
        self.poisons: list[Exception] = []

    def _intake(self) -> Intake:
        return Intake(
            store=self.store,
            objects=self.objects,
            clock=self.clock,
            flows=self.flows,
            worlds=lambda flow: Readers(self.services, flow.namespace, Mask()),
            surroundings=self.services.surroundings,
            encrypt=lambda text: text,
        )

    def _lanes(self) -> Lanes:
        return Lanes(
            store=self.store,
            objects=self.objects,
            clock=self.clock,
            flows=self.flows,
            worker=self.worker,
            worlds=self._world,
            surroundings=self.services.surroundings,
            owner=self.owner,
            lease=LEASE,
            works=lambda: self.works,
        )

    def _world(self, scene: Scene, run: TaskRun | None) -> Readers:
        return Readers(self.services, scene.header.namespace, Mask(), scene)

    def _poisoned(self, message: Message, error: Exception) -> None:
        self.poisons.append(error)
        give_up(self.lanes, message.execution, f"{type(error).__name__}: {error}")

    # ------------------------------------------------------------ doing

    def deploy(self, *sources: str) -> Flow:
        """Deploy flows; return the last."""
        return [self.flows.deploy(parse_flow(source)) for source in sources][-1]

    def start(self, flow: Flow, inputs: Mapping[str, object] | None = None, *, name: str | None = None) -> str:
        """Start an execution, with an id of our own if we like; return its id."""
        return self.intake.accept(flow, Request(inputs or {}, id=name)).id

    def resume(self, execution: str) -> None:
        """Let the first paused task of an execution go on."""
        run, lane = next(iter(self.header(execution).paused.items()))
        self.store.commit([], [envelope(ResumeTask(execution, lane, run))])

    def deliver(self) -> bool:
        """Handle one message; tell whether there was one."""
        delivery = self.bus.receive(0)
        if delivery is None:
            return False
        self.works = not self._routed or envelope(decode_message(delivery.body)).works
        self.pump.deliver(delivery)
        return True

    def settle(self, *, timers: bool = True) -> None:
        """Handle messages until there is none; turn the clock to what is due later."""
        for _ in range(MOST_DELIVERIES):
            if self.deliver():
                continue
            due = self.next_due()
            if due is None or not timers:
                return
            self.clock.set(max(self.clock.now(), datetime.fromtimestamp(due + 1e-6, UTC)))
        raise AssertionError(f"no end after {MOST_DELIVERIES} messages: {self.memory.letters[:5]}")

    def next_due(self) -> float | None:
        """Return when the next message is due, now that none is."""
        return min((letter.due for letter in self.memory.letters), default=None)

    def run(self, *sources: str, **inputs: object) -> str:
        """Deploy flows, execute the last one, settle; return the execution's id."""
        execution = self.start(self.deploy(*sources), inputs)
        self.settle()
        assert not self.poisons, self.poisons
        return execution

    # ------------------------------------------------------------ looking

    def header(self, execution: str) -> Execution:
        """Return an execution's header."""
        return self.view.header(execution)

    def runs(self, execution: str) -> dict[str, TaskRun]:
        """Return an execution's task runs by key."""
        return self.lanes.stored(execution).everything()

    def outputs(self, run: TaskRun) -> dict[str, Any]:
        """Return a run's outputs, wherever they lie."""
        return self.view.outputs(run)


def states(runs: Iterable[TaskRun]) -> dict[str, str]:
    """Return the state of each run by its key."""
    return {run.key: str(run.state) for run in runs}
