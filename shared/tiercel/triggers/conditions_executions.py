"""Conditions about the upstream execution (specification, 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from tiercel.conditions import Asked, Condition, truth
from tiercel.model.plugin import Rendered
from tiercel.model.states import State
from tiercel.triggers.base import LabelsText, label_texts


class ExecutionFlow(Condition):
    """Holds when the execution is one of this flow."""

    namespace: Rendered[str]
    """The flow's namespace."""
    flow_id: Rendered[str]
    """The flow's id."""

    def holds(self, asked: Asked) -> bool:
        """Compare."""
        execution = asked.upstream(self)
        return (execution.namespace, execution.flow_id) == (self.namespace, self.flow_id)


class ExecutionNamespace(Condition):
    """Holds when the execution's flow is in this namespace."""

    deprecated: ClassVar[Mapping[str, str]] = {"prefix": "use 'comparison: PREFIX'"}
    namespace: Rendered[str]
    """The namespace, or its beginning or end."""
    comparison: Rendered[Literal["EQUALS", "PREFIX", "SUFFIX"] | None] = None
    """How to compare; EQUALS by default."""
    prefix: Rendered[bool] = False
    """The same as `comparison: PREFIX`."""

    def holds(self, asked: Asked) -> bool:
        """Compare."""
        found = asked.upstream(self).namespace
        comparison = self.comparison or ("PREFIX" if self.prefix else "EQUALS")
        if comparison == "PREFIX":
            return found.startswith(self.namespace)
        return found.endswith(self.namespace) if comparison == "SUFFIX" else found == self.namespace


class ExecutionStatus(Condition):
    """Holds when the execution is in one of some states, and in none of others."""

    in_: Rendered[list[State] | None] = Field(None, alias="in")
    """The states in one of which it must be."""
    not_in: Rendered[list[State] | None] = None
    """The states in none of which it may be."""

    def holds(self, asked: Asked) -> bool:
        """Compare."""
        return among(asked.upstream(self).state, self.in_, self.not_in)


def among(state: State, within: list[State] | None, without: list[State] | None) -> bool:
    """Tell whether a state is within a list and not within another; a list that is not given allows all."""
    return (within is None or state in within) and (without is None or state not in without)


class ExecutionLabels(Condition):
    """Holds when the execution has all of these labels."""

    labels: Rendered[LabelsText]
    """The labels, as a map or as a list of key and value."""

    @model_validator(mode="after")
    def _has_labels(self) -> ExecutionLabels:
        if not self.labels:
            raise ValueError("'labels' must not be empty")
        return self

    def holds(self, asked: Asked) -> bool:
        """Compare each."""
        found = dict(reversed(asked.upstream(self).labels))
        return all(found.get(key) == value for key, value in label_texts(self.labels))


class ExecutionOutputs(Condition):
    """Holds when an expression about the flow outputs of the execution does."""

    expression: str
    """The expression; it sees `trigger.outputs`."""

    def holds(self, asked: Asked) -> bool:
        """Render the expression; without outputs it does not hold."""
        outputs = asked.upstream(self).outputs
        return bool(outputs) and truth(asked.render(self.expression, {"trigger": {"outputs": outputs}}))


class HasRetryAttempt(Condition):
    """Holds when a task run of the execution had more than one attempt."""

    in_: Rendered[list[State] | None] = Field(None, alias="in")
    """States of which one of its attempts must have one."""
    not_in: Rendered[list[State] | None] = None
    """States of which that attempt must have none."""

    def holds(self, asked: Asked) -> bool:
        """Look at the attempts of every task run."""
        asked.upstream(self)
        return any(
            among(attempt.state, self.in_, self.not_in)
            for run in asked.runs()
            if len(run.attempts) > 1
            for attempt in run.attempts
        )
