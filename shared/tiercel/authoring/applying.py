"""Bringing an installation to what a folder says: a plan first, then what it says.

Promise: a plan changes nothing and is the same for the same texts; only namespaces of the folder are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal, Protocol

from tiercel.authoring.deploying import replace_flows
from tiercel.errors import FlowError, Problem
from tiercel.flows import FlowStore, stored_source
from tiercel.graphs.topology import Name
from tiercel.indexes.watching import watching
from tiercel.model.flow import Flow

Action = Literal["create", "update", "delete", "unchanged"]
Kind = Literal["bucket", "topic"]


class Installation(Protocol):
    """Where flows are applied."""

    def sources(self, namespaces: Set[str], names: Set[Name]) -> Mapping[Name, str | None]:
        """Return every flow of these namespaces, with its source where it is among those names."""

    def change(self, wanted: Sequence[Flow], gone: Sequence[Name]) -> None:
        """Store flows, and delete others.

        Raises:
            FlowError: A flow is refused; nothing was changed.
        """


@dataclass(frozen=True)
class Stored:
    """The flows of a store that this process reaches."""

    flows: FlowStore

    def sources(self, namespaces: Set[str], names: Set[Name]) -> Mapping[Name, str | None]:  # noqa: ARG002 - all are at hand
        """Return every flow of these namespaces with its source."""
        found = (record for namespace in sorted(namespaces) for record in self.flows.all(namespace))
        return {(record.namespace, record.id): record.source for record in found}

    def change(self, wanted: Sequence[Flow], gone: Sequence[Name]) -> None:
        """Store flows, and delete others."""
        replace_flows(self.flows, wanted, [self.flows.record(*name) for name in gone])


@dataclass(frozen=True)
class Change:
    """What becomes of one flow."""

    action: Action
    namespace: str
    id: str
    file: str | None = None
    """Where its text stands; None for one that is deleted."""


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    changes: list[Change]
    """In the order of the files; what is deleted comes last."""
    wanted: list[Flow]
    """The flows to be stored: those that are new or differ."""
    gone: list[Name]
    """The flows to be deleted."""
    left: list[Name]
    """Flows of these namespaces that no file holds, and that stay."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be done."""
        return not self.wanted and not self.gone


def make_plan(installation: Installation, written: Sequence[tuple[str, Flow]], *, delete: bool) -> Plan:
    """Return what brings an installation to what files say.

    Args:
        installation: What there is.
        written: Every flow with its file.
        delete: Whether flows of the files' namespaces that no file holds are deleted.

    Raises:
        FlowError: A flow stands there twice.
    """
    _refuse_twice(written)
    names = {(flow.namespace, flow.id) for _, flow in written}
    there = installation.sources({namespace for namespace, _ in names}, names)
    changes = [
        Change(_action(there.get((flow.namespace, flow.id)), flow), flow.namespace, flow.id, file)
        for file, flow in written
    ]
    others = sorted(there.keys() - names)
    gone, left = (others, []) if delete else ([], others)
    changes += [Change("delete", *name) for name in gone]
    touched = {(change.namespace, change.id) for change in changes if change.action in ("create", "update")}
    wanted = [flow for _, flow in written if (flow.namespace, flow.id) in touched]
    return Plan(changes, wanted, gone, left)


def _action(source: str | None, flow: Flow) -> Action:
    if source is None:
        return "create"
    return "unchanged" if ended(source) == ended(stored_source(flow)) else "update"


def ended(source: str) -> str:
    """Return a source with a newline at its end: where several travel in one text, each has one."""
    return source if source.endswith("\n") else f"{source}\n"


def _refuse_twice(written: Iterable[tuple[str, Flow]]) -> None:
    """See that each flow has one text.

    Raises:
        FlowError: One has several; all of them are named.
    """
    files: dict[Name, list[str]] = {}
    for file, flow in written:
        files.setdefault((flow.namespace, flow.id), []).append(file)
    problems = [
        Problem(f"the flow '{'.'.join(name)}' stands {len(each)} times, in {', '.join(each)}; keep one of them")
        for name, each in files.items()
        if len(each) > 1
    ]
    if problems:
        raise FlowError(problems)


@dataclass(frozen=True)
class Unheard:
    """A trigger that waits for something of which the installation hears nothing."""

    namespace: str
    flow_id: str
    trigger: str
    kind: Kind
    name: str


def unheard(flows: Iterable[Flow], buckets: Set[str], topics: Set[str]) -> Iterator[Unheard]:
    """Yield the triggers whose bucket or topic is not among those that tell an installation what happens.

    An expression, and a subscription without its topic, cannot be told beforehand.
    """
    known: dict[str, tuple[Kind, Set[str]]] = {"bucket": ("bucket", buckets), "topic": ("topic", topics)}
    for flow in flows:
        for trigger, thing, _ in watching(flow):
            sort, _, name = thing.partition("/")
            if sort not in known or name == "*":
                continue
            kind, heard = known[sort]
            if name not in heard:
                yield Unheard(flow.namespace, flow.id, trigger, kind, name)
