"""Rendering for the planner: templates against the variables of one scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from tiercel.errors import TaskError
from tiercel.expressions import Context, World, evaluate, render, render_deep
from tiercel.flowables.base import FlowableTask
from tiercel.inputs import Means
from tiercel.model.execution import TaskRun
from tiercel.model.flow import Node
from tiercel.model.plugin import bind
from tiercel.planner.scene import Scene
from tiercel.planner.variables import Surroundings, Variables


class SceneWorld(World, Protocol):
    """The readers of the world of one scene, which can also decrypt what the execution holds."""

    def reveal(self, value: object) -> object:
        """Return a structure with what is encrypted in it decrypted."""

    def encrypt(self, text: str) -> str:
        """Return a text encrypted with the installation's key."""

    def masked(self, text: str) -> str:
        """Return a text with the secrets hidden that were read so far."""


Worlds = Callable[[Scene, TaskRun | None], SceneWorld]
"""Gives the readers of the world for a run's expressions (secrets, keys, files, the time)."""


class Renderer:
    """Renders what the flow says, for one scene."""

    def __init__(self, scene: Scene, surroundings: Surroundings, worlds: Worlds) -> None:
        self._scene = scene
        self._surroundings = surroundings
        self._worlds = worlds

    def context(self, run: TaskRun | None, extra: Mapping[str, object] | None = None) -> Context:
        """Return the context of a run's expressions."""
        world = self._worlds(self._scene, run)
        return Context(Variables(self._scene, self._surroundings, run, extra, world.reveal), world)

    def masked(self, text: str) -> str:
        """Return a text for a log, with the secrets hidden that were read so far."""
        return self._worlds(self._scene, None).masked(text)

    def means(self) -> Means:
        """Return what converting the flow's outputs asks of the world."""
        world = self._worlds(self._scene, None)

        def evaluated(text: str, more: Mapping[str, object]) -> object:
            return self.typed(text, None, more)

        def rendered(text: str, more: Mapping[str, object]) -> str:
            return self.text(text, None, more)

        return Means(evaluated, rendered, world.encrypt)

    def revealed(self, value: object) -> object:
        """Return a structure with what is encrypted in it decrypted."""
        return self._worlds(self._scene, None).reveal(value)

    def text(self, template: object, run: TaskRun | None, extra: Mapping[str, object] | None = None) -> str:
        """Render a template to text; what is no text is written as YAML would."""
        if not isinstance(template, str):
            return _plain(template)
        if "{" not in template:
            return template
        return render(template, self.context(run, extra))

    def deep(self, value: object, run: TaskRun | None, extra: Mapping[str, object] | None = None) -> object:
        """Render every text of a structure."""
        return render_deep(value, self.context(run, extra))

    def typed(self, value: object, run: TaskRun | None, extra: Mapping[str, object] | None = None) -> object:
        """Render a template and keep the type of a single print; structures are rendered deeply."""
        if isinstance(value, str):
            return evaluate(value, self.context(run, extra))
        return self.deep(value, run, extra)

    def plugin(self, node: Node, run: TaskRun, extra: Mapping[str, object] | None = None) -> Any:
        """Return the node's plugin with its properties rendered and validated.

        Raises:
            ExpressionError: A property cannot be rendered.
            TaskError: A rendered value is not of its property's type.
        """
        context = self.context(run, extra)
        named: dict[str, object] = {"id": node.id, "type": node.type}
        if node.timeout is not None and issubclass(node.plugin, FlowableTask):
            named["timeout"] = self.text(node.timeout, run)
        try:
            return bind(node.plugin, node.properties, lambda value: render_deep(value, context), **named)
        except ValidationError as error:
            raise TaskError(explain(node, error)) from None


def explain(node: Node, error: ValidationError) -> str:
    """Return what is wrong with a task's rendered properties, one clause for each."""
    clauses = []
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        clauses.append(f"{place}: {fault['msg']}, found {_shown(fault['input'])}")
    return f"task '{node.id}' ({node.type}) has a value that it cannot take: " + "; ".join(clauses)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
