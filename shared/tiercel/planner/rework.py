"""Beginning again in the middle: an execution's records, made anew from its task runs.

A restart or a replay keeps some runs, begins others again, and forgets the rest. From what is left, this module
builds the lanes, joins and segments as if a walk had just come to the runs that begin again.
"""

from __future__ import annotations

from tiercel.flowables.base import FlowableTask
from tiercel.flowables.core import EachParallel, If, Switch
from tiercel.model.execution import BranchEnd, Frame, Join, Lane, TaskRun, split_key
from tiercel.model.flow import MAIN, Flow, Node
from tiercel.model.messages import Message, OpenBranches, WalkLane
from tiercel.model.states import State, seen
from tiercel.planner import batches, geometry, iterations
from tiercel.planner.openings import branch_lane, candidates, is_graph, main_lane
from tiercel.planner.sidebranches import closed_around, entered, main_mask, stays_beside
from tiercel.planner.walk import FAILING, is_main

AGAIN = frozenset({State.FAILED, State.KILLED, State.PAUSED, State.CANCELLED})
"""The states from which a restart begins a task again."""


def failed_runs(flow: Flow, runs: dict[str, TaskRun]) -> set[str]:
    """Return the keys of the runs that a restart begins again: those that failed by themselves."""
    main = {key: run for key, run in runs.items() if _in_main(flow.nodes[run.task])}
    bad = {key for key, run in main.items() if run.state in AGAIN}
    above = {run.parent for key, run in main.items() if key in bad}
    inner = {key for key in bad if _inside_directory(flow.nodes[main[key].task])}
    return {key for key in bad - inner if key not in above or not _is_flowable(flow.nodes[main[key].task])}


def fitting(flow: Flow, runs: dict[str, TaskRun]) -> dict[str, TaskRun]:
    """Return the runs whose task stands in a flow where it stood when they ran; others cannot be taken over."""
    return {key: run for key, run in runs.items() if _fits(flow, runs, run)}


def _fits(flow: Flow, runs: dict[str, TaskRun], run: TaskRun) -> bool:
    node, above = flow.nodes.get(run.task), runs.get(run.parent) if run.parent is not None else None
    if node is None or len(geometry.loops_of(node)) != len(split_key(run.key)[1]):
        return False
    if node.parent is None or above is None:
        return node.parent is None and run.parent is None
    return node.parent.id == above.task and _fits(flow, runs, above)


def _is_flowable(node: Node) -> bool:
    return issubclass(node.plugin, FlowableTask)


def _in_main(node: Node) -> bool:
    return is_main(node.branch) and all(is_main(above.branch) for above in node.ancestors())


def _inside_directory(node: Node) -> bool:
    return any(not _is_flowable(above) for above in node.ancestors())


def replayed_run(flow: Flow, runs: dict[str, TaskRun], key: str) -> str:
    """Return the run that begins again for a replay from one: the tasks of a WorkingDirectory go with the directory."""
    while flow.nodes[runs[key].task].branch == MAIN and (above := runs[key].parent) is not None:
        if _is_flowable(flow.nodes[runs[above].task]):
            break
        key = above
    return key


def _above(runs: dict[str, TaskRun], keys: set[str]) -> set[str]:
    """Return the keys of the runs around some runs."""
    found: set[str] = set()
    for key in keys:
        above = runs[key].parent
        while above is not None:
            found.add(above)
            above = runs[above].parent
    return found


def _stands(flow: Flow, run: TaskRun) -> bool:
    """Tell whether an open run is at work or waits by itself, not through others inside it."""
    node = flow.nodes.get(run.task)
    if node is None or run.state.is_terminal or _inside_directory(node):
        return False
    return run.state is not State.RUNNING or not _is_flowable(node) or not node.branches


