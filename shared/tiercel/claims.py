"""Claims on lanes: which process walks one, which message stands behind it, and when a claim counts for nothing.

Promise: a claim is stored before the effect that it stands for, and two never hold at once.
"""

from __future__ import annotations

from contextlib import suppress

from tiercel.archive import StoredExecution, Token
from tiercel.errors import TransientError
from tiercel.model.execution import Claim, lane_key
from tiercel.model.messages import ExecutionEnded
from tiercel.planner.transition import Work
from tiercel.planner.walk import Walk
from tiercel.ports import Delete, ObjectStore, Refused, StateStore

JOB = "job/"
"""How the name of an owner begins that is a job: when it dies, it is begun again under the same name."""


class GoneError(Exception):
    """A lane is gone: its branch has ended, or its execution was purged."""


class Claims:
    """The claims of a process."""

    def __init__(self, store: StateStore, objects: ObjectStore, owner: str, lease: float) -> None:
        """Begin with none.

        Args:
            store: The records.
            objects: Large outputs.
            owner: The name of this process.
            lease: Seconds for which a claim holds.
        """
        self._store = store
        self._objects = objects
        self._owner = owner
        self._lease = lease
        self._held: set[tuple[str, str]] = set()
        """The claims that this process still works on, by lane and cause: one that failed in between is void."""

    def holds(self, lane: str, cause: str) -> bool:
        """Tell whether this process works on a lane for a message."""
        return (lane, cause) in self._held

    def let_go(self, lane: str, cause: str) -> None:
        """Work on a lane no longer."""
        self._held.discard((lane, cause))

    def make(self, token: Token, walk: Walk, work: Work | None, cause: str) -> bool:
        """Claim a lane for the task that is to be run here; tell whether it is to be handed over instead."""
        if work is not None:
            self._held.add((token.lane.key, cause))
            token.lane.claim = Claim(self._owner, walk.now + self._lease, cause)
            return False
        if not walk.handed_over or token.lane.current is None:
            return False
        if token.lane.claim is None or token.lane.claim.cause != cause:
            token.lane.claim = Claim(self._owner, 0.0, cause)  # void: it only says which message stands behind the lane
        return True

    def is_cared_for(self, token: Token, now: float) -> bool:
        """Tell whether a lane is walked in such a way that a message which asks for that is done with.

        So it is where a job walks it, which no message brings back, and where a job meets somebody: it has come twice.

        Raises:
            TransientError: A function walks it: a message waits until that has ended, or stands behind its claim.
        """
        claim = token.lane.claim
        if claim is None or claim.until <= now or self._store.is_gone(claim.owner):
            return False
        if claim.owner == self._owner and not self.holds(token.lane.key, claim.cause):
            return False
        if claim.owner != self._owner and (claim.owner.startswith(JOB) or self._owner.startswith(JOB)):
            return True
        raise TransientError(f"lane {token.lane.key} of execution {token.header.id} is being walked")

    def is_lone(self, token: Token, work: Work | None) -> bool:
        """Tell whether a claim on a branch counts only if the branch has not ended: nothing else would tell of its end.

        So it is where the claim itself makes the lane. Where a branch begins without one, its lane is to stay.

        Raises:
            GoneError: It begins without one, and has ended.
        """
        if token.lane_version == 0 and token.lane.size:
            token.lane.lone = work is not None
            if work is None:
                self.refuse_ended(token)
        return token.lane.lone

    def refuse_ended(self, token: Token) -> None:
        """Leave a branch alone that has ended: it was a late copy of a message that has claimed it.

        Looking after the claim leaves no gap: the end of a branch is one commit with the removal of its lane, so where
        a claim found the place empty, either the end can be seen by now, or nobody has begun.

        Raises:
            GoneError: It has ended.
        """
        lane = token.lane
        assert lane.fork is not None
        stored = StoredExecution(self._store, self._objects, lane.execution)
        if stored.branch_end(lane.fork, lane.branch) is None:
            return
        if token.lane_version:
            with suppress(Refused):
                self._store.commit([Delete(lane_key(lane.execution, lane.key), token.lane_version)])
        raise GoneError


def stands_behind(token: Token, cause: str) -> bool:
    """Tell whether a message that changes nothing has changed the lane before, in the hands of a worker that died.

    Then it is the only one that can bring the lane on: the worker never acknowledged it.
    """
    return token.lane.claim is not None and token.lane.claim.cause == cause


def has_ended(token: Token, walk: Walk, cause: str) -> bool:
    """Tell whether the message that is handled has brought the execution to its end, so that its handler announces it.

    That needs no message of its own: this one comes again if its handler dies, finds its name, and announces once more.
    Where tasks still follow the end, a message tells of it meanwhile.
    """
    header, news = token.header, (ExecutionEnded(token.header.id), 0.0)
    if header.finished and news in walk.transition.messages:
        walk.transition.messages.remove(news)
        header.ended_by = cause
    return header.finished and header.ended_by == cause
