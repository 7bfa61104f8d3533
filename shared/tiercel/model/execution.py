"""The records of an execution: its header, its lanes with their task runs, and what they hold.

An execution is not one document. The *header* says what it is and how it stands; a *lane* is the stretch that one
token walks (the top level, a branch of a parallel, a value of a concurrent loop). Task runs that are done leave the
lane for a *segment*, so no record grows with the number of tasks.

The records are mutable and owned by one plan at a time; what is stored is their encoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tiercel.errors import InputError
from tiercel.model.states import Level, State

MAIN_LANE = "main"

History = list[tuple[State, float]]
"""Each state with the time (seconds since the epoch) at which it began, first CREATED."""


class Record(msgspec.Struct, omit_defaults=True):
    """Base of everything that is stored as JSON."""


class LogLine(Record):
    """One line of a task run's log."""

    at: float
    """Seconds since the epoch."""
    level: Level
    message: str
    attempt: int = 0
    """The attempt that wrote it, counted from 0."""


class Attempt(Record):
    """One try at a task run."""

    at: History
    log_file: str | None = None
    """URI of its log (JSON lines), where that is too large for the record or was asked to go to a file."""

    @property
    def state(self) -> State:
        """Return how the attempt stands."""
        return self.at[-1][0]


class TaskRun(Record):
    """One run of one task: once for each value of the loops around it."""

    key: str
    """The task's id, with the numbers of its rounds in brackets: `load`, `load[3]`, `load[0,2]`."""
    task: str
    at: History
    parent: str | None = None
    """The key of the flowable's run around it."""
    value: str | None = None
    """The loop's value, on the direct children of a loop."""
    iteration: int | None = None
    """The number of the loop's round, counted from 0."""
    attempts: list[Attempt] = []
    outputs: dict[str, Any] | None = None
    outputs_uri: str | None = None
    """Where the outputs lie, when they are too large for the record."""
    values: list[str] | None = None
    """A loop's values, rendered once."""
    values_uri: str | None = None
    """The file with a loop's values, one a line, where they are too many for the record."""
    size: int = 0
    """How many values that file has."""
    until: int | None = None
    """The round in which a LoopUntil is; the runs of earlier ones are no longer shown."""
    limit: int = 0
    """How many branches of a fork run at once, where its lane counts them."""
    logs: list[LogLine] = []
    metrics: list[dict[str, Any]] = []
    child: str | None = None
    """The execution that a Subflow started."""
    due: float | None = None
    """When the wait of this run ends by itself."""
    restarts: int = 0
    """How often a restart began it again."""
    lost: int = 0
    """How many attempts ended with their worker's death, in a row."""

    @property
    def state(self) -> State:
        """Return how the run stands."""
        return self.at[-1][0]

    def become(self, state: State, now: float) -> None:
        """Enter a state; nothing happens when it is the current one."""
        if self.at[-1][0] is not state:
            self.at.append((state, now))

    def log(self, now: float, level: Level, message: str) -> None:
        """Add a line to the run's log."""
        self.logs.append(LogLine(now, level, message, max(len(self.attempts) - 1, 0)))


class Join(Record):
    """How far a fork is: in the frame of its flowable, in the parent's lane."""

    size: int
    """How many branches there are."""
    limit: int = 0
    """How many may run at once; 0 when all were started and leaves count them."""
    next: int = 0
    """The next branch to start."""
    active: list[int] = []
    """Which are running; kept only under a limit or in a graph."""
    ended: list[int] = []
    """Which have ended; kept only in a graph."""
    fail_fast: bool = False
    """The first branch that fails ends the others."""


