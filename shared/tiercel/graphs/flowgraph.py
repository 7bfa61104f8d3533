"""A flow as a graph for those who draw it: nodes, edges, and a cluster for each flowable (API specification, 2.2).

Promise: pure, and as large as the flow: a task has one node however often it ran. The uid of a task is its id; inside a
subflow that is shown in place it begins with the uid of the task that calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tiercel.flowables.base import FlowableTask
from tiercel.graphs.topology import CALLS, called_flow
from tiercel.model.execution import is_hidden
from tiercel.model.flow import AFTER, ERRORS, FINALLY, MAIN, Flow, Node
from tiercel.model.nesting import Nested, nested_shapes

_TYPES = "io.kestra.core.models.hierarchies."
_CORE = "io.kestra.plugin.core.flow."
_FORKS = (f"{_CORE}Parallel", f"{_CORE}EachParallel")
_BRANCH = {ERRORS: "ERROR", FINALLY: FINALLY.upper(), AFTER: "AFTER_EXECUTION"}
_DEEPEST = 5
"""Subflows inside subflows that are shown in place."""

Bodies = Mapping[str, Mapping[str, Any]]
Find = Callable[[str, str], "tuple[Flow, Bodies] | None"]
"""Gives a flow with its tasks as authored, or None where it is not there."""


@dataclass(frozen=True)
class Drawing:
    """What is drawn besides the flow itself."""

    bodies: Bodies
    """The tasks as authored, by their ids."""
    runs: Mapping[str, Mapping[str, Any]] | None = None
    """Of an execution: by its task, the run that is shown; bodies are reduced then."""
    expand: Collection[str] = ()
    """The uids of tasks whose subflows are shown in place."""
    find: Find = lambda _namespace, _flow: None
    prefix: str = ""
    """What all uids begin with."""
    depth: int = 0


@dataclass
class _Cluster:
    """A part of the graph between its own beginning and end."""

    uid: str
    root: str
    end: str
    parents: tuple[str, ...] = ()
    nodes: list[str] = field(default_factory=list)

    @property
    def inside(self) -> tuple[str, ...]:
        """The clusters around what stands in it."""
        return (*self.parents, self.uid) if self.uid else self.parents


def flow_graph(flow: Flow, drawing: Drawing) -> dict[str, Any]:
    """Return `{nodes, edges, clusters, flowables}`.

    Args:
        flow: The flow.
        drawing: What is drawn besides.
    """
    graph = _Graph()
    top = _Cluster("", f"root.{drawing.prefix}{flow.id}", f"end.{drawing.prefix}{flow.id}")
    painter = _Painter(graph, drawing)
    graph.bounds(top)
    if not drawing.prefix:
        painter.triggers(flow.triggers, top)
    painter.whole(flow, top)
    return {"nodes": graph.nodes, "edges": graph.edges, "clusters": graph.clusters, "flowables": graph.flowables}


class _Graph:
    """The graph as it grows."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []
        self.clusters: list[dict[str, Any]] = []
        self.flowables: list[str] = []

    def node(self, uid: str, kind: str, cluster: _Cluster, branch: str = "", **more: object) -> str:
        """Add a node to a cluster; return its uid."""
        node: dict[str, Any] = {"uid": uid, "type": _TYPES + kind, "error": branch == ERRORS}
        if branch in _BRANCH:
            node["branchType"] = _BRANCH[branch]
        self.nodes.append(node | {name: value for name, value in more.items() if value is not None})
        cluster.nodes.append(uid)
        return uid

    def edge(self, source: str, target: str, relation: str = "SEQUENTIAL", value: str | None = None) -> None:
        """Add an edge."""
        self.edges.append({"source": source, "target": target, "relation": {"relationType": relation, "value": value}})

    def bounds(self, cluster: _Cluster, branch: str = "") -> None:
        """Add the beginning and the end of a cluster."""
        self.node(cluster.root, "GraphClusterRoot", cluster, branch)
        self.node(cluster.end, "GraphClusterEnd", cluster, branch)

    def close(self, cluster: _Cluster, kind: str, relation: str, task: object = None) -> None:
        """Add a cluster that is complete."""
        shown: dict[str, Any] = {"uid": cluster.uid, "type": _TYPES + kind, "relationType": relation}
        if task is not None:
            shown["taskNode"] = task
        parts = {"nodes": cluster.nodes, "parents": list(cluster.parents), "start": cluster.root, "end": cluster.end}
        self.clusters.append({"cluster": shown, **parts})


