"""The rules of sections 4 to 6 of the flow specification, interpreted naively: what a random flow must leave.

Nothing is shared with the planner. Where branches run side by side under a limit, a failure decides by chance which
of the later ones still begin: those runs are `maybe`, everything else is certain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Task = dict[str, Any]
Rounds = tuple[int, ...]
ORDER = ("FAILED", "WARNING")
ATTEMPTS = {"flaky": 3, "pause": 0}


class Reference:
    """One execution of a random flow."""

    def __init__(self, flow: Task) -> None:
        self.runs: dict[str, str] = {}
        self.maybe: set[str] = set()
        self.attempts: dict[str, int] = {}
        self.flaky: set[str] = set()
        """The runs that count their attempts: one that was lost is one less to fail."""
        self.values: dict[str, str] = {}
        """The value that a Return gives."""
        self.before: list[tuple[str, str]] = []
        """Pairs of runs of which the first ends before the second begins."""
        self.loops: dict[str, dict[str, Any]] = {}
        """What a Loop says of its iterations, where no chance is in it."""
        self._items: list[tuple[int, str]] = []
        self.state = self._ends(flow, (), self._sequence(flow["tasks"], ()))

    def _sequence(self, tasks: Sequence[Task], rounds: Rounds, value: str | None = None) -> set[str]:
        seen: set[str] = set()
        last = None
        for task in _enabled(tasks):
            state = self._task(task, rounds, value)
            key = _key(task, rounds)
            if last is not None:
                self.before.append((last, key))
            last = key
            seen.add(state)
            if state == "FAILED":
                break
        return seen

    def _ends(self, block: Task, rounds: Rounds, seen: set[str]) -> str:
        """Run what follows the main tasks; return the state that they ask for."""
        here = set(self.runs)
        for name in ("errors", "finally"):
            if _enabled(block.get(name, ())) and (name == "finally" or "FAILED" in seen):
                self._sequence(block[name], rounds)
                first = _key(_enabled(block[name])[0], rounds)
                inside = _ids(block.get("tasks", block))
                self.before += [(key, first) for key in here if key.split("[")[0] in inside and _under(key, rounds)]
        return next((state for state in ORDER if state in seen), "SUCCESS")

    def _task(self, task: Task, rounds: Rounds, value: str | None) -> str:
        key = _key(task, rounds)
        run_if = task.get("runIf")
        if run_if == "false" or (run_if is not None and value == "v0"):
            self.runs[key] = "SKIPPED"
            return "SKIPPED"
        run: Callable[[Task, Rounds, str | None], str] = getattr(self, f"_{task['kind'].replace('-', '_')}", self._leaf)
        state = run(task, rounds, value)
        if state == "FAILED" and (task.get("allowFailure") or task["kind"] == "allowfailure"):
            state = "WARNING"
        if state == "WARNING" and task.get("allowWarning"):
            state = "SUCCESS"
        self.runs[key] = state
        return state

    def _leaf(self, task: Task, rounds: Rounds, value: str | None) -> str:
        fails = task["kind"] == "fail" or (task["kind"] == "fail-v1" and value == "v1")
        tries = task.get("retry", {}).get("maxAttempts", 1)
        self.attempts[_key(task, rounds)] = tries if fails else ATTEMPTS.get(task["kind"], 1)
        if task["kind"] == "flaky":
            self.flaky.add(_key(task, rounds))
        if task["kind"] == "return":
            self.values[_key(task, rounds)] = f"{task['id']}/{value or '-'}"
        return "FAILED" if fails else "SUCCESS"

    _fail_v1 = _leaf

    def _item(self, task: Task, rounds: Rounds, value: str | None) -> str:
        own = self._items[-1][0] if self._items else "-"
        around = self._items[-2][1] if len(self._items) > 1 else "-"
        self.values[_key(task, rounds)] = f"{own}/{around}"
        return self._leaf(task, rounds, value)

    # ------------------------------------------------------------ flowables

    def _sequential(self, task: Task, rounds: Rounds, value: str | None) -> str:
        return self._ends(task, rounds, self._sequence(task["tasks"], rounds))

    _allowfailure = _sequential

    def _if(self, task: Task, rounds: Rounds, value: str | None) -> str:
        branch = task["then"] if task["condition"] == "true" else task["else"]
        return self._ends(task, rounds, self._sequence(branch, rounds))

    def _switch(self, task: Task, rounds: Rounds, value: str | None) -> str:
        if task["value"] not in task["cases"]:
            return "FAILED"
        return self._ends(task, rounds, self._sequence(task["cases"][task["value"]], rounds))

    def _foreach(self, task: Task, rounds: Rounds, value: str | None) -> str:
        values = task.get("values", task.get("value", ()))
        if not values:
            return "SUCCESS"
        limit = task.get("concurrencyLimit", 1)
        groups = [self._group(task["tasks"], (*rounds, number), each) for number, each in enumerate(values)]
        if limit != 1:
            return self._ends(task, rounds, self._fork(groups, limit))
        seen: set[str] = set()
        for group in groups:
            seen |= group()
            if "FAILED" in seen:
                break
        return self._ends(task, rounds, seen)

    _eachsequential = _foreach

    def _loop(self, task: Task, rounds: Rounds, value: str | None) -> str:
        values, limit = task["values"], task["concurrencyLimit"]
        if not values:
            self.loops[_key(task, rounds)] = self._said(task, [])
            return "SUCCESS"
        limited = 0 < limit < len(values)
        broken_off = limited and "breakWhen" in task and len(values) > 1
        seen: set[str] = set()
        ended: list[str] = []
        for number, each in enumerate(values[:2] if broken_off and limit == 1 else values):
            here = set(self.runs)
            late = limited and ("FAILED" in seen or (broken_off and number > 1))
            states = self._iteration(task, (*rounds, number), (number, each))
            ended.append(next((state for state in ORDER if state in states), "SUCCESS"))
            seen |= states if task["transmitFailed"] else set()
            if late:
                self.maybe |= set(self.runs) - here
        if not limited or not ("FAILED" in seen or broken_off):
            self.loops[_key(task, rounds)] = self._said(task, ended)
        without_errors = {name: block for name, block in task.items() if name != "errors"}
        return self._ends(without_errors, rounds, seen)

    def _iteration(self, task: Task, rounds: Rounds, item: tuple[int, str]) -> set[str]:
        self._items.append(item)
        here = set(self.runs)
        seen = self._sequence(task["tasks"], rounds)
        after = _enabled(task.get("errors", ()))
        if "FAILED" in seen and after:
            self.before += [(key, _key(after[0], rounds)) for key in set(self.runs) - here]
            self._sequence(after, rounds)
        self._items.pop()
        return seen

    def _said(self, task: Task, ended: list[str]) -> dict[str, Any]:
        counts = {state: ended.count(state) for state in ended}
        found = {"iterationCount": len(task["values"]), "runningIterations": 0, "terminatedIterations": counts}
        entries = [
            {"item": {"value": each, "iteration": number}, "outputs": {"number": number}}
            for number, each in enumerate(task["values"])
        ]
        return found | {"outputs": entries if "outputs" in task else []}

    def _eachparallel(self, task: Task, rounds: Rounds, value: str | None) -> str:
        groups = [
            self._group([child], (*rounds, number), each)
            for number, each in enumerate(task["value"])
            for child in _enabled(task["tasks"])
        ]
        return self._ends(task, rounds, self._fork(groups, task["concurrent"])) if groups else "SUCCESS"

    def _parallel(self, task: Task, rounds: Rounds, value: str | None) -> str:
        groups = [self._group([child], rounds, None) for child in _enabled(task["tasks"])]
        return self._ends(task, rounds, self._fork(groups, task["concurrent"]))

    def _dag(self, task: Task, rounds: Rounds, value: str | None) -> str:
        entries = task["tasks"]
        failed: set[str] = set()
        seen: set[str] = set()
        begun: dict[str, set[str]] = {}
        for entry in entries:
            name = entry["task"]["id"]
            if failed & set(entry["dependsOn"]):
                failed.add(name)
                continue
            here = set(self.runs)
            states = self._sequence([entry["task"]], rounds)
            begun[name] = set(self.runs) - here
            seen |= states
            if "FAILED" in states:
                failed.add(name)
        limited = 0 < task["concurrent"] < len(entries)
        for entry in entries:
            if failed and (entry["dependsOn"] or limited):
                self.maybe |= begun.get(entry["task"]["id"], set())
        return self._ends({**task, "tasks": [entry["task"] for entry in entries]}, rounds, seen)

    def _group(self, tasks: Sequence[Task], rounds: Rounds, value: str | None) -> Callable[[], set[str]]:
        return lambda: self._sequence(tasks, rounds, value)

    def _fork(self, groups: Sequence[Callable[[], set[str]]], limit: int) -> set[str]:
        seen: set[str] = set()
        for group in groups:
            here = set(self.runs)
            late = "FAILED" in seen and 0 < limit < len(groups)
            seen |= group()
            if late:
                self.maybe |= set(self.runs) - here
        return seen


def _enabled(tasks: Sequence[Task]) -> list[Task]:
    return [task for task in tasks if not task.get("disabled")]


def _key(task: Task, rounds: Rounds) -> str:
    return f"{task['id']}[{','.join(map(str, rounds))}]" if rounds else str(task["id"])


def _under(key: str, rounds: Rounds) -> bool:
    here = tuple(map(int, key[:-1].split("[")[1].split(","))) if "[" in key else ()
    return here[: len(rounds)] == rounds


def _ids(block: Any) -> set[str]:
    """Return the ids of all tasks in a structure."""
    if isinstance(block, list):
        return set().union(*map(_ids, block)) if block else set()
    if not isinstance(block, dict):
        return set()
    inside = set().union(*(_ids(item) for name, item in block.items() if name not in ("errors", "finally")), set())
    return inside | ({block["id"]} if "kind" in block else set())