class Frame(Record):
    """Where a token stands in one branch of one flowable (or of the flow)."""

    task: str | None = None
    """The flowable; None for the flow itself."""
    branch: str = "tasks"
    index: int = 0
    """The place of the current task in the branch."""
    seen: int = 0
    """The states in which main tasks have ended (`states.seen`)."""
    stopped: bool = False
    """A task of the current branch has failed: no more of it begin."""
    part: bool = False
    """The frame is a fork's branch at the bottom of its lane: it ends, and its flowable goes on elsewhere."""
    single: bool = False
    """Only the task at `index` belongs to the lane."""
    round: int | None = None
    """In a loop that stays in its lane: the current round."""
    join: Join | None = None


class Claim(Record):
    """A worker's hold on the task run that a lane is at."""

    owner: str
    until: float
    """Seconds since the epoch; past it the claim is void."""
    cause: str = ""
    """The key of the message whose handling made the claim: unacknowledged, it comes again if the worker dies."""


class Lane(Record):
    """The stretch that one token walks."""

    execution: str
    key: str
    frames: list[Frame]
    runs: dict[str, TaskRun] = {}
    """The runs that are open, and the latest that are done."""
    current: str | None = None
    """The key of the run at which the token stands, while it stands."""
    parent: str | None = None
    """The lane in which the fork happened."""
    fork: str | None = None
    """The key of the run that forked."""
    branch: int = 0
    """Which branch of the fork this is."""
    rounds: list[int] = []
    """The rounds of the loops around the lane, outermost first."""
    value: str | None = None
    """The loop's value for this lane, where the fork is a loop."""
    size: int = 0
    """How many branches the fork has, when leaves count them; 0 when the parent's lane counts them."""
    claim: Claim | None = None
    lone: bool = False
    """Its first claim has made it, and its end removes it: whoever claims it looks whether its leaf knows that end."""
    ended: bool = False
    seen: int = 0
    """The states of the lane's tasks, once it has ended."""


class Trigger(Record):
    """What started an execution."""

    id: str
    type: str
    variables: dict[str, Any] = {}


class Caller(Record):
    """The task run that waits for an execution to end."""

    execution: str
    lane: str
    run: str
    wait: bool = True
    outputs: dict[str, Any] | None = None
    """The deprecated `outputs` of the Subflow task, rendered when the child ends."""
    transmit: bool = True
    """Whether the execution's failure is the task run's failure."""
    attempt: int = 1
    """Which attempt of the task run waits."""


class Execution(Record):
    """The header of an execution."""

    id: str
    namespace: str
    flow_id: str
    revision: int
    at: History
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    labels: list[tuple[str, str]] = []
    variables: dict[str, Any] | None = None
    """The flow's variables as SetVariables changed them; None while unchanged."""
    trigger: Trigger | None = None
    caller: Caller | None = None
    owner: str = ""
    """The execution that caused this one."""
    parent_id: str | None = None
    """The execution that this one replays."""
    original_id: str | None = None
    attempt_number: int = 1
    original_created: float | None = None
    schedule_date: float | None = None
    due: float | None = None
    """When another execution takes the place of this one, which is RETRIED."""
    paused: dict[str, str] = {}
    """The runs that are paused, each with its lane, in the order in which they paused."""
    kind: str = ""
    """`TEST` or `PLAYGROUND` where whoever asked for it said so; empty for a normal one."""
    breakpoints: list[str] = []
    """Where the execution stops: a task's id, or one with the value of the loop around it (`load.2024-05`)."""
    suspended: dict[str, str] = {}
    """The runs that stand at a breakpoint, each with its lane."""
    sla_violated: str | None = None
    """The service level that was violated; only the first one acts."""
    resting: bool = False
    """Paused as a whole by a command: no new task begins."""
    logs: list[LogLine] = []
    """Lines about the execution as a whole."""
    finished: bool = False
    """Nothing of it will run any more, listeners and afterExecution included."""
    ended_by: str = ""
    """The key of the message whose handling has finished it: it is not acknowledged before the end is announced."""

    @property
    def state(self) -> State:
        """Return how the execution stands."""
        return self.at[-1][0]

    @property
    def stands(self) -> State:
        """Return the state of one that has not ended: what it waits for decides."""
        waits = State.BREAKPOINT if self.suspended else State.RUNNING
        return State.PAUSED if self.paused else waits

    def become(self, state: State, now: float) -> None:
        """Enter a state; nothing happens when it is the current one."""
        if self.at[-1][0] is not state:
            self.at.append((state, now))


encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode
"""Encode a record (or any JSON value) as bytes."""

decode_execution = msgspec.json.Decoder(Execution).decode
decode_lane = msgspec.json.Decoder(Lane).decode
decode_run = msgspec.json.Decoder(TaskRun).decode


class BranchEnd(Record):
    """An entry of a leaf: how one branch ended, and its runs where they are few."""

    seen: int
    runs: list[TaskRun] = []
    counts: dict[str, int] = {}
    """Where batches are counted: how many ended in which state."""


decode_branch_end = msgspec.json.Decoder(BranchEnd).decode


def is_hidden(task: str) -> bool:
    """Tell whether a task is nobody's to see (a batch of a ForEachItem): no author's id has a dot."""
    return "." in task


def split_key(key: str) -> tuple[str, tuple[int, ...]]:
    """Return the task and the rounds that a run's key names."""
    task, bracket, rest = key.partition("[")
    return task, tuple(map(int, rest[:-1].split(","))) if bracket else ()


def current(runs: Mapping[str, TaskRun]) -> dict[str, TaskRun]:
    """Return the runs that count: those of earlier rounds of a LoopUntil do not."""
    if not any(run.until for run in runs.values()):
        return dict(runs)
    return {key: run for key, run in runs.items() if not _is_past(runs, run)}


def _is_past(runs: Mapping[str, TaskRun], run: TaskRun) -> bool:
    rounds, parent = split_key(run.key)[1], run.parent
    while parent is not None:
        above = runs.get(parent)
        if above is None:  # gone with its round
            return True
        depth = len(split_key(above.key)[1])
        if above.until is not None and len(rounds) > depth and rounds[depth] != above.until:
            return True
        parent = above.parent
    return False


def visible(runs: Mapping[str, TaskRun]) -> dict[str, TaskRun]:
    """Return the runs that people see; those above hidden ones have their log lines too."""
    shown = {key: run for key, run in current(runs).items() if not is_hidden(run.task)}
    for run in runs.values():
        above = shown.get(run.parent) if is_hidden(run.task) and run.logs and run.parent is not None else None
        if above is not None:
            shown[above.key] = msgspec.structs.replace(above, logs=above.logs + run.logs)
    return shown


LARGEST_VALUES = 4 * 1024 * 1024
"""Bytes of JSON that an execution's inputs, or its outputs, may take: they stand in one record (docs/limits.md)."""


def refuse_large(values: Mapping[str, object], what: str, remedy: str) -> None:
    """Refuse values that are too large for the header.

    Raises:
        InputError: They take more than LARGEST_VALUES.
    """
    try:
        size = len(encode(values))
    except UnicodeEncodeError:
        raise InputError(f"{what} hold half a surrogate pair, which is no text; send whole characters") from None
    if size > LARGEST_VALUES:
        raise InputError(f"{what} take {size} bytes, more than {LARGEST_VALUES}; {remedy}")


def header_key(execution: str) -> str:
    """Return the key of an execution's header."""
    return f"execution/{execution}"


def lane_key(execution: str, lane: str) -> str:
    """Return the key of a lane."""
    return f"lane/{execution}/{lane}"


def segment_key(execution: str, segment: str) -> str:
    """Return the key of the map that holds runs which left their lane."""
    return f"runs/{execution}/{segment}"


def leaf_key(execution: str, fork: str, level: int, number: int) -> str:
    """Return the key of a join's leaf (level 0) or of a node above it."""
    return f"leaf/{execution}/{fork}/{level}/{number}"
