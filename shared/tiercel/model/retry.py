"""Retry policies: when the next attempt is due (flow specification, section 5)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Annotated, Literal, assert_never

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from tiercel.model.durations import Duration, format_duration


class _Retry(BaseModel):
    """What every policy has."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    max_attempts: int | None = Field(
        None, ge=1, validation_alias=AliasChoices("maxAttempts", "maxAttempt", "max_attempts")
    )
    """How many attempts there may be, the first included; without it and `maxDuration`, for ever."""
    max_duration: Duration | None = None
    """How long after the start of the first attempt the last one may begin."""
    warning_on_retry: bool = False
    """Whether a success after a retry is a WARNING."""
    behavior: Literal["RETRY_FAILED_TASK", "CREATE_NEW_EXECUTION"] = "RETRY_FAILED_TASK"
    """Whether the same task run goes on, or a new execution starts from the beginning."""


def _less(small: timedelta | None, large: timedelta | None, name: str, other: str) -> None:
    if small is not None and large is not None and small >= large:
        raise ValueError(f"'{name}' must be less than '{other}' but is {format_duration(small)}")


class ConstantRetry(_Retry):
    """The same wait after every attempt."""

    type: Literal["constant"]
    interval: Duration
    """How long to wait after an attempt."""

    @model_validator(mode="after")
    def _in_order(self) -> ConstantRetry:
        _less(self.interval, self.max_duration, "interval", "maxDuration")
        return self


class ExponentialRetry(_Retry):
    """A wait that grows with every attempt: interval x delayFactor^(n-1), at most `maxInterval`."""

    type: Literal["exponential"]
    interval: Duration
    """How long to wait after the first attempt."""
    max_interval: Duration
    """The longest wait."""
    delay_factor: float = 2.0
    """By how much each wait is longer than the one before."""

    @model_validator(mode="after")
    def _in_order(self) -> ExponentialRetry:
        _less(self.interval, self.max_duration, "interval", "maxDuration")
        _less(self.interval, self.max_interval, "interval", "maxInterval")
        return self

    def grown(self, attempt: int) -> timedelta:
        """Return the grown interval, capped; the cap is applied to the exponent too, so nothing overflows."""
        seconds = self.interval.total_seconds() * self.delay_factor ** min(attempt - 1, 60)
        return timedelta(seconds=min(seconds, self.max_interval.total_seconds()))


class RandomRetry(_Retry):
    """A wait between two bounds."""

    type: Literal["random"]
    min_interval: Duration
    """The shortest wait."""
    max_interval: Duration
    """The longest wait."""

    @model_validator(mode="after")
    def _in_order(self) -> RandomRetry:
        _less(self.min_interval, self.max_interval, "minInterval", "maxInterval")
        _less(self.min_interval, self.max_duration, "minInterval", "maxDuration")
        _less(self.max_interval, self.max_duration, "maxInterval", "maxDuration")
        return self

    def drawn(self, attempt: int, key: str) -> timedelta:
        """Return a wait drawn from the task run's key and attempt: a plan that is made again is the same plan."""
        low, high = self.min_interval.total_seconds(), self.max_interval.total_seconds()
        return timedelta(seconds=random.Random(f"{key}/{attempt}").uniform(low, high))  # noqa: S311


RetryPolicy = Annotated[ConstantRetry | ExponentialRetry | RandomRetry, Field(discriminator="type")]
"""Any of the three kinds of retry."""


def next_attempt(
    policy: RetryPolicy, attempt: int, key: str, started_at: datetime, failed_at: datetime
) -> datetime | None:
    """Return when the next attempt is due, or None when the policy is spent.

    Args:
        policy: The policy that applies to the task run.
        attempt: The attempt that just failed, counted from 1.
        key: The task run's id; what is random is drawn from it.
        started_at: When the first attempt began.
        failed_at: When this one failed. Never the current time: a plan that is made again must be the same plan.
    """
    if policy.max_attempts is not None and attempt >= policy.max_attempts:
        return None
    due = failed_at + _wait(policy, attempt, key)
    if policy.max_duration is not None and due > started_at + policy.max_duration:
        return None
    return due


def _wait(policy: RetryPolicy, attempt: int, key: str) -> timedelta:
    """Return how long to wait after the given attempt (counted from 1) has failed."""
    match policy:
        case ConstantRetry():
            return policy.interval
        case ExponentialRetry():
            return policy.grown(attempt)
        case RandomRetry():
            return policy.drawn(attempt, key)
        case _:
            assert_never(policy)
