"""`trigger.Toggle`: a trigger that was disabled in its state starts nothing, whatever its source says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tiercel import actions
from tiercel.errors import ConflictError
from tiercel.model.execution import Execution
from tiercel.model.flow import Flow
from tiercel.model.states import State
from tiercel.runtime import Runtime
from tiercel.triggerrecords import decode_state
from triggers.starting import CORE, NOON, deploy, engine, executions, run

HOOK = f"""id: hooked
namespace: team
triggers:
  - {{id: hook, type: {CORE}trigger.Webhook, key: abc}}
  - {{id: other, type: {CORE}trigger.Webhook, key: abd}}
"""
UP = f"id: up\nnamespace: team\ntasks: [{{id: t, type: {CORE}log.Log, message: m}}]\n"
DOWN = f"""id: down
namespace: team
triggers:
  - id: after
    type: {CORE}trigger.Flow
    conditions: [{{type: {CORE}condition.ExecutionFlow, namespace: team, flowId: up}}]
"""


def toggle(rt: Runtime, trigger: str, **properties: Any) -> Execution:
    """Run a flow that toggles a trigger of another one."""
    given = "".join(f", {name}: {value}" for name, value in {"flowId": "hooked", **properties}.items())
    flow = f"id: toggles\nnamespace: team\ntasks: [{{id: t, type: {CORE}trigger.Toggle, trigger: {trigger}{given}}}]\n"
    return run(rt, deploy(rt, flow))


def lines(rt: Runtime, execution: Execution) -> list[str]:
    return [line["message"] for line in rt.view.logs(execution, rt.view.runs(execution, None))]


def start(rt: Runtime, flow: Flow, trigger: str = "hook") -> str | None:
    return actions.start_by_trigger(rt, flow, trigger, {"body": "{}"})


def test_a_trigger_that_was_disabled_is_refused_until_it_is_enabled(tmp_path: Path) -> None:
    with engine(tmp_path, NOON) as rt:
        flow = deploy(rt, HOOK)
        assert start(rt, flow) is not None
        assert toggle(rt, "hook").state is State.SUCCESS
        with pytest.raises(ConflictError, match=r"'hook' of hooked is disabled.*Toggle"):
            start(rt, flow)
        assert start(rt, flow, "other") is not None
        assert toggle(rt, "hook", enabled="true").state is State.SUCCESS
        assert start(rt, flow) is not None


def test_it_stays_disabled_in_the_next_revision_and_in_the_next_process(tmp_path: Path) -> None:
    with engine(tmp_path, NOON) as rt:
        deploy(rt, HOOK)
        toggle(rt, "hook")
    with engine(tmp_path, NOON) as rt:
        flow = deploy(rt, "description: another\n" + HOOK)
        with pytest.raises(ConflictError, match="is disabled"):
            start(rt, flow)
        assert start(rt, deploy(rt, HOOK.replace("id: hook,", "id: renamed,")), "renamed") is not None


def test_a_flow_trigger_that_was_disabled_starts_nothing_and_gathers_nothing(tmp_path: Path) -> None:
    with engine(tmp_path, NOON) as rt:
        up = deploy(rt, UP)
        deploy(rt, DOWN)
        toggle(rt, "after", flowId="down")
        run(rt, up)
        assert executions(rt, "down") == []
        toggle(rt, "after", flowId="down", enabled="true")
        run(rt, up)
        assert len(executions(rt, "down")) == 1


def test_a_window_takes_nothing_in_while_its_trigger_is_disabled(tmp_path: Path) -> None:
    names = ("up", "up2")
    needs = "".join(f"\n        - {{namespace: team, flowId: {name}, states: [SUCCESS]}}" for name in names)
    gathers = f"""id: down
namespace: team
triggers:
  - id: after
    type: {CORE}trigger.Flow
    preconditions:
      id: both
      flows:{needs}
"""
    with engine(tmp_path, NOON) as rt:
        one, two = (deploy(rt, UP.replace("id: up", f"id: {name}")) for name in names)
        deploy(rt, gathers)
        toggle(rt, "after", flowId="down")
        run(rt, one)
        toggle(rt, "after", flowId="down", enabled="true")
        run(rt, two)
        assert executions(rt, "down") == []
        run(rt, one)
        assert len(executions(rt, "down")) == 1


@pytest.mark.parametrize(
    ("trigger", "properties", "said"),
    [
        ("hok", {}, "has no trigger 'hok'; its triggers: hook, other"),
        ("hook", {"flowId": "nothing"}, "Unable to find flow 'team'.'nothing'"),
        ("hook", {"namespace": "elsewhere"}, "Unable to find flow 'elsewhere'.'hooked'"),
    ],
)
def test_a_trigger_that_is_not_there_fails_the_task(
    tmp_path: Path, trigger: str, properties: dict[str, str], said: str
) -> None:
    with engine(tmp_path, NOON) as rt:
        deploy(rt, HOOK)
        failed = toggle(rt, trigger, **properties)
        assert failed.state is State.FAILED
        assert any(said in line for line in lines(rt, failed)), lines(rt, failed)
        assert not any(decode_state(stored.body).disabled for stored in rt.store.scan("trigger/"))


def test_a_trigger_that_its_source_disables_stays_so_and_the_log_says_why(tmp_path: Path) -> None:
    with engine(tmp_path, NOON) as rt:
        flow = deploy(rt, HOOK.replace("key: abc", "key: abc, disabled: true"))
        done = toggle(rt, "hook", enabled="true")
        assert done.state is State.SUCCESS
        assert "'disabled: true'" in lines(rt, done)[0]
        with pytest.raises(ConflictError, match="remove 'disabled: true'"):
            start(rt, flow)


def test_by_default_it_is_a_trigger_of_the_flow_itself(tmp_path: Path) -> None:
    own = f"""id: own
namespace: team
tasks: [{{id: t, type: {CORE}trigger.Toggle, trigger: "{{{{ trigger is defined ? 'hook' : 'none' }}}}"}}]
triggers: [{{id: hook, type: {CORE}trigger.Webhook, key: abc}}]
"""
    with engine(tmp_path, NOON) as rt:
        flow = deploy(rt, own)
        assert start(rt, flow) is not None
        assert [execution.state for execution in executions(rt, "own")] == [State.SUCCESS]
        with pytest.raises(ConflictError, match="is disabled"):
            start(rt, flow)
