"""What the tabs of an execution show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tiercel.ui import formats
from tiercel.ui.lists import LEVELS, fetched, part_of
from tiercel.ui.visit import Visit

MOST_ROWS = 500
"""Task runs of a table without scripts; what is beyond is said."""

WIDTH = 1000
"""Units of a bar's drawing."""

LINES = 100
"""Log lines of a page."""

MOST_GIVEN = 100_000
"""Characters of log lines that come with a page for the script that shows them; it asks for longer ones itself."""

SETTLED = 60.0
"""Seconds after its end in which an execution may still log."""

Execution = Mapping[str, Any]


def gantt(visit: Visit, execution: Execution) -> dict[str, Any]:
    """Return the task runs, each with the bars of its states."""
    runs = execution["taskRunList"]
    starts = [_at(run["state"]["startDate"]) for run in runs]
    begin = min(starts, default=visit.now)
    end = max((_at(run["state"].get("endDate"), visit.now) for run in runs), default=begin)
    span = max(end - begin, 0.001)
    depths = _depths(runs)
    shown, place = part_of(visit, runs)
    rows = [
        {"run": run, "bars": list(_bars(run["state"], begin, span, visit.now)), "depth": depths[run["id"]]}
        for run in shown
    ]
    return {"rows": rows, "pages": place, "width": WIDTH}


def _at(text: object, default: float = 0.0) -> float:
    found = formats.moment_of(text) if text else None
    return default if found is None else found.timestamp()


def _bars(state: Mapping[str, Any], begin: float, span: float, now: float) -> Iterator[dict[str, Any]]:
    """Yield how long a run was in which state; the last one of a run that goes on lasts until now."""
    histories = state["histories"]
    for place, each in enumerate(histories):
        since = _at(each["date"])
        following = histories[place + 1]["date"] if place + 1 < len(histories) else None
        until = _at(following, since if formats.is_over(each["state"]) else now)
        x = (since - begin) / span * WIDTH
        yield {"x": round(x, 1), "width": round(max((until - since) / span * WIDTH, 2.0), 1), "state": each["state"]}


def _depths(runs: list[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for run in runs:  # parents come before what is inside them
        found[run["id"]] = found.get(run.get("parentTaskRunId", ""), -1) + 1
    return found


def logs(visit: Visit, execution: Execution) -> dict[str, Any]:
    """Return a page of the log, the newest lines, the oldest of them first."""
    fixed = [("filters[executionId][EQUALS]", execution["id"])]
    entries, place = fetched(visit, "/logs/search", sort="timestamp:desc", size=LINES, more=fixed)
    options = {**_log_options(visit, execution), "settled": settled(visit, execution)}
    if set(visit.request.args) <= set(LOG_FILTERS.values()) and _length(entries) < MOST_GIVEN:
        options["first"] = {"results": _shown(entries), "total": place.total, "level": visit.given("minLevel")}
    return {"entries": entries[::-1], "pages": place, "levels": LEVELS, "options": options}


LOG_FILTERS: Mapping[str, str] = {
    "taskRun": "taskRunId",
    "task": "taskId",
    "attempt": "attempt",
    "level": "minLevel",
    "q": "q",
}
"""What narrows the lines down: by the option of the script, the parameter of the address."""


def _log_options(visit: Visit, execution: Execution) -> dict[str, Any]:
    given = {name: visit.given(parameter) for name, parameter in LOG_FILTERS.items()}
    return {"execution": execution["id"], **{name: value for name, value in given.items() if value}}


def _length(entries: list[dict[str, Any]]) -> int:
    return sum(len(entry["message"]) for entry in entries)


def _shown(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return lines with what a row of them shows, and what makes each itself."""
    names = ("timestamp", "level", "message", "taskId", "taskRunId", "attemptNumber")
    return [{name: entry[name] for name in names if entry.get(name) is not None} for entry in entries]


def settled(visit: Visit, execution: Execution) -> dict[str, Any] | None:
    """Return an execution without its task runs, if it has ended so long ago that nothing of it changes any more."""
    state = execution["state"]
    if not formats.is_over(state["current"]) or visit.now - _at(state.get("endDate"), visit.now) < SETTLED:
        return None
    return {name: execution[name] for name in ("id", "namespace", "flowId", "state")}


def topology(visit: Visit, execution: Execution) -> dict[str, Any]:
    """Return the runs of each task: what is read where no picture can be drawn."""
    runs, place = part_of(visit, execution["taskRunList"])
    return {"runs": runs, "pages": place}


def outputs(visit: Visit, execution: Execution) -> dict[str, Any]:
    """Return what the task runs gave, one row for each name; and what an expression gives that somebody tries."""
    wanted = visit.given("task").lower()
    rows = [
        {"run": run, "name": name, "content": content}
        for run in execution["taskRunList"]
        if wanted in str(run["taskId"]).lower()
        for name, content in run.get("outputs", {}).items()
    ]
    form = visit.request.form if visit.request.method == "POST" else {}
    text, run = form.get("expression", ""), form.get("taskRunId", "")
    return {
        "rows": rows[:MOST_ROWS],
        "more": len(rows) - MOST_ROWS,
        "expression": text,
        "at": run,
        "tried": _tried(visit, str(execution["id"]), text, run),
    }


def _tried(visit: Visit, execution: str, text: str, run: str) -> dict[str, Any] | None:
    """Return `{result}` or `{error}` of an expression; None where none is tried."""
    if not text:
        return None
    if run:
        found: dict[str, Any] = visit.api.post("/executions/{}/eval/{}", execution, run, body=text, kind="text/plain")
    else:
        found = visit.api.post("/executions/{}/actions/eval", execution, body=text, kind="text/plain")
    return found


def metrics(visit: Visit, execution: Execution) -> dict[str, Any]:
    """Return the numbers that the task runs have measured."""
    entries, place = fetched(visit, "/metrics/{}", execution["id"], size=100)
    return {"entries": entries, "pages": place}
