"""Golden flows: files of flows and the history that the last of them must leave, as documents between `---`.

A history says the execution's state, its task runs (in the order of their creation; sorted where branches run side by
side: `sorted: true`), the flow's outputs, and, for the tasks named there, outputs and states of attempts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Golden:
    """A golden flow."""

    name: str
    sources: tuple[str, ...]
    """The flows; the last is the one to execute."""
    history: Mapping[str, Any]

    @property
    def inputs(self) -> Mapping[str, Any]:
        return dict(self.history.get("inputs") or {})


def golden(name: str) -> Golden:
    """Return a golden flow by its name."""
    *sources, history = (FOLDER / f"{name}.yaml").read_text().split("\n---\n")
    return Golden(name, tuple(sources), yaml.safe_load(history))


def names() -> list[str]:
    """Return the names of all golden flows."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def history_of(shown: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the history of an execution (as `ExecutionView` shows it), as far as a golden one says something."""
    runs = shown["taskRunList"]
    by_id = {run["id"]: run for run in runs}
    labelled = [(_label(run, by_id), run) for run in runs]
    lines = [f"{label} {run['state']['current']}" for label, run in labelled]
    found: dict[str, Any] = {
        "state": shown["state"]["current"],
        "runs": sorted(lines) if wanted.get("sorted") else lines,
        "outputs": shown["outputs"],
        "states": [entry["state"] for entry in shown["state"]["histories"]],
        "task_outputs": {label: run["outputs"] for label, run in labelled},
        "attempts": {label: [_attempt(each) for each in run["attempts"]] for label, run in labelled},
        "logs": [f"{line.get('taskId', '')}: {line['message']}" for line in shown["logs"]],
        "related": [f"{each['flowId']} {each['state']['current']}" for each in shown.get("related", ())],
        "labels": {each["key"]: each["value"] for each in shown["labels"]},
    }
    return {name: _chosen(found[name], wanted[name]) for name in wanted if name in found}


def expected(history: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a golden history is compared."""
    kept = {name: value for name, value in history.items() if name not in ("sorted", "inputs", "slow")}
    if history.get("sorted"):
        kept["runs"] = sorted(kept["runs"])
    return kept


def _chosen(found: Any, wanted: Any) -> Any:
    if isinstance(found, dict) and isinstance(wanted, Mapping):
        return {name: found.get(name) for name in wanted}
    return found


def _attempt(attempt: Mapping[str, Any]) -> str:
    return str(attempt["state"]["current"])


def _label(run: Mapping[str, Any], by_id: Mapping[str, Any]) -> str:
    values: list[str] = []
    above: Mapping[str, Any] | None = run
    while above is not None:
        if above["value"] is not None:
            values.insert(0, above["value"])
        above = by_id.get(above["parentTaskRunId"])
    return f"{run['taskId']}[{'/'.join(values)}]" if values else str(run["taskId"])


def lines(history: Mapping[str, Any]) -> Iterable[str]:
    """Yield a history as the end of a golden file (for writing new ones)."""
    yield from yaml.safe_dump(dict(history), sort_keys=False, width=120).splitlines()
