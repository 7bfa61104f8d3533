"""The task runs of some executions as a tree of lines, however many they are.

Promise: a picture costs what it shows and one look at each run, and is never higher than asked for: of many siblings it
shows how many are in which state, and those that run or failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tiercel.cli.looks import Parts, colour_of, symbol
from tiercel.cli.progress import seconds_text, shortened
from tiercel.model.execution import Execution, TaskRun
from tiercel.model.states import State

FEW = (12, 6, 3, 1)
"""So many siblings are all shown; the smaller numbers are tried where there is no room."""
MANY = (60,)
"""The same, for a picture that is not drawn over."""

_LOUD = (State.FAILED, State.KILLED, State.WARNING, State.PAUSED, State.BREAKPOINT)
_WORST_FIRST = (State.KILLED, State.FAILED, State.WARNING, State.SUCCESS)

Children = dict[str | None, list["Row"]]


@dataclass(slots=True)
class Row:
    """A task run, or a round of a loop with several tasks, as it is shown."""

    key: str
    name: str
    state: State
    began: float
    ended: float | None
    attempts: int = 0
    value: str | None = None
    iteration: int | None = None
    parts: list[Row] = field(default_factory=list)
    """A round's runs."""

    @property
    def is_alive(self) -> bool:
        """Tell whether the row is what a watcher looks for."""
        return not self.state.is_terminal


@dataclass(slots=True)
class Shown:
    """An execution that is shown."""

    name: str
    state: State
    rows: dict[str, tuple[str | None, Row]] = field(default_factory=dict)
    """By key: the parent's key and the run."""


