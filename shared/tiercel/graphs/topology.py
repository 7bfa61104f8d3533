"""Which flows depend on which: those that a flow calls, and those whose executions start it (API specification, 2.3).

Promise: pure. What a flow calls is read when it is deployed; a name that an expression gives is left out, since only a
run knows it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tiercel.model.flow import Flow

_CORE = "io.kestra.plugin.core."
CALLS = (f"{_CORE}flow.Subflow", f"{_CORE}flow.ForEachItem")
"""Types of tasks that call another flow."""

Name = tuple[str, str]
"""A flow's namespace and id."""
_Chooses = Callable[[Name], bool]


@dataclass(frozen=True, slots=True)
class Dependence:
    """An arrow of the graph."""

    source: Name
    """The flow that comes first: the one that calls, or whose executions are looked at."""
    target: Name
    relation: str
    """`FLOW_TASK` for a call, `FLOW_TRIGGER` for a Flow trigger."""


def called_flow(properties: Mapping[str, Any]) -> Name | None:
    """Return the flow that a Subflow or a ForEachItem calls; None where an expression names it."""
    namespace, flow_id = properties.get("namespace"), properties.get("flowId")
    if not isinstance(namespace, str) or not isinstance(flow_id, str) or "{" in namespace + flow_id:
        return None
    return namespace, flow_id


def called_flows(flow: Flow) -> list[Name]:
    """Return the flows that a flow calls, each once, in the order of its tasks."""
    found = (called_flow(node.properties) for node in flow.nodes.values() if node.type in CALLS)
    return list(dict.fromkeys(name for name in found if name is not None))


def upstream_flows(trigger: Mapping[str, Any], own: Name, known: Iterable[Name]) -> list[Name]:
    """Return the flows whose executions may start a flow by a Flow trigger.

    Args:
        trigger: The trigger as authored, its types canonical.
        own: The flow that has it; it never starts itself.
        known: All flows.
    """
    must, may = list(_single(trigger.get("conditions") or ())), list(_gathered(trigger))
    return [
        name
        for name in known
        if name != own and all(each(name) for each in must) and (not may or any(each(name) for each in may))
    ]


def _single(conditions: Iterable[Mapping[str, Any]]) -> Iterator[_Chooses]:
    """Yield what the conditions that one execution must meet say of its flow."""
    for condition in conditions:
        if not condition["type"].endswith(".MultipleCondition"):
            yield _choice(condition)


def _gathered(trigger: Mapping[str, Any]) -> Iterator[_Chooses]:
    """Yield what several executions must meet together says of each one's flow."""
    for condition in trigger.get("conditions") or ():
        if condition["type"].endswith(".MultipleCondition"):
            yield from map(_choice, (condition.get("conditions") or {}).values())
    before = trigger.get("preconditions") or {}
    for entry in (*(before.get("flows") or ()), *(trigger.get("dependsOn") or ())):
        yield _named(entry.get("namespace"), entry.get("flowId"))
    for group in before.get("where") or ():
        yield _group(group)


def _choice(condition: Mapping[str, Any]) -> _Chooses:
    """Return what a condition says of a flow; what says nothing of it allows all."""
    kind = str(condition["type"]).removeprefix(f"{_CORE}condition.")
    namespace = condition.get("namespace")
    if kind in ("ExecutionFlow", "FlowCondition"):
        return _named(namespace, condition.get("flowId"))
    if kind in ("ExecutionNamespace", "FlowNamespaceCondition") and isinstance(namespace, str):
        comparison = condition.get("comparison") or ("PREFIX" if condition.get("prefix") else "EQUALS")
        return _compared(_BY_NAME[str(comparison)], namespace, 0) if str(comparison) in _BY_NAME else _any
    inner = [_choice(each) for each in condition.get("conditions") or ()] if kind in ("Or", "Not") else []
    if kind == "Or" and inner:
        return lambda name: any(each(name) for each in inner)
    return _any


def _any(_name: Name) -> bool:
    return True


def _is_plain(text: object) -> bool:
    return isinstance(text, str) and "{" not in text


