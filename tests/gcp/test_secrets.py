"""Secrets from Secret Manager, which has no emulator: a fake client answers as it does."""

from __future__ import annotations

import base64
from typing import Any, cast

import pytest
from google.api_core import exceptions
from google.cloud.secretmanager_v1 import (
    AccessSecretVersionResponse,
    AddSecretVersionRequest,
    Secret,
    SecretManagerServiceClient,
    UpdateSecretRequest,
)

from tiercel.adapters.gcp import trying
from tiercel.adapters.gcp.secrets import FRESH, ManagedSecrets
from tiercel.adapters.local.secrets import EnvironmentSecrets
from tiercel.errors import ConflictError, ExpressionError, NotFoundError, TransientError
from tiercel.ports import SecretName


class FakeClient:
    """Holds secrets, and notes what is asked for."""

    def __init__(self, **held: bytes | Exception) -> None:
        self.held = held
        self.notes: dict[str, dict[str, str]] = {}
        self.regions: dict[str, Any] = {}
        self.refuses: Exception | None = None
        self.asked: list[str] = []

    def access_secret_version(self, *, request: dict[str, str], retry: None, timeout: float) -> Any:
        self.asked.append(request["name"])
        found = self.held.get(request["name"].removeprefix("projects/p/secrets/").removesuffix("/versions/latest"))
        if found is None:
            raise exceptions.NotFound(f"Secret [{request['name']}] not found or has no versions.")
        if isinstance(found, Exception):
            raise found
        return AccessSecretVersionResponse(payload={"data": found})

    def list_secrets(self, *, request: dict[str, Any], retry: None, timeout: float) -> Any:
        assert request["parent"] == "projects/p"
        if self.refuses:
            raise self.refuses
        return [
            Secret(name=f"projects/1234/secrets/{name}", annotations=self.notes.get(name, {})) for name in self.held
        ]

    def create_secret(self, *, request: dict[str, Any], retry: None, timeout: float) -> None:
        self._refuse()
        name = request["secret_id"]
        Secret(request["secret"])  # the service's own shape
        if name in self.held:
            raise exceptions.AlreadyExists(f"Secret [{name}] already exists.")
        self.held[name] = exceptions.NotFound("no versions")
        self.notes[name] = request["secret"]["annotations"]
        self.regions[name] = request["secret"]["replication"]

    def update_secret(self, *, request: dict[str, Any], retry: None, timeout: float) -> None:
        self._refuse()
        UpdateSecretRequest(request)
        self.notes[request["secret"]["name"].rpartition("/")[2]] = request["secret"]["annotations"]

    def add_secret_version(self, *, request: dict[str, Any], retry: None, timeout: float) -> None:
        self._refuse()
        AddSecretVersionRequest(request)
        self.held[request["parent"].removeprefix("projects/p/secrets/")] = request["payload"]["data"]

    def delete_secret(self, *, request: dict[str, Any], retry: None, timeout: float) -> None:
        self._refuse()
        if self.held.pop(request["name"].removeprefix("projects/p/secrets/"), None) is None:
            raise exceptions.NotFound("gone")

    def _refuse(self) -> None:
        if self.refuses:
            raise self.refuses


