"""A flow as the planner walks it: a tree of nodes, one for each task, numbered in the order of the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tiercel.errors import Problem
from tiercel.model.plugin import Plugin
from tiercel.model.retry import RetryPolicy
from tiercel.model.states import Level
from tiercel.model.task import Caching

PluginClass = type[Plugin]

MAIN = "tasks"
ERRORS = "errors"
FINALLY = "finally"
AFTER = "afterExecution"
ON_PAUSE = "onPause"


@dataclass(eq=False, slots=True)
class Node:
    """One task of a flow, where it stands. Made once, when the flow is loaded; never changed afterwards."""

    id: str
    type: str
    """The canonical type name."""
    plugin: PluginClass
    properties: Mapping[str, Any]
    """The plugin's own properties as authored (defaults injected), without nested tasks and common properties."""
    order: int = 0
    """The task's number in the document, errors and finally branches after the main one."""
    parent: Node | None = None
    branch: str = MAIN
    """In which branch of its parent (or of the flow) the task stands: `tasks`, `then`, `cases.x`, `errors`..."""
    index: int = 0
    """Its place in that branch, disabled tasks not counted."""
    branches: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    """A flowable's children by branch, disabled tasks left out."""
    depends_on: tuple[str, ...] = ()
    """Inside a Dag: the siblings that must have ended."""
    run_if: str = "true"
    timeout: str | None = None
    retry: RetryPolicy | None = None
    """The policy that applies: the task's own, else the nearest ancestor's, else the flow's."""
    allow_failure: bool = False
    allow_warning: bool = False
    log_level: Level | None = None
    log_to_file: bool = False
    cache: Caching | None = None
    """What `taskCache` says, where it is enabled for a task that a worker runs."""
    notices: tuple[str, ...] = ()
    """What is deprecated about it; each is logged once when it runs."""

    def ancestors(self) -> Iterator[Node]:
        """Yield the flowables around the task, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    @property
    def is_late(self) -> bool:
        """Whether the task runs after the execution has ended: in listeners or afterExecution, at any depth."""
        return is_late_branch([self, *self.ancestors()][-1].branch)


def is_late_branch(branch: str) -> bool:
    """Tell whether a branch of the flow runs after the execution has ended."""
    return branch == AFTER or branch.startswith("listeners.")


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many executions of a flow may run at once."""

    limit: int
    behavior: str = "QUEUE"


@dataclass(frozen=True, slots=True)
class Listener:
    """A deprecated block: tasks that run after the execution when its conditions hold."""

    conditions: tuple[Mapping[str, Any], ...]
    branch: str
    """The flow's branch that holds the tasks: `listeners.0`, `listeners.1`..."""


@dataclass(eq=False, slots=True)
class Flow:
    """A flow, parsed, validated, its defaults injected."""

    id: str
    namespace: str
    revision: int
    source: str
    """The author's text."""
    branches: dict[str, tuple[Node, ...]]
    """`tasks`, `errors`, `finally`, `afterExecution`, `listeners.N`; disabled tasks left out."""
    nodes: dict[str, Node]
    """Every task that is not disabled, by its id."""
    description: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    inputs: tuple[Any, ...] = ()
    """`tiercel.model.inputs.Input` records."""
    outputs: tuple[Any, ...] = ()
    """`tiercel.model.inputs.FlowOutput` records."""
    variables: Mapping[str, Any] | None = None
    triggers: tuple[Mapping[str, Any], ...] = ()
    """The triggers as authored, defaults injected, types canonical."""
    listeners: tuple[Listener, ...] = ()
    concurrency: Concurrency | None = None
    retry: RetryPolicy | None = None
    sla: tuple[Mapping[str, Any], ...] = ()
    checks: tuple[Mapping[str, Any], ...] = ()
    disabled: bool = False
    deleted: bool = False
    notices: tuple[Problem, ...] = ()
    """What is deprecated in the source; shown by `validate`, never an error."""
