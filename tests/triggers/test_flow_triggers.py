"""Flow triggers on the embedded runtime: what the change of one execution starts elsewhere."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tiercel import actions
from tiercel.errors import InputError, NotFoundError
from tiercel.indexes.listening import GENERATION
from tiercel.model.messages import ExecutionChanged, ExecutionEnded
from tiercel.model.states import State
from tiercel.runtime import Runtime
from triggers.starting import CORE, deploy, engine, executions, run

UP = f"""
id: up
namespace: n
labels: {{env: prod}}
inputs: [{{id: go, type: BOOL, defaults: true}}]
tasks:
  - {{id: one, type: {CORE}debug.Return, format: "from {{{{ execution.id }}}}"}}
  - {{id: two, type: {CORE}execution.Fail, condition: "{{{{ not inputs.go }}}}"}}
"""
OTHER = UP.replace("id: up", "id: other")
PAUSING = f"""
id: up
namespace: n
tasks:
  - {{id: first, type: {CORE}flow.Pause}}
  - {{id: second, type: {CORE}flow.Pause}}
"""


def listener(*lines: str, name: str = "down", head: str = "") -> str:
    """Return a flow that listens."""
    trigger = f"triggers:\n  - id: t\n    type: {CORE}trigger.Flow\n"
    return f"id: {name}\nnamespace: n\n{head}{trigger}" + "".join(f"    {line}\n" for line in lines)


def of_flow(name: str) -> str:
    """Return a condition on the upstream flow, as one line of YAML."""
    return f"{{type: {CORE}condition.ExecutionFlow, namespace: n, flowId: {name}}}"


def of_state(state: str) -> str:
    """Return a condition on the upstream state, as one line of YAML."""
    return f"{{type: {CORE}condition.ExecutionStatus, in: [{state}]}}"


def count(rt: Runtime, flow_id: str = "down") -> int:
    """Return how many executions a flow has had."""
    return len(executions(rt, flow_id))


def test_the_end_of_one_flow_starts_another(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener(f"conditions: [{of_flow('up')}, {of_state('SUCCESS')}]"))
        upstream = run(rt, up)
        (down,) = executions(rt, "down")
        assert down.state is State.SUCCESS
        assert down.owner == upstream.id
        assert dict(down.labels)["system.correlationId"] == upstream.id
        assert [child.id for child in rt.view.caused_by(upstream.id)] == [down.id]
        assert down.trigger is not None
        assert (down.trigger.id, down.trigger.type) == ("t", f"{CORE}trigger.Flow")
        assert down.trigger.variables == {
            "executionId": upstream.id,
            "namespace": "n",
            "flowId": "up",
            "flowRevision": 1,
            "state": "SUCCESS",
            "executionLabels": {"env": "prod"},
            "startDate": "2024-05-15T12:00:00.000000Z",
            "endDate": "2024-05-15T12:00:00.000000Z",
            "lastTaskId": "two",
        }


def test_a_failure_names_the_task_that_failed_first(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener("states: [FAILED]", f"conditions: [{of_flow('up')}]"))
        run(rt, up)
        assert count(rt) == 0
        run(rt, up, inputs={"go": False})
        (down,) = executions(rt, "down")
        assert down.trigger is not None
        assert down.trigger.variables["firstFailedTaskId"] == "two"


def test_a_change_that_is_told_twice_starts_one_execution(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener(f"conditions: [{of_flow('up')}]"))
        upstream = run(rt, up)
        assert count(rt) == 1
        for _ in range(3):
            rt.engine.handle(ExecutionEnded(upstream.id))
        assert count(rt) == 1


def test_a_flow_never_starts_itself(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        flow = deploy(rt, listener())
        run(rt, flow)
        assert count(rt) == 1


def test_two_flows_that_listen_to_everything_but_each_other_do_not_run_away(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener(f"conditions: [{of_flow('up')}]", name="a"))
        deploy(rt, listener(f"conditions: [{of_flow('a')}]", name="b"))
        upstream = run(rt, up)
        assert (count(rt, "a"), count(rt, "b")) == (1, 1)
        (last,) = executions(rt, "b")
        assert dict(last.labels)["system.correlationId"] == upstream.id


def test_inputs_see_the_upstream_execution_and_its_outputs(tmp_path: Path) -> None:
    outputs = "outputs: [{id: rows, type: INT, value: '{{ 40 + 2 }}'}, {id: key, type: SECRET, value: hidden}]\n"
    inputs = "inputs: [{id: text, type: STRING}, {id: rows, type: INT}, {id: key, type: STRING}]\n"
    with engine(tmp_path) as rt:
        up = deploy(rt, outputs + UP)
        given = "text: '{{ outputs.one.value }}', rows: '{{ trigger.outputs.rows }}', key: '{{ trigger.outputs.key }}'"
        labels = "labels: {from: '{{ flow.id }}', env: '{{ labels.env }}', lost: '{{ nope }}'}"
        deploy(rt, listener(f"inputs: {{{given}}}", labels, f"conditions: [{of_flow('up')}]", head=inputs))
        upstream = run(rt, up)
        (down,) = executions(rt, "down")
        assert down.inputs == {"text": f"from {upstream.id}", "rows": 42, "key": "hidden"}
        found = dict(down.labels)
        assert (found["from"], found["env"], "lost" in found) == ("up", "prod", False)
        assert down.trigger is not None
        assert down.trigger.variables["outputs"]["rows"] == 42
        assert "hidden" not in str(down.trigger.variables)


def test_inputs_that_cannot_be_rendered_start_nothing_and_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        head = "inputs: [{id: text, type: STRING}]\n"
        deploy(rt, listener("inputs: {text: '{{ outputs.nope.value }}'}", f"conditions: [{of_flow('up')}]", head=head))
        run(rt, up)
        assert count(rt) == 0
    assert any(record.levelname == "WARNING" and "nope" in record.getMessage() for record in caplog.records)


def test_inputs_that_do_not_validate_are_an_execution_that_failed(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        head = "inputs: [{id: rows, type: INT}]\n"
        deploy(rt, listener("inputs: {rows: many}", f"conditions: [{of_flow('up')}]", head=head))
        run(rt, up)
        (down,) = executions(rt, "down")
        assert down.state is State.FAILED
        assert "do not validate" in down.logs[0].message


def test_required_inputs_that_a_trigger_does_not_give_are_not_asked_for(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener(f"conditions: [{of_flow('up')}]", head="inputs: [{id: rows, type: INT}]\n"))
        run(rt, up)
        (down,) = executions(rt, "down")
        assert down.state is State.SUCCESS


def test_a_condition_in_doubt_does_not_hold(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        doubt = f"{{type: {CORE}condition.Expression, expression: '{{{{ outputs.nope.value }}}}'}}"
        deploy(rt, listener(f"conditions: [{doubt}]"))
        run(rt, up)
        assert count(rt) == 0
    assert "a Flow trigger starts nothing" in caplog.text


def test_one_bad_flow_does_not_keep_the_news_from_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        bad = deploy(rt, listener(f"conditions: [{of_flow('up')}]", name="bad"))
        deploy(rt, listener(f"conditions: [{of_flow('up')}]"))
        bad.triggers[0]["conditions"][0]["type"] = "io.kestra.plugin.gone.Gone"
        run(rt, up)
        assert count(rt) == 1
    assert "a flow that listens cannot be asked" in caplog.text


@pytest.mark.parametrize("switch", ["disabled: true\n", ""])
def test_a_disabled_flow_or_trigger_does_not_listen(tmp_path: Path, switch: str) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener(f"disabled: {'false' if switch else 'true'}", head=switch))
        run(rt, up)
        assert count(rt) == 0
        assert rt.flows.listeners.all() == ()


def test_a_flow_that_no_longer_listens_is_not_asked(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener())
        run(rt, up)
        assert count(rt) == 1
        deploy(rt, "id: down\nnamespace: n\n")
        run(rt, up)
        assert count(rt) == 1
        assert rt.flows.listeners.all() == ()


def test_a_flow_with_two_pauses_is_seen_paused_twice(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, PAUSING)
        deploy(rt, listener("states: [PAUSED]"))
        upstream = run(rt, up)
        assert (upstream.state, count(rt)) == (State.PAUSED, 1)
        actions.resume(rt, upstream.id, {})
        assert count(rt) == 2
        actions.resume(rt, upstream.id, {})
        assert count(rt) == 2
        assert rt.view.header(upstream.id).state is State.SUCCESS
        assert {each.trigger.variables["state"] for each in executions(rt, "down") if each.trigger} == {"PAUSED"}


def test_by_default_a_pause_and_the_end_are_looked_at(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, PAUSING)
        deploy(rt, listener(f"conditions: [{of_flow('up')}]"))
        upstream = run(rt, up)
        actions.resume(rt, upstream.id, {})
        rt.bus.wait_quiet(20)
        actions.resume(rt, upstream.id, {})
        assert count(rt) == 3


def test_a_flow_may_listen_to_beginnings(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener("states: [RUNNING]", f"conditions: [{of_flow('up')}]"))
        upstream = run(rt, up)
        (down,) = executions(rt, "down")
        assert down.trigger is not None
        assert down.trigger.variables["state"] == "RUNNING"
        assert "endDate" not in down.trigger.variables
        rt.engine.handle(ExecutionChanged(upstream.id, State.RUNNING, 2))
        assert count(rt) == 1


def test_where_nobody_listens_nothing_is_sent_or_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    with engine(tmp_path) as rt:
        commit = rt.store.commit

        def spy(writes: object, messages: object = ()) -> object:
            sent.extend(each.key for each in messages)  # type: ignore[attr-defined]
            return commit(writes, messages)  # type: ignore[arg-type]

        monkeypatch.setattr(rt.store, "commit", spy)
        run(rt, deploy(rt, PAUSING))
        assert not [key for key in sent if key.startswith("ExecutionChanged")]
        assert rt.store.get([GENERATION]) == [None]


def test_another_process_hears_of_a_listener_at_the_next_end(tmp_path: Path) -> None:
    with engine(tmp_path) as rt, engine(tmp_path) as other:
        up = deploy(rt, UP)
        run(rt, up)
        deploy(other, listener(f"conditions: [{of_flow('up')}]"))
        run(rt, up)
        assert count(rt) == 1


def test_another_process_hears_of_a_listener_to_pauses_within_a_second(tmp_path: Path) -> None:
    with engine(tmp_path) as rt, engine(tmp_path) as other:
        up = deploy(rt, PAUSING)
        run(rt, up)
        deploy(other, listener("states: [PAUSED]"))
        rt.flows.listeners._clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]
        run(rt, up)
        assert count(rt) == 1


BOTH = f"conditions: [{{id: both, type: {CORE}condition.MultipleCondition, %sconditions: {{a: %s, b: %s}}}}]"


def test_two_flows_within_a_window_start_a_third_once(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up, other = deploy(rt, UP), deploy(rt, OTHER)
        deploy(rt, listener(BOTH % ("", of_flow("up"), of_flow("other"))))
        run(rt, up)
        run(rt, up)
        assert count(rt) == 0
        last = run(rt, other)
        (down,) = executions(rt, "down")
        assert down.owner == last.id
        for execution in [last.id, *(each.id for each in executions(rt, "up"))]:
            rt.engine.handle(ExecutionEnded(execution))  # told again: the emptied window does not take them in
        assert count(rt) == 1
        run(rt, other)
        assert count(rt) == 1
        run(rt, up)
        assert count(rt) == 2


def test_a_window_that_is_not_emptied_fires_with_every_further_match(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up, other = deploy(rt, UP), deploy(rt, OTHER)
        deploy(rt, listener(BOTH % ("resetOnSuccess: false, ", of_flow("up"), of_flow("other"))))
        run(rt, up)
        run(rt, other)
        run(rt, other)
        assert count(rt) == 2


def test_a_match_of_yesterday_is_none_today(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up, other = deploy(rt, UP), deploy(rt, OTHER)
        deploy(rt, listener(BOTH % ("", of_flow("up"), of_flow("other"))))
        run(rt, up)
        rt.flows.listeners._clock.advance(timedelta(hours=12))  # type: ignore[attr-defined]
        run(rt, other)
        assert count(rt) == 0


def test_single_conditions_and_a_window_must_both_hold(tmp_path: Path) -> None:
    conditions = (BOTH % ("", of_flow("up"), of_flow("other"))).removesuffix("]") + f", {of_state('SUCCESS')}]"
    with engine(tmp_path) as rt:
        up, other = deploy(rt, UP), deploy(rt, OTHER)
        deploy(rt, listener(conditions))
        run(rt, up, inputs={"go": False})
        run(rt, other)
        assert count(rt) == 0
        run(rt, up)
        assert count(rt) == 1


PRECONDITIONS = """preconditions:
      id: all
      flows:
        - {namespace: n, flowId: up, states: [SUCCESS], labels: {env: prod}}
      where:
        - id: other
          filters:
            - {field: FLOW_ID, type: IN, values: [other, another]}
            - {field: NAMESPACE, type: REGEX, value: '[a-z]'}
            - {field: STATE, type: NOT_EQUAL_TO, value: FAILED}
            - {field: EXPRESSION, type: IS_TRUE, value: "{{ labels.env == 'prod' }}"}
