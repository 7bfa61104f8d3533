"""What a flow's triggers must be: the flow is refused with the reason, or noticed."""

from __future__ import annotations

import pytest
import yaml

from tiercel.errors import FlowError
from tiercel.flowfile import parse_flow

CORE = "io.kestra.plugin.core."


def flow_with(trigger: str) -> str:
    """Return a flow with one trigger, whose lines are given."""
    lines = "\n".join(f"    {line}" for line in trigger.strip().splitlines())
    task = "tasks:\n  - {id: t, type: io.kestra.plugin.core.log.Log, message: m}\n"
    return f"id: f\nnamespace: n\n{task}triggers:\n  - id: trigger\n{lines}\n"


REFUSED = [
    ("type: io.kestra.plugin.core.trigger.Schedule", r"triggers\[0\].cron: must not be null"),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '*/5 * * *'", "invalid cron expression"),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '* * * * * *'", "invalid cron expression"),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '* * * * *'\nwithSeconds: true", "wanted are 6"),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '@daily'\ntimezone: Mars/X", "not a valid time-zone ID"),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '@daily'\ninterval: PT1M", "must be null"),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '@daily'\nlateMaximumDelay: soon", "not a duration"),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '@daily'\nlabels: {system.id: x}", "system.id=x"),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '@daily'\nrecoverMissedSchedules: SOME", "ALL"),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '@daily'\ncrom: x", 'Unrecognized field "crom"'),
    ("type: io.kestra.plugin.core.trigger.Schedule\ncron: '@daily'\nconditions: [{type: nope}]", "Invalid type: nope"),
    ("type: io.kestra.plugin.core.trigger.ScheduleOnDates", "dates: must not be null"),
    ("type: io.kestra.plugin.core.trigger.ScheduleOnDates\ndates: [someday]", "'someday' is not a date"),
    ("type: io.kestra.plugin.core.trigger.Webhook", "key: must not be null"),
    ("type: io.kestra.plugin.core.trigger.Webhook\nkey: ''", "must not be empty"),
    (f"type: io.kestra.plugin.core.trigger.Webhook\nkey: {'k' * 257}", "at most 256"),
    ("type: io.kestra.plugin.core.trigger.Webhook\nkey: k\nfetchType: FILE", "FETCH"),
    (
        f"type: {CORE}trigger.Webhook\nkey: k\nconditions:\n  - type: {CORE}condition.MultipleCondition\n"
        f"    id: m\n    conditions: {{a: {{type: {CORE}condition.ExecutionStatus, in: [SUCCESS]}}}}",
        "invalid webhook: conditions of type MultipleCondition are not supported",
    ),
    ("type: io.kestra.plugin.core.trigger.Flow\nstates: [CREATED]", "no change of state"),
    ("type: io.kestra.plugin.core.trigger.Flow\nstates: [DONE]", "DONE"),
    ("type: io.kestra.plugin.core.trigger.Flow\ndependsOn: []", "dependsOn"),
    ("type: io.kestra.plugin.core.trigger.Flow\npreconditions: {id: p}", "need 'flows' or 'where'"),
    ("type: io.kestra.plugin.core.trigger.Flow\npreconditions: {flows: [{flowId: x}]}", "preconditions.id"),
    (
        f"type: {CORE}trigger.Flow\npreconditions:\n  id: p\n  flows: [{{flowId: x}}]\n"
        "  timeWindow: {deadline: '09:00'}",
        "'deadline' does not go with DURATION_WINDOW",
    ),
]


@pytest.mark.parametrize(("trigger", "reason"), REFUSED)
def test_a_wrong_trigger_is_refused_with_the_reason(trigger: str, reason: str) -> None:
    with pytest.raises(FlowError, match=reason):
        parse_flow(flow_with(trigger))


