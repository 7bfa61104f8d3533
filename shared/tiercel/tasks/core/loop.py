"""The hidden tasks of a Loop: the end of an iteration, and the gathering of what the iterations gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec

from tiercel.errors import ExpressionError, InputError, TaskError
from tiercel.expressions import is_truthy_text
from tiercel.flowables.loop import Iterations
from tiercel.inputs import Means, convert_output
from tiercel.model.execution import encode
from tiercel.model.inputs import FlowOutput
from tiercel.model.plugin import Outputs
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.core.services import LoopContext, loop_of

LARGEST_KEPT = 2048
"""Bytes of an iteration's outputs that stay in its record; larger ones lie in a file until they are gathered."""


class Ended(Outputs):
    """What the end of an iteration gives."""

    outputs: dict[str, Any]
    """What the iteration gives, by name."""
    kept: str
    """The URI of a file with it, where it is large."""
    broke: bool
    """Whether the loop is to break off."""


class LoopIteration(RunnableTask):
    """End an iteration: make its outputs, and say whether the loop breaks off."""

    inline: ClassVar[bool] = True
    gives = Ended
    id: str
    """The task's name, which no author could give."""
    outputs: list[FlowOutput] | None = None
    """What the iteration gives."""
    fetch_type: Literal["AUTO", "FETCH", "STORE"] = "AUTO"
    """Whether that stands in a file of its own."""
    break_when: str | None = None
    """An expression: once it is true, no further iteration begins."""

    def run(self, ctx: RunContext) -> Mapping[str, object]:
        """Return `outputs`, or `kept` (a file with them), and `broke` where the loop is to break off."""
        try:
            broke = self.break_when is not None and is_truthy_text(ctx.render(self.break_when))
        except ExpressionError as error:
            raise TaskError(f"breakWhen, after iteration {_number(ctx)}: {error}", retryable=False) from None
        found: dict[str, object] = {"broke": True} if broke else {}
        try:
            return found | self._kept(loop_of(ctx))
        except (ExpressionError, InputError) as error:
            message = f"the outputs of iteration {_number(ctx)} cannot be made: {error}"
            raise TaskError(message, retryable=False, outputs=found) from None

    def _kept(self, ctx: LoopContext) -> dict[str, object]:
        if not self.outputs:
            return {}
        outputs = {output.id: _value(output, ctx) for output in self.outputs}
        if self.fetch_type == "STORE" or (self.fetch_type == "AUTO" and ctx.values_from_file()):
            return {"outputs": {"uri": ctx.store(records.encode(outputs) + b"\n", "outputs.ion")}}
        body = encode(outputs)
        return {"outputs": outputs} if len(body) <= LARGEST_KEPT else {"kept": ctx.store(body, "outputs.json")}


def _number(ctx: RunContext) -> object:
    item = ctx.variables["item"]
    return item["index"] if isinstance(item, Mapping) else None


def _value(output: FlowOutput, ctx: LoopContext) -> object:
    means = Means(ctx.evaluate, ctx.render, ctx.encrypt)
    try:
        value = ctx.evaluate(output.value) if isinstance(output.value, str) else ctx.render_deep(output.value)
    except ExpressionError:
        if output.required:
            raise
        value = None
    return convert_output(output, value, means)


class LoopOutputs(RunnableTask):
    """Put together what the iterations of a loop gave."""

    gives = Iterations

    id: str
    """The task's name, which no author could give."""

    def run(self, ctx: RunContext) -> Mapping[str, object]:
        """Return the loop's outputs: its counts, and `outputs` with an entry for each iteration, in order."""
        around = loop_of(ctx)
        entries = []
        for item, ended in around.iterations():
            uri = ended.get("kept")
            if uri is None:
                outputs: Any = ended.get("outputs", {})
            else:
                with ctx.open(str(uri)) as file:
                    outputs = msgspec.json.decode(file.read())
            entries.append({"item": item, "outputs": outputs})
        return {**around.loop_counts(), "outputs": entries}
