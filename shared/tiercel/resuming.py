"""The inputs that a paused task asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.errors import InputError
from tiercel.flows import FlowStore
from tiercel.intake import Intake
from tiercel.model.execution import Execution
from tiercel.model.inputs import parse_inputs
from tiercel.planner.geometry import split_key


def resume_outputs(
    intake: Intake, flows: FlowStore, header: Execution, run: str, given: Mapping[str, object], *, local_files: bool
) -> dict[str, Any]:
    """Return the outputs that a paused run has once it is resumed with some inputs.

    Raises:
        InputError: An input is missing or does not validate.

    """
    flow = flows.get(header.namespace, header.flow_id, header.revision)
    declared = flow.nodes[split_key(run)[0]].properties.get("onResume") or ()
    if not declared:
        return {}
    inputs, problems = parse_inputs(declared, "onResume")
    if problems:
        raise InputError("; ".join(map(str, problems)))
    return {"onResume": intake.resolve(flow, inputs, given, header.id, local_files=local_files)}
