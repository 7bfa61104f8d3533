"""A RunContext for plugin tests: templates are `{{ name.key }}` only, files are a dict, logs and metrics are lists.

`cancel()` does what the engine does: it sets `cancelled`, wakes `wait`, and calls the registered stops elsewhere.
"""

from __future__ import annotations

import io
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tiercel.errors import ExpressionError, TaskError
from tiercel.model.plugin import bind, text_of
from tiercel.model.states import Level
from tiercel.ports import Metric

_EXPRESSION = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)


class FakeContext:
    """One attempt, without an engine."""

    def __init__(self, root: Path, **variables: object) -> None:
        self.namespace = "company.team"
        self.flow_id = "flow"
        self.execution_id = "execution"
        self.task_id = "task"
        self.task_run_id = "taskrun"
        self.variables: Mapping[str, object] = {
            "flow": {"id": self.flow_id, "namespace": self.namespace},
            "execution": {"id": self.execution_id},
            "taskrun": {"id": self.task_run_id},
            **variables,
        }
        self.root = root
        self.logs: list[tuple[Level, str]] = []
        self.metrics: list[Metric] = []
        self.files: dict[str, bytes] = {}
        """The internal storage: URI to content."""
        self.names: dict[str, dict[str, bytes]] = {}
        """Namespace files: namespace to path to content."""
        self.secrets: list[str] = []
        """Texts that the log shows as asterisks."""
        self.on_log: Callable[[str], None] = lambda _: None
        self._stops: list[Callable[[], None]] = []
        self._cancelled = threading.Event()
        self._lock = threading.Lock()

    # -------------------------------------------------------------- what a test asks

    def messages(self, *levels: Level) -> list[str]:
        """Return the log's lines, of these levels if any are named."""
        return [message for level, message in self.logs if not levels or level in levels]

    def put(self, name: str, content: bytes | str) -> str:
        """Put a file into the internal storage and return its URI."""
        uri = f"kestra:///company/team/flow/executions/execution/{name}"
        self.files[uri] = content.encode() if isinstance(content, str) else content
        return uri

    def content(self, uri: object) -> bytes:
        """Return a stored file's content."""
        return self.files[str(uri)]

    def run(self, plugin: type[Any], **properties: object) -> dict[str, Any]:
        """Bind a task as the engine does, run it and return its outputs."""
        given = {"id": self.task_id, "type": "test", **properties}
        result = bind(plugin, given, self.render_deep).run(self)
        assert isinstance(result, Mapping)
        return dict(result)

    def cancel(self) -> None:
        """Cancel the attempt, from another thread."""
        self._cancelled.set()
        with self._lock:
            stops = list(self._stops)
        thread = threading.Thread(target=lambda: [stop() for stop in stops])
        thread.start()
        thread.join()

    # -------------------------------------------------------------- RunContext

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    @property
    def cache_dir(self) -> Path:
        folder = self.root / "cache"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def working_dir(self) -> Path:
        folder = self.root / "work"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(self, message: str, level: Level = Level.INFO) -> None:
        for secret in self.secrets:
            message = message.replace(secret, "******")
        self.logs.append((level, message))
        self.on_log(message)

    def render(self, text: str, extra: Mapping[str, object] | None = None) -> str:
        return _EXPRESSION.sub(lambda found: text_of(self._look_up(found.group(1), extra or {})), text)

    def render_deep(self, value: object, extra: Mapping[str, object] | None = None) -> object:
        if isinstance(value, str):
            return self.render(value, extra)
        if isinstance(value, Mapping):
            return {self.render(str(key), extra): self.render_deep(item, extra) for key, item in value.items()}
        if isinstance(value, list):
            return [self.render_deep(item, extra) for item in value]
        return value

    def evaluate(self, text: str, extra: Mapping[str, object] | None = None) -> object:
        whole = _EXPRESSION.fullmatch(text.strip())
        return self._look_up(whole.group(1), extra or {}) if whole else self.render(text, extra)

    def _look_up(self, path: str, extra: Mapping[str, object]) -> object:
        value: object = {**self.variables, **extra}
        for key in re.findall(r"[^.\[\]'\"]+(?:\.[^.\[\]'\"]+(?=['\"]))*", path):
            if not isinstance(value, Mapping) or key not in value:
                raise ExpressionError(f"'{path}' has no '{key}'")
            value = value[key]
        return value

    def metric(self, metric: Metric) -> None:
        self.metrics.append(metric)

    @contextmanager
    def on_cancel(self, stop: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._stops.append(stop)
        try:
            yield
        finally:
            with self._lock:
                self._stops.remove(stop)

    def wait(self, seconds: float) -> bool:
        return not self._cancelled.wait(seconds)

    def open(self, uri: str) -> BinaryIO:
        content = self.files.get(uri)
        if uri.startswith("nsfile://"):
            namespace, _, path = uri.removeprefix("nsfile://").partition("/")
            content = self.names.get(namespace or self.namespace, {}).get(path)
        if content is None:
            raise TaskError(f"there is no file '{uri}'")
        return io.BytesIO(content)

    def fetch(self, uri: str) -> Path:
        folder = self.root / "fetched"
        folder.mkdir(exist_ok=True)
        path = folder / re.sub(r"\W", "_", uri)
        with self.open(uri) as source, path.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        return path

    def store(self, content: BinaryIO | bytes | Path, name: str) -> str:
        if isinstance(content, Path):
            content = content.read_bytes()
        return self.put(f"{len(self.files)}-{name}", content if isinstance(content, bytes) else content.read())

    def namespace_files(self, namespace: str | None = None) -> Iterator[tuple[str, str]]:
        owner = namespace or self.namespace
        for path in sorted(self.names.get(owner, {})):
            yield path, f"nsfile://{owner}/{path}"
