"""The tasks that only write logs, give values, fail or wait."""

from __future__ import annotations

from pathlib import Path

import pytest
from core_fakes import CoreContext, made, run
from pydantic import ValidationError

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.core.debug import Echo, Return
from tiercel.tasks.core.execution import Assert, Fail
from tiercel.tasks.core.flow import Sleep
from tiercel.tasks.core.log import Log
from tiercel.tasks.core.metric import Publish
from tiercel.tasks.core.output import OutputValues


@pytest.fixture
def ctx(tmp_path: Path) -> CoreContext:
    return CoreContext(tmp_path, {"inputs": {"n": 3, "list": [1, 2]}})


def test_log_writes_its_message_at_its_level(ctx: CoreContext) -> None:
    assert run(Log, ctx, message="n is {{ inputs.n }}", level="WARN") == {}
    assert ctx.logs == [(Level.WARN, "n is 3")]


def test_log_writes_each_line_of_a_list(ctx: CoreContext) -> None:
    run(Log, ctx, message=["a", "{{ inputs.n }}", 5])
    assert ctx.logs == [(Level.INFO, "a"), (Level.INFO, "3"), (Level.INFO, "5")]


def test_log_keeps_a_text_that_renders_to_json_as_one_line(ctx: CoreContext) -> None:
    run(Log, ctx, message="{{ inputs.list }}")
    assert ctx.logs == [(Level.INFO, "[1,2]")]


def test_return_gives_the_rendered_text(ctx: CoreContext) -> None:
    assert run(Return, ctx, format="{{ inputs.n }}") == {"value": "3"}
    assert ctx.logs == [(Level.DEBUG, "3")]
    assert [(metric.name, metric.value) for metric in ctx.metrics] == [("length", 1.0)]


def test_return_without_format_gives_null(ctx: CoreContext) -> None:
    assert run(Return, ctx) == {"value": None}
    assert ctx.logs == []


def test_echo_writes_its_line(ctx: CoreContext) -> None:
    run(Echo, ctx, format="hello")
    assert ctx.logs == [(Level.INFO, "hello")]


def test_output_values_keeps_texts_as_texts_and_numbers_as_numbers(ctx: CoreContext) -> None:
    values = {"text": "{{ inputs.n }}", "number": 3, "deep": {"list": ["{{ inputs.n }}", None]}}
    expected = {"text": "3", "number": 3, "deep": {"list": ["3", None]}}
    assert run(OutputValues, ctx, values=values) == {"values": expected}


def test_fail_always_fails_without_a_condition(ctx: CoreContext) -> None:
    with pytest.raises(TaskError, match=r"^Task failure$"):
        run(Fail, ctx)


@pytest.mark.parametrize("condition", ["{{ inputs.n == 3 }}", " false", "null", "[]"])
def test_fail_fails_on_a_condition_that_holds(ctx: CoreContext, condition: str) -> None:
    with pytest.raises(TaskError, match="no more than 2"):
        run(Fail, ctx, condition=condition, errorMessage="no more than 2")


@pytest.mark.parametrize("condition", ["{{ inputs.n == 4 }}", "0", "-0", ""])
def test_fail_passes_on_a_condition_that_does_not_hold(ctx: CoreContext, condition: str) -> None:
    assert run(Fail, ctx, condition=condition) == {}


def test_assert_passes_when_all_hold(ctx: CoreContext) -> None:
    assert run(Assert, ctx, conditions=["{{ inputs.n == 3 }}", True]) == {}
    assert [(metric.name, metric.value) for metric in ctx.metrics] == [("success", 2.0), ("failed", 0.0)]


def test_assert_looks_at_all_and_counts_those_that_fail(ctx: CoreContext) -> None:
    conditions = ["{{ inputs.n == 4 }}", "{{ inputs.n == 3 }}", "{{ inputs.missing }}"]
    with pytest.raises(TaskError, match="2 assertions failed!\nbad input"):
        run(Assert, ctx, conditions=conditions, errorMessage="bad input")
    assert [level for level, _ in ctx.logs] == [Level.ERROR, Level.ERROR]
    assert "missing" in ctx.logs[1][1]


def test_assert_takes_conditions_from_one_expression(ctx: CoreContext) -> None:
    with pytest.raises(TaskError, match="1 assertion failed!"):
        run(Assert, ctx, conditions="{{ ['true', 'false'] }}")


def test_publish_records_counters_timers_and_gauges(ctx: CoreContext) -> None:
    metrics = [
        {"type": "counter", "name": "rows", "value": "{{ inputs.n }}", "tags": {"flow": "{{ flow.id }}"}},
        {"type": "timer", "name": "took", "value": "PT1M"},
        {"type": "gauge", "name": "level", "value": 0.5},
    ]
    assert run(Publish, ctx, metrics=metrics) == {"metrics": 3}
    found = [(metric.name, metric.kind, metric.value, dict(metric.tags)) for metric in ctx.metrics]
    assert found == [
        ("rows", "counter", 3.0, {"flow": "daily"}),
        ("took", "timer", 60.0, {}),
        ("level", "gauge", 0.5, {}),
    ]


def test_publish_refuses_an_unknown_kind(ctx: CoreContext) -> None:
    with pytest.raises(ValidationError, match="histogram"):
        run(Publish, ctx, metrics=[{"type": "histogram", "name": "a", "value": 1}])


def test_sleep_logs_and_waits(ctx: CoreContext) -> None:
    run(Sleep, ctx, duration="PT1.5S")
    assert ctx.logs == [(Level.INFO, "Waiting for PT1.5S")]
    assert ctx.waits == [1.5]


def test_a_cancelled_sleep_fails(ctx: CoreContext) -> None:
    ctx.cancel()
    with pytest.raises(TaskError, match="cut short"):
        run(Sleep, ctx, duration="PT1S")


def test_tasks_without_effects_share_a_commit(ctx: CoreContext) -> None:
    inline: list[type[RunnableTask]] = [Log, Return, Echo, OutputValues, Fail, Assert, Publish]
    assert all(task.inline for task in inline)
    assert not Sleep.inline
    assert made(Log, ctx, message="x").message == "x"
