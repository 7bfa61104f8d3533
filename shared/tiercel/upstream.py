"""An execution as Flow triggers see it: as it was when it entered a state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec

from tiercel.archive import Token
from tiercel.conditions import Asked
from tiercel.lanes import Lanes
from tiercel.model.execution import MAIN_LANE, Execution, TaskRun, current
from tiercel.model.flow import Flow
from tiercel.model.instants import iso
from tiercel.model.labels import nested_labels
from tiercel.model.states import State
from tiercel.planner.openings import main_lane
from tiercel.planner.rendering import Renderer

CORRELATION = "system.correlationId"


class Upstream:
    """One change of one execution. What it costs to look closer is paid when somebody does."""

    def __init__(self, lanes: Lanes, header: Execution, number: int) -> None:
        """See an execution as it was.

        Args:
            lanes: Where executions are.
            header: Its header, as it is now.
            number: Which entry of its history is looked at, counted from 1.
        """
        self._lanes = lanes
        self.header = msgspec.structs.replace(header, at=header.at[:number])
        self.number = number

    @property
    def event(self) -> str:
        """The name of this change."""
        return f"{self.header.id}/{self.number}"

    @property
    def when(self) -> float:
        """When it happened, in seconds since the epoch."""
        return self.header.at[-1][1]

    def asked(self, flow: Flow) -> Asked:
        """Return what the conditions of a listening flow may look at."""
        return Asked(flow.namespace, flow.id, self.render, self.header, self.runs)

    @cached_property
    def _renderer(self) -> Renderer:
        now = self._lanes.load(self.header.id, MAIN_LANE)
        lane = main_lane(self.header.id) if now is None else now.lane
        return self._lanes.scene(Token(self.header, 0, lane, 0, b""))[1]

    @cached_property
    def _runs(self) -> list[TaskRun]:
        found = current(self._lanes.stored(self.header.id).everything()).values()
        return sorted(found, key=lambda run: run.at[0][1])

    def runs(self) -> Iterable[TaskRun]:
        """Return the task runs, oldest first."""
        return self._runs

    def render(self, value: object, extra: Mapping[str, object] | None = None) -> object:
        """Render every text of a structure with the execution's variables."""
        return self._renderer.deep(value, None, extra)

    def revealed(self, value: object) -> object:
        """Return a structure with what is encrypted in it decrypted."""
        return self._renderer.revealed(value)

    def variables(self, outputs: Mapping[str, object] | None) -> dict[str, object]:
        """Return what an execution that this one causes sees as `trigger`."""
        header = self.header
        found: dict[str, object] = {
            "executionId": header.id,
            "namespace": header.namespace,
            "flowId": header.flow_id,
            "flowRevision": header.revision,
            "state": str(header.state),
            "executionLabels": nested_labels(label for label in header.labels if label[0] != CORRELATION),
            "startDate": iso(header.at[0][1]),
        }
        if header.state.is_terminal:
            found["endDate"] = iso(self.when)
        failed = [run.task for run in self._runs if run.state is State.FAILED]
        if failed:
            found["firstFailedTaskId"] = failed[0]
        if self._runs:
            found["lastTaskId"] = self._runs[-1].task
        if outputs:
            found["outputs"] = dict(outputs)
        return found
