"""What expressions may read of the world outside: every reader is an argument, never an import.

Promise: an expression that calls a reader which nobody gave fails with a text that names the function.
"""

# ruff: noqa: ARG002  # what refuses needs no argument

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NoReturn, Protocol

from tiercel.errors import ExpressionError


class World(Protocol):
    """The readers of the world that functions call."""

    recursive_rendering: bool
    """Whether texts are rendered until they no longer change; `render()` does not exist then."""

    def variable(self, name: str) -> object:
        """Return a variable that is the world's own, such as `namespace`; KeyError where there is none."""

    def now(self) -> datetime:
        """Return the current time, with a zone."""

    def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:
        """Return a secret; `namespace` is None for the flow's own."""

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> object:
        """Return the typed value of a key; `namespace` is None for the flow's own and its parents."""

    def read_file(self, path: str, namespace: str | None) -> str:
        """Return the text of a namespace file (a relative path) or of a storage URI."""

    def file_size(self, path: str) -> int:
        """Return the size of a storage URI in bytes."""

    def file_exists(self, path: str) -> bool:
        """Tell whether a storage URI exists."""

    def error_logs(self) -> Sequence[object]:
        """Return the ERROR log entries of the current execution."""

    def tasks_with_state(self, state: str) -> Sequence[object]:
        """Return `{taskId, state, value}` of every task run of the execution in the state."""

    def http(
        self,
        uri: str,
        *,
        method: str,
        query: Mapping[str, object],
        body: object,
        content_type: str,
        headers: Mapping[str, object],
        options: Mapping[str, object],
        accept: str,
    ) -> object:
        """Send a request and return the parsed body of the answer."""

    def random_bytes(self, count: int) -> bytes:
        """Return random bytes."""

    def subflow(
        self,
        namespace: str,
        flow_id: str,
        *,
        inputs: Mapping[str, object],
        revision: int | None,
        labels: Mapping[str, object],
        timeout: str | None,
    ) -> Mapping[str, object]:
        """Run a flow to its end and return `{id, state, outputs, labels}`."""


class NoWorld:
    """A world in which nothing can be read: the base of fakes and of worlds that know only some readers."""

    recursive_rendering: bool = False

    def variable(self, name: str) -> object:
        """Have no variables."""
        raise KeyError(name)

    def now(self) -> datetime:
        """Refuse the clock."""
        self.refuse("now()", "a clock")

    def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:
        """Refuse secrets."""
        self.refuse(f"secret('{key}')", "a secret store")

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> object:
        """Refuse the key-value store."""
        self.refuse(f"kv('{key}')", "a key-value store")

    def read_file(self, path: str, namespace: str | None) -> str:
        """Refuse files."""
        self.refuse(f"read('{path}')", "a storage")

    def file_size(self, path: str) -> int:
        """Refuse files."""
        self.refuse(f"fileSize('{path}')", "a storage")

    def file_exists(self, path: str) -> bool:
        """Refuse files."""
        self.refuse(f"fileExists('{path}')", "a storage")

    def error_logs(self) -> Sequence[object]:
        """Refuse logs."""
        self.refuse("errorLogs()", "an execution's logs")

    def tasks_with_state(self, state: str) -> Sequence[object]:
        """Refuse task runs."""
        self.refuse(f"tasksWithState('{state}')", "an execution")

    def http(
        self,
        uri: str,
        *,
        method: str,
        query: Mapping[str, object],
        body: object,
        content_type: str,
        headers: Mapping[str, object],
        options: Mapping[str, object],
        accept: str,
    ) -> object:
        """Refuse requests."""
        self.refuse(f"http('{uri}')", "a network")

    def random_bytes(self, count: int) -> bytes:
        """Refuse randomness."""
        self.refuse("a random function", "a source of randomness")

    def subflow(
        self,
        namespace: str,
        flow_id: str,
        *,
        inputs: Mapping[str, object],
        revision: int | None,
        labels: Mapping[str, object],
        timeout: str | None,
    ) -> Mapping[str, object]:
        """Refuse subflows."""
        self.refuse(
            f"subflow('{namespace}', '{flow_id}')", "the inputs of a flow (tasks call flows by core.flow.Subflow)"
        )

    def refuse(self, call: str, need: str) -> NoReturn:
        """Raise the error of a reader that is not there."""
        raise ExpressionError(f"{call} cannot be used here: it needs {need}, and this place has none.")
