"""An execution as it is stored: reading its records, and turning what a plan decided into one commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from tiercel.model.execution import (
    BranchEnd,
    Execution,
    Lane,
    TaskRun,
    decode_branch_end,
    decode_execution,
    decode_lane,
    decode_run,
    encode,
    header_key,
    lane_key,
    leaf_key,
    segment_key,
)
from tiercel.model.messages import (
    Message,
    OpenBranches,
    PollDue,
    Snapshot,
    StartExecution,
    WalkLane,
    encode_message,
    message_key,
)
from tiercel.model.tallies import KIND, Hour, encode_hour, hour_key, hour_of
from tiercel.planner import batches, geometry
from tiercel.planner.transition import Transition
from tiercel.ports import Create, Delete, Envelope, Index, Merge, ObjectStore, Put, StateStore, Update, Write


class StoredExecution:
    """One execution's records; serves as a scene's archive."""

    def __init__(self, store: StateStore, objects: ObjectStore, execution: str) -> None:
        self._store = store
        self._objects = objects
        self._id = execution

    def header(self) -> tuple[Execution, int] | None:
        """Return the header and its version."""
        stored = self._store.get([header_key(self._id)])[0]
        return None if stored is None else (decode_execution(stored.body), stored.version)

    def lane(self, key: str) -> Lane | None:
        """Return a lane, or None when it is not stored."""
        stored = self._store.get([lane_key(self._id, key)])[0]
        return None if stored is None else decode_lane(stored.body)

    def segment(self, name: str) -> dict[str, TaskRun]:
        """Return the runs of a segment."""
        return {key: decode_run(body) for key, body in self._store.entries(segment_key(self._id, name)).items()}

    def branch_end(self, fork: str, branch: int) -> BranchEnd | None:
        """Return how a branch ended, if it has."""
        leaf = self._store.entries(leaf_key(self._id, fork, 0, branch // geometry.LEAF))
        body = leaf.get(str(branch))
        return None if body is None else decode_branch_end(body)

    def everything(self) -> dict[str, TaskRun]:
        """Return every run by its key; where one is stored twice, as it is in its lane."""
        found: dict[str, TaskRun] = {}
        for _, _, body in self._store.scan_entries(f"runs/{self._id}/"):
            run = decode_run(body)
            found[run.key] = run
        ended: set[str] = set()
        for name, branch, body in self._store.scan_entries(f"leaf/{self._id}/"):
            _, _, fork, level, _ = name.split("/")
            if level == "0":
                ended.add(geometry.lane_name(fork, int(branch)))
                found.update((run.key, run) for run in decode_branch_end(body).runs)
        for lane in self.lanes():
            if not (lane.lone and lane.key in ended):  # claimed by a late copy of a message, which is about to see it
                found.update(lane.runs)
        return found

    def lanes(self) -> Iterable[Lane]:
        """Yield every lane that is stored."""
        for stored in self._store.scan(f"lane/{self._id}/"):
            yield decode_lane(stored.body)

    def record_keys(self) -> set[str]:
        """Return the keys of all its lanes, leaves and segments."""
        found = {stored.key for stored in self._store.scan(f"lane/{self._id}/")}
        for prefix in ("leaf", "runs"):
            found.update(name for name, _, _ in self._store.scan_entries(f"{prefix}/{self._id}/"))
        return found

    def outputs(self, uri: str) -> dict[str, Any]:
        """Return outputs that were too large for their record."""
        with self._objects.open(uri) as file:
            return dict(msgspec.json.decode(file.read()))


LARGEST_BRANCH = 8192
"""Bytes of a branch's lane that may ride in its leaf (32 a leaf: 256 KiB, a quarter of a Firestore document)."""


def header_index(header: Execution) -> Index:
    """Return what queries may name of an execution."""
    return Index("execution", header.namespace, header.flow_id, header.state, header.at[0][1], header.owner)


def hour_index(hour: Hour) -> Index:
    """Return what queries may name of an hour of executions."""
    return Index(KIND, date=hour.at)


def counted_anew(header: Execution) -> Write:
    """Return the write that has the hour of an execution counted anew: one that had ended stands otherwise now."""
    hour = Hour(hour_of(header.at[0][1]))
    return Put(hour_key(hour.at), encode_hour(hour), hour_index(hour))


