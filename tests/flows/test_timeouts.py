"""A time limit that cannot be read fails its task, whatever the task is, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.scenes import Place, messages, outputs, place, states

CORE = "io.kestra.plugin.core"
TASKS = [
    f"type: {CORE}.debug.Return, format: done",
    f"type: {CORE}.log.Log, message: done",
    f"type: {CORE}.output.OutputValues, values: {{a: b}}",
    f"type: {CORE}.flow.Sleep, duration: PT0S",
]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path / "store") as found:
        yield found


def flow(task: str, timeout: str) -> str:
    return (
        f"id: timed\nnamespace: tests\nvariables: {{limit: PT5S}}\ntasks: [{{id: t, {task}, timeout: '{timeout}'}}]\n"
    )


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("timeout", "reason"),
    [("{{ inputs.nope }}", "timeout: "), ("{{ ''soon'' }}", "timeout: 'soon' is not a duration")],
)
def test_a_time_limit_that_cannot_be_read_fails_the_task(here: Place, task: str, timeout: str, reason: str) -> None:
    shown = here.run(flow(task, timeout))
    assert states(shown) == {"t": "FAILED"}
    assert any(message.startswith(reason) for message in messages(shown, "t")), messages(shown)
    assert "done" not in messages(shown)
    assert outputs(shown, "t") == {}


@pytest.mark.parametrize("task", TASKS)
def test_a_time_limit_that_can_be_read_is_none_for_what_takes_no_time(here: Place, task: str) -> None:
    assert states(here.run(flow(task, "{{ vars.limit }}"))) == {"t": "SUCCESS"}


def test_a_task_that_is_allowed_to_fail_may_have_such_a_limit(here: Place) -> None:
    task = f"type: {CORE}.debug.Return, format: done, allowFailure: true"
    assert states(here.run(flow(task, "{{ inputs.nope }}"))) == {"t": "WARNING"}
