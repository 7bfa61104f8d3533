"""Everything together: the emulators, what they lack, the functions; started, watched, stopped."""

from __future__ import annotations

import shlex
import tempfile
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import httpx

from tiercel.adapters.local.secrets import read_environment
from tiercel.emulation import java, topics
from tiercel.emulation.children import free_port
from tiercel.emulation.functions import NAMES, Function, folder
from tiercel.emulation.java import FIRESTORE, PUBSUB, EmulatorMissingError, Started
from tiercel.emulation.relay import Push, Relay
from tiercel.emulation.storage import StorageServer
from tiercel.emulation.tasks import TaskQueue
from tiercel.encryption import generate_key
from tiercel.errors import TiercelError

TICK = 60.0
"""Seconds between two calls of the function `tick`, as Cloud Scheduler makes them."""

WARM = 30.0
"""Seconds that a function may take to load what it needs."""

WARMED_FIRST = ("advance", "execute")

EVENTS, TASKS, DEAD, EXECUTIONS, OBJECTS = (
    f"tiercel-{name}" for name in ("events", "tasks", "dead", "executions", "objects")
)


class Stack:
    """A whole installation on this machine."""

    def __init__(
        self,
        *,
        project: str = "tiercel-local",
        topics: Sequence[str] = (),
        buckets: Sequence[str] = (),
        timeout: float = 540.0,
        logs: Path | None = None,
    ) -> None:
        """Prepare it; nothing is started yet.

        Args:
            project: The project's id.
            topics: Topics that flows listen to.
            buckets: Buckets more than the one of the installation.
            timeout: Seconds that a function may take.
            logs: A folder for what the functions print, made if need be; one of its own by default.
        """
        self.project = project
        self.bucket = f"{project}-files"
        """The bucket that people put files into."""
        self._storage_bucket = f"{project}-storage"
        self._buckets, self._more_topics = buckets, topics
        self._timeout = timeout
        self.logs = logs or Path(tempfile.mkdtemp(prefix="tiercel-emulate-"))
        self._emulators: list[Started] = []
        self._functions: list[Function] = []
        self._stops: list[Callable[[], None]] = []
        self._stopped = threading.Event()
        self.environment: dict[str, str] = {}

    # ------------------------------------------------------------ starting

    def start(self) -> None:
        """Start everything, and wait until everything answers; what was started is stopped again when something fails.

        Raises:
            EmulatorMissingError: Java, an emulator or a package of Python is not installed.
            TiercelError: A part does not come up.
        """
        _see_parts()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        for emulator, memory in ((FIRESTORE, "3g"), (PUBSUB, "1g")):
            self._emulators.append(java.start(emulator, memory=memory))
        queue = TaskQueue(self._timeout)
        queue.start()
        self._stops.append(queue.stop)
        java.wait(self._emulators[1])
        pubsub = self._emulators[1].host
        storage = StorageServer(free_port(), pubsub, self._topic(OBJECTS))
        for topic in (EVENTS, TASKS, DEAD, EXECUTIONS, OBJECTS):
            topics.make_topic(pubsub, self._topic(topic))
        storage.start()
        storage.make(self._storage_bucket, silent=True)
        for bucket in (self.bucket, *self._buckets):
            storage.make(bucket)
        self._stops.append(storage.stop)
        java.wait(self._emulators[0])
        self.environment = self._settings(queue, storage)
        self._start_functions()
        self._start_relay(pubsub)
        threading.Thread(target=self._tick, name="tick", daemon=True).start()
        threading.Thread(target=self._warm, name="warm", daemon=True).start()

    def _settings(self, queue: TaskQueue, storage: StorageServer) -> dict[str, str]:
        ports = {name: free_port() for name in NAMES}
        firestore, pubsub = (each.host for each in self._emulators)
        return {
            "GOOGLE_CLOUD_PROJECT": self.project,
            "FIRESTORE_EMULATOR_HOST": firestore,
            "PUBSUB_EMULATOR_HOST": pubsub,
            "STORAGE_EMULATOR_HOST": storage.url,
            "TIERCEL_TASKS_EMULATOR_HOST": queue.host,
            "TIERCEL_BUCKET": self.bucket,
            "TIERCEL_WATCHED_BUCKETS": ",".join([self.bucket, *self._buckets]),
            "TIERCEL_WATCHED_TOPICS": ",".join(self._more_topics),
            "TIERCEL_STORAGE_BUCKET": self._storage_bucket,
            "TIERCEL_EXECUTIONS_TOPIC": self._topic(EXECUTIONS),
            "TIERCEL_URL": f"http://127.0.0.1:{ports['api']}",
            "TIERCEL_QUEUE": f"projects/{self.project}/locations/local/queues/tiercel",
            "TIERCEL_ADVANCE_URL": f"http://127.0.0.1:{ports['advance']}/",
            "TIERCEL_EXECUTE_URL": f"http://127.0.0.1:{ports['execute']}/",
            "TIERCEL_TIMEOUT": f"{self._timeout:g}",
            "TIERCEL_ENCRYPTION_KEY": generate_key(),
            **{f"TIERCEL_PORT_{name.upper()}": str(port) for name, port in ports.items()},
        }

    def _start_functions(self) -> None:
        environment = {**read_environment(), **self.environment}
        for name in NAMES:
            self._functions.append(Function(name, environment, self.logs / f"{name}.log"))
        for function in self._functions:
            function.wait()

    def _start_relay(self, pubsub: str) -> None:
        relay = self._relay = Relay(pubsub, self._timeout)
        self._stops.insert(0, relay.stop)
        urls = {function.name: function.url for function in self._functions}
        asked = f"{urls['on_message']}?topic={self._topic(EXECUTIONS)}"
        pushes = {EVENTS: urls["advance"], TASKS: urls["execute"], OBJECTS: urls["on_object"], EXECUTIONS: asked}
        for topic, url in pushes.items():
            subscription = f"projects/{self.project}/subscriptions/{topic}"
            topics.subscribe(pubsub, self._topic(topic), subscription, self._topic(DEAD))
            relay.start(Push(subscription, url))
        for topic in self._more_topics:
            self.listen(topic)

    def listen(self, topic: str) -> None:
        """Have the messages of one more topic come to the function `on_message`; the topic is made if need be."""
        pubsub, name = self.environment["PUBSUB_EMULATOR_HOST"], topic.rpartition("/")[2]
        url = next(each.url for each in self._functions if each.name == "on_message")
        subscription = f"projects/{self.project}/subscriptions/tiercel-on-{name}"
        topics.make_topic(pubsub, self._topic(name))
        topics.subscribe(pubsub, self._topic(name), subscription, self._topic(DEAD))
        self._relay.start(Push(subscription, f"{url}?topic={self._topic(name)}"))

    def _topic(self, name: str) -> str:
        return f"projects/{self.project}/topics/{name}"

    def _tick(self) -> None:
        url = next(each.url for each in self._functions if each.name == "tick")
        while not self._stopped.wait(TICK):
            try:
                httpx.post(url, timeout=TICK)
            except httpx.HTTPError:
                continue  # it is restarted, or everything is being stopped; the next one comes in a minute

    def _warm(self) -> None:
        """Have the functions load what they load with their first request, so that the first flow need not wait."""
        for function in sorted(self._functions, key=lambda each: each.name not in WARMED_FIRST):
            if not self._stopped.is_set():
                java.answers(f"{function.url}health", WARM)

    # ------------------------------------------------------------ watching

    def exports(self, names: Sequence[str] = ()) -> str:
        """Return the settings as lines that a shell reads."""
        chosen = self.environment if not names else {name: self.environment[name] for name in names}
        return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in chosen.items())

    def wait(self) -> None:
        """Wait until somebody stops it.

        Raises:
            TiercelError: A part has ended by itself; everything else is still to be stopped.
        """
        while not self._stopped.wait(0.5):
            for emulator in self._emulators:
                if emulator.child.ended is not None:
                    found = f"the emulator of {emulator.emulator.name} has ended with code {emulator.child.ended}"
                    raise TiercelError(f"{found}; everything is stopped")
            for function in self._functions:
                if function.child.ended is not None:
                    found = f"the function {function.name} has ended with code {function.child.ended}"
                    raise TiercelError(f"{found}; everything is stopped (see {function.log})")
            for subscription in self._relay.given_up():
                raise TiercelError(f"the relay of {subscription} has ended; everything is stopped")

    # ------------------------------------------------------------ stopping

    def stop(self) -> None:
        """Stop every part that runs, in an order in which none misses another."""
        self._stopped.set()
        for stop in self._stops:
            stop()
        self._stops.clear()
        for function in self._functions:
            function.child.ask()
        for function in self._functions:
            function.stop()
        for emulator in self._emulators:
            emulator.child.ask()
        for emulator in self._emulators:
            emulator.stop()
        self._functions, self._emulators = [], []

    def __enter__(self) -> Stack:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


def _see_parts() -> None:
    """See that everything that is to be started is on this machine.

    Raises:
        EmulatorMissingError: Something is not.
        NotFoundError: The functions are not here.
    """
    java.java()
    for emulator in (FIRESTORE, PUBSUB):
        java.find(emulator)
    folder()
    for module in ("functions_framework", "gcp_storage_emulator", "grpc"):
        if find_spec(module) is None:
            raise EmulatorMissingError(f"the package '{module}' is not installed: pip install 'tiercel[emulators]'")
