"""The entries of a Dag: `{task, dependsOn}`, each dependency a sibling, no circle among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tiercel.flowfile.places import Path, Report
from tiercel.flowfile.words import nearest, shown, unrecognized

_KNOWN = ("task", "dependsOn")


@dataclass(frozen=True, slots=True)
class Entry:
    """One task of a Dag with what it waits for."""

    task: Any
    path: Path
    depends_on: tuple[str, ...]

    @property
    def id(self) -> str:
        """Return the task's id, as text."""
        return str(self.task.get("id")) if isinstance(self.task, dict) else ""


def read_entries(value: object, path: Path, report: Report) -> list[Entry]:
    """Return the entries of a Dag, reporting what is wrong with their form."""
    if not isinstance(value, list):
        report.problem(path, f"must be a list of {{task, dependsOn}}, found {shown(value)}")
        return []
    return [entry for index, raw in enumerate(value) if (entry := _entry(raw, (*path, index), report))]


def _entry(raw: object, path: Path, report: Report) -> Entry | None:
    if not isinstance(raw, dict):
        wanted = "a map with 'task' and perhaps 'dependsOn'"
        found = f"must not be null, wanted {wanted}" if raw is None else f"must be {wanted}, found {shown(raw)}"
        report.problem(path, found)
        return None
    for name in raw:
        if name not in _KNOWN:
            hint = "; a task of a Dag stands under 'task:'" if name in ("id", "type") else ""
            report.problem((*path, name), unrecognized(name, "entry of a Dag", _KNOWN) + hint, key=True)
    needed = raw.get("dependsOn")
    if needed is not None and not (isinstance(needed, list) and all(isinstance(each, str | int) for each in needed)):
        report.problem((*path, "dependsOn"), f"must be a list of task ids, found {shown(needed)}")
        needed = None
    document = report.document
    ids = tuple(document.text(needed, index, each) for index, each in enumerate(needed or ()))
    return Entry(raw.get("task"), path, ids)


def check(dag: str, entries: Sequence[Entry], report: Report) -> None:
    """Report dependencies on tasks that are not there, and circles."""
    ids = [entry.id for entry in entries if entry.id]
    for entry in entries:
        for index, each in enumerate(entry.depends_on):
            if each not in ids:
                remedy = nearest(each, ids) or f"; its siblings are {', '.join(ids)}"
                message = f"{dag}: Not existing task id in dependency: {each}{remedy}"
                report.problem((*entry.path, "dependsOn", index), message)
    circle = _circle({entry.id: [each for each in entry.depends_on if each in ids] for entry in entries})
    for entry in entries:
        if entry.id in circle:
            names = ", ".join(circle)
            message = f"{dag}: Cyclic dependency detected: {names}; remove one of the dependencies between them"
            report.problem((*entry.path, "dependsOn"), message)
            return


def _circle(needs: dict[str, list[str]]) -> list[str]:
    """Return the tasks that wait, in the end, for themselves."""
    followers: dict[str, list[str]] = {name: [] for name in needs}
    for name, needed in needs.items():
        for each in needed:
            followers[each].append(name)
    left = _peeled(needs, followers)
    inside = {name: [each for each in followers[name] if each in left] for name in left}
    left = _peeled(inside, {name: [each for each in needs[name] if each in left] for name in left})
    return [name for name in needs if name in left]


def _peeled(needs: dict[str, list[str]], followers: dict[str, list[str]]) -> set[str]:
    """Take away what waits for nothing, again and again; return what is left."""
    waiting = {name: len(needed) for name, needed in needs.items()}
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        name = ready.pop()
        del waiting[name]
        for follower in followers[name]:
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    return set(waiting)
