"""Routes that start executions, or say whether one could be started (api.md, 3.2)."""

from __future__ import annotations

from tiercel import actions
from tiercel.api.calls import Call
from tiercel.api.executions.shapes import execution_json, with_url
from tiercel.api.failures import UnprocessableError
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.api.site import Site
from tiercel.api.uploads import given_inputs, read_labels
from tiercel.errors import ConflictError, FlowError, NotFoundError
from tiercel.intake import Request, refuse_system_labels
from tiercel.model.execution import Execution
from tiercel.model.flow import Flow

FORM = "multipart/form-data"
KINDS = ("NORMAL", "TEST", "PLAYGROUND", "LOOP")

LABELS = Parameter("labels", many=True, description="A label as `key:value`; may be repeated.")
REVISION = Parameter("revision", "integer", description="The flow's revision; the latest by default.")
BREAKPOINTS = Parameter("breakpoints", many=True, description="Tasks before which the execution stops.")
CREATION = (
    LABELS,
    REVISION,
    BREAKPOINTS,
    Parameter("wait", "boolean", False, description="Answer when the execution has ended, or is paused."),
    Parameter("scheduleDate", "date", description="When it is to begin."),
    Parameter("kind", description=f"One of {', '.join(KINDS)}."),
)


def create(call: Call) -> object:
    """Start an execution of a flow."""
    return create_execution(call, call.path["namespace"], call.path["id"])


routes.route(
    "POST", "/executions/{namespace}/{id}", "/executions/trigger/{namespace}/{id}", parameters=CREATION, body=FORM
)(create)


def create_execution(call: Call, namespace: str, flow_id: str) -> dict[str, object]:
    """Start an execution; return it as it is then, or with `wait` once it has come to rest.

    Raises:
        NotFoundError: There is no such flow, or no such revision.
        ConflictError: The flow is disabled, or cannot be read any more.
        InputError: An input is missing or does not validate.
    """
    site, query = call.site, call.query
    flow = find_flow(call, namespace, flow_id)
    date = query["scheduleDate"]
    with given_inputs(call.request, flow.inputs) as inputs:
        request = Request(
            inputs=inputs,
            labels=read_labels(query["labels"]),
            schedule_date=None if date is None else date.timestamp(),
            breakpoints=breakpoints_of(call),
            kind=_kind(query["kind"]),
        )
        header = site.parts.intake.accept(flow, request)
    return answer_started(call, header, waits=query["wait"])


def answer_started(call: Call, header: Execution, *, waits: bool) -> dict[str, object]:
    """Return a new execution as JSON with its page's address; with `waits` once it has come to rest."""
    site, full = call.site, waits
    if waits:
        header = awaited(site, header.id) or header
    return with_url(site, header, execution_json(site, header, full=full))


def awaited(site: Site, execution: str) -> Execution | None:
    """Wait until an execution has come to rest, as long as a request may; not where too many wait already.

    Returns:
        The execution as it is then; None where it is not there any more, or was not waited for.
    """
    if not site.waits.has_entered():
        return None
    try:
        return actions.wait(
            site.parts,
            execution,
            site.longest_wait,
            lambda header: site.waits.closing or actions.has_come_to_rest(header),
        )
    finally:
        site.waits.leave()


def find_flow(call: Call, namespace: str, flow_id: str) -> Flow:
    """Return the flow that is to be executed, in the revision that is asked for.

    Raises:
        NotFoundError: There is no such flow, or no such revision.
        ConflictError: It cannot be read any more.
    """
    flows, revision = call.site.parts.flows, call.query["revision"]
    try:
        flow = flows.latest(namespace, flow_id)
        return flow if revision in (None, flow.revision) else flows.get(namespace, flow_id, revision)
    except FlowError as error:
        raise ConflictError(f"flow {namespace}.{flow_id} is not valid any more: {error}") from None


def breakpoints_of(call: Call) -> list[str]:
    """Return the breakpoints of a request: repeated, or between commas."""
    return [part.strip() for text in call.query["breakpoints"] for part in text.split(",") if part.strip()]


def _kind(text: str | None) -> str:
    if text is not None and text not in KINDS:
        raise UnprocessableError(f"kind is '{text}', wanted one of {', '.join(KINDS)}")
    return "" if text in (None, "NORMAL") else str(text)


@routes.route("POST", "/executions/{namespace}/{id}/validate", parameters=(LABELS, REVISION), body=FORM)
def validate(call: Call) -> object:
    """Say what would become of the inputs of a new execution; nothing is stored."""
    return validate_creation(call, call.path["namespace"], call.path["id"])


def validate_creation(call: Call, namespace: str, flow_id: str) -> dict[str, object]:
    """Return what would become of the inputs, and the checks that do not hold."""
    flow, intake = find_flow(call, namespace, flow_id), call.site.parts.intake
    labels = read_labels(call.query["labels"])
    refuse_system_labels(labels)
    with given_inputs(call.request, flow.inputs) as inputs:
        found = intake.examine(flow, flow.inputs, inputs, "validation")
    failed = intake.failed_checks(flow, found.values, [*flow.labels, *labels])
    return {
        "id": flow.id,
        "namespace": flow.namespace,
        "inputs": [report.as_json() for report in found.reports],
        "checks": failed,
    }


def no_execution(execution: str) -> NotFoundError:
    """Return what is said of an execution that there is not."""
    return NotFoundError(f"there is no execution '{execution}'")