class Token:
    """A lane and its header as they were loaded, with the versions that a commit insists on."""

    def __init__(self, header: Execution, header_version: int, lane: Lane, lane_version: int, lane_body: bytes) -> None:
        self.header = header
        self.header_version = header_version
        self.lane = lane
        self.lane_version = lane_version
        self._lane_body = lane_body
        self._had_ended = lane.ended and lane.size > 0 and lane_version > 0
        """It is a branch that told its leaf before."""

    def writes(self, transition: Transition) -> list[Write]:
        """Return the writes that store what a plan decided."""
        writes = self.header_writes(transition) + self.lane_writes()
        return writes + archive_writes(self.header.id, transition)

    def header_writes(self, transition: Transition) -> list[Write]:
        """Return the write of the header, if the plan changed it."""
        if not transition.header_changed:
            return []
        return [Update(header_key(self.header.id), encode(self.header), self.header_version, header_index(self.header))]

    def lane_writes(self) -> list[Write]:
        """Return the write of the lane, if it changed; a branch that ends goes over into its leaf, if it is small."""
        if self._had_ended:
            return []
        writes: list[Write] = []
        body, key = encode(self.lane), lane_key(self.header.id, self.lane.key)
        in_leaf = self.lane.ended and self.lane.size > 0 and len(body) <= LARGEST_BRANCH
        if self.lane.ended and self.lane.lone and not in_leaf:
            self.lane.lone = False  # it stays, with its runs
            body = encode(self.lane)
        if in_leaf and self.lane_version and self.lane.lone:
            writes.append(Delete(key, self.lane_version))
        elif in_leaf and self.lane_version:
            # It stays without its runs: a late copy of the message that opened it must not find its place empty.
            writes.append(Update(key, encode(replace(self.lane, runs={})), self.lane_version))
        elif body != self._lane_body and not in_leaf:
            writes.append(Update(key, body, self.lane_version) if self.lane_version else Create(key, body))
        if self.lane.ended and self.lane.size and self.lane.fork is not None:
            runs = list(self.lane.runs.values()) if in_leaf else []
            leaf = leaf_key(self.header.id, self.lane.fork, 0, self.lane.branch // geometry.LEAF)
            end = BranchEnd(self.lane.seen, runs, batches.counts_of(self.lane.runs.values()))
            writes.append(Merge(leaf, {str(self.lane.branch): encode(end)}))
        return writes

    def committed(self, writes: Sequence[Write], versions: Sequence[int]) -> None:
        """Take over the versions that a commit answered."""
        for write, version in zip(writes, versions, strict=True):
            if isinstance(write, Update | Create | Put):
                if write.key == header_key(self.header.id):
                    self.header_version = version
                elif write.key == lane_key(self.header.id, self.lane.key):
                    self.lane_version, self._lane_body = version, write.body


def token_of(seen: Snapshot) -> Token:
    """Return a token as somebody else has stored it."""
    return Token(seen.header, seen.header_version, seen.lane, seen.lane_version, encode(seen.lane))


LARGEST_SNAPSHOT = 64 * 1024
"""Bytes of a lane and its header that travel with the message which hands the lane over; larger ones are read."""


def handed_over(token: Token, *, shown: bool = True) -> Envelope:
    """Return the message that has another process walk a lane from where it was just stored.

    No store needs to keep it: the message that is being handled stands behind the lane until it is sent.

    Args:
        token: The lane, as it is stored.
        shown: Have the lane travel with it, if it is small; else it is read.
    """
    assert token.lane.current is not None
    run, snapshot = token.lane.runs[token.lane.current], None
    if shown and len(encode(token.header)) + len(encode(token.lane)) <= LARGEST_SNAPSHOT:
        snapshot = Snapshot(token.header, token.header_version, token.lane, token.lane_version)
    message = WalkLane(token.header.id, token.lane.key, f"{run.key}/{len(run.at)}", snapshot)
    return Envelope(message_key(message), encode_message(message), kept=False, works=True)


def archive_writes(execution: str, transition: Transition) -> list[Write]:
    """Return the writes that move runs from their lane to their segments, and drop segments nobody needs."""
    dropped: list[Write] = [Delete(segment_key(execution, segment)) for segment in dict.fromkeys(transition.dropped)]
    return dropped + [
        Merge(segment_key(execution, segment), {key: encode(run) for key, run in runs.items()})
        for segment, runs in transition.archived.items()
    ]


def envelope(message: Message, due: float = 0.0) -> Envelope:
    """Return a message as it is sent."""
    works = isinstance(message, StartExecution | WalkLane | PollDue) or (
        isinstance(message, OpenBranches) and len(message.branches) == 1
    )
    return Envelope(message_key(message), encode_message(message), due, works=works)


def envelopes(transition: Transition) -> list[Envelope]:
    """Return a plan's messages as they are sent."""
    return [envelope(message, due) for message, due in transition.messages]
