"""Keys and their values: `io.kestra.plugin.core.kv.*`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from tiercel.errors import ConflictError, NotFoundError, TaskError
from tiercel.expressions.values import plain as plain_number
from tiercel.model.durations import Duration
from tiercel.model.plugin import Outputs, Rendered
from tiercel.namespaces.keyvalues import KeyValue, KeyValues, ValueType, are_related, plain
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.core.services import keys_of

T = TypeVar("T")


class _KeyTask(RunnableTask):
    """What every key task has."""

    namespace: Rendered[str | None] = None
    """The namespace of the key; the flow's own where nothing is said."""

    def reach(self, ctx: RunContext, keys: KeyValues) -> str:
        """Return the namespace, or fail where this flow may not reach it."""
        return reachable(ctx, keys, self.namespace or ctx.namespace)


def reachable(ctx: RunContext, keys: KeyValues, namespace: str) -> str:
    """Return the namespace, or fail where it is neither the flow's family nor one that exists."""
    if are_related(namespace, ctx.namespace) or keys.has_namespace(namespace):
        return namespace
    raise TaskError(
        f"the namespace '{namespace}' does not exist; write the flow's own ('{ctx.namespace}') or deploy a flow there",
        retryable=False,
    )


def missing(key: str, namespace: str) -> TaskError:
    """Return the failure that says that a key is not there."""
    return TaskError(f"the key '{key}' does not exist in the namespace '{namespace}'; write it with kv.Set first")


def asked(action: Callable[[], T]) -> T:
    """Do something with the keys; what speaks against it fails the task."""
    try:
        return action()
    except (NotFoundError, ConflictError, ValueError) as error:
        raise TaskError(str(error)) from error


class Set(_KeyTask):
    """Write a key."""

    key: Rendered[str]
    """The key: letters, digits, `.`, `_` and `-`."""
    value: Any
    """The value; an expression keeps the type of what it gives."""
    kv_type: Rendered[ValueType | None] = None
    """The type to make of a text; other values keep their own."""
    kv_description: Rendered[str | None] = None
    """What the key is for."""
    ttl: Rendered[Duration | None] = None
    """How long the key lives; for ever where nothing is said."""
    overwrite: Rendered[bool] = True
    """Whether a key that is there may be written again; otherwise the task fails."""

    def run(self, ctx: RunContext) -> None:
        """Write the key."""
        keys = keys_of(ctx)
        namespace = self.reach(ctx, keys)
        value = ctx.evaluate(self.value) if isinstance(self.value, str) else ctx.render_deep(self.value)
        asked(
            lambda: keys.set(
                namespace,
                self.key,
                plain_number(value),
                kind=self.kv_type,
                ttl=self.ttl,
                description=self.kv_description,
                overwrite=self.overwrite,
            )
        )


class Value(Outputs):
    """What Get gives."""

    value: Any
    """The value, with its type; null where there is no such key."""


class Get(_KeyTask):
    """Read a key."""

    gives = Value

    key: Rendered[str]
    """The key."""
    error_on_missing: Rendered[bool] = False
    """Whether a key that is not there fails the task; otherwise its value is null."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the key's `value`."""
        keys = keys_of(ctx)
        namespace = self.reach(ctx, keys)
        entry: KeyValue | None = asked(lambda: keys.get(namespace, self.key))
        if entry is None and self.error_on_missing:
            raise missing(self.key, namespace)
        return {"value": None if entry is None else plain(entry.value)}


class Deleted(Outputs):
    """What Delete gives."""

    deleted: bool
    """Whether the key was there."""


class Delete(_KeyTask):
    """Remove a key."""

    gives = Deleted

    key: Rendered[str]
    """The key."""
    error_on_missing: Rendered[bool] = False
    """Whether a key that is not there fails the task."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Remove the key; return whether it was there as `deleted`."""
        keys = keys_of(ctx)
        namespace = self.reach(ctx, keys)
        deleted = keys.delete(namespace, self.key)
        if not deleted and self.error_on_missing:
            raise missing(self.key, namespace)
        return {"deleted": deleted}


class Keys(Outputs):
    """What GetKeys gives."""

    keys: list[str]
    """The keys, sorted."""


class GetKeys(_KeyTask):
    """List the keys of a namespace."""

    gives = Keys

    prefix: Rendered[str | None] = None
    """How the keys start; all where nothing is said."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `keys`, sorted."""
        keys = keys_of(ctx)
        return {"keys": [entry.key for entry in keys.list(self.reach(ctx, keys), self.prefix or "")]}


class PurgeKeys(BaseModel):
    """Which keys a purge removes, by age."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    type: Literal["key"] = "key"
    """`key`: whole keys. There is one version of each, so `version` is not known here."""
    expired_only: bool = True
    """Whether only keys are removed whose time is over."""


class Purged(Outputs):
    """What PurgeKV gives."""

    size: int
    """How many keys were removed."""


class PurgeKV(RunnableTask):
    """Remove keys of several namespaces."""

    gives = Purged

    namespaces: Rendered[list[str] | None] = None
    """The namespaces; those that have keys and belong to the flow's family where nothing is said."""
    namespace_pattern: Rendered[str | None] = None
    """A pattern of namespaces, with `*` and `?`, instead of `namespaces`."""
    key_pattern: Rendered[str | None] = None
    """A pattern of keys, with `*` and `?`; all where nothing is said."""
    include_child_namespaces: Rendered[bool] = True
    """Whether the namespaces below those of `namespaces` are purged too."""
    behavior: Rendered[PurgeKeys] = Field(default_factory=PurgeKeys)
    """Which keys are removed."""
    expired_only: Rendered[bool | None] = None
    """Old form of `behavior.expiredOnly`."""

    @model_validator(mode="after")
    def _one_choice(self) -> PurgeKV:
        if self.namespaces is not None and self.namespace_pattern is not None:
            raise ValueError("'namespaces' and 'namespacePattern' exclude each other; leave one out")
        return self

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Remove the keys; return how many as `size`."""
        keys = keys_of(ctx)
        only_expired = self.behavior.expired_only if self.expired_only is None else self.expired_only
        size = 0
        for namespace in self._chosen(ctx, keys):
            spared = {entry.key for entry in keys.list(namespace)} if only_expired else set()
            for entry in keys.list(namespace, expired=True):
                if entry.key not in spared and fnmatchcase(entry.key, self.key_pattern or "*"):
                    keys.delete(namespace, entry.key)
                    size += 1
        return {"size": size}

    def _chosen(self, ctx: RunContext, keys: KeyValues) -> Sequence[str]:
        known = keys.namespaces()
        if self.namespace_pattern is not None:
            return [name for name in known if fnmatchcase(name, self.namespace_pattern)]
        roots = [reachable(ctx, keys, name) for name in self.namespaces or [ctx.namespace]]
        below = tuple(f"{root}." for root in roots) if self.include_child_namespaces else ()
        return [name for name in known if name in roots or name.startswith(below)]
