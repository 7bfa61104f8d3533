"""Secrets from Secret Manager: `secret('my_key')` is the latest version of the secret `SECRET_MY_KEY`.

Promise: the environment wins (`SECRET_MY_KEY`, Base64 as everywhere); a value never stands in an error's text. What
stands in Secret Manager is the text itself, not Base64.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tiercel.adapters.gcp.trying import TIMEOUT, tried
from tiercel.adapters.local.secrets import EnvironmentSecrets, no_secret
from tiercel.errors import ConflictError, ExpressionError

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

_PREFIX = "SECRET_"

FRESH = 300.0
"""Seconds for which a value is used without asking again."""

_ID = re.compile(r"[A-Z0-9_-]{1,248}")
"""What may follow `SECRET_` in an id (Secret Manager: 255 characters)."""


class ManagedSecrets:
    """Implements `Secrets`: the environment's first, then those of Secret Manager."""

    def __init__(
        self,
        project: str,
        environment: Mapping[str, str],
        *,
        client: SecretManagerServiceClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the project; nothing is asked of the service yet.

        Args:
            project: The project's id.
            environment: Variables of which those that begin with `SECRET_` win.
            client: Speaks to the service; by default one is made when the first secret is asked for.
            clock: Counts seconds, for the age of what is remembered.
        """
        self._project = project
        self._environment = EnvironmentSecrets(environment)
        self._own = frozenset(self._environment.names())
        self._given = client
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, str]] = {}

    @cached_property
    def _client(self) -> SecretManagerServiceClient:
        if self._given is not None:
            return self._given
        from google.cloud.secretmanager_v1 import SecretManagerServiceClient

        return SecretManagerServiceClient(transport="rest")

    def get(self, key: str) -> str:
        """Return a secret's value; names are found in any case.

        Raises:
            ExpressionError: There is no such secret, it may not be read, or it is not text.
            TransientError: The service is busy.
        """
        name = key.upper()
        if name in self._own:
            return self._environment.get(key)
        if not _ID.fullmatch(name):
            raise no_secret(key)
        with self._lock:
            read, value = self._known.get(name, (0.0, None))
        if value is not None and self._clock() - read < FRESH:
            return value
        value = self._read(key, name)
        with self._lock:
            self._known[name] = self._clock(), value
        return value

    def names(self) -> list[str]:
        """Return the names of the secrets in upper case, sorted.

        Raises:
            ConflictError: They may not be listed.
            TransientError: The service is busy.
        """
        from google.api_core import exceptions

        def ask() -> list[str]:
            try:
                request = {"parent": f"projects/{self._project}", "filter": f"name:{_PREFIX}", "page_size": 1000}
                found = self._client.list_secrets(request=request, retry=None, timeout=TIMEOUT)
                return [secret.name.rpartition("/")[2] for secret in found]
            except exceptions.Forbidden:
                raise ConflictError(
                    "the secrets may not be listed: grant this function's service account the role "
                    f"roles/secretmanager.viewer on the project {self._project}; it shows names, not values"
                ) from None

        managed = (name.removeprefix(_PREFIX) for name in tried(ask, "Secret Manager") if name.startswith(_PREFIX))
        return sorted({name for name in managed if _ID.fullmatch(name)} | self._own)

    def _read(self, key: str, name: str) -> str:
        from google.api_core import exceptions

        path = f"projects/{self._project}/secrets/{_PREFIX}{name}"

        def ask() -> Any:
            try:
                request = {"name": f"{path}/versions/latest"}
                return self._client.access_secret_version(request=request, retry=None, timeout=TIMEOUT)
            except exceptions.NotFound:
                raise no_secret(key) from None
            except exceptions.Forbidden:
                raise ExpressionError(
                    f"The secret '{key}' may not be read: grant this function's service account the role "
                    f"roles/secretmanager.secretAccessor on {path}."
                ) from None
            except exceptions.BadRequest:  # FAILED_PRECONDITION
                raise ExpressionError(
                    f"The secret '{key}' cannot be read: see that the latest version of {path} is enabled."
                ) from None

        try:
            return str(tried(ask, "Secret Manager").payload.data, "utf-8")
        except UnicodeDecodeError:
            # No cause: it would carry the value into a log.
            raise ExpressionError(f"The secret '{key}' is not text: {path} must hold UTF-8.") from None
