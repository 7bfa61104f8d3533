"""A small map that outlives the execution, kept as a key: the deprecated `io.kestra.plugin.core.state.*`."""

from __future__ import annotations

import hashlib
from typing import Any

from tiercel.errors import TaskError
from tiercel.expressions.values import plain as plain_number
from tiercel.model.plugin import Outputs, Rendered
from tiercel.namespaces.keyvalues import KeyValues, ValueType
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask, loop_value
from tiercel.tasks.core.kv import asked
from tiercel.tasks.core.services import keys_of


class _StateTask(RunnableTask):
    """What every state task has; `kv.Set` and `kv.Get` are what to use today."""

    name: Rendered[str] = "default"
    """The state's name."""
    namespace: Rendered[bool] = False
    """Whether all flows of the namespace share the state; otherwise it is the flow's own."""
    taskrun_value: Rendered[bool] = True
    """Whether each value of the loop around the task has a state of its own."""

    def key(self, ctx: RunContext) -> str:
        """Return the key under which the state is kept."""
        flow = "" if self.namespace else f"{ctx.flow_id}_"
        return f"{flow}states_tasks-states_{self.name}{self._loop_part(ctx)}"

    def _loop_part(self, ctx: RunContext) -> str:
        value = loop_value(ctx) if self.taskrun_value else None
        return "" if value is None else f"_{hashlib.sha256(value.encode()).hexdigest()[:16]}"

    def data_of(self, ctx: RunContext, keys: KeyValues) -> dict[str, Any] | None:
        """Return the state's map, None where there is none."""
        entry = asked(lambda: keys.get(ctx.namespace, self.key(ctx)))
        return dict(entry.value) if entry is not None else None

    def unknown(self) -> TaskError:
        """Return the failure that says that there is no such state."""
        return TaskError(f"there is no state '{self.name}'; write it with state.Set first, or leave out errorOnMissing")


class Found(Outputs):
    """What Get gives."""

    count: int
    """How many entries the state has."""
    data: dict[str, Any]
    """The entries by name; empty where there is no such state."""


class Get(_StateTask):
    """Read a state."""

    gives = Found

    error_on_missing: Rendered[bool] = False
    """Whether a state that is not there fails the task; otherwise it is empty."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the map as `data`, and how many entries it has as `count`."""
        data = self.data_of(ctx, keys_of(ctx))
        if data is None and self.error_on_missing:
            raise self.unknown()
        return {"count": len(data or {}), "data": data or {}}


class Written(Outputs):
    """What Set gives."""

    count: int
    """How many entries the state has now."""
    key: str
    """The key of the namespace under which it is kept."""


class Set(_StateTask):
    """Write entries of a state; those that are not named stay."""

    gives = Written

    data: Rendered[dict[str, Any] | None] = None
    """The entries to write."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Write; return the `key` it is kept under, and how many entries the state has as `count`."""
        keys, key = keys_of(ctx), self.key(ctx)
        data = {**(self.data_of(ctx, keys) or {}), **(self.data or {})}
        asked(lambda: keys.set(ctx.namespace, key, plain_number(data), kind=ValueType.JSON))
        return {"count": len(data), "key": key}


class Deleted(Outputs):
    """What Delete gives."""

    deleted: bool
    """Whether the state was there."""


class Delete(_StateTask):
    """Remove a state."""

    gives = Deleted

    error_on_missing: Rendered[bool] = False
    """Whether a state that is not there fails the task."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Remove; return whether it was there as `deleted`."""
        deleted = keys_of(ctx).delete(ctx.namespace, self.key(ctx))
        if not deleted and self.error_on_missing:
            raise self.unknown()
        return {"deleted": deleted}
