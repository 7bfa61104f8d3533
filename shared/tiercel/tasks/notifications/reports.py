"""What a message about an execution says (plugin specification, 10.2): looked up, then put into words."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tiercel.errors import NotFoundError, TaskError
from tiercel.model.durations import format_duration
from tiercel.model.plugin import text_of
from tiercel.model.states import State
from tiercel.ports import RunContext
from tiercel.tasks.core.services import Seen, executions_of

PATIENCE = 600.0
"""How many seconds the end of another execution is waited for."""
LONGEST_PAUSE = 15.0
"""How many seconds pass at most between two looks; the first pause is one second, each next one longer by half."""


@dataclass(frozen=True)
class Report:
    """A message about an execution, before it has the form of a service."""

    title: str
    text: str
    """How it ended, on which task and after what time; after it what the author adds."""
    state: State
    fields: list[tuple[str, str]]
    """Names and values, the author's own among them."""
    at: datetime
    """When the execution entered its state."""
    link: str | None
    """The execution's page, where the installation has one."""

    def choose(self, good: Any, warning: Any, bad: Any) -> Any:
        """Return what goes with the state: good for a success, bad for a failure, else a warning."""
        if self.state is State.SUCCESS:
            return good
        return bad if self.state in (State.FAILED, State.KILLED) else warning

    @property
    def lines(self) -> str:
        """Return the whole as plain text."""
        parts = [self.title, self.text, *(f"{name}: {value}" for name, value in self.fields)]
        return "\n".join([*parts, self.link] if self.link else parts)


def report(
    ctx: RunContext, execution: str | None, custom_fields: dict[str, Any] | None, custom_message: str | None
) -> Report:
    """Look an execution up and return the message about it.

    Args:
        ctx: The attempt.
        execution: The execution; this one where none is named. Another one is waited for until it has ended.
        custom_fields: Further fields.
        custom_message: A further text.

    Raises:
        TaskError: There is no such execution, or it does not end.
    """
    name = execution or ctx.execution_id
    seen = _look(ctx, name) if name == ctx.execution_id else _ended(ctx, name)
    state = State.FAILED if seen.failed and not seen.state.is_terminal else seen.state
    fields = {
        "Namespace": seen.namespace,
        "Flow ID": seen.flow_id,
        "Execution ID": name,
        "Execution Status": str(state),
        **{key: text_of(value) for key, value in (custom_fields or {}).items()},
    }
    if seen.task is not None:
        fields["Final task ID"] = seen.task
    text = "\n".join(filter(None, (_sentence(seen, state), custom_message)))
    title = f"[{seen.namespace}] {seen.flow_id} ➛ {state}"
    return Report(title, text, state, list(fields.items()), seen.until, _page(ctx, seen, name))


def _look(ctx: RunContext, execution: str) -> Seen:
    try:
        return executions_of(ctx).look(execution)
    except NotFoundError as error:
        raise TaskError(f"{error}; in a flow with a Flow trigger write '{{{{ trigger.executionId }}}}'") from None


def _ended(ctx: RunContext, execution: str) -> Seen:
    """Wait until another execution has ended, and return how."""
    pauses = itertools.accumulate(
        itertools.repeat(1.5), lambda pause, growth: min(pause * growth, LONGEST_PAUSE), initial=1.0
    )
    waited = 0.0
    for pause in pauses:
        seen = _look(ctx, execution)
        if seen.state.is_terminal:
            return seen
        if waited >= PATIENCE or not ctx.wait(pause):
            break
        waited += pause
    raise TaskError(f"the execution {execution} is {seen.state} and has not ended within {PATIENCE:g} s")


def _sentence(seen: Seen, state: State) -> str:
    after = format_duration(seen.until - seen.began)
    if state is State.SUCCESS:
        return f"Succeeded after {after}"
    if seen.failed:
        return f"Failed on task `{seen.task}` after {after}"
    return f"Ended as {state} after {after}" if state.is_terminal else f"Is {state} since {after}"


def _page(ctx: RunContext, seen: Seen, execution: str) -> str | None:
    installation = ctx.variables.get("kestra")
    url = installation.get("url") if isinstance(installation, dict) else None
    return f"{str(url).rstrip('/')}/ui/executions/{seen.namespace}/{seen.flow_id}/{execution}" if url else None
