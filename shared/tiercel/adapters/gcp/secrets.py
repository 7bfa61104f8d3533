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
from tiercel.adapters.local.secrets import EnvironmentSecrets, fixed, no_secret
from tiercel.errors import ConflictError, ExpressionError, NotFoundError
from tiercel.ports import SecretName

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

_PREFIX = "SECRET_"

LARGEST = 65_536
"""Bytes of a value (Secret Manager: Quotas and limits)."""

FRESH = 300.0
"""Seconds for which a value is used without asking again."""

_ID = re.compile(r"[A-Z0-9_-]{1,248}")
"""What may follow `SECRET_` in an id (Secret Manager: 255 characters)."""


def _listed(secret: Any) -> SecretName:
    name = secret.name.rpartition("/")[2]
    own = name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else ""
    return SecretName(own, "Secret Manager", secret.annotations.get("description", ""))


class ManagedSecrets:
    """Implements `Secrets`: the environment's first, then those of Secret Manager."""

    def __init__(
        self,
        project: str,
        environment: Mapping[str, str],
        *,
        client: SecretManagerServiceClient | None = None,
        region: str = "",
        is_writable: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the project; nothing is asked of the service yet.

        Args:
            project: The project's id.
            environment: Variables of which those that begin with `SECRET_` win.
            client: Speaks to the service; by default one is made when the first secret is asked for.
            region: Where new secrets are kept; empty for wherever the service keeps them.
            is_writable: Whether this process may write secrets.
            clock: Counts seconds, for the age of what is remembered.
        """
        self._project = project
        self._environment = EnvironmentSecrets(environment)
        self._own = frozenset(self._environment.names())
        self._given = client
        self._region = region
        self.is_writable = is_writable
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
        """Return the names of the secrets in upper case, sorted. Raises as `listed`."""
        return [each.name for each in self.listed()]

    def listed(self) -> list[SecretName]:
        """Return the secrets, sorted by their names.

        Raises:
            ConflictError: They may not be listed.
            TransientError: The service is busy.
        """
        from google.api_core import exceptions

        def ask() -> list[SecretName]:
            try:
                request = {"parent": f"projects/{self._project}", "filter": f"name:{_PREFIX}", "page_size": 1000}
                found = self._client.list_secrets(request=request, retry=None, timeout=TIMEOUT)
                return [_listed(secret) for secret in found]
            except exceptions.Forbidden:
                raise ConflictError(
                    "the secrets may not be listed: grant this function's service account the role "
                    f"roles/secretmanager.viewer on the project {self._project}; it shows names, not values"
                ) from None

        managed = {each.name: each for each in tried(ask, "Secret Manager") if _ID.fullmatch(each.name)}
        own = {each.name: each for each in self._environment.listed()}
        return [each for _, each in sorted({**managed, **own}.items())]

    # ------------------------------------------------------------ changing them

    def put(self, key: str, value: str, description: str = "") -> None:
        """Keep a secret: a new version of it, which every process reads within `FRESH` seconds.

        Raises:
            ConflictError: It may not be written, or is the environment's.
            ValueError: It is not spelled as secrets are, or too long.
            TransientError: The service is busy.
        """
        name, content = self._changeable(key), value.encode()
        if not 0 < len(content) <= LARGEST:
            raise ValueError(f"the value has {len(content):,} bytes, wanted 1 to {LARGEST:,}")
        path = f"projects/{self._project}/secrets/{_PREFIX}{name}"
        tried(lambda: self._made(name, path, description), "Secret Manager")
        asked = {"parent": path, "payload": {"data": content}}
        tried(lambda: self._do(name, self._client.add_secret_version, asked), "Secret Manager")
        with self._lock:
            self._known[name] = self._clock(), value

    def _made(self, name: str, path: str, description: str) -> None:
        """See that a secret is there, with its description."""
        from google.api_core import exceptions

        notes = {"description": description} if description else {}
        replication = (
            {"user_managed": {"replicas": [{"location": self._region}]}} if self._region else {"automatic": {}}
        )
        made = {"replication": replication, "annotations": notes}
        asked = {"parent": f"projects/{self._project}", "secret_id": f"{_PREFIX}{name}", "secret": made}
        try:
            self._do(name, self._client.create_secret, asked)
        except exceptions.AlreadyExists:
            if notes:
                changed = {"secret": {"name": path, "annotations": notes}, "update_mask": {"paths": ["annotations"]}}
                self._do(name, self._client.update_secret, changed)

    def delete(self, key: str) -> None:
        """Remove a secret with all its versions; processes that have read it know it for `FRESH` seconds.

        Raises:
            NotFoundError: There is none.
            ConflictError: It may not be removed, or is the environment's.
            TransientError: The service is busy.
        """
        name = self._changeable(key)
        with self._lock:
            self._known.pop(name, None)
        asked = {"name": f"projects/{self._project}/secrets/{_PREFIX}{name}"}
        tried(lambda: self._do(name, self._client.delete_secret, asked), "Secret Manager")

    def _changeable(self, key: str) -> str:
        """Return the name of a secret that can be changed here."""
        name = key.upper()
        if name in self._own:
            raise fixed(key)
        if not _ID.fullmatch(name):
            raise ValueError(f"'{key:.200}' is not a secret's name: wanted at most 248 letters, digits, '_' and '-'")
        if not self.is_writable:
            raise self._forbidden(name)
        return name

    def _do(self, name: str, call: Callable[..., Any], asked: Mapping[str, Any]) -> None:
        from google.api_core import exceptions

        try:
            call(request=asked, retry=None, timeout=TIMEOUT)
        except exceptions.Forbidden:
            raise self._forbidden(name) from None
        except exceptions.NotFound:
            raise NotFoundError(f"there is no secret '{name}' in Secret Manager") from None

    def _forbidden(self, name: str) -> ConflictError:
        return ConflictError(
            f"the secret '{name}' may not be written from here: set manage_secrets = true in Terraform, which lets the "
            f"API's service account write the secrets {_PREFIX}* of the project {self._project}, or set it with gcloud"
        )

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
