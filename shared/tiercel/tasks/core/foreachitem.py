"""The parts of a ForEachItem that a worker runs: cutting the file, and putting the outputs together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from tiercel.errors import TaskError
from tiercel.flowables.foreachitem import Batch
from tiercel.model.plugin import Outputs, Rendered
from tiercel.ports import RunContext
from tiercel.splitting import SplitRule, parse_size
from tiercel.tasks import records
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.core.services import batches_of
from tiercel.tasks.core.storage import extension_of, store_parts


class Splits(Outputs):
    """What the cutting gives."""

    splits: str
    """The URI of a file with the URI of a batch on each line."""
    number_of_batches: int
    """How many batches there are."""


class ForEachItemSplit(RunnableTask):
    """Cut the file into batches."""

    gives = Splits

    items: Rendered[str]
    """The URI of the file."""
    batch: Rendered[Batch] = Batch()
    """How it is cut."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return `splits`, the file with a batch's URI on each line, and `numberOfBatches`."""
        if not self.items.startswith("kestra://"):
            raise TaskError(
                f"'items' is {self.items!r:.200}, wanted the URI of a file of the internal storage (kestra:///...); "
                "let a task before it store the items",
                retryable=False,
            )
        with ctx.open(self.items) as source:
            uris = store_parts(ctx, source, self._rule(), f"batch{extension_of(self.items)}")
        if len({len(uri.encode()) for uri in uris}) > 1:
            raise AssertionError("the lines of `splits` must have one length: a batch's line is found by its number")
        text = "".join(f"{uri}\n" for uri in uris)
        return {"splits": ctx.store(text.encode(), "splits.ion"), "numberOfBatches": len(uris)}

    def _rule(self) -> SplitRule:
        batch = self.batch
        try:
            size = None if batch.bytes is None else parse_size(batch.bytes)
            return SplitRule(batch.rows, size, batch.partitions, batch.separator)
        except ValueError as error:
            raise TaskError(f"batch: {error}", retryable=False) from None


class Merged(Outputs):
    """What the putting together gives."""

    subflow_outputs: str | None
    """The URI of a file with the outputs of an execution on each line; null where none has any."""


class ForEachItemMergeOutputs(RunnableTask):
    """Put the outputs of the executions together."""

    gives = Merged

    def run(self, ctx: RunContext) -> Mapping[str, object]:
        """Return `subflowOutputs`: a file with a line for each execution that has outputs, or null where none has."""
        outputs = batches_of(ctx).batch_outputs()
        first = next(outputs, None)
        if first is None:
            return {"subflowOutputs": None}
        return {"subflowOutputs": records.store(ctx, chain([first], outputs), "outputs.ion")[0]}
