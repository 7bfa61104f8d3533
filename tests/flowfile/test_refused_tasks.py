"""What is refused of flowables, Dags and retries (flow specification, section 2): what is said, and where."""

from __future__ import annotations

import pytest

from flowfile.refusals import HEAD, LOG, TASKS, Expected, Rows, assert_refused, child, task

FLOWABLES: Rows = [
    ("no tasks", task("type: core.flow.Parallel"), [("must not be empty", "tasks[0].tasks", 4, 3)]),
    ("empty tasks", task("type: core.flow.Sequential, tasks: []"), [("must not be empty", "tasks[0].tasks", 4, 46)]),
    (
        "null tasks",
        task("type: core.flow.ForEach, values: [1], tasks: null"),
        [("must not be empty", "tasks[0].tasks", 4, 56)],
    ),
    (
        "a null element",
        task("type: core.flow.AllowFailure, tasks: [null]"),
        [("must not be null", "tasks[0].tasks[0]", 4, 49)],
    ),
    (
        "one for each node",
        task(
            "type: core.flow.Parallel, tasks: [{id: u, type: core.flow.Parallel}], "
            "errors: [{id: v, type: core.flow.If, condition: x}]"
        ),
        [
            ("must not be empty", "tasks[0].tasks[0].tasks", 4, 45),
            ("must not be empty", "tasks[0].errors[0].then", 4, 90),
        ],
    ),
    (
        "a negative limit",
        task(f"type: core.flow.Parallel, concurrent: -1, tasks: [{child('u')}]"),
        [("must be greater than or equal to 0, found -1", "tasks[0].concurrent", 4, 49)],
    ),
    (
        "a Loop without values",
        task(f"type: core.flow.Loop, tasks: [{child('u')}]"),
        [("must not be null", "tasks[0].values", 4, 3)],
    ),
    (
        "a Loop whose limit is negative",
        task(f"type: core.flow.Loop, values: [1], concurrencyLimit: -1, tasks: [{child('u')}]"),
        [("must be greater than or equal to 0, found -1", "tasks[0].concurrencyLimit", 4, 64)],
    ),
    (
        "a Loop with an unknown fetchType",
        task(f"type: core.flow.Loop, values: [1], fetchType: SOME, tasks: [{child('u')}]"),
        [("must be one of 'AUTO', 'FETCH' or 'STORE'", "tasks[0].fetchType", 4, 57)],
    ),
    (
        "outputs of a Loop that are none",
        task(f"type: core.flow.Loop, values: [1], outputs: [{{id: a b, value: x}}, {{id: c}}], tasks: [{child('u')}]"),
        [("must match", "tasks[0].outputs[0].id", 4, 61), ("must not be null", "tasks[0].outputs[1].value", 4, 77)],
    ),
    (
        "two outputs of a Loop with one name",
        task(
            "type: core.flow.Loop, values: [1], outputs: [{id: a, value: x}, {id: a, value: y}], "
            f"tasks: [{child('u')}]"
        ),
        [("given twice: a", "tasks[0]", 4, 3)],
    ),
    (
        "a Loop with what a ForEachItem has",
        task(f"type: core.flow.Loop, values: [1], items: x, tasks: [{child('u')}]"),
        [('Unrecognized field "items"', "tasks[0].items", 4, 46)],
    ),
    (
        "a Switch without tasks",
        task("type: core.flow.Switch, value: x, cases: {}, defaults: null"),
        [("No task defined, neither cases or default have any tasks", "tasks[0]", 4, 3)],
    ),
    (
        "a Switch without cases",
        task("type: core.flow.Switch, value: x"),
        [("task 't': No task defined", "tasks[0]", 4, 3)],
    ),
    (
        "a Switch with empty defaults",
        task(f"type: core.flow.Switch, value: x, cases: {{a: [{child('u')}]}}, defaults: []"),
        [("The 'defaults' property cannot be empty.", "tasks[0].defaults", 4, 127)],
    ),
    (
        "a Switch with a null case",
        task(f"type: core.flow.Switch, value: x, cases: {{a: null, b: [{child('u')}]}}"),
        [("must not be null", "tasks[0].cases.a", 4, 56)],
    ),
    (
        "cases that are a list",
        task(f"type: core.flow.Switch, value: x, cases: [], defaults: [{child('u')}]"),
        [("must be a map from a value to a list of tasks", "tasks[0].cases", 4, 52)],
    ),
    (
        "a WorkingDirectory without tasks",
        task("type: core.flow.WorkingDirectory, tasks: []"),
        [("The 'tasks' property cannot be empty", "tasks[0].tasks", 4, 52)],
    ),
    (
        "a WorkingDirectory with a flowable",
        task("type: core.flow.WorkingDirectory, tasks: [{id: u, type: core.flow.Pause}]"),
        [
            (
                "Only runnable tasks are allowed as children of a WorkingDirectory task; found 'u'",
                "tasks[0].tasks[0].type",
                4,
                67,
            )
        ],
    ),
    (
        "a WorkingDirectory with a Subflow",
        task("type: core.flow.WorkingDirectory, tasks: [{id: u, type: core.flow.Subflow, namespace: x, flowId: y}]"),
        [("Only runnable tasks", "tasks[0].tasks[0].type", 4, 67)],
    ),
    (
        "a WorkingDirectory in another",
        task(
            f"type: core.flow.WorkingDirectory, tasks: [{{id: u, type: "
            f"core.flow.WorkingDirectory, tasks: [{child('v')}]}}]"
        ),
        [("Only runnable tasks", "tasks[0].tasks[0].type", 4, 67)],
    ),
    (
        "a WorkingDirectory's child with a worker group",
        task(f"type: core.flow.WorkingDirectory, tasks: [{{id: u, type: {LOG}, message: m, workerGroup: {{key: a}}}}]"),
        [("Cannot set a Worker Group in any WorkingDirectory sub-tasks", "tasks[0].tasks[0].workerGroup", 4, 110)],
    ),
    (
        "a worker group",
        task(f"type: {LOG}, message: m, workerGroup: {{key: a}}"),
        [("Worker Group", "tasks[0].workerGroup", 4, 60)],
    ),
    (
        "a worker selector of another form",
        task(f"type: {LOG}, message: m, workerSelector: {{tgs: [a]}}"),
        [
            ('Unrecognized field "tgs"', "tasks[0].workerSelector.tgs", 4, 77),
            ("must not be null", "tasks[0].workerSelector.tags", 4, 76),
        ],
    ),
    (
        "a subflow with a label of the system",
        task("type: core.flow.Subflow, namespace: x, flowId: y, labels: {system.a: b, c: '{{ x }}'}"),
        [("offending label: system.a=b", 'tasks[0].labels["system.a"]', 4, 70)],
    ),
    (
        "batches with labels that are none",
        task(
            "type: core.flow.ForEachItem, items: x, namespace: x, flowId: y, "
            "labels: [{key: system.a, value: b}, {key: c, value: [d]}]"
        ),
        [
            ("offending label: system.a=b", "tasks[0].labels[0].key", 4, 90),
            ("the label 'c' must be a text", "tasks[0].labels[1].value", 4, 127),
        ],
    ),
    (
        "a flow that calls itself",
        task("type: core.flow.Subflow, namespace: a.b, flowId: f"),
        [("Recursive call to flow [a.b.f]", "tasks[0].flowId", 4, 60)],
    ),
    (
        "a flow that calls itself far inside",
        task(
            "type: core.flow.Sequential, tasks: [{id: p, type: core.flow.Parallel, "
            "errors: [{id: s, type: io.kestra.core.tasks.flows.Flow, namespace: a.b, flowId: f}], tasks: ["
            + child("u")
            + "]}]"
        ),
        [("Recursive call to flow [a.b.f]", "tasks[0].tasks[0].errors[0].flowId", 4, 161)],
    ),
    (
        "what a plugin says itself",
        task("type: core.flow.Pause, pauseDuration: P36500D"),
        [("nobody waits a century", "tasks[0]", 4, 3)],
    ),
    (
        "a single task that is a list",
        task("type: core.flow.Pause, onPause: []"),
        [("must be a task", "tasks[0].onPause", 4, 43)],
    ),
    (
        "a Subflow with tasks",
        task("type: core.flow.Subflow, namespace: a, flowId: b, tasks: []"),
        [('Unrecognized field "tasks"', "tasks[0].tasks", 4, 61)],
    ),
    (
        "a Log with errors",
        task(f"type: {LOG}, message: m, errors: []"),
        [('Unrecognized field "errors"', "tasks[0].errors", 4, 60)],
    ),
]