class Rework:
    """The records of an execution whose chosen runs begin again."""

    def __init__(
        self,
        flow: Flow,
        execution: str,
        runs: dict[str, TaskRun],
        again: set[str],
        now: float,
        marked: str | None = None,
        *,
        whole: bool = False,
    ) -> None:
        """Make the records.

        Args:
            flow: The flow.
            execution: The execution's id.
            runs: Its task runs, by key; they are changed.
            again: The keys of those that begin again.
            now: The time, in seconds.
            marked: A run that was given its state by hand.
            whole: Keep also what ran in errors and finally branches of flowables that stay as they are.
        """
        self._flow = flow
        self._execution = execution
        self._again = again
        self._marked = marked
        """A run that was given its state by hand: what is around it goes on from there."""
        self._entered = entered(flow, self._begins())
        self._now = now
        self._whole = whole
        self._opened = _above(runs, self._begins())
        self._stale = self._of_iterations_again()
        self._again = again | {key for key, run in runs.items() if _stands(flow, run) and self._stays(run)}
        self._stale = self._of_iterations_again()
        self._runs = {key: run for key, run in runs.items() if self._stays(run)}
        self.lanes: list[Lane] = []
        self.leaves: dict[tuple[str, int, int], dict[str, BranchEnd]] = {}
        """Entries of the joins' nodes, by fork, level and number."""
        self.messages: list[Message] = []
        self._reopen()
        self._lay_main()

    def _lay_main(self) -> None:
        """Build the main lane, and with it those inside it."""
        main = main_lane(self._execution)
        if None in self._entered:
            main.frames[:] = [self._beside(None)]
        self._fill(main)
        self._keep(main)

    # ------------------------------------------------------------ which runs stay

    def _stays(self, run: TaskRun) -> bool:
        """Tell whether a run is kept: not in a side branch that may come again, not below a run that begins again."""
        node = self._flow.nodes.get(run.task)
        if node is None or run.key in self._stale:
            return False
        rounds = split_key(run.key)[1]
        if not stays_beside(node, self._entered) and not (self._whole and closed_around(node, rounds, self._opened)):
            return False
        return not any(
            geometry.run_key(above, rounds[: len(geometry.loops_of(above))]) in self._again
            for above in node.ancestors()
        )

    def _begins(self) -> set[str]:
        return self._again | ({self._marked} if self._marked is not None else set())

    def _of_iterations_again(self) -> set[str]:
        """Return the last runs of the iterations in which something begins again: they are to come again too."""
        found = set()
        for task, rounds in map(split_key, self._begins()):
            for depth, loop in enumerate(geometry.loops_of(self._flow.nodes[task]), 1):
                last = iterations.last_task(loop) if geometry.isolates(loop) else None
                found |= set() if last is None else {geometry.run_key(last, rounds[:depth])}
        return found - self._again

    def _reopen(self) -> None:
        for key in self._begins():
            above = self._runs[key].parent
            while above is not None:
                run = self._runs[above]
                run.become(State.RUNNING, self._now)
                above = run.parent

    # ------------------------------------------------------------ lanes

    def _keep(self, lane: Lane) -> None:
        self.lanes.append(lane)
        for run in self._runs.values():
            node, rounds = self._flow.nodes[run.task], split_key(run.key)[1]
            if not run.state.is_terminal and geometry.lane_of(node, rounds) == lane.key:
                lane.runs[run.key] = run

    def _fill(self, lane: Lane) -> bool:
        """Put the token of a new lane where it stands; tell whether it stands somewhere before the end."""
        return self._frame(lane, lane.frames[-1])

    def _frame(self, lane: Lane, frame: Frame) -> bool:
        branches = self._flow.branches if frame.task is None else self._flow.nodes[frame.task].branches
        nodes = branches.get(frame.branch, ())
        while True:
            while frame.index < len(nodes) and not frame.stopped:
                if self._task(lane, frame, nodes[frame.index]):
                    return True
            values = self._values(lane, frame)
            if frame.stopped or frame.round is None or frame.round + 1 >= len(values):
                return False
            frame.round, frame.index = frame.round + 1, 0

    def _task(self, lane: Lane, frame: Frame, node: Node) -> bool:
        """Look at the task at which a frame is: tell whether the token stands there."""
        run = self._runs.get(geometry.run_key(node, _rounds(lane)))
        if run is None:
            return True
        if run.key in self._again:
            if run.attempts and not run.attempts[-1].state.is_terminal:
                run.attempts[-1].at.append((State.KILLED, self._now))  # its worker's result comes too late now
            run.become(State.RESTARTED, self._now)
            run.restarts, run.due = len(run.attempts), None
            lane.current = run.key
            return True
        if not run.state.is_terminal:
            self._open(lane, node, run)
            return True
        if is_main(frame.branch):
            frame.seen |= seen(run.state)
        frame.stopped = frame.single or bool(seen(run.state) & FAILING)
        frame.index += 1
        return False

    def _values(self, lane: Lane, frame: Frame) -> list[str]:
        if frame.round is None or frame.task is None:
            return []
        node = self._flow.nodes[frame.task]
        rounds = _rounds(lane)[: len(geometry.loops_of(node))]
        return self._runs[geometry.run_key(node, rounds)].values or []

    def _open(self, lane: Lane, node: Node, run: TaskRun) -> None:
        """Go into a flowable that is open again."""
        if node.id in self._entered:
            lane.frames.append(self._beside(run))
            self._frame(lane, lane.frames[-1])
            return
        if geometry.forks(node):
            self._fork(lane, node, run)
            return
        frame = Frame(node.id, _branch(node, run), round=0 if geometry.is_valued(node) else run.until)
        lane.frames.append(frame)
        self._frame(lane, frame)

    def _beside(self, run: TaskRun | None) -> Frame:
        """Return the frame of a flowable, or of the flow, whose errors or finally branch is entered again."""
        task, key = (run.task, run.key) if run is not None else (None, None)
        return Frame(task, self._entered[task], seen=main_mask(self._flow, self._runs, key))

    def _fork(self, lane: Lane, node: Node, run: TaskRun) -> None:
        size = len(node.branches[MAIN]) if not geometry.is_valued(node) else run.size or len(run.values or ())
        size *= len(node.branches[MAIN]) if node.plugin is EachParallel else 1
        join = Join(size, run.limit)
        frame = Frame(node.id, MAIN, join=join)
        lane.frames.append(frame)
        lane.current = run.key
        if geometry.isolates(node):
            iterations.begin(run, size, 0)
        open_before = len(self.lanes)
        waiting = [branch for branch in range(size) if not self._branch(lane, node, run, join, frame, branch)]
        if join.limit and self._broke(node, run):
            waiting = []
        if geometry.isolates(node) and not waiting and len(self.lanes) == open_before:
            self._leave_join(lane, node, run, frame)
            return
        self._close_leaves(run.key, size)
        join.next = min(waiting, default=size)
        for branch in candidates(node, join) if join.limit else waiting:
            if join.limit:
                if len(join.active) >= join.limit:
                    break
                join.active.append(branch)
            self.messages.append(OpenBranches(self._execution, lane.key, run.key, [branch]))

    def _branch(self, parent: Lane, node: Node, run: TaskRun, join: Join, frame: Frame, branch: int) -> bool:
        """Make a fork's branch anew; tell whether it had begun."""
        lane = branch_lane(self._execution, parent.key, node, run, join, branch)
        first = self._runs.get(_first_key(self._flow, lane))
        if first is None:
            return False
        if self._fill(lane) or self._holds_mark(lane):
            self._keep(lane)
            self.messages.append(WalkLane(self._execution, lane.key, f"again/{self._now}"))
            if join.limit:
                join.active.append(branch)
            return True
        mask = lane.frames[-1].seen
        if join.limit:
            frame.seen |= iterations.end_one(node, run, mask) if geometry.isolates(node) else mask
            if is_graph(node):
                join.ended.append(branch)
        else:
            leaf = self.leaves.setdefault((run.key, 0, branch // geometry.LEAF), {})
            leaf[str(branch)] = BranchEnd(mask, counts=batches.counts_of([first]))
        return True

    def _broke(self, node: Node, run: TaskRun) -> bool:
        """Tell whether an iteration that stays has broken its loop off."""
        last = iterations.last_task(node) if geometry.isolates(node) else None
        rounds = split_key(run.key)[1]
        keys = (geometry.run_key(last, (*rounds, number)) for number in range(len(run.values or ()))) if last else ()
        return any(iterations.broke(self._runs.get(key)) for key in keys)

    def _leave_join(self, lane: Lane, node: Node, run: TaskRun, frame: Frame) -> None:
        """Have the token of a loop go on behind its iterations, which have all ended."""
        ends = [
            end
            for (key, level, _), entries in self.leaves.items()
            if key == run.key and level == 0
            for end in entries.values()
        ]
        if ends:
            whole = batches.together(ends)
            frame.seen |= iterations.end_all(node, run, whole.counts, whole.seen)
        frame.join, frame.stopped, lane.current = None, True, None

    def _holds_mark(self, lane: Lane) -> bool:
        """Tell whether the run that was marked lies in a lane: its token walks on from there, if only to the end."""
        if self._marked is None:
            return False
        task, rounds = split_key(self._marked)
        return geometry.lane_of(self._flow.nodes[task], rounds) == lane.key

    def _close_leaves(self, fork: str, size: int) -> None:
        """Note one level up which nodes of a join are full: nobody comes to do it again."""
        level = 0
        while not geometry.is_top(size, level):
            full = [
                (number, entries)
                for (key, at, number), entries in self.leaves.items()
                if key == fork and at == level and len(entries) >= geometry.leaf_size(size, level, number)
            ]
            for number, entries in full:
                above = self.leaves.setdefault((fork, level + 1, number // geometry.LEAF), {})
                above[str(number)] = batches.together(list(entries.values()))
            level += 1

    def segments(self) -> dict[str, dict[str, TaskRun]]:
        """Return the runs that are done, by segment."""
        found: dict[str, dict[str, TaskRun]] = {}
        for run in self._runs.values():
            if run.state.is_terminal:
                node = self._flow.nodes[run.task]
                segment = geometry.segment_of(node, split_key(run.key)[1])
                found.setdefault(segment, {})[run.key] = run
        return found


def _first_key(flow: Flow, lane: Lane) -> str:
    """Return the key of the run with which a branch begins."""
    frame = lane.frames[0]
    assert frame.task is not None
    node = flow.nodes[frame.task].branches[MAIN][frame.index]
    return geometry.run_key(node, lane.rounds)


def _rounds(lane: Lane) -> tuple[int, ...]:
    inner = [frame.round for frame in lane.frames if frame.round is not None and frame.branch == MAIN]
    return (*lane.rounds, *inner)


def _branch(node: Node, run: TaskRun) -> str:
    """Return the branch that a flowable had chosen."""
    outputs = run.outputs or {}
    if node.plugin is If:
        return "then" if outputs.get("evaluationResult") else "else"
    if node.plugin is Switch:
        return "defaults" if outputs.get("defaults") else f"cases.{outputs.get('value')}"
    return MAIN
