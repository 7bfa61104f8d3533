"""One document to one flow: the order in which its parts are read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tiercel.errors import FlowError, Problem
from tiercel.flowfile import blocks
from tiercel.flowfile.declared import read_inputs, read_outputs
from tiercel.flowfile.defaults import Default, inject, make_default
from tiercel.flowfile.duplicates import report_duplicates
from tiercel.flowfile.labels import ALLOWED_IN_FLOWS, read_labels
from tiercel.flowfile.outdated import note_outdated
from tiercel.flowfile.places import Document, Path, Report
from tiercel.flowfile.tasks import Tree, read_retry
from tiercel.flowfile.triggers import read_conditions, read_trigger, report_missing_inputs
from tiercel.flowfile.words import shown, unrecognized
from tiercel.model.flow import AFTER, ERRORS, FINALLY, MAIN, Flow, Listener, Node

FIELDS = (
    "id",
    "namespace",
    "revision",
    "description",
    "labels",
    "inputs",
    "outputs",
    "variables",
    "tasks",
    "errors",
    "finally",
    "afterExecution",
    "listeners",
    "triggers",
    "pluginDefaults",
    "concurrency",
    "retry",
    "sla",
    "checks",
    "disabled",
    "deleted",
    "tenantId",
    "workerGroup",
    "workerSelector",
    "quotas",
    "policyRefs",
    "draft",
)
"""The properties of a flow; `taskDefaults` is the old name of `pluginDefaults`."""
RESERVED = frozenset(
    {"pause", "resume", "force-run", "change-status", "kill", "executions", "search", "source", "disable", "enable"}
)
"""Ids that would hide an address of the API."""

_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._-]*")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]*")


def read_flow(
    document: Document, text: str, *, revision: int, strict: bool, global_defaults: Sequence[Mapping[str, Any]]
) -> Flow:
    """Return the flow of a document.

    Raises:
        FlowError: Something is wrong; every problem is in it.
    """
    report = Report(document)
    report.problems.extend(document.problems)
    if not isinstance(document.value, dict):
        found = "nothing" if document.value is None else shown(document.value)
        report.problem((), f"must be a flow: a map with 'id', 'namespace' and 'tasks', found {found}")
        raise FlowError(report.problems)
    flow = _Parts(document.value, report, strict).flow(text, revision, [make_default(each) for each in global_defaults])
    if report.problems:
        raise FlowError(sorted(report.problems, key=_place))
    return flow


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0


class _Parts:
    """The parts of one flow, read one after the other."""

    def __init__(self, raw: dict[str, Any], report: Report, strict: bool) -> None:
        self.raw, self.report, self.strict = raw, report, strict

    def flow(self, text: str, revision: int, everywhere: list[Default]) -> Flow:
        self._names()
        raw, report = self.raw, self.report
        name = (self._name("namespace", _NAMESPACE, 150), self._name("id", _ID, 100))
        own = blocks.read_list(
            self._defaults(), (self.defaults,), report, lambda e, p: blocks.read_default(e, p, report)
        )
        injected = inject(report.document, own, everywhere)
        retry = read_retry(raw.get("retry"), ("retry",), report)
        tree = Tree(report, injected, name, retry)
        flow = Flow(name[1], name[0], revision, text, self._branches(tree), tree.nodes, retry=retry)
        flow.listeners = self._listeners(tree, flow.branches)
        flow.triggers = blocks.read_list(
            raw.get("triggers"), ("triggers",), report, lambda e, p: read_trigger(e, p, report, injected)
        )
        self._plain(flow)
        self._blocks(flow)
        report_duplicates(tree.ids, raw, report)
        report_missing_inputs(raw, report)
        note_outdated(raw, report)
        flow.notices = tuple(sorted(report.notices, key=_place))
        return flow

    @property
    def defaults(self) -> str:
        return "taskDefaults" if "taskDefaults" in self.raw and "pluginDefaults" not in self.raw else "pluginDefaults"

    def _defaults(self) -> object:
        if self.defaults == "taskDefaults":
            self.report.notice(("taskDefaults",), "'taskDefaults' is deprecated: use 'pluginDefaults'", key=True)
        return self.raw.get(self.defaults)

    def _names(self) -> None:
        for name in self.raw:
            if name in FIELDS or name == self.defaults:
                continue
            message = unrecognized(name, "flow", FIELDS)
            if self.strict:
                self.report.problem((name,), message, key=True)
            elif name != "extend":
                self.report.notice((name,), message, key=True)

    def _name(self, field: str, pattern: re.Pattern[str], longest: int) -> str:
        value = self.raw.get(field)
        if isinstance(value, bool | int | float):
            value = self.report.document.text(self.raw, field, value)
        if value is None or (isinstance(value, str) and not value.strip()):
            self.report.problem(
                (field,), f"must not be blank: every flow needs {'an id' if field == 'id' else 'a namespace'}"
            )
        elif not isinstance(value, str):
            self.report.problem((field,), f"must be a text, found {shown(value)}")
        elif not pattern.fullmatch(value):
            self.report.problem((field,), f"must match the pattern {pattern.pattern}, found {shown(value)}")
        elif len(value) > longest:
            self.report.problem((field,), f"must have at most {longest} characters, found {len(value)}")
        elif field == "id" and value in RESERVED:
            # Kestra 1.0 refuses it; flows from before have such ids, and they go on running
            self.report.notice((field,), f"'{value}' is a reserved id (it is an address of the API): choose another")
        return str(value)

    def _branches(self, tree: Tree) -> dict[str, tuple[Node, ...]]:
        if not self.raw.get(MAIN):
            self.report.problem((MAIN,), "must not be empty: a flow needs at least one task")
        found = {name: tree.branch(self.raw.get(name), (name,), name, None) for name in (MAIN, ERRORS, FINALLY, AFTER)}
        return {name: nodes for name, nodes in found.items() if nodes or name == MAIN}

    def _listeners(self, tree: Tree, branches: dict[str, tuple[Node, ...]]) -> tuple[Listener, ...]:
        if self.raw.get("listeners") is not None:
            message = "'listeners' is deprecated: use a Flow trigger in another flow, or 'afterExecution'"
            self.report.notice(("listeners",), message, key=True)
        listeners: list[Listener] = []

        def read(entry: Any, path: Path) -> None:
            self._listener(entry, path, tree, branches, listeners)

        blocks.read_list(self.raw.get("listeners"), ("listeners",), self.report, read)
        return tuple(listeners)

    def _listener(
        self, entry: Any, path: Path, tree: Tree, branches: dict[str, tuple[Node, ...]], listeners: list[Listener]
    ) -> None:
        if not isinstance(entry, dict):
            self.report.problem(path, f"must be a map with 'conditions' and 'tasks', found {shown(entry)}")
            return
        known = ("description", "conditions", "tasks")
        for name in entry:
            if name not in known:
                self.report.problem((*path, name), unrecognized(name, "listener", known), key=True)
        if not entry.get("tasks"):
            self.report.problem((*path, "tasks"), "must not be empty: a listener needs at least one task")
        branch = f"listeners.{len(listeners)}"
        branches[branch] = tree.branch(entry.get("tasks"), (*path, "tasks"), branch, None)
        conditions = entry.get("conditions")
        if conditions is not None and not isinstance(conditions, list):
            self.report.problem((*path, "conditions"), f"must be a list of conditions, found {shown(conditions)}")
            conditions = None
        read_conditions(entry, path, self.report, tree.injected)
        listeners.append(Listener(tuple(conditions or ()), branch))

    def _plain(self, flow: Flow) -> None:
        """Read what is taken as it is."""
        flow.description = self._text("description")
        flow.disabled = self._switch("disabled")
        flow.deleted = self._switch("deleted")
        self._switch("draft")
        variables = self.raw.get("variables")
        if variables is not None and not isinstance(variables, dict):
            self.report.problem(("variables",), f"must be a map, found {shown(variables)}")
            variables = None
        flow.variables = variables
        tenant = self._text("tenantId")
        if tenant is not None and not _TENANT.fullmatch(tenant):
            self.report.problem(("tenantId",), f"must match the pattern {_TENANT.pattern}, found {shown(tenant)}")
        number = self.raw.get("revision")
        if number is not None and (type(number) is not int or number < 1):
            self.report.problem(("revision",), f"must be an integer of at least 1, found {shown(number)}")

    def _text(self, name: str) -> str | None:
        value = self.raw.get(name)
        if isinstance(value, list | dict):
            self.report.problem((name,), f"must be a text, found {shown(value)}")
        return value if value is None or isinstance(value, str) else self.report.document.text(self.raw, name, value)

    def _switch(self, name: str) -> bool:
        value = self.raw.get(name)
        if value in ("true", "false"):
            return bool(value == "true")
        if value is not None and not isinstance(value, bool):
            self.report.problem((name,), f"must be true or false, found {shown(value)}")
        return value is True

    def _blocks(self, flow: Flow) -> None:
        raw, report = self.raw, self.report
        flow.inputs = read_inputs(raw.get("inputs"), report)
        flow.outputs = read_outputs(raw.get("outputs"), report)
        flow.labels = read_labels(raw.get("labels"), ("labels",), report, allowed=ALLOWED_IN_FLOWS)
        flow.concurrency = blocks.read_concurrency(raw.get("concurrency"), report)
        blocks.read_routing(raw, report)
        flow.sla = blocks.read_list(raw.get("sla"), ("sla",), report, lambda e, p: blocks.read_sla(e, p, report))
        flow.checks = blocks.read_list(
            raw.get("checks"), ("checks",), report, lambda e, p: blocks.read_check(e, p, report)
        )
