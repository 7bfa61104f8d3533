"""ForEachItem: a file cut into batches, an execution of another flow for each, their outputs put together.

It is made of three tasks: `<id>_split` cuts the file, `<id>_items` opens a branch for each batch, `<id>_merge` gathers
the outputs. What calls the other flow in each branch is a hidden task, so that the task runs stay four.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from tiercel.flowables.base import Batches, FlowableTask, Walk
from tiercel.flowables.execution import Subflow
from tiercel.model.nesting import Nested, Part
from tiercel.model.plugin import Outputs, Plugin, Rendered

BATCH = ".batch"
"""What stands after the id of `<id>_items` in the id of the hidden task."""

_OF_THE_SPLIT = ("items", "batch")


class Batch(Plugin):
    """Where a file is cut; of several criteria `bytes` goes before `partitions`, and that before `rows`."""

    rows: int | None = Field(None, ge=1)
    """How many rows a batch has; 1 where no criterion is given."""
    partitions: int | None = Field(None, ge=1)
    """How many batches there are; the rows go to them in turn."""
    bytes: str | int | None = None
    """From which size on a batch takes no further row, such as 1KB or 10 MB."""
    separator: str = "\n"
    """What ends a row."""


class ForEachItem(FlowableTask):
    """Start an execution of another flow for each batch of a file's rows."""

    nested: ClassVar[Mapping[str, Nested]] = {}
    items: Rendered[str]
    """The URI of the file, in the internal storage."""
    batch: Rendered[Batch] = Batch()
    """How the file is cut into batches."""
    namespace: Rendered[str]
    """The other flow's namespace."""
    flow_id: Rendered[str]
    """The other flow's id."""
    revision: Rendered[int | None] = Field(None, ge=1)
    """Which revision; the latest by default."""
    inputs: Rendered[dict[str, Any] | None] = None
    """Its inputs, rendered for each batch: `taskrun.items` is the batch's file, `taskrun.iteration` its number."""
    labels: Rendered[Any] = None
    """Labels of its executions, rendered for each batch."""
    inherit_labels: Rendered[bool] = False
    """Whether they get this execution's labels too."""
    wait: Rendered[bool] = True
    """Whether this task ends when all of them have ended."""
    transmit_failed: Rendered[bool] = True
    """Whether the failure of one is this task's failure."""
    schedule_date: Rendered[str | None] = None
    """When they are to begin."""
    restart_behavior: Literal["RETRY_FAILED", "NEW_EXECUTION"] = "RETRY_FAILED"
    """Whether a restart of this execution begins the failed ones again, or new ones in their place."""

    @classmethod
    def parts(cls, name: str, properties: Mapping[str, object]) -> tuple[Part, ...]:
        """Return the three tasks."""
        split = {key: value for key, value in properties.items() if key in _OF_THE_SPLIT}
        call = {key: value for key, value in properties.items() if key not in _OF_THE_SPLIT}
        done = f"currentEachOutput(outputs['{name}_split'])"
        items = {"splits": f"{{{{ {done}.splits }}}}", "numberOfBatches": f"{{{{ {done}.numberOfBatches }}}}"}
        batch = Part(f"{name}_items{BATCH}", "ForEachItemBatch", call)
        return (
            Part(f"{name}_split", "ForEachItemSplit", split),
            Part(f"{name}_items", "ForEachItemExecutable", items, (batch,)),
            Part(f"{name}_merge", "ForEachItemMergeOutputs"),
        )

    def open(self) -> Walk:
        """Go through the three tasks."""
        return Walk()


class Called(Outputs):
    """What the calling gives."""

    number_of_batches: int
    """How many batches there are."""
    iterations: dict[str, int]
    """How many executions stand in which state."""
    subflow_outputs_base_uri: str
    """The folder of this task in the internal storage."""


class ForEachItemExecutable(FlowableTask):
    """Call the other flow for each batch: the part `<id>_items`."""

    valued: ClassVar[bool] = True
    gives = Called
    splits: Rendered[str]
    """The file with the batches' URIs, one a line."""
    number_of_batches: Rendered[int]
    """How many there are."""

    def open(self) -> Batches:
        """Open a branch for each batch."""
        return Batches(self.splits, self.number_of_batches)


class ForEachItemBatch(Subflow):
    """Call the other flow for one batch; hidden."""

    id: str
    """The task's name, which no author could give."""
