"""What people do with the flows of an installation as a whole: check them, replace many at once, switch, delete.

Promise: several flows are all good or nothing is stored; a check goes through the code that stores.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tiercel import registry
from tiercel.authoring.unknownnames import unknown_names
from tiercel.errors import ConflictError, FlowError, NotFoundError, Problem
from tiercel.flowfile import parse_flow, parse_flows
from tiercel.flowfile.parts import check_part
from tiercel.flowfile.reading import decode, read
from tiercel.flowfile.rewriting import with_disabled, with_namespace
from tiercel.flows import FlowRecord, FlowStore
from tiercel.graphs.topology import Dependence, Name, upstream_flows
from tiercel.indexes.listening import flow_triggers
from tiercel.model.execution import decode_execution
from tiercel.model.flow import Flow
from tiercel.model.states import TERMINAL, State
from tiercel.ports import StateStore

# ------------------------------------------------------------------ checking


def check_flows(flows: FlowStore, text: str | bytes) -> list[dict[str, Any]]:
    """Return what there is to say about each flow of a text, in its order (API specification, 2.1)."""
    parsed = parse_flows(text)
    raw = _raw(text)
    raw += [None] * (len(parsed) - len(raw))
    return [_checked(flows, index, each, raw[index]) for index, each in enumerate(parsed)]


def _raw(text: str | bytes) -> list[Any]:
    try:
        return [each.value for each in read(decode(text)) if each.value is not None]
    except FlowError:
        return []


def _checked(flows: FlowStore, index: int, found: Flow | FlowError, raw: Any) -> dict[str, Any]:
    document = raw if isinstance(raw, Mapping) else {}
    said: dict[str, Any] = {"index": index}
    for name, key in (("flow", "id"), ("namespace", "namespace")):
        if isinstance(document.get(key), str):
            said[name] = document[key]
    if isinstance(found, FlowError):
        return {**said, "constraints": _constraints(found.problems), "outdated": False, **_notes((), document)}
    notes = _notes(found.notices, document)
    notes["warnings"] += unknown_names(document)
    return {**said, "outdated": _is_outdated(flows, found, document), **notes}


def check_part_alone(text: str | bytes, *, trigger: bool) -> dict[str, Any]:
    """Return what there is to say about one task, or one trigger."""
    try:
        report = check_part(text, trigger=trigger)
    except FlowError as error:
        return {"index": 0, "constraints": _constraints(error.problems), "outdated": False, **_notes((), {})}
    constraints = {"constraints": _constraints(report.problems)} if report.problems else {}
    return {"index": 0, **constraints, "outdated": False, **_notes(report.notices, report.document.value)}


def _constraints(problems: Iterable[Problem]) -> str:
    return "\n".join(f"{each.path}: {each.message}" if each.path else str(each) for each in problems)


def _is_outdated(flows: FlowStore, flow: Flow, document: Mapping[str, Any]) -> bool:
    number = document.get("revision")
    if number is None:
        return False
    try:
        return bool(number != flows.record(flow.namespace, flow.id, allow_deleted=True).revision + 1)
    except NotFoundError:
        return bool(number != 1)


def _notes(notices: Iterable[Problem], document: Any) -> dict[str, list[str]]:
    """Return what is no error: the paths of what is old, what is doubtful, and which type took another's place."""
    old = [each for each in notices if "deprecated" in each.message]
    doubtful = [each for each in notices if "deprecated" not in each.message]
    return {
        "deprecationPaths": [each.path for each in old],
        "warnings": [f"{each.path}: {each.message}" if each.path else each.message for each in doubtful],
        "infos": list(dict.fromkeys(_replaced(document))),
    }


