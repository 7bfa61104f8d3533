"""The one task of an execution that says most in a list: the one that failed, or the one that is at work.

Promise: what is read is bounded, however many runs an execution has: some of its lanes, and the first of its leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tiercel.model.execution import MAIN_LANE, Execution, TaskRun, decode_branch_end, decode_lane, is_hidden, lane_key
from tiercel.model.states import State
from tiercel.ports import StateStore

LANES, LEAVES = 32, 100
"""Lanes, and entries of leaves, that are read of one execution."""

GOOD = frozenset((State.SUCCESS, State.SKIPPED, State.CANCELLED, State.CREATED, State.QUEUED))
"""States of an execution in which no task says more than the others."""

BAD = frozenset((State.FAILED, State.KILLED, State.WARNING))


def telling_tasks(store: StateStore, headers: Sequence[Execution]) -> dict[str, str]:
    """Return the task of each execution that failed, or that is at work; not of those where none says more than others.

    The top level of all of them is read at once; only where that shows a fork, or a loop, is it looked for inside.
    """
    meant = [header for header in headers if header.state not in GOOD]
    stored = store.get([lane_key(header.id, MAIN_LANE) for header in meant])
    found = {}
    for header, main in zip(meant, stored, strict=True):
        ended = header.state.is_terminal
        run = None if main is None else _chosen(decode_lane(main.body).runs.values(), ended=ended)
        if run is None or not (run.attempts or run.key in header.paused):
            run = _chosen(_runs(store, header.id), ended=ended)
        if run is not None:
            found[header.id] = run.task
    return found


def _runs(store: StateStore, execution: str) -> Iterator[TaskRun]:
    for stored in islice(store.scan(f"lane/{execution}/"), LANES):
        yield from decode_lane(stored.body).runs.values()
    for name, _, body in islice(store.scan_entries(f"leaf/{execution}/"), LEAVES):
        if name.split("/")[3] == "0":  # those above count the leaves below them
            yield from decode_branch_end(body).runs


def _chosen(runs: Iterable[TaskRun], *, ended: bool) -> TaskRun | None:
    """Return the first that failed, or the latest that goes on; not one that only holds such a one."""
    meant = {
        run.key: run
        for run in runs
        if not is_hidden(run.task) and (run.state in BAD if ended else not run.state.is_terminal)
    }
    above = {run.parent for run in meant.values()}
    inner = [run for run in meant.values() if run.key not in above]
    worst = [run for run in inner if run.state is State.FAILED] or inner
    pick = min if ended else max
    return pick(worst, key=lambda run: run.at[-1][1]) if worst else None
