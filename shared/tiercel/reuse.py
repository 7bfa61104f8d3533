"""Reusing what an equal run of a task gave (`taskCache`; flow specification, 1.14).

Two runs are equal when their namespace, flow, task, type, loop value and rendered properties are. A file that a task
has stored counts as its content: its copy in another execution is the same file. Only a SUCCESS is kept.

Promise: the key shows nothing of the properties; trouble with the cache is a line in the log, and the task runs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import BaseModel

from tiercel.attempt import Attempt
from tiercel.errors import NotFoundError, TiercelError
from tiercel.model.flow import Node
from tiercel.model.ids import derived_id
from tiercel.model.plugin import Plugin, field_kinds
from tiercel.model.states import Level, State
from tiercel.paths import execution_folder, task_folder
from tiercel.planner.transition import Outcome
from tiercel.services import Services
from tiercel.taskcache import Kept, TaskCache
from tiercel.tasks.base import loop_value

_STORED = re.compile(r"""kestra:///[^"\s]*?/executions/[^/"\s]+/tasks/[^/"\s]+/[^/"\s]+/(?=[0-9A-Za-z]{12}-)""")
"""What stands before the name of a file that a task has stored; the name itself begins with a random part."""


class _Any(Mapping[str, str]):
    """Has an entry of every name."""

    def __getitem__(self, name: str) -> str:
        return f"outputFiles/{name}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


_STAND_INS: Mapping[str, object] = {
    **{name: name for name in ("workingDir", "outputDir", "dbFilePath")},
    "outputFiles": _Any(),
}
"""For the variables of scripts and SQL that differ from run to run without making it another one."""


@dataclass
class Reuse:
    """The cache as one attempt uses it."""

    services: Services
    attempt: Attempt
    node: Node
    cache: TaskCache
    key: str
    copies: dict[str, str] = field(default_factory=dict)
    """The files that were brought here: where they lay, where they lie."""

    def recall(self) -> Outcome | None:
        """Return the outcome of an equal run, its files copied into this one; None where there is none."""
        try:
            kept = self.cache.find(self.attempt.namespace, self.key)
            if kept is None:
                return None
            outputs = self._brought(self._outputs(kept), kept)
        except NotFoundError:
            self.attempt.log("taskCache: files of the run that was kept are gone, so the task runs again")
            return None
        except (TiercelError, OSError) as error:
            self.attempt.log(f"taskCache: what was kept cannot be read, so the task runs: {error}", Level.WARN)
            return None
        when = datetime.fromtimestamp(kept.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self.attempt.log(
            f"taskCache: the task did not run; its outputs are those of an equal run in execution {kept.execution}, "
            f"kept at {when}"
        )
        return Outcome(State.SUCCESS, outputs)

    def keep(self, outcome: Outcome) -> None:
        """Keep what the run gave, if it succeeded."""
        policy = self.node.cache
        if outcome.state is not State.SUCCESS or policy is None:
            return
        now = self.attempt.now()
        kept = Kept(
            self.attempt.execution_id,
            execution_folder(self.attempt.namespace, self.attempt.flow_id, self.attempt.execution_id),
            now,
            None if policy.ttl is None else now + policy.ttl.total_seconds(),
            outcome.outputs,
            outcome.outputs_uri,
        )
        try:
            self.cache.keep(self.attempt.namespace, self.key, kept)
        except (TiercelError, OSError) as error:
            self.attempt.log(f"taskCache: what the run gave cannot be kept: {error}", Level.WARN)

    def _outputs(self, kept: Kept) -> dict[str, Any] | None:
        if kept.outputs_uri is None:
            return kept.outputs
        with self.services.objects.open(kept.outputs_uri) as file:
            return dict(msgspec.json.decode(file.read()))

    def _brought(self, value: Any, kept: Kept) -> Any:
        """Return outputs with every file of the other execution that they name copied, and named as it is here."""
        if kept.execution == self.attempt.execution_id:
            return value
        if isinstance(value, dict):
            return {name: self._brought(item, kept) for name, item in value.items()}
        if isinstance(value, list):
            return [self._brought(item, kept) for item in value]
        if not isinstance(value, str) or kept.folder not in value:
            return value
        if value.startswith(kept.folder) and self._is_file(value):
            return self._copied(value)
        return re.sub(re.escape(kept.folder) + r"[\w\-.+~#=/]+", lambda found: self._copied(found[0]), value)

    def _is_file(self, text: str) -> bool:
        """Tell whether a text is the URI of a file and nothing else."""
        try:
            self.services.objects.size(text)
        except (TiercelError, ValueError):
            return False
        return True

    def _copied(self, uri: str) -> str:
        if uri not in self.copies:
            here = self.attempt
            folder = task_folder(here.namespace, here.flow_id, here.execution_id, here.task_id, here.task_run_id)
            name = uri.rpartition("/")[2]
            if not _STORED.match(uri):
                name = f"{derived_id(uri)[:12]}-{name}"
            with self.services.objects.open(uri) as content:
                self.services.objects.write(folder + name, content)
            self.copies[uri] = folder + name
        return self.copies[uri]


def recalled(services: Services, attempt: Attempt, node: Node, task: Plugin) -> Outcome | None:
    """Return the outcome of an equal run of a cached task; None where it is to run, and what it gives is to be kept."""
    if node.cache is None or services.task_cache is None:
        return None
    try:
        key = _key(services.encryption_key, attempt, node, task)
    except (TiercelError, OSError) as error:
        attempt.log(f"taskCache: not cached, a property can be rendered only while the task runs: {error}", Level.WARN)
        return None
    reuse = Reuse(services, attempt, node, services.task_cache, key)
    found = reuse.recall()
    if found is None:
        attempt.on_result = reuse.keep
    return found


def _key(secret: str, attempt: Attempt, node: Node, task: Plugin) -> str:
    """Return the key of the equal runs of a task: a keyed hash, so that nobody can guess a password from it."""
    described = json.dumps(
        [attempt.namespace, attempt.flow_id, node.id, node.type, loop_value(attempt), _properties(attempt, node, task)],
        sort_keys=True,
        ensure_ascii=False,
        default=_plain,
    )
    folder = attempt.extra.get("workingDir")
    if isinstance(folder, str):
        described = described.replace(json.dumps(folder, ensure_ascii=False)[1:-1], "workingDir")
    described = _STORED.sub("file:", described)
    return hmac.new(secret.encode(), described.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _properties(attempt: Attempt, node: Node, task: Plugin) -> dict[str, object]:
    """Return the properties that the author wrote, rendered: also those that the task would render itself."""
    kinds = field_kinds(type(task))
    names = {field.alias or name: name for name, field in type(task).model_fields.items()}
    found: dict[str, object] = {}
    for name, value in node.properties.items():
        is_rendered = kinds[name].dynamic and name in names
        found[name] = getattr(task, names[name]) if is_rendered else attempt.render_deep(value, _STAND_INS)
    return found


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(warnings=False)
    return sorted(map(str, value)) if isinstance(value, set | frozenset) else str(value)
