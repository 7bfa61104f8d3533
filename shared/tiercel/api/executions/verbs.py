"""What is done to one execution (api.md, 3.2): each verb at `/executions/{id}/actions/{verb}`, the older ones without.

The older addresses are those of "start flow {verb} of namespace {id}", too: the verb is meant where there is an
execution of that id, else a flow is started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tiercel import actions
from tiercel.api.bodies import read_json, read_text
from tiercel.api.calls import Answer, Call
from tiercel.api.executions import starting
from tiercel.api.executions.shapes import execution_bytes
from tiercel.api.executions.starting import (
    BREAKPOINTS,
    CREATION,
    FORM,
    LABELS,
    REVISION,
    breakpoints_of,
    create_execution,
)
from tiercel.api.failures import BadRequestError, UnprocessableError
from tiercel.api.parameters import Parameter, read_parameters
from tiercel.api.routing import routes
from tiercel.api.uploads import given_inputs
from tiercel.commands.again import Differently
from tiercel.errors import ExpressionError, NotFoundError
from tiercel.model.execution import Execution, Record
from tiercel.model.inputs import InputBase
from tiercel.model.states import State
from tiercel.tasks.core.services import Purge

Verb = Callable[[Call, Execution], object]

SETTLED = 2.0
"""Seconds for which an answer waits until what was asked for can be seen in it."""


class LabelBody(Record):
    """A label as clients send it."""

    key: str
    value: str


class StateBody(Record):
    """Which task run gets which state."""

    taskRunId: str  # noqa: N815 - as clients send it
    state: str


def label_pairs(labels: Sequence[LabelBody]) -> list[tuple[str, str]]:
    """Return labels from their JSON form."""
    return [(label.key, label.value) for label in labels]


def verb(
    name: str,
    parameters: Sequence[Parameter] = (),
    *,
    body: str = "",
    creation: Sequence[Parameter] = CREATION,
    shape: object = None,
) -> Callable[[Verb], Verb]:
    """Register a verb at both of its addresses."""

    def add(act: Verb) -> Verb:
        def newer(call: Call) -> object:
            return act(call, call.site.parts.view.header(call.path["id"]))

        def older(call: Call) -> object:
            header = _execution(call)
            if header is not None:
                return act(_reread(call, parameters), header)
            return _create(_reread(call, creation), name)

        newer.__doc__ = older.__doc__ = act.__doc__
        routes.route("POST", f"/executions/{{id}}/actions/{name}", parameters=parameters, body=body, shape=shape)(newer)
        both = {parameter.name: parameter for parameter in (*creation, *parameters)}
        both = {key: replace(parameter, required=False) for key, parameter in both.items()}
        routes.route("POST", f"/executions/{{id}}/{name}", parameters=list(both.values()), body=body)(older)
        return act

    return add


def _execution(call: Call) -> Execution | None:
    try:
        return call.site.parts.view.header(call.path["id"])
    except NotFoundError:
        return None


def _reread(call: Call, declared: Sequence[Parameter]) -> Call:
    """Return a call with the parameters of what it turned out to be; those of the other are refused."""
    given = {name: call.request.args.getlist(name) for name in call.request.args}
    return replace(call, query=read_parameters(declared, given))


def _create(call: Call, name: str) -> object:
    """Start the flow that is called as a verb, or ask for its inputs."""
    namespace, (flow_id, _, what) = call.path["id"], name.partition("/")
    try:
        if what:
            return starting.validate_creation(call, namespace, flow_id)
        return create_execution(call, namespace, flow_id)
    except NotFoundError:
        raise starting.no_execution(namespace) from None


def _shown(call: Call, execution: str) -> Answer:
    """Answer with an execution as it is now."""
    body = execution_bytes(call.site, call.site.parts.view.header(execution))
    return Answer(body, content_type="application/json")


def read_state(text: str | None, name: str) -> State:
    """Return a state from its name, or raise UnprocessableError."""
    try:
        return State(str(text))
    except ValueError:
        raise UnprocessableError(f"{name} is '{text}', wanted one of {', '.join(State)}") from None


@verb("restart", [REVISION])
def restart(call: Call, header: Execution) -> object:
    """Let an execution go on from its failed tasks; on another revision, a new one does."""
    return _shown(call, actions.restart(call.site.parts, header.id, call.query["revision"]))


REPLAY = (
    Parameter("taskRunId", description="The task run to begin from; the start by default."),
    REVISION,
    BREAKPOINTS,
)


@verb("replay", REPLAY)
def replay(call: Call, header: Execution) -> object:
    """Begin a new execution like this one, from its start or from a task run."""
    return _replay(call, header, None)


@verb("replay-with-inputs", REPLAY, body=FORM)
def replay_with_inputs(call: Call, header: Execution) -> object:
    """Begin a new execution like this one, with other inputs; without any, with the same ones."""
    revision = call.query["revision"] or header.revision
    flow = call.site.parts.flows.get(header.namespace, header.flow_id, revision)
    with given_inputs(call.request, flow.inputs) as inputs:
        return _replay(call, header, inputs or None)


def _replay(call: Call, header: Execution, inputs: Mapping[str, object] | None) -> object:
    query = call.query
    change = Differently(revision=query["revision"], inputs=inputs, breakpoints=tuple(breakpoints_of(call)))
    return _shown(call, actions.replay(call.site.parts, header.id, query["taskRunId"], [], change))


@verb("resume", body=FORM)
def resume(call: Call, header: Execution) -> object:
    """Let a paused execution go on, with the inputs that the pause asks for."""
    parts = call.site.parts
    with given_inputs(call.request, _asked(call, header)) as inputs:
        actions.resume(parts, header.id, inputs, by=_user(call))
    first = next(iter(header.paused), None)
    actions.wait(parts, header.id, SETTLED, lambda now: not now.resting if first is None else first not in now.paused)
    return _shown(call, header.id)


def _asked(call: Call, header: Execution) -> Sequence[InputBase]:
    return actions.resume_inputs(call.site.parts, header)


def _user(call: Call) -> str | None:
    given = call.request.authorization
    return given.username if given is not None and call.site.credentials is not None else None


@verb("resume/validate", body=FORM, creation=(LABELS, REVISION))
def validate_resume(call: Call, header: Execution) -> object:
    """Say what would become of the inputs of a pause; nothing goes on."""
    declared = _asked(call, header)
    with given_inputs(call.request, declared) as inputs:
        reports = actions.examine_resume(call.site.parts, header, inputs)
    shown = [report.as_json() for report in reports]
    return {"id": header.flow_id, "namespace": header.namespace, "inputs": shown, "checks": []}


@verb("resume-from-breakpoint", [BREAKPOINTS])
def resume_from_breakpoint(call: Call, header: Execution) -> object:
    """Let an execution go on from its breakpoints; others take their place, or none."""
    return _shown(call, actions.resume_from_breakpoint(call.site.parts, header.id, breakpoints_of(call)))


@verb("pause")
def pause(call: Call, header: Execution) -> object:
    """Have an execution begin no new task until it is resumed."""
    return _shown(call, actions.pause(call.site.parts, header.id))


@verb("force-run")
def force_run(call: Call, header: Execution) -> object:
    """Have an execution run now, whatever it waits for."""
    return _shown(call, actions.force_run(call.site.parts, header.id))


@verb("unqueue", [Parameter("state", default="RUNNING", description="RUNNING, CANCELLED or FAILED.")])
def unqueue(call: Call, header: Execution) -> object:
    """Take an execution out of its flow's queue."""
    return _shown(call, actions.unqueue(call.site.parts, header.id, read_state(call.query["state"], "state")))


