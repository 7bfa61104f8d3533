"""What a Flow trigger waits for: flows that must have run, and within which time (flow specification, 8.5 and 8.7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from tiercel.conditions import Asked, truth
from tiercel.model.durations import Duration
from tiercel.model.states import State
from tiercel.triggers.base import Block, LabelEntry, ZoneId, label_texts
from tiercel.triggers.windows import ClockTime, TimeWindow


class UpstreamFlow(Block):
    """A flow of which an execution must have come to a state."""

    namespace: str | None = None
    """Its namespace; any where it is not given."""
    flow_id: str | None = None
    """Its id; any where it is not given."""
    states: list[State] | None = None
    """In which states; any at which the trigger looks where they are not given."""
    labels: dict[str, str] | list[LabelEntry] | None = None
    """Labels that the execution must have."""

    @property
    def title(self) -> str:
        """What people call it: its flow, and the states where they are given."""
        name = f"{self.namespace or '*'}.{self.flow_id or '*'}"
        return f"{name} {' or '.join(self.states)}" if self.states else name

    def matches(self, asked: Asked) -> bool:
        """Tell whether the execution is one of these."""
        header = asked.execution
        assert header is not None
        labels = dict(reversed(header.labels))
        return (
            self.namespace in (None, header.namespace)
            and self.flow_id in (None, header.flow_id)
            and (not self.states or header.state in self.states)
            and all(labels.get(key) == value for key, value in label_texts(self.labels))
        )


class Dependency(UpstreamFlow):
    """A flow of which an execution must have come to a state, and perhaps must be of a kind."""

    when: str | None = None
    """An expression that must be true of the execution; it sees what the execution sees."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Dependency:
        if not any((self.namespace, self.flow_id, self.states, self.labels, self.when)):
            raise ValueError("an entry of 'dependsOn' must say something of the execution: 'flowId', 'namespace', ...")
        if State.CREATED in (self.states or ()):
            raise ValueError("'states' cannot hold CREATED: it is no change of state; use RUNNING")
        return self

    def matches(self, asked: Asked) -> bool:
        """Tell whether the execution is one of these."""
        return super().matches(asked) and (self.when is None or truth(asked.render(self.when)))


class Window(Block):
    """Within which time all must have happened: until a time of the day, between two, in even spans, or lately."""

    deadline: ClockTime | None = None
    """From midnight until this time."""
    from_: ClockTime | None = Field(None, alias="from")
    """From this time of the day..."""
    to: ClockTime | None = None
    """...to this one."""
    every: Duration | None = None
    """In spans of this length, which begin at even times."""
    offset: Duration | None = None
    """How far they are moved from these."""
    lookback: Duration | None = None
    """All within a time of this length, whenever it began."""
    timezone: ZoneId | None = None
    """The zone of times without an offset; UTC by default."""

    @model_validator(mode="after")
    def _is_one_of_four(self) -> Window:
        forms = {
            "deadline": self.deadline is not None,
            "from and to": self.from_ is not None or self.to is not None,
            "every": self.every is not None or self.offset is not None,
            "lookback": self.lookback is not None,
        }
        given = [name for name, is_given in forms.items() if is_given]
        if len(given) != 1:
            raise ValueError(f"a window takes one of {', '.join(forms)}; found {' and '.join(given) or 'none of them'}")
        if (self.from_ is None) != (self.to is None):
            raise ValueError("'from' and 'to' go together: give both")
        if self.from_ and self.to and self.from_.tzinfo == self.to.tzinfo and self.from_ >= self.to:
            raise ValueError(f"'from' ({self.from_}) must be before 'to' ({self.to}): both are times of one day")
        if self.offset is not None and self.every is None:
            raise ValueError("'offset' moves the spans of 'every': give their length there")
        for name in ("every", "lookback"):
            length = getattr(self, name)
            if length is not None and length <= timedelta():
                raise ValueError(f"'{name}' must be a positive duration, found {length}")
        return self

    def span(self) -> TimeWindow:
        """Return the window in the older form."""
        if self.deadline is not None:
            return TimeWindow(type="DAILY_TIME_DEADLINE", deadline=self.deadline, timezone=self.timezone)
        if self.from_ is not None:
            return TimeWindow(type="DAILY_TIME_WINDOW", start_time=self.from_, end_time=self.to, timezone=self.timezone)
        if self.lookback is not None:
            return TimeWindow(type="SLIDING_WINDOW", window=self.lookback, timezone=self.timezone)
        return TimeWindow(window=self.every, window_advance=self.offset, timezone=self.timezone)


Mode = Literal["ALL", "ANY", "AT_LEAST"]
"""How many of the entries must have happened."""


def needed(mode: Mode, entries: int, least: int | None) -> int:
    """Return how many entries must have happened.

    Raises:
        ValueError: The number is missing, not wanted, or cannot be reached.
    """
    if (mode == "AT_LEAST") != (least is not None):
        raise ValueError("'minSatisfied' says how many 'mode: AT_LEAST' wants: give both, or neither")
    if least is not None and not 1 <= least <= entries:
        raise ValueError(f"'minSatisfied' must be 1 to {entries}, the entries of 'dependsOn'; found {least}")
    return least if least is not None else {"ALL": entries, "ANY": 1}[mode]
