"""Tasks that the engine itself carries out: they pause, call another flow, or change the execution they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import AliasChoices, Field

from tiercel.errors import TaskError
from tiercel.flowables.base import Call, Change, FlowableTask, Rest
from tiercel.model.durations import Duration, parse_duration
from tiercel.model.flow import MAIN, ON_PAUSE
from tiercel.model.nesting import Nested
from tiercel.model.plugin import Outputs, Rendered
from tiercel.model.states import State


def label_pairs(value: object) -> tuple[tuple[str, str], ...]:
    """Return labels as pairs, from a map, a list of {key, value}, or either as JSON text.

    Raises:
        TaskError: A value is no scalar, or the key belongs to the system.
    """
    if isinstance(value, str):
        text = value
        try:
            value = json.loads(text)
        except ValueError:
            raise TaskError(f"labels must be a map or a list of key and value, found the text {text[:80]!r}") from None
    if isinstance(value, list):
        value = {str(item["key"]): item["value"] for item in value if isinstance(item, Mapping)}
    if not isinstance(value, Mapping):
        raise TaskError(f"labels must be a map or a list of key and value, found {type(value).__name__}")
    return tuple(_label(str(key), item) for key, item in value.items())


def _label(key: str, value: object) -> tuple[str, str]:
    if key.startswith("system."):
        raise TaskError(f"System labels can only be set by Kestra itself, offending label: {key}={value}")
    if isinstance(value, bool):
        return key, "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise TaskError(f"the label '{key}' must be a text, a number or a boolean, found {type(value).__name__}")
    return key, str(value)


class EngineTask(FlowableTask):
    """A task without children that the engine carries out."""

    nested: ClassVar[Mapping[str, Nested]] = {}
    has_branches: ClassVar[bool] = False


class Labels(EngineTask):
    """Set labels of the execution."""

    labels: Rendered[Any]
    """A map, a list of key and value, or either as JSON text."""

    def open(self) -> Change:
        """Merge the labels."""
        return Change(labels=label_pairs(self.labels))


class SetVariables(EngineTask):
    """Set variables of the execution."""

    variables: Rendered[dict[str, Any]]
    """What to set; maps are merged deeply."""
    overwrite: Rendered[bool] = True
    """Whether a variable that exists may be replaced."""

    def open(self) -> Change:
        """Merge the variables."""
        return Change(set_variables=self.variables, overwrite=self.overwrite)


class UnsetVariables(EngineTask):
    """Remove variables of the execution."""

    variables: Rendered[list[str]]
    """Names, or paths with dots."""
    ignore_missing: Rendered[bool] = False
    """Whether a variable that is not there is no failure."""

    def open(self) -> Change:
        """Remove the variables."""
        return Change(unset_variables=tuple(self.variables), ignore_missing=self.ignore_missing)


class Exit(EngineTask):
    """End the whole execution in a state."""

    state: Rendered[Literal["SUCCESS", "WARNING", "KILLED", "FAILED", "CANCELED", "CANCELLED"]] = "SUCCESS"
    """The final state."""

    def open(self) -> Change:
        """End it."""
        return Change(exit_state=State("CANCELLED" if self.state == "CANCELED" else self.state))


class Kill(EngineTask):
    """Kill the execution."""

    propagate_kill: Rendered[bool] = False
    """Whether the executions that it has called are killed too."""

    def open(self) -> Change:
        """Kill it."""
        return Change(exit_state=State.KILLED, cascade=self.propagate_kill)


class Resumed(Outputs):
    """What Pause gives."""

    others: ClassVar[str] = "The inputs that `onResume` asks for, by their ids."
    resumed: dict[str, Any]
    """When it went on (`on`), in which state (`to`), and who let it (`by`), where somebody did."""


class Pause(FlowableTask):
    """Stand still until somebody resumes the task, or a time is over."""

    nested: ClassVar[Mapping[str, Nested]] = {MAIN: Nested.OPTIONAL, ON_PAUSE: Nested.ONE}
    deprecated: ClassVar[Mapping[str, str]] = {"delay": "use 'pauseDuration'", "tasks": "put them after the pause"}
    gives = Resumed
    pause_duration: Rendered[Duration | None] = Field(
        None, validation_alias=AliasChoices("pauseDuration", "delay", "pause_duration")
    )
    """After this time it goes on by itself."""
    behavior: Literal["RESUME", "WARN", "FAIL", "CANCEL"] = "RESUME"
    """How it goes on when the time is over."""
    on_resume: list[dict[str, Any]] | None = None
    """Inputs that whoever resumes it must give."""

    def open(self) -> Rest:
        """Rest."""
        after = {"RESUME": State.SUCCESS, "WARN": State.WARNING, "FAIL": State.FAILED, "CANCEL": State.CANCELLED}
        timeout = None if self.timeout is None else parse_duration(self.timeout)
        return Rest(self.pause_duration, after[self.behavior], timeout)


class Called(Outputs):
    """What Subflow gives."""

    execution_id: str
    """The other execution."""
    state: str
    """The state in which it ended; absent where this task does not wait."""
    outputs: dict[str, Any]
    """The outputs of its flow; absent where this task does not wait."""


class Subflow(EngineTask):
    """Start an execution of another flow, and perhaps wait for it."""

    retried: ClassVar[bool] = True
    gives = Called
    namespace: Rendered[str]
    """The other flow's namespace."""
    flow_id: Rendered[str]
    """The other flow's id."""
    revision: Rendered[int | None] = None
    """Which revision; the latest by default."""
    inputs: Rendered[dict[str, Any] | None] = None
    """Its inputs; values that are no text keep their type."""
    labels: Rendered[Any] = None
    """Labels of its execution."""
    inherit_labels: Rendered[bool] = False
    """Whether it gets this execution's labels too."""
    wait: Rendered[bool] = True
    """Whether this task ends when the other execution has ended."""
    transmit_failed: Rendered[bool] = True
    """Whether its failure is this task's failure."""
    outputs: dict[str, Any] | None = None
    """Deprecated: rendered in the other execution's context when that flow declares no outputs."""
    schedule_date: Rendered[str | None] = None
    """When it is to begin."""
    restart_behavior: Literal["RETRY_FAILED", "NEW_EXECUTION"] = "RETRY_FAILED"
    """What a restart of this execution does with it."""

    def open(self) -> Call:
        """Call the flow."""
        return Call(
            self.namespace,
            self.flow_id,
            self.revision,
            self.inputs or {},
            label_pairs(self.labels) if self.labels is not None else (),
            self.inherit_labels,
            self.wait,
            self.transmit_failed,
            self.outputs,
            self.schedule_date,
            self.restart_behavior,
        )
