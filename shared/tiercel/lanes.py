"""Walking lanes: plan an event, commit, run the task that follows, and so on while there is something to run."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from tiercel import joins
from tiercel.archive import StoredExecution, Token, counted_anew, envelope, envelopes, handed_over, header_index
from tiercel.claims import Claims, GoneError, has_ended, stands_behind
from tiercel.errors import NotFoundError, TransientError
from tiercel.flows import FlowStore
from tiercel.model.execution import (
    Execution,
    Lane,
    TaskRun,
    decode_execution,
    decode_lane,
    encode,
    header_key,
    lane_key,
    split_key,
)
from tiercel.model.messages import ExecutionEnded, Message, message_key
from tiercel.planner import geometry, joining, plan
from tiercel.planner.bounds import Bounds
from tiercel.planner.rendering import Renderer, Worlds
from tiercel.planner.scene import Scene
from tiercel.planner.transition import Outcome, Transition, Work
from tiercel.planner.variables import Surroundings
from tiercel.planner.walk import Walk
from tiercel.ports import Clock, Envelope, Merge, ObjectStore, Refused, Reply, StateStore, Update, Write

Event = Callable[[Walk], Work | None]
"""One event's plan."""

TRIES = 20
"""How often a fold begins again because somebody else changed the same record, before the message is given back."""

FOLDED = 0.05
"""Seconds for which tasks without effect may share one commit; then what is done is stored and can be seen."""


class Worker(Protocol):
    """Runs one attempt of one task."""

    def run(self, scene: Scene, renderer: Renderer, work: Work) -> Outcome:
        """Run the attempt to its end; never raises for what a task does."""

    def cancel(self, execution: str, lanes: Container[str] | None = None) -> None:
        """Stop the attempts of an execution that run in this process, or only those in some of its lanes."""


@dataclass(frozen=True)
class Jobs:
    """Larger processes, for tasks that are too much for this one."""

    bounds: Bounds
    """What is not too much."""
    begin: Callable[[Envelope], None]
    """Has a job handle a message, or raises TransientError."""


class Observer(Protocol):
    """Somebody who watches executions change."""

    def changed(self, header: Execution, lane: Lane, left: Iterable[TaskRun]) -> None:
        """See a header and a lane right after their commit, and the runs that left the lane with it."""


