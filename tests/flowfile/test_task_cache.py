"""`taskCache` as authored, and types that stand where they cannot."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowfile.refusals import HEAD, LOG, TASKS, Rows, assert_refused, child, task
from tiercel.flowfile import parse_flow

TEMPLATES = (
    "templates are not supported: put the template's tasks into a flow of their own, with its args as inputs, and "
    "call it with io.kestra.plugin.core.flow.Subflow"
)
REFUSED: Rows = [
    (
        "a cache that is not switched",
        task(f"type: {LOG}, message: m, taskCache: {{ttl: PT1H}}"),
        [("must not be null", "tasks[0].taskCache.enabled", 4, 71)],
    ),
    (
        "a cache of no time",
        task(f"type: {LOG}, message: m, taskCache: {{enabled: true, ttl: PT0S}}"),
        [("must be longer than nothing", "tasks[0].taskCache.ttl", 4, 92)],
    ),
    (
        "a cache of a time that is none",
        task(f"type: {LOG}, message: m, taskCache: {{enabled: true, ttl: 1 hour}}"),
        [("'1 hour' is not a duration", "tasks[0].taskCache.ttl", 4, 92)],
    ),
    (
        "a cache with something else",
        task(f"type: {LOG}, message: m, taskCache: {{enabled: true, key: x}}"),
        [('Unrecognized field "key"', "tasks[0].taskCache.key", 4, 87)],
    ),
    *(
        (
            f"a template as {name}",
            task(f"type: {name}, namespace: a, templateId: b"),
            [(f"Invalid type: {name}; {TEMPLATES}", "tasks[0].type", 4, 17)],
        )
        for name in ("io.kestra.plugin.core.flow.Template", "core.flow.Template", "io.kestra.core.tasks.flows.Template")
    ),
    (
        "a trigger among the tasks",
        task("type: core.trigger.Webhook, key: k"),
        [("io.kestra.plugin.core.trigger.Webhook is no task; move it", "tasks[0].type", 4, 17)],
    ),
    (
        "a task among the triggers",
        HEAD + TASKS + "triggers:\n- {id: t, type: core.trigger.Toggle, trigger: x}\n",
        [("io.kestra.plugin.core.trigger.Toggle is a task, wanted a trigger; move it", "triggers[0].type", 6, 17)],
    ),
]


@pytest.mark.parametrize(("text", "wanted"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_it_is_refused(text: str, wanted: list[tuple[str, str, int, int]]) -> None:
    assert_refused(text, wanted)


def cache(given: str) -> tuple[timedelta | None] | None:
    """Return for how long a task with this property is cached, in a tuple; None where it is not."""
    node = parse_flow(task(f"type: {LOG}, message: m, {given}")).nodes["t"]
    return None if node.cache is None else (node.cache.ttl,)


def test_how_long_a_run_is_good_for() -> None:
    assert cache("taskCache: {enabled: true, ttl: PT1H}") == (timedelta(hours=1),)
    assert cache("taskCache: {enabled: true}") == (None,)
    assert cache("taskCache: {enabled: 'true', ttl: 90}") == (timedelta(seconds=90),)
    assert cache("taskCache: {enabled: false, ttl: PT1H}") is None
    assert cache("taskCache: null") is None


@pytest.mark.parametrize(
    "above",
    [
        f"type: core.flow.Sequential, tasks: [{child('u')}]",
        f"type: core.flow.WorkingDirectory, tasks: [{child('u')}]",
        "type: core.flow.Subflow, namespace: a, flowId: b",
        "type: core.flow.ForEachItem, namespace: a, flowId: b, items: x",
    ],
)
def test_a_cache_where_no_worker_runs_the_task_by_itself_is_told(above: str) -> None:
    flow = parse_flow(task(f"{above}, taskCache: {{enabled: true}}"))
    assert flow.nodes["t"].cache is None
    assert [notice.message.partition(":")[0] for notice in flow.notices if notice.path == "tasks[0].taskCache"] == [
        f"'taskCache' has no effect on {registered(above)}"
    ]


def registered(above: str) -> str:
    return f"io.kestra.plugin.{above.removeprefix('type: ').partition(',')[0]}"
