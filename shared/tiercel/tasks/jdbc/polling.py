"""Starting a flow when a query gives rows: what the triggers of all databases have in common (plugin spec, 4.8)."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from tiercel.ports import RunContext
from tiercel.tasks.jdbc.base import FetchingTask
from tiercel.tasks.jdbc.fetch import FetchType
from tiercel.triggers.polling import PollingTrigger


class RowsTrigger(PollingTrigger):
    """Base of the triggers that run a statement; what runs behind it runs only where there were rows."""

    @model_validator(mode="after")
    def _fetches(self) -> RowsTrigger:
        if isinstance(self, FetchingTask) and self.wanted is FetchType.NONE:
            raise ValueError("fetchType NONE gives no rows to look at: use FETCH, FETCH_ONE or STORE")
        return self

    def query(self, ctx: RunContext) -> Mapping[str, object]:
        """Run the statement and return what fetchType asks for."""
        raise NotImplementedError

    def poll(self, ctx: RunContext) -> Mapping[str, object] | None:
        """Return the rows, as the task Query does; None where there are none."""
        outputs = self.query(ctx)
        return outputs if outputs.get("size") else None