class _Painter:
    """Draws one flow."""

    def __init__(self, graph: _Graph, drawing: Drawing) -> None:
        self.graph, self.drawing = graph, drawing

    def triggers(self, triggers: Sequence[Mapping[str, Any]], top: _Cluster) -> None:
        """Draw the triggers, which lead to the flow's beginning."""
        if not triggers:
            return
        cluster = _Cluster("cluster_Triggers", "root.Triggers", "end.Triggers")
        self.graph.bounds(cluster)
        for trigger in triggers:
            shown = dict(trigger) if self.drawing.runs is None else {"id": trigger["id"], "type": trigger["type"]}
            uid = self.graph.node(f"Triggers.{trigger['id']}", "GraphTrigger", cluster, triggerDeclaration=shown)
            self.graph.edge(cluster.root, uid)
            self.graph.edge(uid, cluster.end)
        self.graph.close(cluster, "GraphCluster", "SEQUENTIAL")
        self.graph.edge(cluster.end, top.root)

    def whole(self, flow: Flow, top: _Cluster) -> None:
        """Draw a flow's branches between its beginning and its end."""
        branches = dict(flow.branches)
        after = branches.pop(AFTER, ())
        late = [nodes for name, nodes in branches.items() if name.startswith("listeners.")]
        ends = self._branches(branches, top, MAIN, "SEQUENTIAL")
        for nodes in (after, *late):
            ends = self._row(nodes, top, ends, _BRANCH[AFTER], AFTER) if nodes else ends
        for each in ends:
            self.graph.edge(each, top.end)

    def _branches(self, branches: Mapping[str, tuple[Node, ...]], cluster: _Cluster, main: str, how: str) -> list[str]:
        """Draw the main branch, that of errors beside it, and `finally` after both; return where it ends."""
        start = [cluster.root]
        ends = self._row(branches.get(main, ()), cluster, start, how, "")
        if branches.get(ERRORS):
            ends += self._row(branches[ERRORS], cluster, start, "ERROR", ERRORS)
        if branches.get(FINALLY):
            ends = self._row(branches[FINALLY], cluster, ends, _BRANCH[FINALLY], FINALLY)
        return ends

    def _row(
        self,
        nodes: Sequence[Node],
        cluster: _Cluster,
        before: list[str],
        relation: str,
        branch: str,
        value: str | None = None,
    ) -> list[str]:
        """Draw tasks that run one after the other; return where the row ends."""
        for task in nodes:
            if is_hidden(task.id):
                continue
            first, last = self._task(task, cluster, relation, branch)
            for each in before:
                self.graph.edge(each, first, relation, value)
            before, relation, value = [last], "SEQUENTIAL", None
        return list(before)

    def _task(self, task: Node, cluster: _Cluster, relation: str, branch: str) -> tuple[str, str]:
        """Draw one task; return where it begins and where it ends."""
        uid = self.drawing.prefix + task.id
        kind = "SubflowGraphTask" if task.type in CALLS else "GraphTask"
        shown = self._shown(task, relation)
        inside = {} if task.type in CALLS else task.branches
        if task.type in CALLS and uid in self.drawing.expand:
            found = self._subflow(task, uid, cluster, shown, branch)
            if found is not None:
                return found
        if not any(inside.values()):
            self.graph.node(uid, kind, cluster, branch, **shown)
            return uid, uid
        self.graph.flowables.append(uid)
        own = _Cluster(f"cluster_{uid}", f"root.{uid}", f"end.{uid}", cluster.inside)
        self.graph.bounds(own, branch)
        self.graph.node(uid, kind, own, branch, **shown)
        self.graph.edge(own.root, uid)
        self._inside(task, own, uid)
        self.graph.close(own, "GraphCluster", _relation(task), {"uid": uid, "type": f"{_TYPES}{kind}", **shown})
        return own.root, own.end

    def _inside(self, task: Node, own: _Cluster, uid: str) -> None:
        """Draw what a flowable holds, from its own node to the end of its cluster."""
        shapes, relation = nested_shapes(task.plugin), _relation(task)
        around = _Cluster(own.uid, uid, own.end, own.parents, own.nodes)
        ends: list[str] = []
        if shapes.get(MAIN) is Nested.GRAPH:
            ends += self._dag(task.branches[MAIN], around)
        elif task.type in _FORKS:
            for child in task.branches.get(MAIN, ()):
                ends += self._row([child], around, [uid], relation, "")
        else:
            for name, nodes in task.branches.items():
                if name not in _BRANCH:
                    value = name.removeprefix("cases.") if relation == "CHOICE" else None
                    ends += self._row(nodes, around, [uid], relation, "", value)
        if relation == "CHOICE" and not all(task.branches.get(name) for name in ("else", "defaults") if name in shapes):
            ends.append(uid)  # nothing is chosen
        self._last(task, around, ends)

    def _last(self, task: Node, around: _Cluster, ends: list[str]) -> None:
        if task.branches.get(ERRORS):
            ends += self._row(task.branches[ERRORS], around, [around.root], "ERROR", ERRORS)
        if task.branches.get(FINALLY):
            ends = self._row(task.branches[FINALLY], around, ends, _BRANCH[FINALLY], FINALLY)
        for each in dict.fromkeys(ends):
            self.graph.edge(each, around.end)

    def _dag(self, nodes: Sequence[Node], around: _Cluster) -> list[str]:
        """Draw tasks that wait for one another; return those for which none waits."""
        places = {task.id: self._task(task, around, "DYNAMIC", "") for task in nodes}
        for task in nodes:
            for other in task.depends_on or (None,):
                source = around.root if other is None else places[other][1]
                self.graph.edge(source, places[task.id][0], "PARALLEL" if other is None else "SEQUENTIAL")
        waited = {other for task in nodes for other in task.depends_on}
        return [last for name, (_, last) in places.items() if name not in waited]

    def _subflow(
        self, task: Node, uid: str, cluster: _Cluster, shown: dict[str, Any], branch: str
    ) -> tuple[str, str] | None:
        """Draw the flow that a task calls in the task's place; None where it is not known."""
        name = called_flow(task.properties)
        found = None if name is None or self.drawing.depth >= _DEEPEST else self.drawing.find(*name)
        if found is None:
            return None
        flow, bodies = found
        own = _Cluster(f"cluster_{uid}", f"root.{uid}", f"end.{uid}", cluster.inside)
        self.graph.bounds(own, branch)
        inner = Drawing(
            bodies,
            None if self.drawing.runs is None else {},
            self.drawing.expand,
            self.drawing.find,
            f"{uid}.",
            self.drawing.depth + 1,
        )
        _Painter(self.graph, inner).whole(flow, own)
        node = {"uid": uid, "type": f"{_TYPES}SubflowGraphTask", **shown}
        self.graph.close(own, "SubflowGraphCluster", "SEQUENTIAL", node)
        return own.root, own.end

    def _shown(self, task: Node, relation: str) -> dict[str, Any]:
        """Return what a task's node says of it."""
        reduced: dict[str, Any] = {"id": task.id, "type": task.type}
        if self.drawing.runs is None:
            return {"task": dict(self.drawing.bodies.get(task.id, reduced)), "relationType": relation}
        run = self.drawing.runs.get(task.id)
        values = [run["value"]] if run is not None and run.get("value") is not None else None
        return {"task": reduced, "relationType": relation, "taskRun": run, "values": values}


def _relation(task: Node) -> str:
    """Return how a flowable's tasks hang on it."""
    shapes = nested_shapes(task.plugin)
    if Nested.CASES in shapes.values() or "then" in shapes:
        return "CHOICE"
    if issubclass(task.plugin, FlowableTask) and task.plugin.valued:
        return "DYNAMIC"
    return "PARALLEL" if task.type in _FORKS or shapes.get(MAIN) is Nested.GRAPH else "SEQUENTIAL"
