"""An attempt for the core tasks, in memory: expressions are real, the stores are dictionaries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from memory import Memory, MemoryObjects, MemoryStore
from tiercel.errors import NotFoundError, TaskError
from tiercel.expressions import Context, NoWorld, evaluate, render, render_deep
from tiercel.model.plugin import Plugin, Result, bind
from tiercel.model.states import Level
from tiercel.namespaces.files import NamespaceFiles
from tiercel.namespaces.keyvalues import KeyValues
from tiercel.namespaces.storekeys import StoreKeyValues
from tiercel.ports import Metric
from tiercel.tasks.base import RunnableTask

T = TypeVar("T", bound=Plugin)


class CoreContext:
    """One attempt of one task run."""

    def __init__(self, folder: Path, variables: Mapping[str, object] | None = None) -> None:
        self.namespace = "company.team"
        self.flow_id = "daily"
        self.execution_id = "exec1"
        self.task_id = "task"
        self.task_run_id = "run1"
        self.variables: Mapping[str, object] = {"flow": {"id": "daily"}, **(variables or {})}
        self.folder = folder
        self.memory = Memory()
        self.objects = MemoryObjects(self.memory)
        self.clock = self.memory.clock
        self.state_store = MemoryStore(self.memory)
        self.keys: KeyValues = StoreKeyValues(self.state_store, self.clock)
        self.files = NamespaceFiles(self.objects)
        self.logs: list[tuple[Level, str]] = []
        self.metrics: list[Metric] = []
        self.waits: list[float] = []
        self.cancelled_event = threading.Event()
        self.stops: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self.cancelled_event.is_set()

    def cancel(self) -> None:
        self.cancelled_event.set()
        for stop in list(self.stops):
            stop()

    @property
    def cache_dir(self) -> Path:
        return self._made("cache")

    @property
    def working_dir(self) -> Path:
        return self._made("work")

    def _made(self, name: str) -> Path:
        (self.folder / name).mkdir(exist_ok=True)
        return self.folder / name

    def log(self, message: str, level: Level = Level.INFO) -> None:
        self.logs.append((level, message))

    def _context(self, extra: Mapping[str, object] | None) -> Context:
        return Context({**self.variables, **(extra or {})}, NoWorld())

    def render(self, text: str, extra: Mapping[str, object] | None = None) -> str:
        return render(text, self._context(extra))

    def render_deep(self, value: object, extra: Mapping[str, object] | None = None) -> object:
        return render_deep(value, self._context(extra))

    def evaluate(self, text: str, extra: Mapping[str, object] | None = None) -> object:
        return evaluate(text, self._context(extra))

    def metric(self, metric: Metric) -> None:
        self.metrics.append(metric)

    @contextmanager
    def on_cancel(self, stop: Callable[[], None]) -> Iterator[None]:
        self.stops.append(stop)
        try:
            yield
        finally:
            self.stops.remove(stop)

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return not self.cancelled

    def open(self, uri: str) -> BinaryIO:
        try:
            return self.objects.open(uri)
        except NotFoundError as error:
            raise TaskError(str(error)) from error

    def fetch(self, uri: str) -> Path:
        path = self._made("fetched") / uri.rpartition("/")[2]
        with self.open(uri) as file:
            path.write_bytes(file.read())
        return path

    def store(self, content: BinaryIO | bytes | Path, name: str) -> str:
        uri = f"kestra:///company/team/daily/executions/exec1/tasks/task/run1/{len(self.memory.files)}-{name}"
        self.objects.write(uri, content.read_bytes() if isinstance(content, Path) else content)
        return uri

    def namespace_files(self, namespace: str | None = None) -> Iterator[tuple[str, str]]:
        for file in self.files.list(namespace or self.namespace):
            yield file.path, file.uri

    def size(self, uri: str) -> int:
        return self.objects.size(uri)

    def delete(self, uri: str) -> bool:
        return self.objects.delete(uri)

    def execution_files(self) -> Iterator[str]:
        return self.objects.list("kestra:///company/team/daily/executions/exec1/")


def made(plugin: type[T], ctx: CoreContext, **properties: object) -> T:
    """Return the task as the engine makes it, by its YAML names."""
    task: T = bind(plugin, {"id": "task", "type": "test", **properties}, ctx.render_deep)
    return task


def run(plugin: type[RunnableTask], ctx: CoreContext, **properties: object) -> dict[str, Any]:
    """Make the task, run it, and return its outputs."""
    outputs = made(plugin, ctx, **properties).run(ctx)
    assert not isinstance(outputs, Result)
    return dict(outputs or {})
