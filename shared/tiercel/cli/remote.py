"""Executions that run elsewhere, in the functions of an emulation or of a project: started and looked at from here."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiercel.cli.progress import Progress
from tiercel.cli.where import EMULATORS, Where
from tiercel.errors import TiercelError
from tiercel.model.states import State

if TYPE_CHECKING:
    from tiercel.assembly import Parts
    from tiercel.cloud.runtime import Cloud
    from tiercel.model.execution import Execution, TaskRun

LOOK = 0.1
"""Seconds between two looks at executions."""

QUIET = 1.5
"""Seconds for which nothing may have moved before a command ends: what an execution causes begins after its end."""


CONNECT = 5.0
"""Seconds for which an emulation may take to answer a call."""


PATIENCE = 10.0
"""Seconds for which a message that was sent may show no effect before a command ends."""

_RESTS = (State.PAUSED, State.BREAKPOINT)


class NoEmulationError(TiercelError):
    """There is no emulation to speak to."""


@contextmanager
def connected(where: Where) -> Iterator[Cloud]:
    """Connect to the services that the environment names.

    Raises:
        NoEmulationError: It names no emulators, and emulators are wanted; or the other way round.
        SettingsError: A setting is missing.
    """
    from tiercel.adapters.local.secrets import read_environment
    from tiercel.cloud.runtime import connect
    from tiercel.cloud.settings import read_settings

    emulated = os.environ.get("FIRESTORE_EMULATOR_HOST")
    if where.on == EMULATORS:
        _see_emulation(emulated)
    if where.on != EMULATORS and emulated:
        raise NoEmulationError("FIRESTORE_EMULATOR_HOST is set, so this would be an emulation: unset it for --on gcp")
    cloud = connect(read_settings(os.environ), read_environment())
    try:
        yield cloud
    finally:
        cloud.close()


def _see_emulation(host: str | None) -> None:
    """See that an emulation is named, and that it runs.

    Args:
        host: The Firestore emulator's `host:port`.

    Raises:
        NoEmulationError: It is not so.
    """
    remedy = "start one with `tiercel emulate --env-file .emulation`, and read its addresses with `. ./.emulation`"
    if not host:
        raise NoEmulationError(f"FIRESTORE_EMULATOR_HOST is not set, so there is no emulation to speak to: {remedy}")
    name, _, port = host.rpartition(":")
    try:
        socket.create_connection((name, int(port)), CONNECT).close()
    except (OSError, ValueError):
        raise NoEmulationError(f"nothing answers at FIRESTORE_EMULATOR_HOST={host}: {remedy}") from None


@dataclass(frozen=True)
class RemoteSession:
    """An installation, seen from outside."""

    cloud: Cloud
    progress: Progress

    @property
    def runtime(self) -> Parts:
        """What every runtime has."""
        return self.cloud.parts

    def wait(self, executions: Iterable[str], *, asks: bool = False) -> None:
        """Wait until these executions, and all that they caused, have ended or wait for somebody.

        Args:
            executions: Their ids.
            asks: Whether a message was sent to them of which nothing may be seen yet.
        """
        self.cloud.store.flush()
        wanted, seen, since = list(executions), None, time.monotonic()
        if asks:
            self._see_moved(wanted)
        while True:
            family = [header for execution in wanted for header in self._family(execution)]
            moving = any(self._may_move(header) for header in family)
            now = [(header.id, len(header.at), header.finished) for header in family]
            if now != seen:
                seen, since = now, time.monotonic()
            if not moving and time.monotonic() - since >= self._quiet():
                break
            time.sleep(LOOK)
        self.progress.finished(self.runtime, family)
        self.progress.stop()

    def _see_moved(self, executions: Iterable[str]) -> None:
        """Wait until executions that rest no longer stand as they do now, or for so long that they will not move."""
        end = time.monotonic() + PATIENCE
        for execution in executions:
            stood = self.runtime.view.header(execution)
            while stood.state in _RESTS and self.runtime.view.header(execution) == stood and time.monotonic() < end:
                time.sleep(LOOK)

    def _quiet(self) -> float:
        """Return for how long nothing must have moved: longer where an end is news for somebody."""
        return QUIET if self.runtime.flows.listeners.all() else 0.0

    def _family(self, execution: str) -> Iterator[Execution]:
        yield self.runtime.view.header(execution)
        yield from self.runtime.view.caused_by(execution)

    def _may_move(self, header: Execution) -> bool:
        """Tell whether an execution moves, or a timer may move it."""
        if header.state is State.RETRIED:
            retries = self.runtime.view.caused_by(header.id)
            return not any(each.attempt_number > header.attempt_number for each in retries)
        if header.finished:
            return False
        if header.state in _RESTS:
            lanes = list(self.runtime.lanes.stored(header.id).lanes())
            return any(lane.claim is not None or _is_timed(lane.runs.values()) for lane in lanes)
        return True


def _is_timed(runs: Iterable[TaskRun]) -> bool:
    return any(run.due is not None and not run.state.is_terminal for run in runs)
