"""Removing executions that have ended, or their logs, metrics and files.

Promise: nothing is removed of an execution that still runs, or that somebody restarts meanwhile: the header is written
or removed in the same commit, and must be as it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import msgspec

from tiercel.archive import StoredExecution, header_index
from tiercel.errors import NotFoundError
from tiercel.model.execution import (
    Execution,
    LogLine,
    TaskRun,
    decode_branch_end,
    decode_lane,
    decode_run,
    encode,
    header_key,
)
from tiercel.model.states import Level
from tiercel.paths import execution_folder
from tiercel.ports import Delete, Merge, ObjectStore, Refused, StateStore, Update, Write
from tiercel.tasks.core.services import Purge, Purged

_decode_line = msgspec.json.Decoder(LogLine).decode

Change = Callable[[TaskRun], bool]
"""Changes a run; tells whether it did."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Which log lines are meant."""

    levels: Collection[Level]
    """None means all."""
    since: float | None
    until: float

    def hold(self, line: LogLine, run: TaskRun | None) -> bool:  # noqa: ARG002 - of any run, or of none
        """Tell whether a line is one of them."""
        return (
            (self.since is None or line.at >= self.since)
            and line.at <= self.until
            and (not self.levels or line.level in self.levels)
        )


Meant = Callable[[LogLine, TaskRun | None], bool]
"""Tells whether a log line is meant; the run is None for a line about the execution as a whole."""


def _every(_line: LogLine, _run: TaskRun | None) -> bool:
    return True


def purge(store: StateStore, objects: ObjectStore, execution: str, what: Purge, purged: Purged) -> None:
    """Remove an execution that has ended, or parts of it, and count what has gone."""
    stored = StoredExecution(store, objects, execution)
    found = stored.header()
    if found is None or not _has_ended(found[0]):
        return
    header, version = found
    runs = list(stored.everything().values())
    gone = Purged(
        executions=int(what.execution),
        logs=len(header.logs) + sum(1 for run in runs for _ in _lines(objects, run)) if what.logs else 0,
        metrics=sum(len(run.metrics) for run in runs) if what.metrics else 0,
    )
    own = {uri for run in runs for uri in (run.outputs_uri, *_log_files(run).values()) if uri is not None}
    try:
        if what.execution:
            guard = Update(header_key(execution), encode(header), version)
            store.commit([guard, *map(Delete, sorted(stored.record_keys())), Delete(header_key(execution))])
        else:
            _strip(store, objects, header, version, what)
    except Refused:
        return  # somebody restarts it
    for uri in own if what.execution else ():
        objects.delete(uri)
    if what.files:
        folder = execution_folder(header.namespace, header.flow_id, execution)
        gone.files = sum(objects.delete(uri) for uri in list(objects.list(folder)) if uri not in own)
    _add(purged, gone)


def _add(purged: Purged, gone: Purged) -> None:
    purged.executions += gone.executions
    purged.logs += gone.logs
    purged.metrics += gone.metrics
    purged.files += gone.files


def _strip(store: StateStore, objects: ObjectStore, header: Execution, version: int, what: Purge) -> None:
    """Take the logs and metrics out of an execution's records."""

    def change(run: TaskRun) -> bool:
        changed = what.logs and _without(objects, run, _every) > 0
        if what.metrics and run.metrics:
            run.metrics, changed = [], True
        return changed

    if what.logs:
        header.logs = []
    if what.logs or what.metrics:
        _rewrite(store, header, version, change)


def purge_logs(store: StateStore, objects: ObjectStore, execution: str, is_meant: Meant) -> int:
    """Remove log lines of an execution that has ended; return how many."""
    found = StoredExecution(store, objects, execution).header()
    if found is None or not _has_ended(found[0]):
        return 0
    header, version = found
    kept = [line for line in header.logs if not is_meant(line, None)]
    counted: dict[str, int] = {"": len(header.logs) - len(kept)}
    header.logs = kept

    def change(run: TaskRun) -> bool:
        removed = _without(objects, run, is_meant)
        counted[run.key] = max(counted.get(run.key, 0), removed)  # a run may be stored twice
        return removed > 0

    try:
        _rewrite(store, header, version, change)
    except Refused:
        return 0  # somebody restarts it
    return sum(counted.values())


def _has_ended(header: Execution) -> bool:
    return header.state.is_terminal and header.finished


def _log_files(run: TaskRun) -> dict[int, str]:
    """Return the files with the logs of attempts; what such an attempt has in the record stands in its file too."""
    return {number: attempt.log_file for number, attempt in enumerate(run.attempts) if attempt.log_file}


def _lines(objects: ObjectStore, run: TaskRun) -> Iterator[LogLine]:
    apart = _log_files(run)
    yield from (line for line in run.logs if line.attempt not in apart)
    for uri in apart.values():
        yield from _read(objects, uri)


def _read(objects: ObjectStore, uri: str) -> list[LogLine]:
    try:
        with objects.open(uri) as file:
            return [_decode_line(line) for line in file]
    except NotFoundError:
        return []


def _without(objects: ObjectStore, run: TaskRun, is_meant: Meant) -> int:
    """Take lines out of a run's log; return how many they were."""
    apart = _log_files(run)
    removed = sum(1 for line in run.logs if line.attempt not in apart and is_meant(line, run))
    run.logs = [line for line in run.logs if not is_meant(line, run)]
    for number, uri in apart.items():
        found = _read(objects, uri)
        left = [line for line in found if not is_meant(line, run)]
        removed += len(found) - len(left)
        if not left:
            objects.delete(uri)
            run.attempts[number].log_file = None
        elif len(left) < len(found):
            objects.write(uri, b"".join(encode(line) + b"\n" for line in left))
    return removed


def _rewrite(store: StateStore, header: Execution, version: int, change: Change) -> None:
    """Store an execution's records with its runs changed."""
    writes: list[Write] = [*_changed_lanes(store, header.id, change), *_changed_maps(store, header.id, change)]
    store.commit([Update(header_key(header.id), encode(header), version, header_index(header)), *writes])


def _changed_lanes(store: StateStore, execution: str, change: Change) -> Iterator[Write]:
    for stored in store.scan(f"lane/{execution}/"):
        lane = decode_lane(stored.body)
        if sum([change(run) for run in lane.runs.values()]):
            yield Update(stored.key, encode(lane), stored.version)


def _changed_maps(store: StateStore, execution: str, change: Change) -> Iterator[Write]:
    for name, entry, body in store.scan_entries(f"runs/{execution}/"):
        run = decode_run(body)
        if change(run):
            yield Merge(name, {entry: encode(run)})
    for name, entry, body in store.scan_entries(f"leaf/{execution}/"):
        end = decode_branch_end(body)
        if sum([change(run) for run in end.runs]):
            yield Merge(name, {entry: encode(end)})