def dag(*entries: str) -> str:
    return (
        HEAD + "tasks:\n- id: dag\n  type: core.flow.Dag\n  tasks:\n" + "".join(f"  - {entry}\n" for entry in entries)
    )


def entry(name: str, needs: str) -> str:
    return f"{{task: {child(name)}, dependsOn: {needs}}}"


DAGS: Rows = [
    (
        "a circle",
        dag(entry("a", "[b]"), entry("b", "[a]"), entry("c", "[b]"), entry("d", "[]")),
        [("dag: Cyclic dependency detected: a, b;", "tasks[0].tasks[0].dependsOn", 7, 81)],
    ),
    (
        "a task that waits for itself",
        dag(entry("a", "[a]")),
        [("dag: Cyclic dependency detected: a;", "tasks[0].tasks[0].dependsOn", 7, 81)],
    ),
    (
        "a long circle",
        dag(entry("x", "[]"), entry("a", "[c, x]"), entry("b", "[a]"), entry("c", "[b]")),
        [("dag: Cyclic dependency detected: a, b, c;", "tasks[0].tasks[1].dependsOn", 8, 81)],
    ),
    (
        "an unknown task",
        dag(entry("task1", "[taskX]")),
        [
            (
                "dag: Not existing task id in dependency: taskX; did you mean 'task1'?",
                "tasks[0].tasks[0].dependsOn[0]",
                7,
                86,
            )
        ],
    ),
    ("no tasks", dag(), [("must not be empty", "tasks[0].tasks", 6, 9)]),
    ("a null entry", dag("null"), [("must not be null", "tasks[0].tasks[0]", 7, 5)]),
    ("an entry without task", dag("{dependsOn: []}"), [("must not be null", "tasks[0].tasks[0].task", 7, 5)]),
    (
        "a task as entry",
        dag(child("a")),
        [
            ('Unrecognized field "id" (entry of a Dag)', "tasks[0].tasks[0].id", 7, 6),
            ("under 'task:'", "tasks[0].tasks[0].type", 7, 13),
            ('"message"', "tasks[0].tasks[0].message", 7, 50),
            ("must not be null", "tasks[0].tasks[0].task", 7, 5),
        ],
    ),
    (
        "dependsOn that is a text",
        dag(entry("a", "b")),
        [("must be a list of task ids, found 'b'", "tasks[0].tasks[0].dependsOn", 7, 81)],
    ),
    (
        "tasks that are a map",
        HEAD + "tasks:\n- {id: d, type: core.flow.Dag, tasks: {a: b}}",
        [("must be a list of {task, dependsOn}", "tasks[0].tasks", 4, 39)],
    ),
]


