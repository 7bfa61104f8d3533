"""Random flows for Hypothesis: trees of flowables and tasks, as the maps that a flow file holds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

CORE = "io.kestra.plugin.core."
Task = dict[str, Any]
"""A task as it is written; `kind` is ours and says what it is, `plain` writes flows without it."""

VALUE = "(taskrun.value ?? '-')"
AGAIN = {"type": "constant", "interval": "PT1S"}


def _return() -> Task:
    return {"kind": "return", "type": f"{CORE}debug.Return", "format": "{{ task.id }}/{{ " + VALUE + " }}"}


LEAVES: list[Task] = [
    _return(),
    {"kind": "item", "type": f"{CORE}debug.Return", "format": "{{ item.index ?? '-' }}/{{ item.parent.value ?? '-' }}"},
    {"kind": "log", "type": f"{CORE}log.Log", "message": "hello"},
    {"kind": "write", "type": f"{CORE}storage.Write", "content": "{{ task.id }}"},
    {"kind": "fail", "type": f"{CORE}execution.Fail"},
    {"kind": "fail", "type": f"{CORE}execution.Fail", "retry": AGAIN | {"maxAttempts": 2}},
    {"kind": "fail-v1", "type": f"{CORE}execution.Fail", "condition": "{{ " + VALUE + " == 'v1' }}"},
    {
        "kind": "flaky",
        "type": f"{CORE}execution.Fail",
        "condition": "{{ taskrun.attemptsCount < 2 }}",
        "retry": AGAIN | {"maxAttempts": 3},
    },
]

MARKS: list[Task] = [
    {},
    {},
    {},
    {},
    {"allowFailure": True},
    {"allowFailure": True, "allowWarning": True},
    {"runIf": "false"},
    {"runIf": "{{ " + VALUE + " != 'v0' }}"},
    {"disabled": True},
]


PAUSE: Task = {"kind": "pause", "type": f"{CORE}flow.Pause"}


@st.composite
def _leaf(draw: st.DrawFn, leaves: list[Task]) -> Task:
    return draw(st.sampled_from(leaves)) | draw(st.sampled_from(MARKS))


@st.composite
def _block(draw: st.DrawFn, inner: st.SearchStrategy[Task], most: int = 4) -> list[Task]:
    """Draw a list of tasks of which at least one is not disabled."""
    tasks = draw(st.lists(inner, min_size=1, max_size=most))
    if all(task.get("disabled") for task in tasks):
        tasks = [*tasks, _return()]
    return [dict(task) for task in tasks]


@st.composite
def _ends(draw: st.DrawFn, inner: st.SearchStrategy[Task]) -> Task:
    """Draw the errors and finally branches of a flowable, or of the flow."""
    found: Task = {}
    if draw(st.integers(0, 3)) == 0:
        found["errors"] = draw(_block(inner, 2))
    if draw(st.integers(0, 5)) == 0:
        found["finally"] = draw(_block(inner, 2))
    return found


@st.composite
def _dag(draw: st.DrawFn, inner: st.SearchStrategy[Task]) -> Task:
    tasks = [task | {"disabled": False} for task in draw(_block(inner))]
    entries = []
    for number, task in enumerate(tasks):
        before = draw(st.sets(st.integers(0, number - 1), max_size=2)) if number else set()
        entries.append({"task": task, "dependsOn": [f"#{each}" for each in sorted(before)]})
    return {"kind": "dag", "type": f"{CORE}flow.Dag", "tasks": entries, "concurrent": draw(st.integers(0, 2))}


@st.composite
def _loop(draw: st.DrawFn) -> Task:
    """Draw what a Loop has beside its tasks; it may break off after its second iteration."""
    found: Task = {"concurrencyLimit": draw(st.integers(0, 3)), "transmitFailed": draw(st.booleans())}
    if draw(st.booleans()):
        found["outputs"] = [{"id": "number", "type": "INT", "value": "{{ item.index }}"}]
    if draw(st.integers(0, 3)) == 0:
        found["breakWhen"] = "{{ item.value == 'v1' }}"
    return found


@st.composite
def _flowable(draw: st.DrawFn, inner: st.SearchStrategy[Task]) -> Task:
    kind = draw(
        st.sampled_from(["Sequential", "Parallel", "ForEach", "EachParallel", "EachSequential", "If", "Switch"])
        | st.sampled_from(["AllowFailure", "ForEach", "Parallel", "Dag", "Loop", "Loop"])
    )
    if kind == "Dag":
        return draw(_dag(inner)) | draw(_ends(inner))
    task: Task = {"kind": kind.lower(), "type": f"{CORE}flow.{kind}"}
    values = [f"v{number}" for number in range(draw(st.integers(0, 4)))]
    match kind:
        case "If":
            branches = {"then": draw(_block(inner)), "else": draw(_block(inner))}
            return task | {"condition": draw(st.sampled_from(["true", "false"]))} | branches
        case "Switch":
            cases = {"a": draw(_block(inner, 2)), "b": draw(_block(inner, 2))}
            return task | {"value": draw(st.sampled_from("abc")), "cases": cases}
        case "Parallel":
            task["concurrent"] = draw(st.integers(0, 2))
        case "ForEach":
            task |= {"values": values, "concurrencyLimit": draw(st.integers(0, 3))}
        case "Loop":
            task |= {"values": values} | draw(_loop())
        case "EachParallel":
            task |= {"value": values, "concurrent": draw(st.integers(0, 2))}
        case "EachSequential":
            task |= {"value": values}
    return task | {"tasks": draw(_block(inner))} | draw(_ends(inner))


@st.composite
def _marked(draw: st.DrawFn, inner: st.SearchStrategy[Task]) -> Task:
    return draw(_flowable(inner)) | draw(st.sampled_from(MARKS))


TASKS: st.SearchStrategy[Task] = st.recursive(_leaf(LEAVES), _marked, max_leaves=16)
PAUSING: st.SearchStrategy[Task] = st.recursive(_leaf([*LEAVES, PAUSE, PAUSE]), _marked, max_leaves=12)


@st.composite
def flows(draw: st.DrawFn, tasks: st.SearchStrategy[Task] = TASKS) -> Task:
    """Draw a flow; its tasks are named `t0`, `t1`... in the order of the document."""
    flow: Task = {"tasks": draw(_block(tasks, 4))} | draw(_ends(tasks))
    numbers = itertools.count()
    flow = _named(flow, numbers)
    return {"id": "random", "namespace": "tests"} | flow


def _named(block: Task, numbers: Iterator[int]) -> Task:
    found: Task = {}
    for name in ("tasks", "then", "else", "cases", "errors", "finally"):
        if name not in block:
            continue
        if name == "cases":
            found[name] = {case: _all_named(tasks, numbers) for case, tasks in block[name].items()}
        elif block.get("kind") == "dag" and name == "tasks":
            found[name] = _dag_named(block[name], numbers)
        else:
            found[name] = _all_named(block[name], numbers)
    return block | found


def _all_named(tasks: list[Task], numbers: Iterator[int]) -> list[Task]:
    return [{"id": f"t{next(numbers)}"} | _named(task, numbers) for task in tasks]


def _dag_named(entries: list[Task], numbers: Iterator[int]) -> list[Task]:
    tasks = _all_named([entry["task"] for entry in entries], numbers)
    names = [task["id"] for task in tasks]
    return [
        {"task": task, "dependsOn": [names[int(each[1:])] for each in entry["dependsOn"]]}
        for task, entry in zip(tasks, entries, strict=True)
    ]


def source(flow: Task) -> str:
    """Return a random flow as its author would write it."""
    return json.dumps(_plain(flow), indent=1)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name != "kind"}
    return [_plain(item) for item in value] if isinstance(value, list) else value