FILTERS = [
    ("{field: FLOW_ID, type: EQUAL_TO}", "value cannot be null for type EQUAL_TO"),
    ("{field: FLOW_ID, type: EQUAL_TO, value: x, values: [x]}", "values must be null for type EQUAL_TO"),
    ("{field: FLOW_ID, type: IN}", "values cannot be null for type IN"),
    ("{field: FLOW_ID, type: IN, value: x, values: [x]}", "value must be null for type IN"),
    ("{field: FLOW_ID, type: IS_NULL, value: x}", "value must be null for type IS_NULL"),
    ("{field: EXPRESSION, type: IS_TRUE}", "value cannot be null for type IS_TRUE"),
    ("{field: EXPRESSION, type: EQUAL_TO, value: x}", "compare inside the expression"),
    ("{field: FLOW_ID, type: REGEX, value: '('}", "invalid pattern"),
    ("{field: FLOW, type: EQUAL_TO, value: x}", "FLOW_ID"),
    ("{field: FLOW_ID, type: LIKE, value: x}", "EQUAL_TO"),
]


@pytest.mark.parametrize(("entry", "reason"), FILTERS)
def test_a_wrong_filter_is_refused_with_the_reason(entry: str, reason: str) -> None:
    trigger = f"type: {CORE}trigger.Flow\npreconditions:\n  id: p\n  where: [{{id: w, filters: [{entry}]}}]"
    with pytest.raises(FlowError, match=reason):
        parse_flow(flow_with(trigger))


ACCEPTED = [
    f"type: {CORE}trigger.Schedule\ncron: '0 9 * * 1-5'\ntimezone: Europe/Berlin\nlateMaximumDelay: PT1H",
    f"type: {CORE}trigger.Schedule\ncron: '@daily'\nlabels: {{n: 1.10, yes: no}}\nminLogLevel: WARN",
    f"type: {CORE}trigger.Schedule\ncron: '@daily'\nstopAfter: [FAILED]\nbackfill: {{start: 2020-01-01}}",
    f"type: {CORE}trigger.Schedule\ncron: '@daily'\nscheduleConditions: [{{type: {CORE}condition.Weekend}}]",
    f"type: {CORE}trigger.ScheduleOnDates\ndates: ['2024-01-01T10:00:00Z']",
    f"type: {CORE}trigger.ScheduleOnDates\ndates: \"{{{{ kv('dates') }}}}\"",
    f"type: {CORE}trigger.Webhook\nkey: \"{{{{ secret('K') }}}}\"\nwait: true\nreturnOutputs: true\nresponseCode: 202",
    "type: io.kestra.core.models.triggers.types.Schedule\ncron: '* * * * *'",
    "type: io.kestra.core.models.triggers.types.Webhook\nkey: k",
    f"type: {CORE}trigger.Flow\nstates: [RUNNING, PAUSED]",
]


@pytest.mark.parametrize("trigger", ACCEPTED)
def test_a_right_trigger_is_accepted(trigger: str) -> None:
    flow = parse_flow(flow_with(trigger))
    assert flow.triggers[0]["type"].startswith(f"{CORE}trigger.")
    assert yaml.safe_load(flow_with(trigger))["triggers"][0]["id"] == flow.triggers[0]["id"]


def test_a_label_keeps_the_text_that_its_author_wrote() -> None:
    trigger = parse_flow(flow_with(f"type: {CORE}trigger.Webhook\nkey: k\nlabels: {{n: 1.10, b: yes}}")).triggers[0]
    assert trigger["labels"] == {"n": "1.10", "b": "yes"}


def test_a_condition_keeps_the_texts_that_its_author_wrote() -> None:
    inner = f"{{type: {CORE}condition.ExecutionFlow, namespace: no, flowId: 007}}"
    text = f"type: {CORE}trigger.Flow\nconditions: [{{type: {CORE}condition.Not, conditions: [{inner}]}}]"
    condition = parse_flow(flow_with(text)).triggers[0]["conditions"][0]["conditions"][0]
    assert (condition["namespace"], condition["flowId"]) == ("no", "007")


def test_a_flow_trigger_that_asks_for_nothing_is_noticed() -> None:
    notices = parse_flow(flow_with(f"type: {CORE}trigger.Flow")).notices
    assert any("every execution of every flow" in notice.message for notice in notices)