def retry(text: str) -> str:
    return task(f"type: {LOG}, message: m, retry: {{{text}}}")


RETRIES: Rows = [
    (
        "interval and maxDuration",
        retry("type: constant, interval: PT10S, maxDuration: PT10S"),
        [("'interval' must be less than 'maxDuration' but is PT10S", "tasks[0].retry", 4, 67)],
    ),
    (
        "interval and maxInterval",
        retry("type: exponential, interval: PT10S, maxInterval: PT5S"),
        [("'interval' must be less than 'maxInterval' but is PT10S", "tasks[0].retry", 4, 67)],
    ),
    (
        "minInterval and maxInterval",
        retry("type: random, minInterval: PT10S, maxInterval: PT5S"),
        [("'minInterval' must be less than 'maxInterval' but is PT10S", "tasks[0].retry", 4, 67)],
    ),
    (
        "minInterval and maxDuration",
        retry("type: random, minInterval: PT4S, maxInterval: PT5S, maxDuration: PT1S"),
        [("'minInterval' must be less than 'maxDuration' but is PT4S", "tasks[0].retry", 4, 67)],
    ),
    (
        "maxInterval and maxDuration",
        retry("type: random, minInterval: PT1S, maxInterval: PT5S, maxDuration: PT2S"),
        [("'maxInterval' must be less than 'maxDuration' but is PT5S", "tasks[0].retry", 4, 67)],
    ),
    (
        "maxAttempt",
        retry("type: constant, interval: PT1S, maxAttempt: 0"),
        [("must be greater than or equal to 1, found 0", "tasks[0].retry.maxAttempt", 4, 112)],
    ),
    ("no interval", retry("type: constant"), [("must not be null", "tasks[0].retry.interval", 4, 67)]),
    (
        "an unknown type",
        retry("type: linear"),
        [("must be one of 'constant', 'exponential', 'random', found 'linear'", "tasks[0].retry.type", 4, 74)],
    ),
    ("no type", retry("interval: PT1S"), [("must not be null: 'type' says which kind", "tasks[0].retry.type", 4, 67)]),
    (
        "an unknown property",
        retry("type: constant, interval: PT1S, maxAttemps: 2"),
        [
            (
                "Unrecognized field \"maxAttemps\" (class retry); did you mean 'maxAttempts'?",
                "tasks[0].retry.maxAttemps",
                4,
                100,
            )
        ],
    ),
    (
        "a bad duration",
        retry("type: constant, interval: 1 minute"),
        [("'1 minute' is not a duration", "tasks[0].retry.interval", 4, 94)],
    ),
    (
        "a retry that is a text",
        task(f"type: {LOG}, message: m, retry: yes please"),
        [("found 'yes please'", "tasks[0].retry", 4, 67)],
    ),
    (
        "the flow's",
        HEAD + "retry: {type: constant, interval: PT2S, maxDuration: PT1S}\n" + TASKS,
        [("'interval' must be less than 'maxDuration'", "retry", 3, 8)],
    ),
]

TABLE = FLOWABLES + DAGS + RETRIES


@pytest.mark.parametrize(("name", "text", "wanted"), TABLE, ids=[each[0] for each in TABLE])
def test_a_flow_is_refused_with_what_was_found_wanted_and_where(name: str, text: str, wanted: list[Expected]) -> None:
    assert_refused(text, wanted)