def _replaced(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        kind = value.get("type")
        known = registry.find(kind) if isinstance(kind, str) else None
        if known is not None and known.written not in (known.type, known.type.removeprefix(registry.PREFIX)):
            yield f"{known.written} is replaced by {known.type}"
        for item in value.values():
            yield from _replaced(item)
    elif isinstance(value, list):
        for item in value:
            yield from _replaced(item)


# ------------------------------------------------------------------ many at once


def all_valid(text: str | bytes) -> list[Flow]:
    """Return the flows of a text.

    Raises:
        FlowError: One of them is wrong, or stands there twice; every problem is in it.
    """
    flows: list[Flow] = []
    problems: list[Problem] = []
    for number, each in enumerate(parse_flows(text)):
        if isinstance(each, FlowError):
            problems += [Problem(one.message, f"[{number}].{one.path}", one.line, one.column) for one in each.problems]
        else:
            flows.append(each)
    names = [(flow.namespace, flow.id) for flow in flows]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    problems += [Problem(f"the flow '{'.'.join(name)}' stands there twice; keep one of them") for name in twice]
    if problems:
        raise FlowError(problems)
    return flows


def in_namespace(
    flows: Sequence[Flow], namespace: str, *, children: bool = False, override: bool = False
) -> list[Flow]:
    """Return flows that all belong to a namespace.

    Args:
        flows: The flows.
        namespace: Where they must be.
        children: Whether a namespace below it is as good.
        override: Whether those of other namespaces are moved there.

    Raises:
        FlowError: One is elsewhere.
    """

    def is_there(flow: Flow) -> bool:
        return flow.namespace == namespace or (children and flow.namespace.startswith(f"{namespace}."))

    elsewhere = [flow for flow in flows if not is_there(flow)]
    if elsewhere and not override:
        wanted = f"'{namespace}'{' or one below it' if children else ''}"
        raise FlowError(
            [
                Problem(f"flow '{flow.id}' is of the namespace '{flow.namespace}', wanted {wanted}", "flow.namespace")
                for flow in elsewhere
            ]
        )
    return [flow if is_there(flow) else parse_flow(with_namespace(flow.source, namespace)) for flow in flows]


def replace_flows(flows: FlowStore, wanted: Sequence[Flow], former: Iterable[FlowRecord]) -> list[FlowRecord]:
    """Store flows, and delete former ones that are not among them; return those that were deleted, then the others."""
    kept = {(flow.namespace, flow.id) for flow in wanted}
    gone = [(record.namespace, record.id) for record in former if (record.namespace, record.id) not in kept]
    return flows.replace(wanted, gone)


def switch_flows(flows: FlowStore, records: Iterable[FlowRecord], *, disabled: bool) -> int:
    """Disable or enable flows in their sources; return how many were changed.

    Raises:
        FlowError: The source of one cannot be changed so; nothing was changed.
    """
    wanted = [record for record in records if record.disabled is not disabled]
    changed = [parse_flow(with_disabled(record.source, disabled)) for record in wanted]
    for record, flow in zip(wanted, changed, strict=True):
        flows.update(record.namespace, record.id, flow)
    return len(changed)


def forget_revisions(store: StateStore, flows: FlowStore, name: Name, revisions: Collection[int]) -> None:
    """Remove old revisions of a flow for good.

    Raises:
        NotFoundError: There is no such flow, or no such revision.
        ConflictError: The latest is among them, or one of which an execution has not ended.
    """
    going_on = [str(state) for state in State if state not in TERMINAL]
    found = store.query("execution", namespace=name[0], flow_id=name[1], states=going_on, limit=1_000_000)
    for header in (decode_execution(stored.body) for stored in found):
        if header.revision in revisions:
            raise ConflictError(f"revision {header.revision} is that of execution {header.id}, which has not ended")
    flows.forget_revisions(*name, revisions)


# ------------------------------------------------------------------ who depends on whom


def dependences(flows: FlowStore) -> list[Dependence]:
    """Return every arrow between the flows of an installation; only flows that listen to others are parsed."""
    records = {(record.namespace, record.id): record for record in flows.all()}
    found = [
        Dependence(name, called, "FLOW_TASK")
        for name, record in records.items()
        for called in record.calls
        if called in records
    ]
    for listener in flows.listeners.all():
        name = (listener.namespace, listener.flow_id)
        if name not in records:
            continue
        for trigger in flow_triggers(flows.get(*name, listener.revision)):
            found += [Dependence(other, name, "FLOW_TRIGGER") for other in upstream_flows(trigger, name, records)]
    return list(dict.fromkeys(found))
