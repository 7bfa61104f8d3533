"""Rendering expressions for whoever writes a flow (api.md, 4)."""

from __future__ import annotations

from collections.abc import Callable

from tiercel import actions
from tiercel.api.bodies import read_json
from tiercel.api.calls import Call
from tiercel.api.failures import UnprocessableError
from tiercel.api.routing import routes
from tiercel.errors import ExpressionError
from tiercel.flowfile import parse_flow
from tiercel.model.execution import Record

MOST = 500
"""Expressions of one request."""


class Expressions(Record):
    """What is to be rendered, and where: in an execution, in a flow, or in a flow's text."""

    expressions: list[str]
    executionId: str | None = None  # noqa: N815 - as clients write it
    namespace: str | None = None
    flowId: str | None = None  # noqa: N815 - as clients write it
    flow: str | None = None


@routes.route("POST", "/expressions/render", body="application/json", shape=Expressions)
def render_expressions(call: Call) -> object:
    """Render expressions with every secret hidden; those that cannot be rendered are left out."""
    asked = read_json(call, Expressions)
    if not 1 <= len(asked.expressions) <= MOST:
        raise UnprocessableError(f"{len(asked.expressions)} expressions are given, wanted 1 to {MOST}")
    render, rendered = _renderer(call, asked), {}
    for text in asked.expressions:
        try:
            rendered[text] = render(text)
        except ExpressionError:
            continue
    return {"rendered": rendered}


def _renderer(call: Call, asked: Expressions) -> Callable[[str], str]:
    parts = call.site.parts
    if asked.executionId:
        return actions.evaluator(parts, asked.executionId)
    if asked.flow:
        return actions.flow_evaluator(parts, parse_flow(asked.flow))
    if asked.namespace and asked.flowId:
        return actions.flow_evaluator(parts, parts.flows.latest(asked.namespace, asked.flowId))
    raise UnprocessableError("nothing says where: give executionId, or namespace and flowId, or flow")
