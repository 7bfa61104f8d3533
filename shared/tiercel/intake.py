"""The verb *accept*: turn a happening into an execution. Nothing is started unless everything about it is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from tiercel import checks
from tiercel.archive import envelope, header_index
from tiercel.errors import ConflictError, InputError
from tiercel.expressions import Context, evaluate, render
from tiercel.flows import FlowStore
from tiercel.inputs import Means, Resolved, examine_inputs, resolve_inputs
from tiercel.model.execution import Caller, Execution, LogLine, Trigger, encode, header_key, refuse_large
from tiercel.model.flow import Flow
from tiercel.model.headers import with_headers
from tiercel.model.ids import derived_id, fresh_id
from tiercel.model.labels import nested_labels
from tiercel.model.messages import ExecutionEnded, StartExecution
from tiercel.model.states import Level, State
from tiercel.paths import execution_folder
from tiercel.planner.breakpoints import refuse_unknown
from tiercel.planner.rendering import SceneWorld
from tiercel.planner.variables import Surroundings
from tiercel.ports import Clock, Create, Envelope, ObjectStore, Refused, StateStore, Write

CORRELATION = "system.correlationId"
REPLAY = "system.replay"
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
    local_files: bool = False
    """Whether the value of a FILE input is a path on this machine: only for whoever sits at it."""
    breakpoints: Sequence[str] = ()
    """Tasks before which the execution stops: a task's id, or one with a loop's value (`load.2024-05`)."""
    kind: str = ""
    """`TEST` or `PLAYGROUND`; empty for a normal execution."""
    anew: bool = False
    """Whether an execution of that id must not be there yet: then Refused is raised, instead of nothing done."""
    incomplete: bool = False
    """Whether required inputs may be missing: a Flow trigger without inputs asks for none."""


class Intake:
    """Accepts executions."""

    def __init__(
        self,
        *,
        store: StateStore,
        objects: ObjectStore,
        clock: Clock,
        flows: FlowStore,
        worlds: Callable[[Flow], SceneWorld],
        surroundings: Surroundings,
        encrypt: Callable[[str], str],
    ) -> None:
        self._store = store
        self._objects = objects
        self._clock = clock
        self._flows = flows
        self.worlds = worlds
        self._surroundings = surroundings
        self._encrypt = encrypt

    def accept(self, flow: Flow, request: Request, also: Sequence[Write] = ()) -> Execution:
        """Create an execution and have it started; a request with an id that exists changes nothing.

        Args:
            flow: What is to be executed.
            request: How.
            also: Writes that hold with the execution or not at all.

        Raises:
            ConflictError: The flow is disabled.
            InputError: An input is missing or does not validate, or a label or a breakpoint is refused.
            Refused: One of the other writes was refused, or the request is to be `anew` and is not.
        """
        if flow.disabled:
            raise ConflictError(f"flow {flow.namespace}.{flow.id} is disabled: remove 'disabled: true' to execute it")
        refuse_system_labels(request.labels)
        refuse_unknown(flow, request.breakpoints)
        execution = request.id or fresh_id()
        header = self._header(flow, request, execution)
        header.inputs = self._inputs(flow, request, execution)
        verdict = self._checked(flow, header)
        if verdict is not None and verdict[0] == checks.BLOCK:
            raise InputError("; ".join(verdict[1]))
        if verdict is not None and verdict[0] == checks.FAIL:
            return self.fail(flow, replace(request, id=execution), "; ".join(verdict[1]), also)
        messages = [envelope(StartExecution(header.id), request.schedule_date or 0.0)]
        self._create(header, messages, also, anew=request.anew)
        return header

    def _checked(self, flow: Flow, header: Execution) -> tuple[str, list[str]] | None:
        """Return what the flow's checks ask for, with their messages; None when all hold."""
        if not flow.checks:
            return None
        world = self.worlds(flow)
        variables = self._before(flow, header.trigger, header.inputs or {}, header.labels, world)
        found = checks.strictest(flow.checks, lambda text: render(text, Context(variables, world)))
        return None if found is None else (found[0], [world.masked(message) for message in found[1]])

    def _before(
        self, flow: Flow, trigger: Trigger | None, inputs: Mapping[str, Any], labels: Labels, world: SceneWorld
    ) -> dict[str, object]:
        """Return the variables that the flow's checks see."""
        seen = {"inputs": world.reveal(inputs), "labels": nested_labels(labels)}
        return {**self._base(flow, trigger), **seen}

    def _base(self, flow: Flow, trigger: Trigger | None) -> dict[str, object]:
        """Return the variables that hold before there is an execution."""
        base: dict[str, object] = {
            **self._surroundings,
            "flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision},
        }
        if flow.variables:
            base["vars"] = flow.variables
        if trigger is not None:
            base["trigger"] = with_headers(trigger.variables)
        return base

    def fail(self, flow: Flow, request: Request, reason: str, also: Sequence[Write] = ()) -> Execution:
        """Create an execution that has failed before it began, so that everybody sees why; else as `accept`."""
        header = self._header(flow, request, request.id or fresh_id())
        now = header.at[0][1]
        header.logs.append(LogLine(now, Level.ERROR, reason))
        header.become(State.FAILED, now)
        header.finished = True
        self._create(header, [envelope(ExecutionEnded(header.id))], also, anew=request.anew)
        return header

    def _header(self, flow: Flow, request: Request, execution: str) -> Execution:
        return Execution(
            execution,
            flow.namespace,
            flow.id,
            flow.revision,
            [(State.CREATED, self._clock.now().timestamp())],
            labels=start_labels(flow, request, execution),
            trigger=request.trigger,
            caller=request.caller,
            owner=request.owner,
            schedule_date=request.schedule_date,
            kind=request.kind,
            breakpoints=list(request.breakpoints),
        )

    def repeat(self, old: Execution, execution: str, attempt: int) -> None:
        """Create an execution like another one, from its beginning; nothing happens when it is there already."""
        now = self._clock.now().timestamp()
        created = old.original_created if old.original_created is not None else old.at[0][1]
        header = _like(
            old,
            execution,
            now,
            labels=old.labels,
            caller=old.caller,
            owner=old.id,
            attempt_number=attempt,
            original_created=created,
        )
        self._create(header, [envelope(StartExecution(header.id))])

    def _create(
        self, header: Execution, messages: Sequence[Envelope], also: Sequence[Write] = (), *, anew: bool = False
    ) -> None:
        create = Create(header_key(header.id), encode(header), header_index(header))
        try:
            self._store.commit([create, *also], messages)
        except Refused as refused:
            if refused.key != create.key or anew:
                raise
            # The same cause came before: the execution is there.

    def replayed(self, old: Execution, execution: str, now: float, label: str = REPLAY) -> Execution:
        """Return the header of an execution that replays another one, with the label that says so."""
        return _like(
            old,
            execution,
            now,
            labels=[*((key, value) for key, value in old.labels if key != label), (label, "true")],
            variables=old.variables,
            parent_id=old.id,
            attempt_number=old.attempt_number + 1,
        )

    def start(self, header: Execution) -> None:
        """Store the header of a new execution, and have it begin at its beginning."""
        self._create(header, [envelope(StartExecution(header.id))])

    def _inputs(self, flow: Flow, request: Request, execution: str) -> dict[str, Any] | None:
        if not flow.inputs:
            return None
        declared: Sequence[Any] = flow.inputs
        if request.incomplete:
            declared = [each.model_copy(update={"required": False}) for each in declared]
        local = request.local_files
        return self.resolve(flow, declared, request.inputs, execution, request.trigger, local_files=local)

    def resolve(
        self,
        flow: Flow,
        declared: Sequence[Any],
        given: Mapping[str, object],
        execution: str,
        trigger: Trigger | None = None,
        *,
        local_files: bool = False,
    ) -> dict[str, Any]:
        """Return inputs as they are stored: converted, defaulted, checked.

        Raises:
            InputError: An input is missing or does not validate.
        """
        means = self._means(flow, trigger, partial(self._store_file, flow, execution), local_files=local_files)
        values = dict(resolve_inputs(declared, given, means).values)
        refuse_large(values, "the inputs", "give large data as an input of type FILE")
        return values

    def examine(self, flow: Flow, declared: Sequence[Any], given: Mapping[str, object], execution: str) -> Resolved:
        """Return what would become of inputs, with what is wrong with each; nothing is stored."""
        return examine_inputs(declared, given, self._means(flow, None, partial(_file_uri, flow, execution)))

    def failed_checks(self, flow: Flow, inputs: Mapping[str, Any], labels: Labels) -> list[dict[str, str]]:
        """Return the checks of a flow that do not hold: `{message, style, behavior}` each."""
        world = self.worlds(flow)
        context = Context(self._before(flow, None, inputs, labels, world), world)
        failed = checks.failed(flow.checks, lambda text: render(text, context))
        return [
            {"message": world.masked(message), "style": str(check["style"]), "behavior": str(check["behavior"])}
            for check, message in failed
        ]

    def _means(
        self,
        flow: Flow,
        trigger: Trigger | None,
        store_file: Callable[[str, Path], str],
        *,
        local_files: bool = False,
    ) -> Means:
        """Return what resolving a flow's inputs asks of the world."""
        world = self.worlds(flow)
        base = self._base(flow, trigger)

        def variables(more: Mapping[str, object]) -> Context:
            return Context({**base, **more}, world)

        return Means(
            evaluate=lambda text, more: evaluate(text, variables(more)),
            render=lambda text, more: render(text, variables(more)),
            encrypt=self._encrypt,
            store_file=store_file,
            local_paths=local_files,
            masked=world.masked,
        )

    def _store_file(self, flow: Flow, execution: str, input_id: str, path: Path) -> str:
        """Keep the file of a FILE input; return its URI."""
        uri = _file_uri(flow, execution, input_id, path)
        with path.open("rb") as file:
            self._objects.write(uri, file)
        return uri


def _file_uri(flow: Flow, execution: str, input_id: str, path: Path) -> str:
    return f"{execution_folder(flow.namespace, flow.id, execution)}inputs/{input_id}/{path.name}"


def successor_id(header: Execution) -> str:
    """Return the id of the execution that takes the place of one that is RETRIED."""
    return derived_id("retry", header.id, header.attempt_number)


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
    """Return an execution's labels at its start: the flow's, the request's, and the correlation id.

    A key may stand twice: expressions see the first (flow specification, 1.5).
    """
    labels = [(key, value) for key, value in flow.labels if not key.startswith("system.")]
    labels += [*request.labels, *dict(request.system_labels).items()]
    if all(key != CORRELATION for key, _ in labels):
        labels.append((CORRELATION, execution))
    return list(dict.fromkeys(labels))


def _like(old: Execution, execution: str, now: float, **own: Any) -> Execution:
    """Return the header of an execution that begins like another one, with what is its own."""
    return Execution(
        execution,
        old.namespace,
        old.flow_id,
        old.revision,
        [(State.CREATED, now)],
        inputs=old.inputs,
        trigger=old.trigger,
        original_id=old.original_id or old.id,
        **own,
    )