class Picture:
    """What is known of some executions. Not safe for threads: its owner has a lock."""

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}

    def see(self, header: Execution, runs: Iterable[TaskRun]) -> None:
        """Take in an execution and some of its runs as they are now."""
        shown = self._shown.get(header.id)
        if shown is None:
            shown = self._shown[header.id] = Shown(f"{header.namespace}.{header.flow_id} {header.id}", header.state)
        shown.state = header.state
        for run in runs:
            known = shown.rows.get(run.key)
            if known is None:
                shown.rows[run.key] = run.parent, _row(run)
            elif known[1].state is not run.state or known[1].attempts != len(run.attempts):
                _renew(known[1], run)

    def counts(self) -> Counter[State]:
        """Return how many task runs are in which state."""
        return Counter(row.state for shown in self._shown.values() for _, row in shown.rows.values())

    def lines(self, now: float, *, plain: bool, height: int | None) -> list[Parts]:
        """Return the picture.

        Args:
            now: The time, for what still runs.
            plain: Use letters only.
            height: The most lines; None for no limit.
        """
        trees = [(shown, _children(shown)) for shown in self._shown.values()]
        found: list[Line] = []
        for few in MANY if height is None else FEW:
            found = [line for shown, children in trees for line in _Drawing(children, now, plain, few).execution(shown)]
            if height is None or len(found) <= height:
                return [line.parts for line in found]
        return _cut(found, height or 1)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and whether it is among the last to be left out."""

    parts: Parts
    matters: bool


@dataclass(frozen=True)
class _Drawing:
    """Draws one execution."""

    children: Children
    now: float
    plain: bool
    few: int

    def execution(self, shown: Shown) -> Iterator[Line]:
        yield Line([(self._mark(shown.state), colour_of(shown.state)), (shown.name, "bold")], matters=True)
        yield from self.group(self.children.get(None, []), "")

    def group(self, rows: list[Row], indent: str) -> Iterator[Line]:
        some = rows if len(rows) <= self.few else _some(rows, self.few)
        if len(some) < len(rows):
            edge = self._edge(last=not some)
            yield Line([(indent + edge[0], "dim"), *_counted(rows)], matters=True)
        for number, row in enumerate(some, 1):
            own, below = self._edge(last=number == len(some))
            yield Line([(indent + own, "dim"), *self._parts(row)], row.is_alive or row.state is State.FAILED)
            yield from self.group(row.parts or _rounds(self.children.get(row.key, [])), indent + below)

    def _edge(self, *, last: bool) -> tuple[str, str]:
        if self.plain:
            return "  ", "  "
        return ("└─ ", "   ") if last else ("├─ ", "│  ")

    def _mark(self, state: State) -> str:
        return symbol(state, plain=self.plain) + " "

    def _parts(self, row: Row) -> Parts:
        colour = colour_of(row.state)
        parts = [(self._mark(row.state), colour), (row.name, "")]
        if row.state not in (State.SUCCESS, State.RUNNING):
            parts.append((f" {row.state}", colour))
        if row.attempts > 1:
            parts.append((f" {row.attempts} attempts", "yellow"))
        end = self.now if row.ended is None else row.ended
        return [*parts, (f"  {seconds_text(end - row.began)}", "dim")]


def count_text(counts: Counter[State]) -> str:
    """Return how many are in which state."""
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))


def _row(run: TaskRun) -> Row:
    name = run.task if run.value is None else f"{run.task} [{shortened(run.value)}]"
    row = Row(run.key, name, run.state, run.at[0][1], None, len(run.attempts), run.value, run.iteration)
    _renew(row, run)
    return row


def _renew(row: Row, run: TaskRun) -> None:
    row.state, row.attempts = run.state, len(run.attempts)
    row.began = next((at for state, at in reversed(run.at) if state is State.RESTARTED), run.at[0][1])
    row.ended = run.at[-1][1] if run.state.is_terminal else None


def _children(shown: Shown) -> Children:
    found: Children = {}
    for parent, row in shown.rows.values():
        found.setdefault(parent, []).append(row)
    return found


def _rounds(rows: list[Row]) -> list[Row]:
    """Put the runs of each round of a loop together, where the rounds have several tasks."""
    rounds: dict[int, list[Row]] = {}
    for row in rows:
        if row.iteration is None:
            return rows
        rounds.setdefault(row.iteration, []).append(row)
    if len(rounds) == len(rows):
        return sorted(rows, key=lambda row: row.iteration or 0)
    return [_round(rounds[number]) for number in sorted(rounds)]


def _round(rows: list[Row]) -> Row:
    first, living = rows[0], [row for row in rows if row.is_alive]
    worst = (state for state in _WORST_FIRST if any(row.state is state for row in rows))
    state = living[-1].state if living else next(worst, rows[-1].state)
    ended = None if living else max(row.ended or row.began for row in rows)
    name = f"[{shortened(first.value or str(first.iteration))}]"
    for row in rows:
        row.name = row.name.partition(" [")[0]
    return Row(first.key, name, state, first.began, ended, parts=rows)


def _some(rows: list[Row], few: int) -> list[Row]:
    """Return the rows of many that are worth a line, in their order."""
    loud = [row for row in rows if row.state in _LOUD][-few:]
    alive = [row for row in rows if row.is_alive and row.state not in _LOUD][-few:]
    chosen = {id(row) for row in (*loud, *alive)}
    return [row for row in rows if id(row) in chosen]


def _counted(rows: Sequence[Row]) -> Parts:
    counts = Counter(row.state for row in rows)
    parts: Parts = [(f"{len(rows)}: ", "bold")] if len(counts) > 1 else []
    for number, (state, count) in enumerate(sorted(counts.items())):
        parts.append((f"{', ' if number else ''}{count} {state}", colour_of(state)))
    return parts


def _cut(lines: list[Line], height: int) -> list[Parts]:
    """Leave out lines: what is done first, then the last ones."""
    over = len(lines) - (height - 1)
    kept: list[Line] = []
    for line in lines:
        if over > 0 and not line.matters:
            over -= 1
        else:
            kept.append(line)
    kept = kept[: height - 1]
    return [*(line.parts for line in kept), [(f"... {len(lines) - len(kept)} more", "dim")]]
