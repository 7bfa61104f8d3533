"""The settings of the functions, as environment variables; Terraform and `tiercel emulate` set them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tiercel.errors import TiercelError

BUDGET = 0.6
"""The part of a function's time after which no further task begins in it: the rest is for the one that runs."""

DEFAULT_TIMEOUT = 540.0
"""Seconds that a function may take, where nothing is said (the longest of an event-driven function)."""


SPARE = 30.0
"""Seconds of a function's time that a task may not ask for: it has to be stopped, and its end to be stored."""


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
    encryption_key: str = field(default="", repr=False)
    """TIERCEL_ENCRYPTION_KEY: for SECRET inputs and outputs, 32 bytes in Base64."""
    url: str = ""
    """TIERCEL_URL: where people reach the API: the beginning of links."""
    user: str = ""
    """TIERCEL_USER: a user name that the API asks for (HTTP Basic)."""
    password: str = field(default="", repr=False)
    """TIERCEL_PASSWORD: the password that goes with it."""
    token: str = field(default="", repr=False)
    """TIERCEL_TOKEN: a token that is as good (Bearer)."""
    api_open: str = ""
    """TIERCEL_API_OPEN: `true` where the API asks for no credentials, because IAM lets nobody else call it."""
    environment: str = ""
    """TIERCEL_ENVIRONMENT: what the pages call this installation."""
    environment_color: str = ""
    """TIERCEL_ENVIRONMENT_COLOR: the colour that goes with it, `#c0322b` or a name."""
    manage_secrets: str = ""
    """TIERCEL_MANAGE_SECRETS: `true` where the API may write the secrets of flows in Secret Manager."""
    job: str = ""
    """TIERCEL_JOB: the Cloud Run job of long tasks, `projects/P/locations/L/jobs/J`; empty where there is none."""
    job_tasks: str = ""
    """TIERCEL_JOB_TASKS: how the types of tasks begin that go there however short they are, between commas."""
    run: str = ""
    """CLOUD_RUN_EXECUTION: the run of a job that this process is, under the same name when it is begun again."""
    threads: int = 4
    """THREADS: how many requests this process answers at once (functions-framework reads it too)."""
    firestore_host: str | None = None
    """FIRESTORE_EMULATOR_HOST"""
    pubsub_host: str | None = None
    """PUBSUB_EMULATOR_HOST"""
    storage_host: str | None = None
    """STORAGE_EMULATOR_HOST: an address with its scheme, as Google's libraries want it."""
    tasks_host: str | None = None
    """TIERCEL_TASKS_EMULATOR_HOST: what plays Cloud Tasks."""
    run_host: str | None = None
    """TIERCEL_RUN_EMULATOR_HOST: what plays Cloud Run; without it emulators have no jobs."""

    @property
    def lease(self) -> float:
        """Seconds for which a claim holds: a little more than a function may take."""
        return self.timeout + 30

    @property
    def longest(self) -> float:
        """Seconds that a task may ask for which runs in this function."""
        return max(0.0, self.timeout - SPARE)

    @property
    def region(self) -> str:
        """Where the installation's queue is, and its functions with it; empty where there is none."""
        place = self.queue.split("/")
        return place[3] if place[2:3] == ["locations"] and len(place) > 3 else ""

    @property
    def has_jobs(self) -> bool:
        """Whether tasks may go to a job."""
        return bool(self.job) and (not self.is_emulated or self.run_host is not None)

    @property
    def tasks_apart(self) -> tuple[str, ...]:
        """How the types begin of tasks that never run in a function."""
        return tuple(part.strip() for part in self.job_tasks.split(",") if part.strip())

    @property
    def is_open(self) -> bool:
        """Whether the API asks nobody for credentials: on emulators, which listen on this machine only, by itself."""
        return self.is_emulated or self.api_open.lower() == "true"

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
    "url": "TIERCEL_URL",
    "user": "TIERCEL_USER",
    "password": "TIERCEL_PASSWORD",
    "token": "TIERCEL_TOKEN",
    "api_open": "TIERCEL_API_OPEN",
    "manage_secrets": "TIERCEL_MANAGE_SECRETS",
    "environment": "TIERCEL_ENVIRONMENT",
    "environment_color": "TIERCEL_ENVIRONMENT_COLOR",
    "job": "TIERCEL_JOB",
    "job_tasks": "TIERCEL_JOB_TASKS",
    "run": "CLOUD_RUN_EXECUTION",
    "firestore_host": "FIRESTORE_EMULATOR_HOST",
    "pubsub_host": "PUBSUB_EMULATOR_HOST",
    "storage_host": "STORAGE_EMULATOR_HOST",
    "tasks_host": "TIERCEL_TASKS_EMULATOR_HOST",
    "run_host": "TIERCEL_RUN_EMULATOR_HOST",
}


@dataclass(frozen=True)
class Watched:
    """What tells the installation of its objects and messages."""

    buckets: frozenset[str]
    topics: frozenset[str]
    """Their ids, without the project."""


def read_watched(environment: Mapping[str, str]) -> Watched | None:
    """Return the buckets and topics that start flows; None where the settings do not say it.

    TIERCEL_WATCHED_BUCKETS and TIERCEL_WATCHED_TOPICS hold names between commas; they are for people who deploy flows,
    no function needs them.
    """
    names = ("TIERCEL_WATCHED_BUCKETS", "TIERCEL_WATCHED_TOPICS")
    if not all(name in environment for name in names):
        return None
    given = ([part.strip() for part in environment[name].split(",") if part.strip()] for name in names)
    buckets, topics = given
    return Watched(frozenset(buckets), frozenset(topic.rpartition("/")[2] for topic in topics))


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings.

    Raises:
        SettingsError: A variable is missing, or is not what is wanted.
    """
    given = {own: environment[name] for own, name in _NAMES.items() if environment.get(name)}
    for name in ("project", "bucket"):
        if name not in given:
            raise SettingsError(
                f"the environment variable {_NAMES[name]} is not set: it names the {name} of the installation "
                "(`terraform output -raw env` and `tiercel emulate --env-file` give all of them)"
            )
    job = given.get("job", "")
    if job and not re.fullmatch(r"projects/[^/]+/locations/[^/]+/jobs/[^/]+", job):
        raise SettingsError(f"TIERCEL_JOB is {job!r}, wanted projects/PROJECT/locations/REGION/jobs/JOB, or nothing")
    text = environment.get("TIERCEL_TIMEOUT") or str(DEFAULT_TIMEOUT)
    try:
        timeout = float(text)
    except ValueError:
        raise SettingsError(f"TIERCEL_TIMEOUT is {text!r}, wanted a number of seconds") from None
    threads = environment.get("THREADS", "")
    return Settings(
        **given, timeout=timeout, threads=int(threads) if threads.isdecimal() else 4 * (os.cpu_count() or 1)
    )