def _named(namespace: object, flow_id: object) -> _Chooses:
    wanted = [each if _is_plain(each) else None for each in (namespace, flow_id)]
    return lambda name: all(want in (None, found) for want, found in zip(wanted, name, strict=True))


_BY_NAME: Mapping[str, Callable[[str, str], bool]] = {
    "EQUALS": lambda found, wanted: found == wanted,
    "EQUAL_TO": lambda found, wanted: found == wanted,
    "NOT_EQUAL_TO": lambda found, wanted: found != wanted,
    "PREFIX": str.startswith,
    "STARTS_WITH": str.startswith,
    "SUFFIX": str.endswith,
    "ENDS_WITH": str.endswith,
    "CONTAINS": str.__contains__,
}


def _compared(compare: Callable[[str, str], bool], wanted: str, place: int) -> _Chooses:
    return lambda name: "{" in wanted or compare(name[place], wanted)


def _group(group: Mapping[str, Any]) -> _Chooses:
    """Return what a group of comparisons says of a flow."""
    judges = [_comparison(each) for each in group.get("filters") or ()]
    together = any if group.get("operand") == "OR" else all
    return lambda name: together(each(name) for each in judges)


def _comparison(entry: Mapping[str, Any]) -> _Chooses:
    place = {"NAMESPACE": 0, "FLOW_ID": 1}.get(str(entry.get("field")))
    kind, value, values = str(entry.get("type")), entry.get("value"), entry.get("values") or ()
    if place is None:
        return _any
    if kind in ("IN", "NOT_IN"):
        return lambda name: (name[place] in values) is (kind == "IN")
    return _compared(_BY_NAME[kind], str(value), place) if kind in _BY_NAME else _any


# ------------------------------------------------------------------ the graph


def reached(
    all_of_them: Collection[Dependence], start: Collection[Name], *, onward: bool, backward: bool, far: bool
) -> list[Dependence]:
    """Return the arrows that lead from some flows onward, and to them.

    Args:
        all_of_them: Every arrow there is.
        start: The flows to begin with.
        onward: Whether those that depend on them are meant.
        backward: Whether those on which they depend are meant.
        far: Whether it goes on from there, in the same direction.
    """
    found: dict[Dependence, None] = {}
    if onward:
        found.update(_followed(all_of_them, start, lambda arrow: (arrow.source, arrow.target), far=far))
    if backward:
        found.update(_followed(all_of_them, start, lambda arrow: (arrow.target, arrow.source), far=far))
    return list(found)


def _followed(
    arrows: Collection[Dependence],
    start: Collection[Name],
    ends: Callable[[Dependence], tuple[Name, Name]],
    *,
    far: bool,
) -> dict[Dependence, None]:
    leaving: dict[Name, list[Dependence]] = {}
    for arrow in arrows:
        leaving.setdefault(ends(arrow)[0], []).append(arrow)
    found: dict[Dependence, None] = {}
    seen, waiting = set(start), deque(start)
    while waiting:
        for arrow in leaving.get(waiting.popleft(), ()):
            found[arrow] = None
            there = ends(arrow)[1]
            if far and there not in seen:
                seen.add(there)
                waiting.append(there)
    return found


def topology(arrows: Iterable[Dependence], besides: Iterable[Name], tenant: str) -> dict[str, Any]:
    """Return the graph as the API gives it: `{nodes: [{uid, namespace, id}], edges: [{source, target, relation}]}`.

    Args:
        arrows: The arrows.
        besides: Flows that are shown even where no arrow touches them.
        tenant: The first part of each uid.
    """
    arrows = list(arrows)
    names = dict.fromkeys([*besides, *(name for arrow in arrows for name in (arrow.source, arrow.target))])
    uids = {name: f"{tenant}_{name[0]}_{name[1]}" for name in names}
    return {
        "nodes": [{"uid": uid, "namespace": name[0], "id": name[1]} for name, uid in uids.items()],
        "edges": [
            {"source": uids[arrow.source], "target": uids[arrow.target], "relation": arrow.relation} for arrow in arrows
        ],
    }