"""


def test_preconditions_gather_and_merge_outputs(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, "outputs: [{id: a, type: STRING, value: from up}]\n" + UP)
        other = deploy(rt, "outputs: [{id: b, type: STRING, value: from other}]\n" + OTHER)
        deploy(rt, listener(PRECONDITIONS))
        run(rt, other, inputs={"go": False})
        run(rt, up)
        assert count(rt) == 0
        run(rt, other)
        (down,) = executions(rt, "down")
        assert down.trigger is not None
        assert down.trigger.variables["outputs"] == {"a": "from up", "b": "from other"}


FILTERS = [
    ("{field: FLOW_ID, type: EQUAL_TO, value: up}", True),
    ("{field: FLOW_ID, type: NOT_EQUAL_TO, value: up}", False),
    ("{field: FLOW_ID, type: IN, values: [up]}", True),
    ("{field: FLOW_ID, type: NOT_IN, values: [up]}", False),
    ("{field: FLOW_ID, type: STARTS_WITH, value: u}", True),
    ("{field: FLOW_ID, type: ENDS_WITH, value: u}", False),
    ("{field: FLOW_ID, type: CONTAINS, value: p}", True),
    ("{field: FLOW_ID, type: REGEX, value: 'u.'}", True),
    ("{field: FLOW_ID, type: REGEX, value: 'u'}", False),
    ("{field: NAMESPACE, type: IS_NOT_NULL}", True),
    ("{field: NAMESPACE, type: IS_NULL}", False),
    ("{field: STATE, type: EQUAL_TO, value: SUCCESS}", True),
    ("{field: EXPRESSION, type: IS_TRUE, value: '{{ outputs.one.value is defined }}'}", True),
    ("{field: EXPRESSION, type: IS_FALSE, value: '{{ inputs.go }}'}", False),
    ("{field: EXPRESSION, type: IS_NULL, value: '{{ outputs.nope.value }}'}", True),
    ("{field: EXPRESSION, type: IS_NOT_NULL, value: '{{ labels.env }}'}", True),
    ("{field: EXPRESSION, type: IN, value: '{{ labels.env }}', values: [prod]}", True),
    ("{field: EXPRESSION, type: IS_TRUE, value: '{{ outputs.nope.value }}'}", False),
]


@pytest.mark.parametrize(("entry", "wanted"), FILTERS)
def test_a_filter(tmp_path: Path, entry: str, wanted: bool) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener(f"preconditions: {{id: p, where: [{{id: w, filters: [{entry}]}}]}}"))
        run(rt, up)
        assert count(rt) == int(wanted)


def test_groups_may_ask_for_one_of_several(tmp_path: Path) -> None:
    either = "[{field: FLOW_ID, type: EQUAL_TO, value: up}, {field: FLOW_ID, type: EQUAL_TO, value: other}]"
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener(f"preconditions: {{id: p, where: [{{id: w, operand: OR, filters: {either}}}]}}"))
        run(rt, up)
        assert count(rt) == 1


def test_a_flow_trigger_can_be_tried_by_hand(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        upstream = run(rt, up)
        down = deploy(rt, listener(f"conditions: [{of_flow('up')}]"))
        first = actions.start_by_trigger(rt, down, "t", {"executionId": upstream.id})
        second = actions.start_by_trigger(rt, down, "t", {"executionId": upstream.id})
        assert first is not None
        assert first != second
        assert count(rt) == 2
        with pytest.raises(InputError, match="executionId"):
            actions.start_by_trigger(rt, down, "t", {})
        with pytest.raises(NotFoundError, match="there is no execution 'x'"):
            actions.start_by_trigger(rt, down, "t", {"executionId": "x"})


def test_a_restarted_execution_is_seen_at_each_end(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        up = deploy(rt, UP)
        deploy(rt, listener("states: [FAILED]"))
        upstream = run(rt, up, inputs={"go": False})
        assert count(rt) == 1
        actions.restart(rt, upstream.id)
        assert count(rt) == 2
