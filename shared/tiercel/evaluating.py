"""Expressions that a person asks of an execution: what they would give there, with every secret hidden."""

from __future__ import annotations

from collections.abc import Callable

from tiercel.archive import Token
from tiercel.commands import again
from tiercel.encryption import is_encrypted
from tiercel.expressions import Context, render
from tiercel.lanes import Lanes
from tiercel.masking import Mask
from tiercel.model.execution import MAIN_LANE, TaskRun, current, split_key
from tiercel.model.flow import Flow
from tiercel.model.labels import nested_labels
from tiercel.model.values import HIDDEN
from tiercel.planner.geometry import lane_of
from tiercel.planner.openings import main_lane
from tiercel.planner.rendering import Renderer
from tiercel.readers import Readers
from tiercel.services import Services


class HiddenSecrets(Readers):
    """A scene's world to whoever may look at executions: secrets are never read, and nothing is decrypted."""

    def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:  # noqa: ARG002 - as the world has it
        """Return stars, whether there is such a secret or not."""
        return HIDDEN

    def reveal(self, value: object) -> object:
        """Return a structure with stars for what is encrypted in it."""
        if is_encrypted(value):
            return HIDDEN
        if isinstance(value, dict):
            return {name: self.reveal(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.reveal(item) for item in value]
        return value


def evaluate(lanes: Lanes, services: Services, execution: str, text: str, run: str | None = None) -> str:
    """Return what an expression gives in an execution as it is stored now.

    Args:
        lanes: Where executions are.
        services: The readers of the world.
        execution: The execution's id.
        text: The expression.
        run: The id of the task run in whose place it is read; None reads it as the flow's outputs are read.

    Raises:
        NotFoundError: There is no such execution, or no such run in it.
        ExpressionError: It cannot be rendered.
    """
    return evaluator(lanes, services, execution, run)(text)


def evaluator(lanes: Lanes, services: Services, execution: str, run: str | None = None) -> Callable[[str], str]:
    """Return what renders any number of expressions in an execution as it is stored now; see `evaluate`."""
    token, found = _place(lanes, execution, run)
    scene, _ = lanes.scene(token)
    world = HiddenSecrets(services, token.header.namespace, Mask(), scene)
    renderer = Renderer(scene, services.surroundings, lambda _scene, _run: world)
    return lambda text: world.masked(renderer.text(text, found))


def flow_evaluator(services: Services, flow: Flow) -> Callable[[str], str]:
    """Return what renders expressions that need no execution: a flow's variables, keys, files, the time."""
    world = HiddenSecrets(services, flow.namespace, Mask())
    variables = {
        **services.surroundings,
        "flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision},
        "vars": flow.variables or {},
        "labels": nested_labels(flow.labels),
    }
    return lambda text: world.masked(render(text, Context(variables, world)))


def _place(lanes: Lanes, execution: str, run: str | None) -> tuple[Token, TaskRun | None]:
    """Return the lane to stand in, and the run."""
    stored = lanes.stored(execution)
    header, version = again.header_of(stored, execution)
    found, lane = None, MAIN_LANE
    if run is not None:
        runs = current(stored.everything())
        found = runs[again.choose(execution, runs, run, [])]
        node = lanes.flows.get(header.namespace, header.flow_id, header.revision).nodes[found.task]
        lane = lane_of(node, split_key(found.key)[1])
    token = lanes.load(execution, lane) or lanes.load(execution, MAIN_LANE)
    return token or Token(header, version, main_lane(execution), 0, b""), found
