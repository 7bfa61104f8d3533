"""Ids that stand twice in one flow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tiercel.flowfile.places import Path, Report


def report_duplicates(tasks: Sequence[tuple[str, Path]], raw: Mapping[str, Any], report: Report) -> None:
    """Report the ids of tasks and triggers that are not unique, one problem for each kind.

    Args:
        tasks: The id and the place of every task.
        raw: The flow.
        report: Takes the problems. A task and a trigger may have the same id.
    """
    _report("task", tasks, report)
    report_double("trigger", raw.get("triggers"), ("triggers",), report)


def report_double(kind: str, entries: object, path: Path, report: Report) -> None:
    """Report the ids of a list of triggers, inputs or outputs that are not unique.

    Args:
        kind: What the message calls them.
        entries: The list as authored.
        path: Where it stands.
        report: Takes the problem.
    """
    _report(kind, _ids(entries, path), report)


def _ids(entries: object, path: Path) -> Iterable[tuple[str, Path]]:
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        found = (entry.get("id") or entry.get("name")) if isinstance(entry, dict) else None
        if found is not None:
            yield str(found), (*path, index)


def _report(kind: str, found: Iterable[tuple[str, Path]], report: Report) -> None:
    places: dict[str, list[Path]] = {}
    for name, path in found:
        places.setdefault(name, []).append(path)
    double = {name: paths for name, paths in places.items() if len(paths) > 1}
    if not double:
        return
    lines = "; ".join(f"'{name}' on lines {_lines(paths, report)}" for name, paths in double.items())
    word = f"{kind} id" if kind in ("task", "trigger") else kind
    message = f"Duplicate {word} with name [{', '.join(double)}]"
    second = sorted(next(iter(double.values())), key=lambda path: _line(path, report))[1]
    report.problem((*second, "id"), f"{message}: {lines}; give each its own id")


def _lines(paths: Sequence[Path], report: Report) -> str:
    return ", ".join(str(line) for line in sorted(_line(path, report) for path in paths))


def _line(path: Path, report: Report) -> int:
    mark = report.document.locate((*path, "id"))
    return mark.line + 1 if mark is not None else 0
