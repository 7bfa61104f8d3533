"""A token and its lane: the few moves out of which every plan is made.

Pure: no clock, no randomness, no I/O; the time and the neighbourhood are arguments.
"""

from __future__ import annotations

from tiercel.flowables.loop import shown_item
from tiercel.model.execution import Attempt, Execution, Frame, Lane, TaskRun, split_key
from tiercel.model.flow import ERRORS, FINALLY, MAIN, Flow, Node, is_late_branch
from tiercel.model.messages import BranchEnded
from tiercel.model.states import Level, State, allow, seen
from tiercel.planner import geometry
from tiercel.planner.bounds import Bounds
from tiercel.planner.rendering import Renderer
from tiercel.planner.scene import Scene
from tiercel.planner.transition import Transition, Work

FAILING = seen(State.FAILED) | seen(State.KILLED)
"""The states after which the rest of a branch is left out."""


class Walk:
    """A token, its lane, and what it has decided so far."""

    def __init__(self, scene: Scene, renderer: Renderer, now: float) -> None:
        self.scene = scene
        self.renderer = renderer
        self.now = now
        self.transition = Transition()
        self.hands_over = False
        """Leave tasks that do work to other workers: this one opens many lanes."""
        self.bounds: Bounds | None = None
        """What may be asked of this worker; None where everything may."""
        self.handed_over = False
        """The token stands at a task that is left to another worker."""

    @property
    def flow(self) -> Flow:
        """The flow that is walked."""
        return self.scene.flow

    @property
    def header(self) -> Execution:
        """The execution's header."""
        return self.scene.header

    @property
    def lane(self) -> Lane:
        """The lane that is walked."""
        return self.scene.lane

    # ------------------------------------------------------------ where the token stands

    def next_node(self, frame: Frame) -> Node | None:
        """Return the task that the frame is at; None when no more of its branch is to run."""
        if frame.stopped or frame.join is not None:
            return None
        nodes = self.branches(frame).get(frame.branch, ())
        return nodes[frame.index] if frame.index < len(nodes) else None

    def branches(self, frame: Frame) -> dict[str, tuple[Node, ...]]:
        """Return the branches of the frame's flowable, or of the flow."""
        return self.flow.branches if frame.task is None else self.flow.nodes[frame.task].branches

    def run_of(self, frame: Frame) -> TaskRun:
        """Return the run of the frame's flowable, which is open in this lane."""
        assert frame.task is not None
        node = self.flow.nodes[frame.task]
        return self.lane.runs[geometry.run_key(node, self.rounds()[: len(geometry.loops_of(node))])]

    # ------------------------------------------------------------ starting

    def is_too_much(self, node: Node, run: TaskRun) -> bool:
        """Tell whether a task goes over the bounds of this worker; one without effect never does."""
        if self.bounds is None or getattr(node.plugin, "inline", False):
            return False
        return self.bounds.exceeded(self.renderer, node, run)

    def attempt(self, node: Node, run: TaskRun) -> Work:
        """Begin one more attempt of a runnable task."""
        run.become(State.RUNNING, self.now)
        run.attempts.append(Attempt([(State.CREATED, self.now), (State.RUNNING, self.now)]))
        return Work(node, run)

    def create(self, node: Node, frame: Frame) -> TaskRun:
        """Create the run of a task where the token stands, and stand at it."""
        rounds = self.rounds()
        key = geometry.run_key(node, rounds)
        parent = value = iteration = None
        if node.parent is not None:
            parent = geometry.run_key(node.parent, rounds[: len(geometry.loops_of(node.parent))])
            if geometry.is_valued(node.parent) and geometry.in_rounds(node.parent, node):
                iteration = rounds[-1]
                value = self._value(frame, parent)
                if value is not None and geometry.isolates(node.parent):
                    value = shown_item(value)
        run = TaskRun(key, node.id, [(State.CREATED, self.now)], parent, value, iteration)
        self.lane.runs[key] = run
        self.lane.current = key
        return run

    def _value(self, frame: Frame, loop_key: str) -> str | None:
        if frame.part:
            return self.lane.value
        loop = self.lane.runs[loop_key]
        assert loop.values is not None
        assert frame.round is not None
        return loop.values[frame.round]

    def rounds(self) -> tuple[int, ...]:
        """Return the rounds of the loops around the token's place, outermost first."""
        inner = [frame.round for frame in self.lane.frames if frame.round is not None and frame.branch == MAIN]
        return (*self.lane.rounds, *inner)

    def execution_runs(self) -> None:
        """Have the execution RUNNING, if it has not begun yet."""
        if self.header.state in (State.CREATED, State.RESTARTED, State.QUEUED):
            self.become(State.RUNNING)

    def rests(self) -> bool:
        """Tell whether the execution is paused as a whole, so that no new task run may begin.

        A token that stands still for it writes the header: whoever ends the rest in between refuses that, and it looks
        again. So a rest that has ended leaves no token behind.
        """
        self.transition.header_changed = self.transition.header_changed or self.header.resting
        return self.header.resting

    def become(self, state: State) -> None:
        """Put the execution into a state; while it is paused as a whole, only its end changes that."""
        self.transition.header_changed = True
        now = self.header.state
        if self.header.resting and not state.is_terminal and state is not State.KILLING:
            return
        if now is state or now.is_terminal or (now is State.KILLING and not state.is_terminal):
            return  # what runs after the end, or beside a kill, does not bring the execution back
        self.header.become(state, self.now)
        for message in self.scene.news(self.header):
            self.transition.send(message)

    def end_runs(self, state: State) -> None:
        """End every run of the lane that is open, with the attempt that is under way, in a state."""
        for run in self.lane.runs.values():
            if not run.state.is_terminal:
                if run.attempts and not run.attempts[-1].state.is_terminal:
                    run.attempts[-1].at.append((state, self.now))
                run.become(state, self.now)

    def waits_no_longer(self, key: str) -> None:
        """Note that a run which may have waited, for somebody or for its time, has ended or goes on."""
        header = self.header
        if (header.paused.pop(key, None) or header.suspended.pop(key, None)) is not None:
            self.transition.header_changed = True
        if header.state in (State.PAUSED, State.BREAKPOINT, State.RETRYING):
            self.become(header.stands)

    def in_epilogue(self) -> bool:
        """Tell whether the lane belongs to what runs after the execution has ended."""
        return in_epilogue(self.flow, self.lane)

    def push(self, frame: Frame) -> None:
        """Enter a branch of the flowable at which the token stands."""
        self.lane.frames.append(frame)
        self.lane.current = None

    def enter(self, frame: Frame, branch: str) -> None:
        """Have a frame go through another branch from its beginning."""
        frame.branch, frame.index, frame.stopped = branch, 0, False

    def end_lane(self, mask: int) -> None:
        """End the lane; its tasks ended in these states."""
        self.lane.ended = True
        self.lane.seen = mask
        self.lane.claim = None
        self.report_end()

    def report_end(self) -> None:
        """Tell the parent's lane that this branch has ended, where it is the parent that counts."""
        lane = self.lane
        if lane.parent is not None and lane.fork is not None and not lane.size:
            self.transition.send(BranchEnded(lane.execution, lane.parent, lane.fork, lane.branch, lane.seen))

    # ------------------------------------------------------------ settling

    def fail(self, node: Node, run: TaskRun, message: str) -> None:
        """End a run as FAILED, with the reason in its log."""
        run.log(self.now, Level.ERROR, self.renderer.masked(message))
        self.settle(node, run, State.FAILED)

    def settle(self, node: Node, run: TaskRun, state: State) -> None:
        """End a run, and note in the frame how it ended."""
        state = allow(state, node.allow_failure, node.allow_warning)
        run.become(state, self.now)
        run.due = None
        frame = self.lane.frames[-1]
        if is_main(frame.branch):
            frame.seen |= seen(state)
        if frame.single or seen(state) & FAILING:
            frame.stopped = True
        frame.index += 1
        self.lane.current = None

    # ------------------------------------------------------------ keeping the lane small

    def shed(self) -> None:
        """Let the runs that are done go to their segments, when the lane holds many."""
        if len(self.lane.runs) <= geometry.SEGMENT:
            return
        done = [run for run in self.lane.runs.values() if run.state.is_terminal]
        if len(done) <= geometry.SEGMENT:
            return
        filling = self._segment(done[-1])
        leaving = {run.key: run for run in done if self._segment(run) != filling} or {run.key: run for run in done}
        for run in leaving.values():
            self.transition.archived.setdefault(self._segment(run), {})[run.key] = run
            del self.lane.runs[run.key]
        self.scene.remember(leaving)

    def _segment(self, run: TaskRun) -> str:
        return geometry.segment_of(self.flow.nodes[run.task], split_key(run.key)[1])


def is_main(branch: str) -> bool:
    """Tell whether a branch is one of the main ones, whose states count."""
    return branch not in (ERRORS, FINALLY) and not is_late_branch(branch)


def in_epilogue(flow: Flow, lane: Lane) -> bool:
    """Tell whether a lane belongs to what runs after the execution has ended, if only as a branch of a fork there."""
    frame = lane.frames[0]
    return is_late_branch(frame.branch) if frame.task is None else flow.nodes[frame.task].is_late
