"""Tasks to nodes: the tree that the planner walks, numbered in the order of the document.

Promise: every task is looked at, disabled ones too, and everything wrong is reported; disabled tasks get no node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from tiercel import registry
from tiercel.flowfile import graphs
from tiercel.flowfile.declared import read_inputs
from tiercel.flowfile.defaults import Injected
from tiercel.flowfile.labels import read_labels
from tiercel.flowfile.places import Path, Report
from tiercel.flowfile.plugins import find_plugin
from tiercel.flowfile.properties import is_template, read_properties
from tiercel.flowfile.texts import adapter
from tiercel.flowfile.words import faults, shown
from tiercel.model.durations import parse_duration
from tiercel.model.execution import is_hidden
from tiercel.model.flow import MAIN, Node
from tiercel.model.nesting import Nested, Part, nested_shapes
from tiercel.model.plugin import Plugin
from tiercel.model.retry import RetryPolicy
from tiercel.model.states import Level
from tiercel.model.task import COMMON, Caching

_GUESSED = ("tasks", "then", "else", "defaults", "errors", "finally")
"""What may hold tasks in a task of unknown type; looked at so that all problems show at once."""
_CALLS = (f"{registry.PREFIX}core.flow.Subflow", f"{registry.PREFIX}core.flow.ForEachItem")
_SEQUENTIAL = f"{registry.PREFIX}core.flow.Sequential"


def is_runnable(plugin: type[Plugin]) -> bool:
    """Tell whether a worker runs the task by itself, without tasks inside it."""
    return callable(getattr(plugin, "run", None)) and not nested_shapes(plugin)


def runs_children(plugin: type[Plugin]) -> bool:
    """Tell whether a worker runs the task together with the tasks inside it (WorkingDirectory)."""
    return callable(getattr(plugin, "run", None)) and bool(nested_shapes(plugin))


def own_parts(plugin: type[Plugin], node: Node) -> Sequence[Part]:
    """Return the tasks of which a task is made, none for most."""
    parts: Callable[[str, Mapping[str, Any]], Sequence[Part]] | None = getattr(plugin, "parts", None)
    return () if parts is None else parts(node.id, node.properties)


@dataclass(slots=True)
class Tree:
    """The tasks of one flow as they become nodes."""

    report: Report
    injected: Injected
    name: tuple[str, str]
    """The flow's namespace and id."""
    retry: RetryPolicy | None = None
    nodes: dict[str, Node] = field(default_factory=dict)
    ids: list[tuple[str, Path]] = field(default_factory=list)
    """Every task's id and place, disabled ones too."""

    def branch(
        self, value: object, path: Path, name: str, parent: Node | None, *, live: bool = True
    ) -> tuple[Node, ...]:
        """Return the nodes of a list of tasks."""
        if not isinstance(value, list):
            if value is not None:
                self.report.problem(path, f"must be a list of tasks, found {shown(value)}")
            return ()
        nodes: list[Node] = []
        for index, raw in enumerate(value):
            self._append(nodes, raw, (*path, index), name, parent, live)
        return tuple(nodes)

    def _append(self, nodes: list[Node], raw: object, path: Path, name: str, parent: Node | None, live: bool) -> None:
        node = self.task(raw, path, name, parent, live=live)
        if node is not None:
            node.index = len(nodes)
            nodes.append(node)

    def task(self, raw: object, path: Path, branch: str, parent: Node | None, *, live: bool = True) -> Node | None:
        """Return the node of one task, or None when it is disabled or cannot be one."""
        if not isinstance(raw, dict):
            self._no_map(raw, path)
            return None
        self._note_id(raw, path)
        before = len(self.report.notices)
        known = find_plugin(raw, path, self.report, "task")
        if known is None:
            self._look_inside(raw, path)
            return None
        canonical, plugin = known
        properties = self._properties(plugin, canonical, raw, path)
        own_retry = read_retry(raw.get("retry"), (*path, "retry"), self.report)
        live = live and not _is_on(properties.get("disabled"))
        node = self._node(plugin, canonical, properties, branch, parent, live)
        node.retry = own_retry or (parent.retry if parent else self.retry)
        node.cache = self._cache(node, properties.get("taskCache"), path)
        node.notices = tuple(notice.message for notice in self.report.notices[before:])
        parts = self._parts(node, own_parts(plugin, node), path, live)
        for name, shape in nested_shapes(plugin).items():
            self._property(node, name, shape, raw, (*path, name), live)
        self._add(node, path, live)
        self._rules(node, raw, properties, path)
        self._worker_group(node, raw, path)
        if parts:  # it was only a way to write a sequence
            node.branches[MAIN] = parts
            node.plugin, node.properties = registry.load(_SEQUENTIAL), {}
        return node if live else None

    def _properties(self, plugin: type[Plugin], canonical: str, raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """Return a task's properties, those that hold tasks left out."""
        besides = ("retry", *nested_shapes(plugin))
        owner = f"class {canonical}"
        return read_properties(plugin, raw, path, self.report, owner=owner, besides=besides, injected=self.injected)

    def _no_map(self, raw: object, path: Path) -> None:
        """Note that what stands for a task is none."""
        wanted = "a task: a map with 'id' and 'type'"
        found = f"must not be null, wanted {wanted}" if raw is None else f"must be {wanted}, found {shown(raw)}"
        self.report.problem(path, found)

    def _cache(self, node: Node, value: object, path: Path) -> Caching | None:
        """Return how what the task gives is kept for equal runs; None where it is not."""
        try:
            policy = None if value is None else Caching.model_validate(value)
        except ValidationError:  # reported with the other properties
            return None
        if policy is None or not policy.enabled:
            return None
        if not is_runnable(node.plugin):
            message = f"'taskCache' has no effect on {node.type}: only tasks that a worker runs by itself are cached"
            self.report.notice((*path, "taskCache"), message, key=True)
            return None
        return policy

    def _parts(self, above: Node, parts: Sequence[Part], path: Path, live: bool) -> tuple[Node, ...]:
        """Return the nodes of tasks that the author did not write."""
        nodes = []
        for index, part in enumerate(parts):
            canonical = f"{above.type.partition('$')[0]}${part.type}"
            node = Node(part.id, canonical, registry.load(canonical), part.properties, parent=above, index=index)
            node.retry = above.retry if is_runnable(node.plugin) else None
            node.log_level, node.log_to_file = above.log_level, above.log_to_file
            if not is_hidden(part.id):
                self.ids.append((part.id, path))
            if live:
                node.order = len(self.nodes)
                self.nodes.setdefault(node.id, node)
            inside = self._parts(node, part.parts, path, live)
            if inside:
                node.branches[MAIN] = inside
            nodes.append(node)
        return tuple(nodes)

    def _add(self, node: Node, path: Path, live: bool) -> None:
        """Give a flowable the hidden tasks that belong to it, each at the end of its branch."""
        added: Callable[[str, Mapping[str, Any]], Mapping[str, Part]] | None = getattr(node.plugin, "added", None)
        for branch, part in (added(node.id, node.properties) if added is not None else {}).items():
            (child,) = self._parts(node, [part], path, live)
            child.branch, child.index, child.retry = branch, len(node.branches.get(branch, ())), None
            node.branches[branch] = (*node.branches.get(branch, ()), child)

    def _note_id(self, raw: dict[str, Any], path: Path) -> None:
        name = raw.get("id")
        if isinstance(name, bool | int | float):
            raw["id"] = name = self.report.document.text(raw, "id", name)
        if isinstance(name, str):
            self.ids.append((name, path))

    def _look_inside(self, raw: Mapping[str, Any], path: Path) -> None:
        if not isinstance(raw.get("id"), str) or not raw["id"]:
            self.report.problem((*path, "id"), "must not be blank: every task needs an id")
        for name in _GUESSED:
            inside = raw.get(name)
            if isinstance(inside, list) and all(isinstance(item, dict) and "type" in item for item in inside):
                self.branch(inside, (*path, name), name, None, live=False)

    def _node(
        self,
        plugin: type[Plugin],
        canonical: str,
        properties: dict[str, Any],
        branch: str,
        parent: Node | None,
        live: bool,
    ) -> Node:
        own = {name: value for name, value in properties.items() if name not in COMMON}
        node = Node(str(properties.get("id")), canonical, plugin, own, parent=parent, branch=branch)
        node.run_if = _text(properties.get("runIf"), "true")
        node.timeout = None if properties.get("timeout") is None else _text(properties["timeout"], "")
        by_default = getattr(plugin, "default_failure_allowed", False)
        node.allow_failure = _is_on(properties.get("allowFailure", by_default))
        node.allow_warning = _is_on(properties.get("allowWarning"))
        node.log_to_file = _is_on(properties.get("logToFile"))
        level = properties.get("logLevel")
        node.log_level = Level(str(level)) if level in Level.__members__ else None
        if live:
            node.order = len(self.nodes)
            self.nodes.setdefault(node.id, node)
        return node

    def _property(self, node: Node, name: str, shape: Nested, raw: Mapping[str, Any], path: Path, live: bool) -> None:
        value = raw.get(name)
        remedy = node.plugin.deprecated.get(name)
        if value is not None and remedy is not None:
            self.report.notice(path, f"'{name}' is deprecated: {remedy}", key=True)
        if shape in (Nested.REQUIRED, Nested.GRAPH) and (value is None or value == []):
            empty = "The 'tasks' property cannot be empty: " if runs_children(node.plugin) else ""
            self.report.problem(path, f"{empty}must not be empty: '{node.id}' needs at least one task here")
        elif value is None:
            return
        elif shape is Nested.CASES:
            self._cases(node, name, value, path, live)
        elif shape is Nested.GRAPH:
            node.branches[name] = self._graph(node, name, value, path, live)
        elif shape is Nested.ONE:
            child = self.task(value, path, name, node, live=live)
            node.branches[name] = () if child is None else (child,)
        else:
            node.branches[name] = self.branch(value, path, name, node, live=live)

    def _cases(self, node: Node, name: str, value: object, path: Path, live: bool) -> None:
        if not isinstance(value, dict):
            self.report.problem(path, f"must be a map from a value to a list of tasks, found {shown(value)}")
            return
        for case, tasks in value.items():
            if tasks is None:
                self.report.problem((*path, case), "must not be null, wanted a list of tasks")
                continue
            branch = f"{name}.{case}"
            node.branches[branch] = self.branch(tasks, (*path, case), branch, node, live=live)

    def _graph(self, node: Node, name: str, value: object, path: Path, live: bool) -> tuple[Node, ...]:
        entries = graphs.read_entries(value, path, self.report)
        nodes: list[Node] = []
        for entry in entries:
            self._append(nodes, entry.task, (*entry.path, "task"), name, node, live)
        graphs.check(node.id, entries, self.report)
        standing = {child.id for child in nodes}
        wanted = {entry.id: entry.depends_on for entry in entries}
        for child in nodes:
            child.depends_on = tuple(each for each in wanted.get(child.id, ()) if each in standing)
        return tuple(nodes)

    def _rules(self, node: Node, raw: Mapping[str, Any], properties: Mapping[str, Any], path: Path) -> None:
        """Check what concerns several properties at once."""
        if node.timeout is not None and not is_template(node.timeout):
            try:
                parse_duration(node.timeout)
            except ValueError as error:
                self.report.problem((*path, "timeout"), str(error))
        if Nested.CASES in nested_shapes(node.plugin).values():
            self._switch(raw, path)
        if runs_children(node.plugin):
            self._worker_children(raw, path)
        asked = properties.get("onResume")
        if isinstance(asked, list) and all(isinstance(entry, dict) for entry in asked):  # else it is reported already
            read_inputs(asked, self.report, (*path, "onResume"))
        if node.type in _CALLS and isinstance(properties.get("labels"), dict | list):
            read_labels(properties["labels"], (*path, "labels"), self.report)
        if node.type in _CALLS and (properties.get("namespace"), properties.get("flowId")) == self.name:
            name = ".".join(self.name)
            self.report.problem((*path, "flowId"), f"Recursive call to flow [{name}]: it would never end; call another")
        for message in _own_check(node.plugin, {**raw, **node.properties}):
            self.report.problem(path, message)

    def _worker_group(self, node: Node, raw: Mapping[str, Any], path: Path) -> None:
        if raw.get("workerGroup") is None:
            return
        message = "Worker Group is a feature of Kestra's Enterprise Edition; remove 'workerGroup'"
        if node.parent is not None and runs_children(node.parent.plugin):
            message = "Cannot set a Worker Group in any WorkingDirectory sub-tasks; remove 'workerGroup'"
        self.report.problem((*path, "workerGroup"), message, key=True)

    def _switch(self, raw: Mapping[str, Any], path: Path) -> None:
        cases, defaults = raw.get("cases"), raw.get("defaults")
        if defaults == []:
            message = "The 'defaults' property cannot be empty. Give it a task, or remove it"
            self.report.problem((*path, "defaults"), message)
        if not defaults and not (isinstance(cases, dict) and any(cases.values())):
            message = "No task defined, neither cases or default have any tasks; wanted at least one"
            self.report.problem(path, f"task '{raw.get('id')}': {message}")

    def _worker_children(self, raw: Mapping[str, Any], path: Path) -> None:
        children = raw.get("tasks")
        for index, child in enumerate(children if isinstance(children, list) else ()):
            place = (*path, "tasks", index)
            known = (
                registry.find(child["type"]) if isinstance(child, dict) and isinstance(child.get("type"), str) else None
            )
            plugin = find_plugin(child, place, None, "task") if known else None
            if plugin is not None and not is_runnable(plugin[1]):
                message = "Only runnable tasks are allowed as children of a WorkingDirectory task"
                found = f"found '{child.get('id')}' of type {plugin[0]} in '{raw.get('id')}'; move it out"
                self.report.problem((*place, "type"), f"{message}; {found}")


def read_retry(value: object, path: Path, report: Report) -> RetryPolicy | None:
    """Return a retry policy, reporting what is wrong with it."""
    if value is None:
        return None
    if isinstance(value, dict) and "maxAttempt" in value:
        report.notice((*path, "maxAttempt"), "'maxAttempt' is deprecated: use 'maxAttempts'", key=True)
    try:
        policy: RetryPolicy = adapter(RetryPolicy).validate_python(value)
    except ValidationError as error:
        known = _retry_properties(value)
        for fault in faults(error.errors(include_url=False), value, lambda _: ("class retry", known)):
            report.problem((*path, *fault.path), fault.message, key=fault.kind == "extra_forbidden")
        return None
    return policy


def _retry_properties(value: object) -> Sequence[str]:
    kind = value.get("type") if isinstance(value, dict) else None
    own = {"constant": ("interval",), "exponential": ("interval", "maxInterval", "delayFactor")}
    waits = own.get(str(kind), ("minInterval", "maxInterval"))
    return ("type", *waits, "maxAttempts", "maxDuration", "warningOnRetry", "behavior")


def _own_check(plugin: type[Plugin], properties: Mapping[str, Any]) -> Sequence[str]:
    """Return what the plugin itself has to say about its authored properties."""
    if not callable(getattr(plugin, "check", None)):
        return ()
    messages: Sequence[str] = plugin.model_construct().check(properties)  # type: ignore[attr-defined]
    return messages


def _is_on(value: object) -> bool:
    """Tell whether a switch is on, also where it is written as text."""
    return value is True or (isinstance(value, str) and value.lower() in ("true", "yes", "on", "y", "t", "1"))


def _text(value: object, default: str) -> str:
    if value is None:
        return default
    return str(value).lower() if isinstance(value, bool) else str(value)
