"""The settings of the functions, as environment variables; Terraform and `tiercel emulate` set them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tiercel.errors import TiercelError

BUDGET = 0.6
"""The part of a function's time after which no further task begins in it: the rest is for the one that runs."""

DEFAULT_TIMEOUT = 540.0
"""Seconds that a function may take, where nothing is said (the longest of an event-driven function)."""


class SettingsError(TiercelError):
    """A setting is missing or wrong."""


@dataclass(frozen=True)
class Settings:
    """Where everything is."""

    project: str
    """GOOGLE_CLOUD_PROJECT"""
    bucket: str
    """TIERCEL_BUCKET: the bucket that people put files into."""
    storage_bucket: str = ""
    """TIERCEL_STORAGE_BUCKET: the bucket of the internal storage; by default the same one, below `storage/`."""
    database: str = "(default)"
    """TIERCEL_DATABASE: the Firestore database."""
    events_topic: str = "tiercel-events"
    """TIERCEL_EVENTS_TOPIC: what moves executions."""
    tasks_topic: str = "tiercel-tasks"
    """TIERCEL_TASKS_TOPIC: what runs tasks."""
    dead_topic: str = "tiercel-dead"
    """TIERCEL_DEAD_TOPIC: what nobody can handle."""
    executions_topic: str = "tiercel-executions"
    """TIERCEL_EXECUTIONS_TOPIC: where people ask for executions."""
    queue: str = ""
    """TIERCEL_QUEUE: the Cloud Tasks queue of the timers, `projects/P/locations/L/queues/Q`."""
    advance_url: str = ""
    """TIERCEL_ADVANCE_URL: the function that timers call."""
    execute_url: str = ""
    """TIERCEL_EXECUTE_URL: the function that timers of tasks call."""
    account: str = ""
    """TIERCEL_PUSH_ACCOUNT: the service account whose token a push must show; empty checks nothing."""
    timeout: float = DEFAULT_TIMEOUT
    """TIERCEL_TIMEOUT: seconds that this function may take."""
    encryption_key: str = ""
    """TIERCEL_ENCRYPTION_KEY: for SECRET inputs and outputs, 32 bytes in Base64."""
    firestore_host: str | None = None
    """FIRESTORE_EMULATOR_HOST"""
    pubsub_host: str | None = None
    """PUBSUB_EMULATOR_HOST"""
    storage_host: str | None = None
    """STORAGE_EMULATOR_HOST: an address with its scheme, as Google's libraries want it."""
    tasks_host: str | None = None
    """TIERCEL_TASKS_EMULATOR_HOST: what plays Cloud Tasks."""

    @property
    def lease(self) -> float:
        """Seconds for which a claim holds: a little more than a function may take."""
        return self.timeout + 30

    @property
    def is_emulated(self) -> bool:
        """Whether the services are emulators."""
        return self.firestore_host is not None

    def topic(self, name: str) -> str:
        """Return the full name of a topic."""
        return name if name.startswith("projects/") else f"projects/{self.project}/topics/{name}"


_NAMES = {
    "project": "GOOGLE_CLOUD_PROJECT",
    "bucket": "TIERCEL_BUCKET",
    "storage_bucket": "TIERCEL_STORAGE_BUCKET",
    "database": "TIERCEL_DATABASE",
    "events_topic": "TIERCEL_EVENTS_TOPIC",
    "tasks_topic": "TIERCEL_TASKS_TOPIC",
    "dead_topic": "TIERCEL_DEAD_TOPIC",
    "executions_topic": "TIERCEL_EXECUTIONS_TOPIC",
    "queue": "TIERCEL_QUEUE",
    "advance_url": "TIERCEL_ADVANCE_URL",
    "execute_url": "TIERCEL_EXECUTE_URL",
    "account": "TIERCEL_PUSH_ACCOUNT",
    "encryption_key": "TIERCEL_ENCRYPTION_KEY",
    "firestore_host": "FIRESTORE_EMULATOR_HOST",
    "pubsub_host": "PUBSUB_EMULATOR_HOST",
    "storage_host": "STORAGE_EMULATOR_HOST",
    "tasks_host": "TIERCEL_TASKS_EMULATOR_HOST",
}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings.

    Raises:
        SettingsError: A variable is missing, or no number where one is wanted.
    """
    given = {field: environment[name] for field, name in _NAMES.items() if environment.get(name)}
    for field in ("project", "bucket"):
        if field not in given:
            raise SettingsError(
                f"the environment variable {_NAMES[field]} is not set: it names the {field} of the installation "
                "(`terraform output -raw env` and `tiercel emulate --env-file` give all of them)"
            )
    text = environment.get("TIERCEL_TIMEOUT") or str(DEFAULT_TIMEOUT)
    try:
        timeout = float(text)
    except ValueError:
        raise SettingsError(f"TIERCEL_TIMEOUT is {text!r}, wanted a number of seconds") from None
    return Settings(**given, timeout=timeout)
