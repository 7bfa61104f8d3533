"""The verb *accept*: turn a happening into an execution. Nothing is started unless everything about it is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiercel.archive import envelope, header_index
from tiercel.errors import ConflictError, InputError
from tiercel.expressions import Context, World, evaluate, render
from tiercel.flows import FlowStore
from tiercel.inputs import resolve_inputs
from tiercel.model.execution import Caller, Execution, Trigger, encode, header_key
from tiercel.model.flow import Flow
from tiercel.model.ids import fresh_id
from tiercel.model.messages import StartExecution
from tiercel.model.states import State
from tiercel.planner.variables import Surroundings
from tiercel.ports import Clock, Create, ObjectStore, Refused, StateStore

CORRELATION = "system.correlationId"
Labels = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Request:
    """What is asked for when an execution is to be started."""

    inputs: Mapping[str, object] = field(default_factory=dict)
    """Values by input id; texts are converted to the input's type."""
    labels: Labels = ()
    trigger: Trigger | None = None
    caller: Caller | None = None
    owner: str = ""
    """The execution that causes this one."""
    id: str | None = None
    """The id, when it follows from what caused the execution; a fresh one otherwise."""
    system_labels: Labels = ()
    """Labels that only the engine may give."""
    schedule_date: float | None = None


class Intake:
    """Accepts executions."""

    def __init__(
        self,
        *,
        store: StateStore,
        objects: ObjectStore,
        clock: Clock,
        flows: FlowStore,
        worlds: Callable[[Flow], World],
        surroundings: Surroundings,
        encrypt: Callable[[str], str],
    ) -> None:
        self._store = store
        self._objects = objects
        self._clock = clock
        self._flows = flows
        self._worlds = worlds
        self._surroundings = surroundings
        self._encrypt = encrypt

    def accept(self, flow: Flow, request: Request) -> Execution:
        """Create an execution and have it started; a request with an id that exists changes nothing.

        Raises:
            ConflictError: The flow is disabled.
            InputError: An input is missing or does not validate, or a label is refused.

        """
        if flow.disabled:
            raise ConflictError(f"flow {flow.namespace}.{flow.id} is disabled: remove 'disabled: true' to execute it")
        refuse_system_labels(request.labels)
        execution = request.id or fresh_id()
        now = self._clock.now().timestamp()
        header = Execution(
            execution,
            flow.namespace,
            flow.id,
            flow.revision,
            [(State.CREATED, now)],
            inputs=self._inputs(flow, request, execution),
            labels=start_labels(flow, request, execution),
            trigger=request.trigger,
            caller=request.caller,
            owner=request.owner,
            schedule_date=request.schedule_date,
        )
        self._create(header, request.schedule_date or 0.0)
        return header

    def repeat(self, old: Execution, execution: str, attempt: int) -> None:
        """Create an execution like another one, from its beginning; nothing happens when it is there already."""
        now = self._clock.now().timestamp()
        created = old.original_created if old.original_created is not None else old.at[0][1]
        header = Execution(
            execution,
            old.namespace,
            old.flow_id,
            old.revision,
            [(State.CREATED, now)],
            inputs=old.inputs,
            labels=old.labels,
            trigger=old.trigger,
            caller=old.caller,
            owner=old.id,
            original_id=old.original_id or old.id,
            attempt_number=attempt,
            original_created=created,
        )
        self._create(header, 0.0)

    def _create(self, header: Execution, due: float) -> None:
        create = Create(header_key(header.id), encode(header), header_index(header))
        try:
            self._store.commit([create], [envelope(StartExecution(header.id), due)])
        except Refused:
            pass  # the same cause came before: the execution is there

    def _inputs(self, flow: Flow, request: Request, execution: str) -> dict[str, Any] | None:
        if not flow.inputs:
            return None
        world = self._worlds(flow)
        base: dict[str, object] = {
            **self._surroundings,
            "flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision},
        }
        if flow.variables:
            base["vars"] = flow.variables
        if request.trigger is not None:
            base["trigger"] = request.trigger.variables
        resolved = resolve_inputs(
            flow.inputs,
            request.inputs,
            evaluate=lambda text, variables: evaluate(text, Context({**base, **variables}, world)),
            render=lambda text, variables: render(text, Context({**base, **variables}, world)),
            encrypt=self._encrypt,
            store_file=lambda input_id, path: self._store_file(flow, execution, input_id, path),
        )
        return dict(resolved.values)

    def _store_file(self, flow: Flow, execution: str, input_id: str, path: str) -> str:
        """Keep the file of a FILE input; return its URI."""
        local = Path(path)
        if not local.is_file():
            raise InputError(f"Invalid input for `{input_id}`, there is no file at that path, but received `{path}`")
        folder = f"{flow.namespace.replace('.', '/')}/{flow.id}/executions/{execution}/inputs/{input_id}"
        uri = f"kestra:///{folder}/{local.name}"
        with local.open("rb") as file:
            self._objects.write(uri, file)
        return uri


def refuse_system_labels(labels: Labels) -> None:
    """Refuse labels that only the engine may give.

    Raises:
        InputError: A label's key starts with `system.`.

    """
    for key, value in labels:
        if key.startswith("system.") and key != CORRELATION:
            found = f"offending label: {key}={value}"
            raise InputError(f"System labels can only be set by Kestra itself, {found}; use another prefix")


def start_labels(flow: Flow, request: Request, execution: str) -> list[tuple[str, str]]:
    """Return an execution's labels at its start: the flow's, the request's, and the correlation id."""
    labels = dict((key, value) for key, value in flow.labels if not key.startswith("system."))
    labels.update(request.labels)
    labels.update(request.system_labels)
    labels.setdefault(CORRELATION, execution)
    return list(labels.items())
