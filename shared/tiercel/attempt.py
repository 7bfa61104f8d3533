"""One attempt of one task run, as its plugin sees it."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tiercel.encryption import encrypt
from tiercel.errors import NotFoundError, TaskError
from tiercel.expressions import evaluate, render, render_deep
from tiercel.flowables.loop import decode_item
from tiercel.masking import Mask
from tiercel.model.execution import LogLine, TaskRun, split_key
from tiercel.model.flow import Node
from tiercel.model.ids import fresh_id
from tiercel.model.states import Level
from tiercel.namespaces.files import NamespaceFiles
from tiercel.paths import execution_folder, task_folder
from tiercel.planner.items import item_at
from tiercel.planner.rendering import Renderer
from tiercel.planner.scene import Scene
from tiercel.planner.transition import Outcome
from tiercel.ports import Metric
from tiercel.services import Services, allowed_uri

Watch = Callable[[str, str, LogLine], None]
"""Sees each log line as it is written: the execution's id, the task's id, the line."""


class Attempt:
    """Implements `tiercel.ports.RunContext`."""

    watch: Watch | None = None
    on_result: Callable[[Outcome], None] | None = None
    """Sees the result once its outputs are where they stay."""
    _folder: Path | None = None
    _shared: Path | None = None

    def __init__(
        self, services: Services, scene: Scene, renderer: Renderer, node: Node, run: TaskRun, mask: Mask
    ) -> None:
        self._services = services
        self.scene = scene
        self.renderer = renderer
        self._run = run
        self._node = node
        self.mask = mask
        self._stop = threading.Event()
        self._stoppers: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._lowest = node.log_level.rank if node.log_level is not None else 0
        self.logs_to_file = node.log_to_file
        self.logs: list[LogLine] = []
        self.metrics: list[Metric] = []
        header = scene.header
        self.namespace = header.namespace
        self.flow_id = header.flow_id
        self.execution_id = header.id
        self.task_id = node.id
        self.is_late = node.is_late
        self.task_run_id = scene.run_id(run.key)
        self.extra: dict[str, object] = {}
        """Variables that hold for the whole attempt."""
        self.keys = services.keys
        self.files: NamespaceFiles = services.files
        self.executions = services.executions
        self.triggers = services.triggers
        self.flows = services.flows

    # ------------------------------------------------------------ expressions

    @property
    def variables(self) -> Mapping[str, object]:
        """The expression variables of this task run."""
        return self.renderer.context(self._run, self.extra).variables

    def render(self, text: str, extra: Mapping[str, object] | None = None) -> str:
        """Render a template to text."""
        return render(text, self.renderer.context(self._run, {**self.extra, **(extra or {})}))

    def render_deep(self, value: object, extra: Mapping[str, object] | None = None) -> object:
        """Render every text of a structure."""
        return render_deep(value, self.renderer.context(self._run, {**self.extra, **(extra or {})}))

    def evaluate(self, text: str, extra: Mapping[str, object] | None = None) -> object:
        """Render a template and keep the type of what it gives."""
        return evaluate(text, self.renderer.context(self._run, {**self.extra, **(extra or {})}))

    def encrypt(self, text: str) -> str:
        """Return a text encrypted with the installation's key."""
        return encrypt(self._services.encryption_key, text)

    # ------------------------------------------------------------ logs and metrics

    def log(self, message: str, level: Level = Level.INFO) -> None:
        """Write one line to the log, secrets masked."""
        if level.rank < self._lowest:
            return
        number = max(len(self._run.attempts) - 1, 0)
        line = LogLine(self.now(), level, self.mask(message), number)
        self.logs.append(line)
        if self.watch is not None:
            self.watch(self.execution_id, self.task_id, line)

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self._services.clock.now().timestamp()

    def metric(self, metric: Metric) -> None:
        """Record a measured number."""
        self.metrics.append(metric)

    # ------------------------------------------------------------ being stopped

    @property
    def cancelled(self) -> bool:
        """Tell whether the attempt is to stop."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Stop the attempt: from another thread."""
        self._stop.set()
        with self._lock:
            stoppers = list(self._stoppers)
        for stop in stoppers:
            stop()

    @contextmanager
    def on_cancel(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` if the attempt is cancelled while the block runs."""
        with self._lock:
            self._stoppers.append(stop)
        if self._stop.is_set():
            stop()
        try:
            yield
        finally:
            with self._lock:
                self._stoppers.remove(stop)

    def wait(self, seconds: float) -> bool:
        """Sleep; return False at once when the attempt is cancelled."""
        return not self._stop.wait(seconds)

    # ------------------------------------------------------------ files

    @property
    def cache_dir(self) -> Path:
        """A folder for what may be made again."""
        return self._services.cache_dir

    @property
    def working_dir(self) -> Path:
        """The attempt's own folder."""
        if self._shared is not None:
            return self._shared
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="tiercel-"))
        return self._folder

    def share(self, folder: Path) -> None:
        """Work in a folder that several tasks have in common."""
        self._shared = folder

    def clean(self) -> None:
        """Remove the attempt's own folder."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _address(self, uri: str) -> str:
        if uri.startswith("nsfile://"):
            namespace, _, path = uri.removeprefix("nsfile://").partition("/")
            return self.files.uri(namespace or self.namespace, path)
        if not uri.startswith("kestra:///"):
            raise TaskError(f"'{uri}' is no file of the internal storage; write kestra:///... or nsfile:///...")
        return allowed_uri(self.scene.header, uri)

    def open(self, uri: str) -> BinaryIO:
        """Open a file of the internal storage or a namespace file."""
        try:
            return self._services.objects.open(self._address(uri))
        except NotFoundError as error:
            raise TaskError(str(error), retryable=False) from None

    def fetch(self, uri: str) -> Path:
        """Return a local path with the content of such a file."""
        address = self._address(uri)
        local = self._services.objects.local_path(address)
        if local is not None:
            return local
        target = self.working_dir / f".fetched-{fresh_id()}-{address.rpartition('/')[2]}"
        with self.open(uri) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        return target

    def store(self, content: BinaryIO | bytes | Path, name: str) -> str:
        """Keep a file in the internal storage under this task run; return its URI."""
        folder = task_folder(self.namespace, self.flow_id, self.execution_id, self.task_id, self.task_run_id)
        uri = f"{folder}{fresh_id()[:12]}-{name}"
        if isinstance(content, Path):
            with content.open("rb") as file:
                self._services.objects.write(uri, file)
        else:
            self._services.objects.write(uri, content)
        return uri

    def namespace_files(self, namespace: str | None = None) -> Iterator[tuple[str, str]]:
        """Yield (path, URI) of a namespace's files."""
        for file in self.files.list(namespace or self.namespace):
            yield file.path, file.uri

    def size(self, uri: str) -> int:
        """Return a file's size in bytes."""
        try:
            return self._services.objects.size(self._address(uri))
        except NotFoundError as error:
            raise TaskError(str(error), retryable=False) from None

    def delete(self, uri: str) -> bool:
        """Remove a file; tell whether it was there."""
        return self._services.objects.delete(self._address(uri))

    def batch_outputs(self) -> Iterator[Mapping[str, Any]]:
        """Yield the outputs of the executions that the ForEachItem around this task called."""
        if self.executions is None:
            raise TaskError("this task cannot reach other executions where it runs", retryable=False)
        return self.executions.batch_outputs(self.scene, self._node, self._run)

    def values_from_file(self) -> bool:
        """Tell whether the values of the Loop around this task are the lines of a file."""
        loop = self._node.parent
        item = None if loop is None else item_at(self.scene, loop, split_key(self._run.key)[1])
        return item is not None and item.from_file

    def loop_counts(self) -> Mapping[str, Any]:
        """Return how many iterations the Loop around this task has, and how they ended."""
        run = None if self._run.parent is None else self.scene.find(self._run.parent)
        return (run.outputs or {}) if run is not None else {}

    def iterations(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Yield the item of each iteration that has begun, in order, with what its last task gave."""
        if self.executions is None:
            raise TaskError("this task cannot reach the iterations where it runs", retryable=False)
        loop, run = self._node.parent, self.scene.find(str(self._run.parent))
        assert loop is not None
        assert run is not None
        for number, outputs in self.executions.iterations(self.scene, loop, run):
            item = decode_item((run.values or [])[number])
            shown = {"value": item.value, "iteration": number, **({"key": item.key} if item.key is not None else {})}
            yield shown, outputs

    def execution_files(self) -> Iterator[str]:
        """Yield the URIs of every file of this execution."""
        return self._services.objects.list(execution_folder(self.namespace, self.flow_id, self.execution_id))