class Lanes:
    """Loads, plans, commits and runs on."""

    def __init__(
        self,
        *,
        store: StateStore,
        objects: ObjectStore,
        clock: Clock,
        flows: FlowStore,
        worker: Worker,
        worlds: Worlds,
        surroundings: Surroundings,
        owner: str,
        lease: float,
        works: Callable[[], bool] = lambda: True,
        jobs: Jobs | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Open the lanes of a store.

        Args:
            store: The records.
            objects: Large outputs.
            clock: Tells the time.
            flows: The flows.
            worker: Runs the attempts of tasks.
            worlds: Opens what expressions may read.
            surroundings: The variables that are the same for all.
            owner: The name of this process, for claims.
            lease: Seconds for which a claim holds.
            works: Tells whether another task may begin here now, or is handed over to another process.
            jobs: Take what is too much for this process; None where nothing is.
            observer: Sees every commit.
        """
        self.store = store
        self.objects = objects
        self.flows = flows
        self.worker = worker
        self._clock = clock
        self._worlds = worlds
        self._surroundings = surroundings
        self._works = works
        self._jobs = jobs
        self._bounds = jobs.bounds if jobs is not None else None
        self._observer = observer
        self.announce: Callable[[str], object] = lambda each: self.commit([], [envelope(ExecutionEnded(each))])
        """Tells whoever waits that an execution has ended."""
        self._claims = Claims(store, objects, owner, lease)

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self._clock.now().timestamp()

    # ------------------------------------------------------------ loading

    def load(self, execution: str, lane: str) -> Token | None:
        """Return a lane with its header, as they are stored now."""
        header, body = self.store.get([header_key(execution), lane_key(execution, lane)])
        if header is None or body is None:
            return None
        return Token(decode_execution(header.body), header.version, decode_lane(body.body), body.version, body.body)

    def stored(self, execution: str) -> StoredExecution:
        """Return an execution's records."""
        return StoredExecution(self.store, self.objects, execution)

    def scene(self, token: Token) -> tuple[Scene, Renderer]:
        """Return the neighbourhood of a token, and what renders in it."""
        header = token.header
        flow = self.flows.get(header.namespace, header.flow_id, header.revision)
        scene = Scene(flow, header, token.lane, self.stored(header.id))
        scene.news = self.flows.listeners.news
        return scene, Renderer(scene, self._surroundings, self._worlds)

    # ------------------------------------------------------------ advancing

    def advance(self, message: Message, lane: str, event: Event) -> None:
        """Fold an event into a lane, and run on with what follows in the same process.

        Args:
            message: The message that is being handled: it comes again if this process dies.
            lane: The lane's key.
            event: What is to be folded.

        Raises:
            TransientError: Somebody else walks the lane, or changes it all the time.
        """
        token = self.load(message.execution, lane)
        if token is None:
            self._close_again(message, lane)
            return
        self.run_on(message, token, event)

    def run_on(self, message: Message, token: Token, event: Event) -> None:
        """Fold an event, then run task after task until the lane stands still; go on beyond a join it closes."""
        following: Event | None = event
        replies: list[Reply] = []
        cause = message_key(message)
        first = not self._claims.holds(token.lane.key, cause)
        try:
            while following is not None:
                token, following, replies = self._step(token, following, cause)
        except GoneError:
            self._close_again(message, token.lane.key)
            return
        finally:
            if first:  # not when the same message is being handled twice at once, and this is the second time
                self._claims.let_go(token.lane.key, cause)
        if token.lane.ended and token.lane.size and token.lane.fork is not None:
            assert token.lane.parent is not None
            count = max((reply.count for reply in replies), default=geometry.LEAF)
            number = token.lane.branch // geometry.LEAF
            self.close_leaf(message, token.lane.parent, token.lane.fork, token.lane.size, number, count)

    def close_leaf(
        self, message: Message, parent: str, fork: str, size: int, number: int, count: int = geometry.LEAF
    ) -> None:
        """Close what is full of a join; walk on in the parent's lane when all of it is.

        Args:
            message: The message that is being handled.
            parent: The key of the lane in which the fork stands.
            fork: The key of the run that forked.
            size: How many branches the fork has.
            number: The leaf's number.
            count: How many entries the leaf seems to have.
        """
        end = joins.close(self.store, message.execution, fork, size, number, count)
        if end is not None:
            self.advance(message, parent, partial(joining.join_closed, key=fork, end=end))

    def _close_again(self, message: Message, lane: str) -> None:
        """Go on behind a branch whose lane is gone because it has ended: whoever ended it may have died since."""
        found = self.stored(message.execution).header()
        fork, _, branch = lane.rpartition("#")
        if found is None or not fork:
            return
        header = found[0]
        task, rounds = split_key(fork)
        node = self.flows.get(header.namespace, header.flow_id, header.revision).nodes.get(task)
        if node is None:
            return
        above = geometry.lane_of(node, rounds)
        parent = self.load(header.id, above)
        join = parent.lane.frames[-1].join if parent is not None and parent.lane.current == fork else None
        if join is None or join.limit:
            self.advance(message, above, plan.nothing)
        else:
            self.close_leaf(message, above, fork, join.size, int(branch) // geometry.LEAF)

    def _step(self, token: Token, event: Event, cause: str) -> tuple[Token, Event | None, list[Reply]]:
        """Plan an event, commit, run the task that follows; return that task's result as the next event."""
        works = self._works()  # asked once: a try that is refused has used nothing of it
        for _ in range(TRIES):
            if event is plan.resume_lane and self._claims.is_cared_for(token, self.now()):
                return token, None, []
            scene, renderer = self.scene(token)
            walk = Walk(scene, renderer, self.now())
            walk.hands_over, walk.bounds = not works, self._bounds
            work = self.fold(walk, renderer, event(walk), FOLDED)
            hands_over = self._claims.make(token, walk, work, cause)
            is_lone = event is plan.resume_lane and self._claims.is_lone(token, work)
            ends = has_ended(token, walk, cause)
            writes, messages = token.writes(walk.transition), envelopes(walk.transition)
            is_idle = not writes and not messages and not hands_over
            if is_idle and event is not plan.resume_lane and stands_behind(token, cause):
                event = plan.resume_lane
                continue
            try:
                replies = self._commit(token, walk.transition, writes, messages)
            except Refused:
                token = self._reload(token)
                continue
            self._tell(token, ends=ends, hands_over=hands_over, works=works)
            if work is None:
                return token, None, replies
            if is_lone:
                self._claims.refuse_ended(token)
            return token, self._result(scene, renderer, work), replies
        raise TransientError(f"lane {token.lane.key} of execution {token.header.id} is changed by too many at once")

    def _tell(self, token: Token, *, ends: bool, hands_over: bool, works: bool) -> None:
        """Send what a commit of a lane does not send by itself.

        A task that is handed over although this process works goes over its bounds, and to a job.
        """
        if ends:
            self.announce(token.header.id)
        if hands_over and works and self._jobs is not None:
            self._jobs.begin(handed_over(token, shown=False))  # whoever lists the runs of a job sees what it was given
        elif hands_over:
            self.commit([], [handed_over(token)])

    def _result(self, scene: Scene, renderer: Renderer, work: Work) -> Event:
        """Run a task; return its result as an event."""
        attempt = len(work.run.attempts)
        outcome = self.worker.run(scene, renderer, work)
        return partial(plan.task_finished, key=work.run.key, attempt=attempt, outcome=outcome)

    def fold(self, walk: Walk, renderer: Renderer, work: Work | None, seconds: float) -> Work | None:
        """Run tasks without effect at once, so that they share the next commit; return the first with one."""
        until = walk.now + seconds
        while work is not None and getattr(work.node.plugin, "inline", False) and walk.now <= until:
            attempt = len(work.run.attempts)
            outcome = self.worker.run(walk.scene, renderer, work)
            walk.now = self.now()
            work = plan.task_finished(walk, work.run.key, attempt, outcome)
        return work

    def _commit(
        self, token: Token, transition: Transition, writes: list[Write], messages: list[Envelope]
    ) -> list[Reply]:
        if not writes and not messages:
            return []
        replies = self.commit(writes, messages)
        token.committed(writes, [reply.version for reply in replies])
        self.seen(token, transition)
        return [reply for write, reply in zip(writes, replies, strict=True) if isinstance(write, Merge)]

    def commit(self, writes: list[Write], messages: list[Envelope]) -> list[Reply]:
        """Write all or nothing, then send."""
        return self.store.commit(writes, messages)

    def change_lane(self, execution: str, lane: str, change: Callable[[Walk], None]) -> None:
        """Change a lane that has not ended by a hand other than a message's; nothing is run in it.

        Raises:
            TransientError: It is changed by others all the time.
        """
        for _ in range(TRIES):
            token = self.load(execution, lane)
            if token is None or token.lane.ended:
                return
            scene, renderer = self.scene(token)
            walk = Walk(scene, renderer, self.now())
            change(walk)
            try:
                self._commit(token, walk.transition, token.writes(walk.transition), envelopes(walk.transition))
            except Refused:
                continue
            return
        raise TransientError(f"lane {lane} of execution {execution} is changed by too many at once")

    def touch(self, execution: str, lane: str) -> None:
        """Write a lane as it is: whoever walks it without having seen the header's change is refused, and looks again.

        Raises:
            TransientError: It is changed by others all the time.
        """
        key = lane_key(execution, lane)
        for _ in range(TRIES):
            stored = self.store.get([key])[0]
            if stored is None or decode_lane(stored.body).ended:
                return
            try:
                self.commit([Update(key, stored.body, stored.version)], [])
            except Refused:
                continue
            return
        raise TransientError(f"{key} is changed by too many at once")

    def change_header(self, execution: str, change: Callable[[Execution], Sequence[Message] | None]) -> None:
        """Change the header of an execution by a hand other than a plan's.

        Args:
            execution: The execution's id.
            change: Changes the header as it is now, and returns what is to be sent; None when there is nothing to do.

        Raises:
            NotFoundError: There is no such execution.
            TransientError: It is changed by others all the time.
        """
        for _ in range(TRIES):
            found = self.stored(execution).header()
            if found is None:
                raise NotFoundError(f"there is no execution '{execution}' in this store")
            header, version = found
            entered, had_ended = len(header.at), header.state.is_terminal
            messages = change(header)
            if messages is None:
                return
            news = self.news(header) if len(header.at) > entered else []
            writes: list[Write] = [Update(header_key(execution), encode(header), version, header_index(header))]
            writes += [counted_anew(header)] if had_ended and len(header.at) > entered else []
            try:
                self.commit(writes, [*map(envelope, messages), *news])
            except Refused:
                continue
            return
        raise TransientError(f"execution {execution} is changed by too many at once")

    def news(self, header: Execution) -> list[Envelope]:
        """Return what is to be sent because an execution has entered its state, by a hand other than a plan's."""
        return [envelope(message) for message in self.flows.listeners.news(header)]

    def seen(self, token: Token, transition: Transition) -> None:
        """Show what was committed to whoever watches."""
        if self._observer is not None:
            self._observer.changed(token.header, token.lane, transition.left)

    def _reload(self, token: Token) -> Token:
        fresh = self.load(token.header.id, token.lane.key)
        if fresh is None and token.lane_version:
            raise GoneError
        if fresh is None:
            raise TransientError(f"lane {token.lane.key} of execution {token.header.id} is not there (yet)")
        return fresh
