"""What the expressions of an execution may read of the world: keys, secrets, files, logs, the time."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tiercel.encryption import decrypt_deep, encrypt
from tiercel.errors import ExpressionError, MissingError, NotFoundError, TaskError, TiercelError
from tiercel.expressions import NoWorld
from tiercel.masking import Mask
from tiercel.model.execution import Execution, TaskRun, visible
from tiercel.model.plugin import text_of
from tiercel.model.states import Level
from tiercel.namespaces.keyvalues import ExpiredError, plain, upwards
from tiercel.planner.scene import Scene
from tiercel.services import Services, allowed_uri

SHORTEST_LEAF = 4
"""Characters from which a text inside a JSON secret is masked by itself; shorter ones would blot out whole logs."""

LARGEST_TEXT = 16 * 1024 * 1024
"""Bytes that `read()` takes into an expression; larger files are for tasks."""


class Readers(NoWorld):
    """The world of one scene."""

    def __init__(self, services: Services, namespace: str, mask: Mask, scene: Scene | None = None) -> None:
        self._services = services
        self._namespace = namespace
        self._scene = scene
        self.recursive_rendering = services.recursive_rendering
        self.mask = mask
        """Every secret that was read stands here, so that log lines hide it."""
        self._of_namespace: Mapping[str, object] | None = None

    def variable(self, name: str) -> object:
        """Return the variables of the flow's namespace, read once; KeyError where it has none."""
        if name != "namespace":
            raise KeyError(name)
        if self._of_namespace is None:
            self._of_namespace = self._services.namespaces.variables(self._namespace)
        if not self._of_namespace:
            raise KeyError(name)
        return self._of_namespace

    def now(self) -> datetime:
        """Return the current time."""
        return self._services.clock.now()

    def random_bytes(self, count: int) -> bytes:
        """Return random bytes."""
        return secrets.token_bytes(count)

    def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:  # noqa: ARG002 - one set of secrets
        """Return a secret, and have it masked from now on."""
        value = self._services.secrets.get(key)
        self.mask.add(value)
        for leaf in _leaves(value):
            self.mask.add(leaf)
        if subkey is not None:
            value = _subkey(key, value, subkey)
            self.mask.add(value)
        return value

    def reveal(self, value: object) -> object:
        """Return a structure with what is encrypted in it decrypted, and have that masked from now on."""
        return decrypt_deep(value, self._services.encryption_key, self.mask.add)

    def masked(self, text: str) -> str:
        """Return a text with the secrets hidden that were read so far."""
        return self.mask(text)

    def encrypt(self, text: str) -> str:
        """Return a text encrypted with the installation's key."""
        return encrypt(self._services.encryption_key, text)

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> object:
        """Return a key's value, from the flow's namespace and then its parents."""
        wanted = namespace or self._namespace
        try:
            for place in [wanted] if namespace else upwards(wanted):
                found = self._services.keys.get(place, key)
                if found is not None:
                    return plain(found.value)
        except ExpiredError as error:
            raise ExpressionError(str(error)) from None
        if error_on_missing:
            raise MissingError(f"The key '{key}' does not exist in the namespace '{wanted}'.")
        return None

    def read_file(self, path: str, namespace: str | None) -> str:
        """Return the text of a storage file or of a namespace file."""
        uri = self._uri(path, namespace)
        try:
            size = self._services.objects.size(uri)
            if size > LARGEST_TEXT:
                raise ExpressionError(
                    f"read('{path}'): the file has {size} bytes, more than {LARGEST_TEXT}; use a task"
                )
            with self._services.objects.open(uri) as file:
                return file.read().decode("utf-8", "replace")
        except NotFoundError:
            raise ExpressionError(f"read('{path}'): there is no such file") from None

    def file_size(self, path: str) -> int:
        """Return a file's size."""
        try:
            return self._services.objects.size(self._uri(path, None))
        except NotFoundError:
            raise ExpressionError(f"there is no file '{path}'") from None

    def file_exists(self, path: str) -> bool:
        """Tell whether a file is there."""
        try:
            self._services.objects.size(self._uri(path, None))
        except NotFoundError:
            return False
        return True

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
        """Send a request and return the value of the answer."""
        if self._services.offline:
            raise ExpressionError(
                "http() asks somebody outside, which a test must not: take a task and give it a fixture"
            )
        from tiercel.tasks.http.asking import ask

        return ask(
            uri,
            method=method,
            query=query,
            body=body,
            content_type=content_type,
            headers=headers,
            options=options,
            accept=accept,
        )

    def _uri(self, path: str, namespace: str | None) -> str:
        try:
            if path.startswith("kestra:///"):
                return allowed_uri(self._header(), path) if self._scene is not None else path
            path = path.removeprefix("nsfile:///")
            return self._services.files.uri(namespace or self._namespace, path)
        except (TaskError, TiercelError) as error:
            raise ExpressionError(str(error)) from None

    def _header(self) -> Execution:
        if self._scene is None:
            self.refuse("this function", "an execution")
        return self._scene.header

    def error_logs(self) -> Sequence[object]:
        """Return the execution's log lines of level ERROR."""
        if self._scene is None:
            self.refuse("errorLogs()", "an execution")
        return [
            {"taskId": run.task, "level": "ERROR", "message": line.message, "timestamp": _iso(line.at)}
            for run in _in_order(self._scene)
            for line in run.logs
            if line.level is Level.ERROR
        ]

    def tasks_with_state(self, state: str) -> Sequence[object]:
        """Return the execution's task runs in a state."""
        if self._scene is None:
            self.refuse(f"tasksWithState('{state}')", "an execution")
        return [
            {"taskId": run.task, "state": state, **({"value": run.value} if run.value is not None else {})}
            for run in _in_order(self._scene)
            if run.state == state
        ]


def _in_order(scene: Scene) -> list[TaskRun]:
    return sorted(visible(scene.everything()).values(), key=lambda run: run.at[0][1])


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _leaves(value: str) -> list[str]:
    """Return the texts inside a secret that is a JSON object: whoever reads one of them reads a secret too."""
    try:
        found = json.loads(value) if value.lstrip()[:1] == "{" else {}
    except ValueError:
        return []
    return [leaf for leaf in found.values() if isinstance(leaf, str) and len(leaf) >= SHORTEST_LEAF]


def _subkey(key: str, value: str, subkey: str) -> str:
    try:
        found = json.loads(value)[subkey]
    except (ValueError, KeyError, TypeError):
        raise ExpressionError(f"the secret '{key}' is not a JSON object with the key '{subkey}'") from None
    return text_of(found)
