"""Files of items, read one by one: `io.kestra.plugin.core.storage.DeduplicateItems` and `FilterItems`.

Promise: an item's numbers keep their digits; memory does not grow with the size of the items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from pydantic import Field

from tiercel.errors import ExpressionError, TaskError
from tiercel.expressions import is_truthy_text
from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.base import RunnableTask, StoredFile


def fields_of(item: object) -> Mapping[str, object]:
    """Return the variables that an item's expression sees: its fields, or `value` where it is no map."""
    return item if isinstance(item, Mapping) else {"value": item}


class Deduplicated(StoredFile):
    """What DeduplicateItems gives."""

    num_keys: int
    """How many keys were found."""
    processed_items_total: int
    """How many items were read."""
    dropped_items_total: int
    """How many of them were left out."""


class DeduplicateItems(RunnableTask):
    """Keep one item of each key: the last one."""

    gives = Deduplicated

    from_: Rendered[str] = Field(alias="from")
    """The URI of the file of items."""
    expr: str
    """The key, rendered for each item with the item's fields as variables."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return `uri`, `numKeys`, `processedItemsTotal` and `droppedItemsTotal`."""
        last: dict[str, int] = {}
        total = 0
        for total, item in enumerate(records.read_uri(ctx, self.from_, exact=True), 1):
            last[ctx.render(self.expr, fields_of(item))] = total
        kept = set(last.values())
        items = enumerate(records.read_uri(ctx, self.from_, exact=True), 1)
        uri, _ = records.store(ctx, (item for number, item in items if number in kept))
        return {
            "uri": uri,
            "numKeys": len(last),
            "processedItemsTotal": total,
            "droppedItemsTotal": total - len(last),
        }


class FilterType(StrEnum):
    """What happens with the items for which the condition holds."""

    INCLUDE = "INCLUDE"
    EXCLUDE = "EXCLUDE"


class OnError(StrEnum):
    """What happens with an item for which the condition cannot be rendered."""

    FAIL = "FAIL"
    INCLUDE = "INCLUDE"
    EXCLUDE = "EXCLUDE"


class Filtered(StoredFile):
    """What FilterItems gives."""

    processed_items_total: int
    """How many items were read."""
    dropped_items_total: int
    """How many of them were left out."""


class FilterItems(RunnableTask):
    """Keep the items for which a condition holds, or those for which it does not."""

    gives = Filtered

    from_: Rendered[str] = Field(alias="from")
    """The URI of the file of items."""
    filter_condition: str
    """The condition, rendered for each item with the item's fields as variables; blanks around it do not count."""
    filter_type: Rendered[FilterType] = FilterType.INCLUDE
    """Whether the items for which the condition holds are kept or left out."""
    error_or_null_behavior: Rendered[OnError] = OnError.FAIL
    """Whether an item for which the condition cannot be rendered fails the task, is kept or is left out."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return `uri`, `processedItemsTotal` and `droppedItemsTotal`."""
        total = 0

        def kept() -> Iterator[object]:
            nonlocal total
            for total, item in enumerate(records.read_uri(ctx, self.from_, exact=True), 1):
                if self._keeps(ctx, item, total):
                    yield item

        uri, count = records.store(ctx, kept())
        return {"uri": uri, "processedItemsTotal": total, "droppedItemsTotal": total - count}

    def _keeps(self, ctx: RunContext, item: object, number: int) -> bool:
        try:
            text = ctx.render(self.filter_condition, fields_of(item))
        except ExpressionError as error:
            if self.error_or_null_behavior is OnError.FAIL:
                raise TaskError(
                    f"filterCondition failed on item {number} of '{self.from_}': {error}; "
                    "set errorOrNullBehavior to INCLUDE or EXCLUDE to go on"
                ) from error
            return self.error_or_null_behavior is OnError.INCLUDE
        return is_truthy_text(text.strip()) is (self.filter_type is FilterType.INCLUDE)
