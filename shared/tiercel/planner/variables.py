"""The variables of an expression (flow specification, section 11): each made when its name is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC

from tiercel.expressions import Instant
from tiercel.flowables.base import FlowableTask
from tiercel.flowables.foreachitem import BATCH
from tiercel.model.execution import TaskRun, split_key
from tiercel.model.flow import Node
from tiercel.model.headers import with_headers
from tiercel.model.labels import nested_labels
from tiercel.planner import geometry
from tiercel.planner.items import item_around
from tiercel.planner.outputs import TaskMap
from tiercel.planner.scene import Scene

Surroundings = Mapping[str, object]
"""What does not come from the execution: `envs`, `globals`, `kestra`."""


def instant(seconds: float) -> Instant:
    """Return a stored time as expressions see it."""
    return Instant.fromtimestamp(seconds, UTC)


Reveal = Callable[[object], object]
"""Returns a structure with what is encrypted in it decrypted."""


def _as_it_is(value: object) -> object:
    return value


class Variables(Mapping[str, object]):
    """The context of one expression: a lazy map."""

    def __init__(
        self,
        scene: Scene,
        surroundings: Surroundings,
        run: TaskRun | None = None,
        extra: Mapping[str, object] | None = None,
        reveal: Reveal = _as_it_is,
    ) -> None:
        self._scene = scene
        self._reveal = reveal
        self._surroundings = surroundings
        self._batch = run if run is not None and run.task.endswith(BATCH) else None
        """The batch of a ForEachItem, which shows itself as the run of the task around it."""
        self._run = run if self._batch is None else scene.find(str(self._batch.parent))
        self._made: dict[str, object] = dict(extra) if extra else {}

    def __getitem__(self, name: str) -> object:
        if name in self._made:
            return self._made[name]
        maker = _MAKERS.get(name)
        value = maker(self) if maker is not None else self._surroundings.get(name, _ABSENT)
        if value is _ABSENT:
            raise KeyError(name)
        self._made[name] = value
        return value

    def __contains__(self, name: object) -> bool:
        try:
            self[str(name)]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys((*_MAKERS, *self._surroundings, *self._made))
        return (name for name in names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    # ------------------------------------------------------------ one method a variable

    def _flow(self) -> object:
        flow = self._scene.flow
        return {"id": flow.id, "namespace": flow.namespace, "revision": self._scene.header.revision}

    def _execution(self) -> object:
        header = self._scene.header
        found: dict[str, object] = {
            "id": header.id,
            "startDate": instant(header.at[0][1]),
            "originalId": header.original_id or header.id,
            "state": str(header.state),
        }
        if header.outputs is not None:
            found["outputs"] = header.outputs
        return found

    def _task(self) -> object:
        node = self._node()
        return _ABSENT if node is None else {"id": node.id, "type": node.type}

    def _node(self) -> Node | None:
        return self._scene.flow.nodes.get(self._run.task) if self._run is not None else None

    def _taskrun(self) -> object:
        return _ABSENT if self._run is None else self._shown(self._run)

    def _worker_taskrun(self) -> object:
        """Return the run of the WorkingDirectory around a task; there is none elsewhere."""
        above = self._directory(self._run) if self._run is not None else None
        return _ABSENT if above is None else self._shown(above)

    def _shown(self, run: TaskRun) -> dict[str, object]:
        """Return a run as `taskrun` shows it."""
        found: dict[str, object] = {
            "id": self._scene.run_id(run.key),
            "startDate": instant(run.at[0][1]),
            "attemptsCount": max(len(run.attempts) - 1, 0),
        }
        if run.parent is not None:
            found["parentId"] = self._scene.run_id(run.parent)
        loop = self._directory(run) or run
        if not self._in_item(loop):
            found |= {} if loop.value is None else {"value": loop.value}
            found |= {} if loop.iteration is None else {"iteration": loop.iteration}
        if self._batch is not None:
            found |= {"items": self._batch.value, "iteration": self._batch.iteration}
        return found

    def _in_item(self, run: TaskRun) -> bool:
        """Tell whether a run's value is the item of a Loop, which is no value of the run."""
        node = self._scene.flow.nodes.get(run.task)
        return node is not None and node.parent is not None and geometry.isolates(node.parent)

    def _item(self) -> object:
        node = self._node()
        if self._run is None or node is None:
            return _ABSENT
        found = item_around(self._scene, node, split_key(self._run.key)[1])
        return _ABSENT if found is None else found

    def _directory(self, run: TaskRun) -> TaskRun | None:
        """Return the run of the WorkingDirectory around a run: inside it, the directory's loop value counts."""
        node = self._scene.flow.nodes.get(run.task)
        above = node.parent if node is not None else None
        if run.parent is None or above is None or issubclass(above.plugin, FlowableTask):
            return None
        return self._scene.find(run.parent)

    def _parents(self) -> object:
        found = []
        key = self._run.parent if self._run is not None else None
        while key is not None:
            above = self._scene.find(key)
            if above is None:
                break
            entry: dict[str, object] = {}
            if above.value is not None and not self._in_item(above):
                entry["taskrun"] = {"value": above.value}
            outputs = self._reveal(self._scene.outputs_of(above))
            if outputs:
                entry["outputs"] = outputs
            if entry:
                found.append({"task": {"id": above.task}, **entry})
            key = above.parent
        return found

    def _parent(self) -> object:
        parents = self["parents"]
        assert isinstance(parents, list)
        return parents[0] if parents else _ABSENT

    def _inputs(self) -> object:
        inputs = self._scene.header.inputs
        if not inputs:
            return _ABSENT
        if "inputs" not in self._scene.memo:
            self._scene.memo["inputs"] = self._reveal(inputs)
        return self._scene.memo["inputs"]

    def _outputs(self) -> object:
        return TaskMap(self._scene, self._run, lambda run: self._reveal(self._scene.outputs_of(run)))

    def _tasks(self) -> object:
        return TaskMap(self._scene, self._run, _state_of)

    def _vars(self) -> object:
        changed = self._scene.header.variables
        return changed if changed is not None else (self._scene.flow.variables or _ABSENT)

    def _labels(self) -> object:
        return nested_labels(self._scene.header.labels)

    def _trigger(self) -> object:
        trigger = self._scene.header.trigger
        if trigger is None:
            return _ABSENT
        if "trigger" not in self._scene.memo:
            self._scene.memo["trigger"] = with_headers(self._reveal(trigger.variables))
        return self._scene.memo["trigger"]

    def _schedule(self) -> object:
        trigger = self._scene.header.trigger
        scheduled = trigger is not None and trigger.type.endswith((".Schedule", ".ScheduleOnDates"))
        return self._trigger() if scheduled else _ABSENT


def _state_of(run: TaskRun) -> object:
    return {"state": str(run.state)}


_ABSENT = object()

_MAKERS: Mapping[str, Callable[[Variables], object]] = {
    "flow": Variables._flow,
    "execution": Variables._execution,
    "task": Variables._task,
    "taskrun": Variables._taskrun,
    "workerTaskrun": Variables._worker_taskrun,
    "item": Variables._item,
    "parent": Variables._parent,
    "parents": Variables._parents,
    "inputs": Variables._inputs,
    "outputs": Variables._outputs,
    "tasks": Variables._tasks,
    "vars": Variables._vars,
    "labels": Variables._labels,
    "trigger": Variables._trigger,
    "schedule": Variables._schedule,
}