@verb("labels", body="application/json", shape=list[LabelBody])
def labels(call: Call, header: Execution) -> object:
    """Add labels to an ended execution, or replace those of the same keys."""
    wanted = own_labels(header, label_pairs(read_json(call, list[LabelBody])))
    if not header.state.is_terminal:
        raise BadRequestError(f"execution {header.id} is {header.state}; only one that has ended takes labels")
    return _shown(call, actions.set_labels(call.site.parts, header.id, wanted))


def own_labels(header: Execution, wanted: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return labels without those of the system that stay as they are: pages send the whole list back."""
    return [label for label in wanted if not (label[0].startswith("system.") and label in header.labels)]


@verb("change-status", [Parameter("status", required=True, description="The state that it gets.")])
def change_status(call: Call, header: Execution) -> object:
    """Give an ended execution another terminal state."""
    return _shown(call, actions.change_status(call.site.parts, header.id, read_state(call.query["status"], "status")))


@verb("state", body="application/json", shape=StateBody)
def change_state(call: Call, header: Execution) -> object:
    """Give a task run a terminal state, and let the flow go on from there."""
    body = read_json(call, StateBody)
    state = read_state(body.state, "state")
    return _shown(call, actions.change_state(call.site.parts, header.id, body.taskRunId, [], state))


@verb("eval", body="text/plain")
def evaluate(call: Call, header: Execution) -> object:
    """Say what an expression gives in an execution; secrets are stars."""
    return _evaluated(call, header.id, None)


@routes.route("POST", "/executions/{id}/actions/eval/{taskRunId}", body="text/plain")
def evaluate_at(call: Call) -> object:
    """Say what an expression gives in the place of a task run; secrets are stars."""
    return _evaluated(call, call.path["id"], call.path["taskRunId"])


@routes.route("POST", "/executions/{id}/eval/{taskRunId}", body="text/plain", parameters=(LABELS, REVISION))
def evaluate_at_older(call: Call) -> object:
    """Say what an expression gives in the place of a task run; secrets are stars."""
    if call.path["taskRunId"] == "validate" and _execution(call) is None:  # a flow that is called `eval`
        return _create(call, "eval/validate")
    return evaluate_at(_reread(call, ()))


def _evaluated(call: Call, execution: str, run: str | None) -> object:
    text = read_text(call.request).decode("utf-8", "replace")
    try:
        return {"result": actions.evaluate(call.site.parts, execution, text, run)}
    except ExpressionError as error:
        return {"error": str(error), "stackTrace": str(error)}


CASCADE = Parameter("isOnKillCascade", "boolean", True, description="Whether what it has called is killed too.")


@routes.route("DELETE", "/executions/{id}/kill", "/executions/{id}/actions/kill", parameters=[CASCADE])
def kill(call: Call) -> object:
    """End an execution and what it waits for."""
    parts, cascade = call.site.parts, call.query["isOnKillCascade"]
    actions.kill(parts, call.path["id"], cascade=cascade, also_ended=cascade)
    return _shown(call, call.path["id"])


REMOVAL = tuple(
    Parameter(name, "boolean", True, description="Whether they go with it.")
    for name in ("deleteLogs", "deleteMetrics", "deleteStorage")
)


KILLED_WITHIN = 10.0
"""Seconds that a removal gives an execution to come to its end once it is killed."""


def purge_of(call: Call) -> Purge:
    """Return what of an execution a request wants to have removed."""
    query = call.query
    return Purge(logs=query["deleteLogs"], metrics=query["deleteMetrics"], files=query["deleteStorage"])


def patience(call: Call) -> float:
    """Return for how many seconds a removal waits for the end of an execution."""
    return min(KILLED_WITHIN, call.site.longest_wait)


@routes.route("DELETE", "/executions/{id}", parameters=REMOVAL, gives="", codes=(204,))
def delete(call: Call) -> object:
    """Remove an execution; one that has not ended is killed first."""
    actions.delete(call.site.parts, call.path["id"], patience(call), purge_of(call))
    return Answer(status=204)
