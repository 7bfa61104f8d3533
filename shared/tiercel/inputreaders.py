"""The world of a flow's inputs: what every expression may read, and `subflow()`, which runs a flow and waits for it.

Promise: who waits holds one thread, never longer than the timeout; the flow that was started goes on after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from tiercel.errors import ConflictError, ExpressionError, InputError, NotFoundError
from tiercel.flows import FlowStore
from tiercel.intake import Intake, Request
from tiercel.masking import Mask
from tiercel.model.durations import parse_duration
from tiercel.model.execution import Execution
from tiercel.model.labels import nested_labels
from tiercel.readers import Readers
from tiercel.services import Services

PATIENCE = "PT5M"
"""How long `subflow()` waits where it is given no timeout."""
DEEPEST = 5
"""How many flows may wait for one another's inputs; a flow whose inputs run itself would never end."""
LOOK_AGAIN = 0.02

_depth: ContextVar[int] = ContextVar("depth", default=0)


@dataclass(frozen=True)
class Calls:
    """How a flow is started, and looked at afterwards."""

    intake: Intake
    flows: FlowStore
    header: Callable[[str], Execution]
    """Gives the record of an execution by its id."""


class InputReaders(Readers):
    """The world of the inputs of one flow."""

    def __init__(self, services: Services, namespace: str, calls: Calls) -> None:
        super().__init__(services, namespace, Mask())
        self._calls = calls

    def subflow(
        self,
        namespace: str,
        flow_id: str,
        *,
        inputs: Mapping[str, object],
        revision: int | None,
        labels: Mapping[str, object],
        timeout: str | None,
    ) -> Mapping[str, object]:
        """Run a flow to its end and return `{id, state, outputs, labels}`, whatever its state."""
        flows = self._calls.flows
        request = Request(inputs=inputs, labels=[(name, str(value)) for name, value in labels.items()])
        try:
            patience = parse_duration(timeout or PATIENCE).total_seconds()
            flow = flows.get(namespace, flow_id, revision) if revision else flows.latest(namespace, flow_id)
            with _deeper(f"{namespace}.{flow_id}"):
                execution = self._calls.intake.accept(flow, request).id
        except (NotFoundError, ConflictError, InputError, ValueError) as error:
            raise ExpressionError(f"subflow(): {error}") from None
        ended = self._ended(execution, patience)
        return {
            "id": ended.id,
            "state": ended.state.value,
            "outputs": ended.outputs or {},
            "labels": nested_labels(ended.labels),
        }

    def _ended(self, execution: str, patience: float) -> Execution:
        until = time.monotonic() + patience
        while True:
            header = self._calls.header(execution)
            if header.state.is_terminal:
                return header
            if time.monotonic() > until:
                raise ExpressionError(
                    f"subflow(): the execution {execution} is {header.state.value} after {patience:g} s; "
                    "give it more time with timeout='PT10M'"
                )
            time.sleep(LOOK_AGAIN)


@contextmanager
def _deeper(flow: str) -> Iterator[None]:
    token = _depth.set(_depth.get() + 1)
    try:
        if _depth.get() > DEEPEST:
            raise ExpressionError(f"subflow(): {DEEPEST} flows wait for one another's inputs, the last for {flow}")
        yield
    finally:
        _depth.reset(token)
