"""Starting a flow by hand as one of its triggers would."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tiercel import actions
from tiercel.errors import ConflictError, InputError, NotFoundError
from tiercel.model.execution import Execution
from tiercel.model.states import State
from triggers.starting import CORE, deploy, engine


def started(tmp_path: Path, text: str, event: dict[str, Any] | None, trigger: str = "t") -> Execution | None:
    """Start a flow by its trigger and return the execution at its end."""
    with engine(tmp_path) as rt:
        execution = actions.start_by_trigger(rt, deploy(rt, text), trigger, event)
        assert rt.bus.wait_quiet(20)
        return None if execution is None else rt.view.header(execution)


def webhook(*lines: str) -> str:
    """Return a flow with a webhook."""
    return _flow("trigger.Webhook", "key: k", *lines)


def schedule(*lines: str) -> str:
    """Return a flow with a schedule."""
    return _flow("trigger.Schedule", *lines)


def _flow(kind: str, *lines: str) -> str:
    head = "id: f\nnamespace: n\nlabels: {of: flow}\n"
    declared = "inputs:\n  - {id: text, type: STRING, defaults: none}\n  - {id: number, type: INT, defaults: 0}\n"
    return (
        head + declared + f"triggers:\n  - id: t\n    type: {CORE}{kind}\n" + "".join(f"    {line}\n" for line in lines)
    )


BODIES = [
    ('{"a": [1, 2]}', {"a": [1, 2]}),
    ("[1, 2]", [1, 2]),
    (" {} ", {}),
    ("bla", "bla"),
    ("", ""),
    ("12", "12"),
    ("{not json", "{not json"),
    ("[" * 5000, "[" * 5000),
    ({"a": 1}, {"a": 1}),
    ([{"a": True}], [{"a": True}]),
    (None, None),
]


@pytest.mark.parametrize(("body", "wanted"), BODIES)
def test_a_body_is_parsed_where_it_is_an_object_or_a_list(tmp_path: Path, body: object, wanted: object) -> None:
    execution = started(tmp_path, webhook(), {"body": body})
    assert execution is not None
    assert execution.state is State.SUCCESS
    assert execution.trigger is not None
    assert execution.trigger.variables == {"body": wanted, "headers": {}, "parameters": {}}


def test_a_webhook_gives_inputs_labels_headers_and_parameters(tmp_path: Path) -> None:
    text = webhook(
        "inputs: {text: '{{ trigger.parameters.name[0] }}', number: '{{ trigger.body.n }}'}",
        "labels: {who: '{{ trigger.headers.From[0] }}', lost: '{{ trigger.body.nowhere }}', of: trigger}",
    )
    event = {"body": {"n": 7}, "headers": {"From": ["me"]}, "parameters": {"name": ["john", "jim"]}}
    execution = started(tmp_path, text, event)
    assert execution is not None
    assert execution.inputs == {"text": "john", "number": 7}
    labels = dict(execution.labels)
    assert labels.pop("system.correlationId") == execution.id
    assert labels == {"of": "trigger", "who": "me"}
    assert execution.trigger is not None
    assert (execution.trigger.id, execution.trigger.type) == ("t", f"{CORE}trigger.Webhook")


def test_conditions_of_a_webhook_see_what_was_sent(tmp_path: Path) -> None:
    text = webhook(f"conditions: [{{type: {CORE}condition.Expression, expression: '{{{{ trigger.body.go }}}}'}}]")
    assert started(tmp_path / "1", text, {"body": {"go": False}}) is None
    assert started(tmp_path / "2", text, {"body": {"go": True}}) is not None
    with pytest.raises(InputError, match="go"):
        started(tmp_path / "3", text, {"body": {}})


def test_a_body_that_nobody_wants_is_dropped(tmp_path: Path) -> None:
    execution = started(tmp_path, webhook("fetchType: NONE"), {"body": "much"})
    assert execution is not None
    assert execution.trigger is not None
    assert execution.trigger.variables["body"] is None


def test_inputs_that_do_not_validate_start_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="number"):
        started(tmp_path, webhook("inputs: {number: '{{ trigger.body }}'}"), {"body": "many"})


def test_a_schedule_shows_its_dates_in_its_zone(tmp_path: Path) -> None:
    text = schedule("cron: '12 9 1 * *'", "timezone: America/New_York", "inputs: {text: '{{ schedule.date }}'}")
    execution = started(tmp_path, text, {"date": "2022-04-01T13:12:00Z"})
    assert execution is not None
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "date": "2022-04-01T09:12:00-04:00",
        "next": "2022-05-01T09:12:00-04:00",
        "previous": "2022-03-01T09:12:00-05:00",
    }
    assert execution.inputs == {"text": "2022-04-01T09:12:00-04:00", "number": 0}


def test_without_a_date_it_is_the_latest_one(tmp_path: Path) -> None:
    execution = started(tmp_path, schedule("cron: '@daily'"), None)
    assert execution is not None
    assert execution.trigger is not None
    assert execution.trigger.variables["date"] == "2024-05-15T00:00:00Z"


def test_next_and_previous_are_dates_at_which_the_conditions_hold(tmp_path: Path) -> None:
    text = schedule(
        "cron: '*/10 * * * *'",
        "timezone: Europe/Berlin",
        f"conditions: [{{type: {CORE}condition.DayWeekInMonth, dayOfWeek: MONDAY, dayInMonth: FIRST}}]",
    )
    execution = started(tmp_path / "1", text, {"date": "2024-11-04T23:50:00+01:00"})
    assert execution is not None
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "date": "2024-11-04T23:50:00+01:00",
        "next": "2024-12-02T00:00:00+01:00",
        "previous": "2024-11-04T23:40:00+01:00",
    }
    assert started(tmp_path / "2", text, {"date": "2024-11-05T00:00:00+01:00"}) is None


def test_a_search_skips_the_days_that_a_condition_rules_out(tmp_path: Path) -> None:
    noon = f"{{type: {CORE}condition.TimeBetween, after: '12:00:00Z', before: '12:02:00Z'}}"
    first = f"{{type: {CORE}condition.DayWeekInMonth, dayOfWeek: MONDAY, dayInMonth: FIRST}}"
    text = schedule("cron: '* * * * *'", f"conditions: [{noon}, {first}]")
    execution = started(tmp_path, text, {"date": "2024-11-04T12:01:00Z"})
    assert execution is not None
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "date": "2024-11-04T12:01:00Z",
        "next": "2024-12-02T12:01:00Z",
        "previous": "2024-10-07T12:01:00Z",
    }


def test_a_next_date_that_never_comes_is_absent(tmp_path: Path) -> None:
    before = f"conditions: [{{type: {CORE}condition.DateTimeBetween, before: '2024-02-02T00:00:00Z'}}]"
    execution = started(tmp_path, schedule("cron: '@monthly'", before), {"date": "2024-02-01T00:00:00Z"})
    assert execution is not None
    assert execution.trigger is not None
    assert execution.trigger.variables == {"date": "2024-02-01T00:00:00Z", "previous": "2024-01-01T00:00:00Z"}


def test_old_schedule_conditions_count_too(tmp_path: Path) -> None:
    text = schedule("cron: '@daily'", f"scheduleConditions: [{{type: {CORE}condition.Weekend}}]")
    assert started(tmp_path / "1", text, {"date": "2024-05-15T00:00:00Z"}) is None
    assert started(tmp_path / "2", text, {"date": "2024-05-18T00:00:00Z"}) is not None


FAILURES = [
    (
        [f"conditions: [{{type: {CORE}condition.Expression, expression: '{{{{ nope }}}}'}}]"],
        "a condition cannot be judged",
    ),
    (["inputs: {number: many}"], "the inputs cannot be made"),
    (["inputs: {text: '{{ nope }}'}"], "the inputs cannot be made"),
]


@pytest.mark.parametrize(("lines", "reason"), FAILURES)
def test_what_goes_wrong_with_a_schedule_is_an_execution_that_failed(
    tmp_path: Path, lines: list[str], reason: str
) -> None:
    execution = started(tmp_path, schedule("cron: '@daily'", *lines), {"date": "2024-05-15T00:00:00Z"})
    assert execution is not None
    assert execution.state is State.FAILED
    assert execution.finished
    assert reason in execution.logs[0].message
    assert execution.trigger is not None
    assert execution.trigger.variables["date"] == "2024-05-15T00:00:00Z"


def test_listed_dates_have_neighbours(tmp_path: Path) -> None:
    dates = "dates: ['2024-03-01T10:00:00', '2024-01-01T10:00:00Z', '2024-02-01T10:00:00+02:00']"
    text = _flow("trigger.ScheduleOnDates", dates, "timezone: Europe/Berlin")
    execution = started(tmp_path, text, {"date": "2024-02-01T08:00:00Z"})
    assert execution is not None
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "date": "2024-02-01T09:00:00+01:00",
        "next": "2024-03-01T10:00:00+01:00",
        "previous": "2024-01-01T11:00:00+01:00",
    }


def test_dates_may_be_an_expression(tmp_path: Path) -> None:
    text = _flow("trigger.ScheduleOnDates", "dates: '{{ [\"2024-01-01T10:00:00Z\"] | json }}'")
    execution = started(tmp_path, text, None)
    assert execution is not None
    assert execution.trigger is not None
    assert execution.trigger.variables == {"date": "2024-01-01T10:00:00Z"}


def test_an_unknown_trigger_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="its triggers: t"):
        started(tmp_path, webhook(), None, trigger="x")


def test_a_disabled_trigger_or_flow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match="trigger 't' of f is disabled"):
        started(tmp_path / "1", webhook("disabled: true"), {})
    with pytest.raises(ConflictError, match="is disabled"):
        started(tmp_path / "2", "disabled: true\n" + webhook(), {})


def test_a_date_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'tomorrow' is not a date"):
        started(tmp_path / "1", schedule("cron: '@daily'"), {"date": "tomorrow"})
    with pytest.raises(InputError, match="out of range"):
        started(tmp_path / "2", schedule("cron: '@daily'"), {"date": "9999-12-31T23:59:59Z"})


def test_each_start_by_hand_is_an_execution_of_its_own(tmp_path: Path) -> None:
    with engine(tmp_path, datetime(2024, 1, 1, tzinfo=UTC)) as rt:
        flow = deploy(rt, webhook())
        assert actions.start_by_trigger(rt, flow, "t", {}) != actions.start_by_trigger(rt, flow, "t", {})
        assert rt.bus.wait_quiet(20)


def test_conditions_may_look_at_the_neighbours_of_a_date(tmp_path: Path) -> None:
    last = "{{ trigger.next | date('MM') != trigger.date | date('MM') }}"
    text = schedule("cron: '@daily'", f'conditions: [{{type: {CORE}condition.Expression, expression: "{last}"}}]')
    execution = started(tmp_path, text, {"date": "2024-02-29T00:00:00Z"})
    assert execution is not None
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "date": "2024-02-29T00:00:00Z",
        "next": "2024-03-31T00:00:00Z",
        "previous": "2024-01-31T00:00:00Z",
    }
