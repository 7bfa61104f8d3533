"""Google's own emulators of Firestore and Pub/Sub: found, started, waited for, ended."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib import request
from urllib.error import HTTPError, URLError

from tiercel.emulation.children import Child, free_port
from tiercel.errors import TiercelError

START = 20.0
"""Seconds that an emulator may take until it answers (1 to 3 were measured: docs/emulators.md)."""


class EmulatorMissingError(TiercelError):
    """An emulator, or Java, is not on this machine."""


@dataclass(frozen=True)
class Emulator:
    """A kind of emulator."""

    name: str
    package: str
    """The package of Google's Debian repository."""
    jar: str
    """Where its jar lies below the SDK's folder."""
    main: str
    """The class to start."""
    probe: str
    """The path that answers once it is up."""


FIRESTORE = Emulator(
    "Firestore",
    "google-cloud-cli-firestore-emulator",
    "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar",
    "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
    "/v1/projects/probe/databases/(default)/documents/probe/probe",
)
PUBSUB = Emulator(
    "Pub/Sub",
    "google-cloud-cli-pubsub-emulator",
    "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
    "com.google.cloud.pubsub.testing.v1.Main",
    "/v1/projects/probe/topics",
)


@dataclass(frozen=True)
class Started:
    """An emulator that runs."""

    emulator: Emulator
    child: Child
    host: str
    """`host:port`"""

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self.child.stop()


def start(emulator: Emulator, *, memory: str = "1g", port: int | None = None) -> Started:
    """Start an emulator on 127.0.0.1; it does not answer yet (`wait`).

    Args:
        emulator: Which.
        memory: The most that its heap may take, as Java writes it.
        port: Where it listens; any free port by default.

    Raises:
        EmulatorMissingError: It is not installed, or Java is not.
    """
    command = [*java(), f"-Xmx{memory}", "-cp", str(find(emulator)), emulator.main]
    port = port or free_port()
    return Started(emulator, Child([*command, "--host=127.0.0.1", f"--port={port}"], {}), f"127.0.0.1:{port}")


def java() -> list[str]:
    """Return the beginning of the command that starts Java: quick to start, small."""
    found = shutil.which("java") or _at_home()
    if found is None:
        raise EmulatorMissingError(
            "the emulators need Java 11 or later, and no `java` is in the PATH: "
            "install it (Debian: apt-get install openjdk-17-jre-headless)"
        )
    return [found, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Duser.language=en"]


def _at_home() -> str | None:
    path = Path(os.environ.get("JAVA_HOME", "")) / "bin" / "java"
    return str(path) if os.environ.get("JAVA_HOME") and path.exists() else None


def find(emulator: Emulator) -> Path:
    """Return where an emulator's jar lies.

    Raises:
        EmulatorMissingError: Nowhere.
    """
    for folder in _sdks():
        for path in sorted(folder.glob(emulator.jar)):
            return path
    component = emulator.package.removeprefix("google-cloud-cli-").replace("firestore", "cloud-firestore")
    raise EmulatorMissingError(
        f"Google's emulator of {emulator.name} is not on this machine: "
        f"`gcloud components install {component}`, or the package {emulator.package}"
    )


def _sdks() -> Iterator[Path]:
    """Yield the folders in which Google's command line tools may be installed."""
    if os.environ.get("CLOUDSDK_ROOT_DIR"):
        yield Path(os.environ["CLOUDSDK_ROOT_DIR"])
    gcloud = shutil.which("gcloud")
    if gcloud is not None:
        yield Path(gcloud).resolve().parent.parent
    yield from (Path("/usr/lib/google-cloud-sdk"), Path("/opt/google-cloud-sdk"), Path.home() / "google-cloud-sdk")


def wait(started: Started, seconds: float = START) -> None:
    """Wait until an emulator answers; its port is open some time before that.

    Raises:
        TiercelError: It has ended, or does not answer in time.
    """
    until(lambda: _answers(started), seconds, f"the emulator of {started.emulator.name} at {started.host}")


def _answers(started: Started) -> bool:
    if started.child.ended is not None:
        name, code = started.emulator.name, started.child.ended
        raise TiercelError(f"the emulator of {name} has ended with code {code} before it answered")
    return answers(f"http://{started.host}{started.emulator.probe}")


def answers(url: str, seconds: float = 1.0) -> bool:
    """Tell whether a server answers at an address in time, whatever it says."""
    try:
        with request.urlopen(url, timeout=seconds):  # noqa: S310 - an address of our own
            return True
    except HTTPError as error:
        return error.code < 500
    except (URLError, OSError):
        return False


def until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something holds.

    Raises:
        TiercelError: It does not, in time.
    """
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TiercelError(f"{what} did not answer within {seconds:g} s")
        time.sleep(0.05)
