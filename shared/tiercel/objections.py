"""What speaks against an action on an execution as it stands: actions on many are done to all or to none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tiercel.commands import again
from tiercel.errors import ConflictError, NotFoundError
from tiercel.lanes import Lanes
from tiercel.model.execution import Execution
from tiercel.model.states import State

Objection = Callable[[Lanes, Execution], str | None]
"""Returns why an action cannot be done, or None."""


def _restart(lanes: Lanes, header: Execution) -> str | None:
    try:
        again.failed_of(lanes, header)
    except (ConflictError, NotFoundError) as error:
        return str(error)
    return None


def _replay(lanes: Lanes, header: Execution) -> str | None:
    try:
        lanes.flows.get(header.namespace, header.flow_id, header.revision)
    except NotFoundError as error:
        return str(error)
    return None


def _resume(_: Lanes, header: Execution) -> str | None:
    return None if header.paused or header.resting else f"the execution is not paused: it is {header.state}"


def _pause(_: Lanes, header: Execution) -> str | None:
    return None if header.state is State.RUNNING else f"the execution is not running: it is {header.state}"


def _force_run(_: Lanes, header: Execution) -> str | None:
    return f"execution already finished: it is {header.state}" if header.state.is_terminal else None


def _unqueue(_: Lanes, header: Execution) -> str | None:
    return None if header.state is State.QUEUED else f"the execution is not queued: it is {header.state}"


def _change_status(_: Lanes, header: Execution) -> str | None:
    if header.state is State.RETRIED:
        return "the execution is RETRIED: another one has taken its place"
    return None if header.state.is_terminal else f"the execution is not terminated: it is {header.state}"


def _labels(_: Lanes, header: Execution) -> str | None:
    return None if header.state.is_terminal else f"the execution is not terminated: it is {header.state}"


def _kill(_: Lanes, header: Execution) -> str | None:
    return f"execution already finished: it is {header.state}" if header.state.is_terminal else None


OBJECTIONS: Mapping[str, Objection] = {
    "restart": _restart,
    "replay": _replay,
    "resume": _resume,
    "pause": _pause,
    "force-run": _force_run,
    "unqueue": _unqueue,
    "change-status": _change_status,
    "labels": _labels,
    "kill": _kill,
    "delete": _labels,
}
"""By the action's name."""