class Seconds:
    """A counter of seconds that stands still."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def secrets(client: FakeClient, clock: Seconds | None = None, **environment: str) -> ManagedSecrets:
    fake = cast(SecretManagerServiceClient, client)
    return ManagedSecrets("p", environment, client=fake, clock=clock or Seconds())


def test_a_secret_is_the_latest_version_in_any_case() -> None:
    client = FakeClient(SECRET_MY_KEY="value ü".encode())
    found = secrets(client)
    assert [found.get(name) for name in ("my_key", "MY_KEY", "My_Key")] == ["value ü"] * 3
    assert client.asked == ["projects/p/secrets/SECRET_MY_KEY/versions/latest"]


def test_a_value_is_asked_for_again_after_five_minutes() -> None:
    client, clock = FakeClient(SECRET_K=b"old"), Seconds()
    found = secrets(client, clock)
    assert found.get("k") == "old"
    client.held["SECRET_K"] = b"new"
    clock.now += FRESH - 1
    assert found.get("k") == "old"
    clock.now += 1
    assert found.get("k") == "new"
    assert len(client.asked) == 2


def test_the_environment_wins() -> None:
    client = FakeClient(SECRET_K=b"managed")
    assert secrets(client, SECRET_K=base64.b64encode(b"own").decode()).get("K") == "own"
    assert client.asked == []


@pytest.mark.parametrize("name", ["my_key", "a.b", "a b", "../x", "ü", "", "k" * 300])
def test_a_missing_secret_is_named_as_on_one_machine(name: str) -> None:
    with pytest.raises(ExpressionError) as here:
        secrets(FakeClient()).get(name)
    with pytest.raises(ExpressionError) as there:
        EnvironmentSecrets({}).get(name)
    assert str(here.value) == str(there.value)


def test_a_missing_secret_is_found_once_it_is_there() -> None:
    client = FakeClient()
    found = secrets(client)
    with pytest.raises(ExpressionError):
        found.get("k")
    client.held["SECRET_K"] = b"new"
    assert found.get("k") == "new"


def test_a_secret_that_may_not_be_read_says_which_role_is_missing() -> None:
    client = FakeClient(SECRET_K=exceptions.PermissionDenied("no"))
    with pytest.raises(ExpressionError, match=r"roles/secretmanager\.secretAccessor on projects/p/secrets/SECRET_K"):
        secrets(client).get("k")


def test_a_disabled_version_is_named() -> None:
    client = FakeClient(SECRET_K=exceptions.FailedPrecondition("SecretVersion is in DISABLED state."))
    with pytest.raises(ExpressionError, match=r"'k' cannot be read: .*projects/p/secrets/SECRET_K is enabled"):
        secrets(client).get("k")


def test_a_secret_that_is_not_text_is_named_without_its_value() -> None:
    with pytest.raises(ExpressionError, match="'k' is not text") as raised:
        secrets(FakeClient(SECRET_K=b"hunter2\xff")).get("k")
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_busy_service_is_trouble_that_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.adapters.gcp.trying.time.sleep", lambda seconds: None)
    client = FakeClient(SECRET_K=exceptions.ServiceUnavailable("busy"))
    with pytest.raises(TransientError, match="Secret Manager did not answer"):
        secrets(client).get("k")
    assert len(client.asked) == trying.TRIES


def test_names_are_those_of_the_service_and_of_the_environment() -> None:
    client = FakeClient(SECRET_B=b"", MY_SECRET_X=b"", SECRET_A=b"")
    assert secrets(client, SECRET_a=base64.b64encode(b"x").decode(), SECRET_OWN="").names() == ["A", "B", "OWN"]
    assert client.asked == []


def test_names_that_may_not_be_listed_say_which_role_is_missing() -> None:
    client = FakeClient()
    client.refuses = exceptions.Forbidden("Permission denied")
    with pytest.raises(ConflictError, match=r"roles/secretmanager\.viewer"):
        secrets(client).names()


def written(client: FakeClient, **environment: str) -> ManagedSecrets:
    """Return secrets that may be written."""
    fake = cast(SecretManagerServiceClient, client)
    return ManagedSecrets("p", environment, client=fake, region="europe-west1", is_writable=True, clock=Seconds())


def test_a_secret_is_made_changed_described_and_removed() -> None:
    client = FakeClient()
    found = written(client)
    found.put("db_pass", "one", "the database")
    assert client.held == {"SECRET_DB_PASS": b"one"}
    assert client.regions["SECRET_DB_PASS"] == {"user_managed": {"replicas": [{"location": "europe-west1"}]}}
    assert found.get("DB_PASS") == "one"
    found.put("DB_PASS", "two \u00fc", "ours")
    assert client.held == {"SECRET_DB_PASS": "two \u00fc".encode()}
    assert found.get("db_pass") == "two \u00fc"
    assert found.listed() == [SecretName("DB_PASS", "Secret Manager", "ours")]
    found.delete("db_pass")
    with pytest.raises(ExpressionError):
        found.get("db_pass")
    with pytest.raises(NotFoundError, match="no secret 'DB_PASS'"):
        found.delete("DB_PASS")


def test_what_may_not_be_written_says_the_remedy_and_never_the_value() -> None:
    client = FakeClient()
    refused = [pytest.raises(ConflictError, match="manage_secrets = true") for _ in range(4)]
    with refused[0]:
        secrets(client).put("k", "hidden")  # not switched on: nothing is asked
    assert client.held == {}
    client.refuses = exceptions.PermissionDenied("hidden is not for you")
    with refused[1] as found:
        written(client).put("k", "hidden")
    assert "hidden" not in str(found.value)
    with refused[2]:
        written(client).delete("k")
    with refused[3]:
        secrets(client).delete("k")


@pytest.mark.parametrize(("key", "value"), [("a b", "v"), ("", "v"), ("k", ""), ("k", "x" * 65_537), ("k" * 249, "v")])
def test_what_is_no_secret_is_not_written(key: str, value: str) -> None:
    client = FakeClient()
    with pytest.raises(ValueError, match="wanted"):
        written(client).put(key, value)
    assert client.held == {}


def test_a_secret_of_the_environment_is_changed_there() -> None:
    found = written(FakeClient(), SECRET_K=base64.b64encode(b"own").decode())
    assert found.listed() == [SecretName("K", "environment")]
    with pytest.raises(ConflictError, match="SECRET_K"):
        found.put("k", "v")
    with pytest.raises(ConflictError, match="SECRET_K"):
        found.delete("K")
