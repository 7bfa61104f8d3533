"""Flow triggers in the form of 2.0: `dependsOn`, `mode`, `window`; and `when` on every trigger."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from clocks import HandClock
from tiercel import actions
from tiercel.errors import FlowError, InputError
from tiercel.flowfile import parse_flow
from tiercel.model.execution import Execution
from tiercel.model.states import State
from tiercel.runtime import Runtime
from tiercel.triggers.dependencies import Window
from tiercel.triggers.flow import Gathering
from tiercel.triggerstates import windows
from triggers.starting import CORE, deploy, engine, executions, run
from triggers.test_flow_triggers import PAUSING, count, listener


def up(name: str) -> str:
    """Return a flow that gives its name and a number back."""
    outputs = "outputs: [{id: name, type: STRING, value: '{{ flow.id }}'}, {id: n, type: INT, value: '{{ inputs.n }}'}]"
    fail = f"  - {{id: two, type: {CORE}execution.Fail, condition: '{{{{ inputs.n == 13 }}}}'}}\n"
    head = f"id: {name}\nnamespace: n\nlabels: {{env: prod}}\ninputs: [{{id: n, type: INT, defaults: 1}}]\n{outputs}\n"
    return f"{head}tasks:\n  - {{id: one, type: {CORE}debug.Return, format: '{{{{ inputs.n }}}}'}}\n{fail}"


def ups(rt: Runtime, *names: str) -> None:
    for name in names:
        run(rt, deploy(rt, up(name)))


def seen(execution: Execution) -> dict[str, Any]:
    """Return the outputs that an execution was started with."""
    assert execution.trigger is not None
    found: dict[str, Any] = execution.trigger.variables["outputs"]
    return found


def move(rt: Runtime, delay: timedelta) -> None:
    clock = rt.services.clock
    assert isinstance(clock, HandClock)
    clock.advance(delay.total_seconds())


def test_all_must_have_run_and_each_gives_its_outputs_under_its_id(tmp_path: Path) -> None:
    inputs = "inputs: [{id: text, type: STRING}]\n"
    given = "inputs: {text: '{{ trigger.outputs.a.name }}{{ trigger.outputs.b.n }}'}"
    with engine(tmp_path) as rt:
        deploy(rt, listener("dependsOn: [{namespace: n, flowId: a}, {namespace: n, flowId: b}]", given, head=inputs))
        ups(rt, "a", "a", "other")
        assert count(rt) == 0
        ups(rt, "b")
        (down,) = executions(rt, "down")
        assert seen(down) == {"a": {"name": "a", "n": 1}, "b": {"name": "b", "n": 1}}
        assert down.inputs == {"text": "a1"}
        ups(rt, "b")
        assert count(rt) == 1
        ups(rt, "a")
        assert count(rt) == 2


@pytest.mark.parametrize(
    ("mode", "names", "wanted"),
    [
        ("mode: ANY", ["a", "other", "b", "b"], 3),
        ("mode: ALL", ["a", "b", "b"], 0),
        ("{mode: AT_LEAST, minSatisfied: 2}", ["a", "a", "c", "b"], 1),
        ("{mode: AT_LEAST, minSatisfied: 2}", ["a", "c", "b", "a"], 2),
    ],
)
def test_the_mode_says_how_many(tmp_path: Path, mode: str, names: list[str], wanted: int) -> None:
    with engine(tmp_path) as rt:
        lines = mode.strip("{}").split(", ")
        deploy(rt, listener("dependsOn: [{flowId: a}, {flowId: b}, {flowId: c}]", *lines))
        ups(rt, *names)
        assert count(rt) == wanted


def test_an_entry_looks_at_state_labels_and_an_expression(tmp_path: Path) -> None:
    when = "{{ execution.outputs.n > 5 and outputs.one.value == '7' and flow.id == 'a' and labels.env == 'prod' }}"
    with engine(tmp_path) as rt:
        deploy(rt, listener(f'dependsOn: [{{flowId: a, labels: {{env: prod}}, when: "{when}"}}]'))
        deploy(rt, listener("dependsOn: [{flowId: a, states: [FAILED]}]", name="failed"))
        deploy(rt, listener("dependsOn: [{flowId: a, labels: {env: dev}}]", name="dev"))
        flow = deploy(rt, up("a"))
        for number in (1, 7, 13):
            run(rt, flow, inputs={"n": number})
        assert (count(rt), count(rt, "failed"), count(rt, "dev")) == (1, 1, 0)


def test_an_entry_hears_of_states_that_only_it_names(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        deploy(rt, listener("dependsOn: [{flowId: up, states: [RUNNING]}]"))
        deploy(rt, listener("states: [PAUSED]", "dependsOn: [{flowId: up, states: [RUNNING]}]", name="narrow"))
        run(rt, deploy(rt, PAUSING))
        assert (count(rt), count(rt, "narrow")) == (1, 0)


def test_a_lookback_forgets_each_flow_by_itself(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        three = "dependsOn: [{flowId: a}, {flowId: b}, {flowId: c}]"
        deploy(rt, listener(three, "window: {lookback: PT1H}"))
        deploy(rt, listener(three, "window: {lookback: PT30M}", name="short"))
        for name, minutes in (("a", 50), ("b", 20), ("a", 20), ("c", 0)):
            ups(rt, name)
            move(rt, timedelta(minutes=minutes))
        assert (count(rt), count(rt, "short")) == (1, 0)


def test_spans_begin_anew(tmp_path: Path) -> None:
    with engine(tmp_path) as rt:
        deploy(rt, listener("dependsOn: [{flowId: a}, {flowId: b}]", "window: {every: PT1H, offset: PT10M}"))
        ups(rt, "a")
        move(rt, timedelta(minutes=15))
        ups(rt, "b")
        assert count(rt) == 0
        move(rt, timedelta(minutes=40))
        ups(rt, "a")
        assert count(rt) == 1


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        ({"deadline": "09:00"}, "2024-05-15T00:00:00", "2024-05-15T09:00:00"),
        ({"deadline": "09:00", "timezone": "+02:00"}, "2024-05-14T22:00:00", "2024-05-15T07:00:00"),
        ({"from": "06:00", "to": "18:00"}, "2024-05-15T06:00:00", "2024-05-15T18:00:00"),
        ({"every": "PT15M"}, "2024-05-15T14:30:00", "2024-05-15T14:44:59.999"),
        ({"every": "PT15M", "offset": "PT5M"}, "2024-05-15T14:35:00", "2024-05-15T14:49:59.999"),
    ],
)
def test_a_window_lies_where_the_older_form_puts_it(window: dict[str, str], first: str, last: str) -> None:
    now = datetime.fromisoformat("2024-05-15T14:37:12+00:00")
    found = Window.model_validate(window).span().span(now)
    assert [each.timestamp() for each in found] == [
        datetime.fromisoformat(f"{each}+00:00").timestamp() for each in (first, last)
    ]


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        ({}, "found none of them"),
        ({"timezone": "UTC"}, "found none of them"),
        ({"deadline": "09:00", "every": "PT1H"}, "found deadline and every"),
        ({"from": "06:00"}, "give both"),
        ({"from": "18:00", "to": "06:00"}, "must be before"),
        ({"offset": "PT1H"}, "give their length there"),
        ({"lookback": "PT0S"}, "must be a positive duration"),
        ({"every": "PT1H", "advance": "PT1H"}, "advance"),
    ],
)
def test_a_window_of_no_form_is_refused(window: dict[str, str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Window.model_validate(window)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("dependsOn: []", "dependsOn"),
        ("dependsOn: [{}]", "must say something"),
        ("dependsOn: [{flowId: a, states: [CREATED]}]", "no change of state"),
        ("dependsOn: [{flow: a}]", 'Unrecognized field "flow"'),
        ("dependsOn: [{flowId: a}]\n    mode: SOME", "ALL"),
        ("dependsOn: [{flowId: a}]\n    mode: AT_LEAST", "give both"),
        ("dependsOn: [{flowId: a}]\n    minSatisfied: 1", "give both"),
        ("dependsOn: [{flowId: a}]\n    mode: AT_LEAST\n    minSatisfied: 2", "must be 1 to 1"),
        ("dependsOn: [{flowId: a}]\n    preconditions: {id: p, flows: [{flowId: a}]}", "in two ways"),
        ("states: [SUCCESS]\n    onMiss: {behavior: FAIL}", "'onMiss' goes with"),
        (
            "dependsOn: [{flowId: a}]\n    window: {lookback: PT1H}\n    onMiss: {behavior: FAIL}",
            "ends at a known time",
        ),
        ("dependsOn: [{flowId: a}]\n    window: {every: PT5S}\n    onMiss: {behavior: FAIL}", "a minute or more"),
        ("dependsOn: [{flowId: a}]\n    onMiss: {behavior: SHOUT}", "behavior"),
        ("window: {every: PT1H}", "'window' goes with 'dependsOn' only"),
        ("mode: ANY", "'mode' goes with 'dependsOn' only"),
    ],
)
def test_what_the_form_cannot_mean_is_refused(lines: str, reason: str) -> None:
    with pytest.raises(FlowError, match=reason):
        parse_flow(listener(lines) + f"tasks: [{{id: t, type: {CORE}log.Log, message: m}}]\n")


# ------------------------------------------------------------------ windows that look back


def gathering() -> Gathering:
    return Gathering(
        "w", Window(lookback=timedelta(hours=1)).span(), True, {"a": bool, "b": bool}, lookback=timedelta(hours=1)
    )


def change(event: str, at: str, *entries: str, **outputs: Any) -> windows.Change:
    when = datetime.fromisoformat(f"2024-05-15T{at}+00:00").timestamp()
    return windows.Change(event, when, set(entries), outputs or None)


def test_what_has_left_takes_its_outputs_with_it() -> None:
    window, asked = windows.Window(), gathering()
    windows.take_in(window, asked, change("1", "10:00:00", "a", x=1))
    windows.take_in(window, asked, change("2", "11:00:01", "b", y=2))
    assert (window.held, window.outputs) == (["b"], {"y": 2})
    last = change("3", "12:00:01", "a", x=3)
    windows.take_in(window, asked, last)
    assert windows.is_complete(window, asked, last.when)
    assert window.outputs == {"x": 3, "y": 2}


def test_what_is_told_out_of_order_counts_as_of_its_time() -> None:
    window, asked = windows.Window(), gathering()
    windows.take_in(window, asked, change("3", "10:30:00", "a", x=3))
    windows.take_in(window, asked, change("1", "10:10:00", "a", x=1))
    assert window.outputs == {"x": 3}
    windows.take_in(window, asked, change("0", "09:00:00", "b"))
    assert window.held == ["a"]
    early = change("2", "10:20:00", "b")
    windows.take_in(window, asked, early)
    assert windows.is_complete(window, asked, early.when)


# ------------------------------------------------------------------ when


def test_when_of_a_flow_trigger_is_asked_of_the_change(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with engine(tmp_path) as rt:
        deploy(rt, listener("when: \"{{ flow.id == 'a' and trigger.outputs.n > 5 }}\""))
        deploy(rt, listener("when: '{{ outputs.nope.value }}'", name="doubtful"))
        deploy(rt, listener("when: '{{ false }}'", "dependsOn: [{flowId: a}]", name="never"))
        flow = deploy(rt, up("a"))
        for number in (1, 7):
            run(rt, flow, inputs={"n": number})
        assert (count(rt), count(rt, "doubtful"), count(rt, "never")) == (1, 0, 0)
    assert "nope" in caplog.text


def started(rt: Runtime, trigger: str, event: dict[str, Any]) -> State | None:
    text = f"id: f\nnamespace: n\ntriggers:\n  - {{id: t, {trigger}}}\n"
    execution = actions.start_by_trigger(rt, deploy(rt, text), "t", event)
    assert rt.bus.wait_quiet(20)
    return None if execution is None else rt.view.header(execution).state


def test_when_of_a_webhook_is_asked_of_the_request(tmp_path: Path) -> None:
    trigger = f"type: {CORE}trigger.Webhook, key: k, when: '{{{{ trigger.body.n > 3 }}}}'"
    with engine(tmp_path) as rt:
        assert started(rt, trigger, {"body": {"n": 2}}) is None
        assert started(rt, trigger, {"body": {"n": 4}}) is State.SUCCESS
        with pytest.raises(InputError, match="trigger 't' of f"):
            started(rt, trigger, {"body": {}})


def test_when_of_a_schedule_is_asked_of_the_date_also_of_the_ones_around_it(tmp_path: Path) -> None:
    trigger = (
        f"type: {CORE}trigger.Schedule, cron: '0 * * * *', inputs: {{next: '{{{{ trigger.next }}}}'}},"
        " when: \"{{ trigger.date | date('HH') == '06' }}\""
    )
    with engine(tmp_path) as rt:
        assert started(rt, trigger, {"date": "2024-05-15T07:00:00Z"}) is None
        assert started(rt, trigger, {"date": "2024-05-15T06:00:00Z"}) is State.SUCCESS
        (execution,) = executions(rt, "f")
        assert execution.trigger is not None
        assert execution.trigger.variables["next"].startswith("2024-05-16T06:00")


def test_when_tells_times_of_one_day_apart_beside_a_condition_on_days(tmp_path: Path) -> None:
    trigger = (
        f"type: {CORE}trigger.Schedule, cron: '0 * * * *', inputs: {{next: '{{{{ trigger.next }}}}'}},"
        f" conditions: [{{type: {CORE}condition.DayWeek, dayOfWeek: THURSDAY}}],"
        " when: \"{{ trigger.date | date('HH') == '06' }}\""
    )
    with engine(tmp_path) as rt:
        assert started(rt, trigger, {"date": "2024-05-16T06:00:00Z"}) is State.SUCCESS
        (execution,) = executions(rt, "f")
        assert execution.trigger is not None
        assert execution.trigger.variables["next"].startswith("2024-05-23T06:00")
