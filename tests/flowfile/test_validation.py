"""Every rule of validation (flow specification, section 2): what is said, and where."""

from __future__ import annotations

import pytest

from tiercel.errors import FlowError, Problem
from tiercel.flowfile import parse_flow

LOG = "io.kestra.plugin.core.log.Log"
HEAD = "id: f\nnamespace: a.b\n"
TASKS = f"tasks:\n- {{id: t, type: {LOG}, message: m}}\n"


def problems(text: str) -> list[Problem]:
    with pytest.raises(FlowError) as caught:
        parse_flow(text, source="f.yaml")
    return caught.value.problems


def task(text: str) -> str:
    return HEAD + f"tasks:\n- {{id: t, {text}}}\n"


def many(text: str) -> str:
    return task(f"type: io.kestra.plugin.test.Many, {text}")


def child(name: str) -> str:
    return f"{{id: {name}, type: {LOG}, message: m}}"


Expected = tuple[str, str, int, int]
"""A part of the message, the path, the line, the column."""

WHOLE: list[tuple[str, str, list[Expected]]] = [
    ("no tasks", HEAD, [("must not be empty", "tasks", 1, 1)]),
    ("empty tasks", HEAD + "tasks: []", [("must not be empty", "tasks", 3, 8)]),
    ("null tasks", HEAD + "tasks:", [("must not be empty", "tasks", 3, 7)]),
    ("tasks that are no list", HEAD + "tasks: {a: b}", [("must be a list of tasks, found a map", "tasks", 3, 8)]),
    ("errors that are no list", HEAD + TASKS + "errors: x", [("must be a list of tasks, found 'x'", "errors", 5, 9)]),
    ("a null task", HEAD + "tasks: [null]", [("must not be null", "tasks[0]", 3, 9)]),
    ("a text as task", HEAD + "tasks: [log]", [("must be a task: a map with 'id' and 'type'", "tasks[0]", 3, 9)]),
    ("no id and no namespace", TASKS, [("must not be blank", "id", 1, 1), ("must not be blank", "namespace", 1, 1)]),
    (
        "blank id and namespace",
        'id: ""\nnamespace: " "\n' + TASKS,
        [("must not be blank", "id", 1, 5), ("must not be blank", "namespace", 2, 12)],
    ),
    (
        "illegal characters",
        "id: a/b\nnamespace: A.b\n" + TASKS,
        [("must match the pattern", "id", 1, 5), ("must match the pattern", "namespace", 2, 12)],
    ),
    (
        "names that are too long",
        f"id: {'a' * 101}\nnamespace: {'a' * 151}\n" + TASKS,
        [("at most 100 characters, found 101", "id", 1, 5), ("at most 150", "namespace", 2, 12)],
    ),
    ("an id that is a list", "id: [a]\nnamespace: a\n" + TASKS, [("must be a text, found a list", "id", 1, 5)]),
    ("a task without id", HEAD + f"tasks:\n- type: {LOG}\n  message: m", [("must not be null", "tasks[0].id", 4, 3)]),
    ("a blank task id", HEAD + f'tasks:\n- {{id: "", type: {LOG}, message: m}}', [("pattern", "tasks[0].id", 4, 8)]),
    (
        "a task id with a dot",
        HEAD + f"tasks:\n- {{id: a.b, type: {LOG}, message: m}}",
        [("must match the pattern", "tasks[0].id", 4, 8)],
    ),
    (
        "a task id that is too long",
        HEAD + f"tasks:\n- {{id: {'a' * 257}, type: {LOG}, message: m}}",
        [("at most 256", "tasks[0].id", 4, 8)],
    ),
    (
        "a duplicate key",
        HEAD + TASKS + "variables:\n  tf: 1\n  tf: 2",
        [("Duplicate field 'tf'", "variables.tf", 7, 3)],
    ),
    (
        "an unknown property of the flow",
        HEAD + TASKS + "taskz: []",
        [("Unrecognized field \"taskz\" (flow); did you mean 'tasks'?", "taskz", 5, 1)],
    ),
    ("extend in a saved flow", HEAD + TASKS + "extend: {}", [('Unrecognized field "extend"', "extend", 5, 1)]),
    (
        "an unknown property of a task",
        task(f"type: {LOG}, mesage: m, message: x"),
        [
            (
                f"Unrecognized field \"mesage\" (class {LOG}); did you mean 'message'? (18 known properties: id, type",
                "tasks[0].mesage",
                4,
                48,
            )
        ],
    ),
    (
        "an unknown property inside",
        many("point: {name: a, ad: 1}"),
        [
            (
                "Unrecognized field \"ad\" (property 'point' of class io.kestra.plugin.test.Many) (2 known properties: name, at)",
                "tasks[0].point.ad",
                4,
                62,
            )
        ],
    ),
    (
        "an unknown property beside a template",
        many("points: [{name: '{{ x }}', ad: 1}]"),
        [('Unrecognized field "ad"', "tasks[0].points[0].ad", 4, 72)],
    ),
    ("an odd name", many("'a b': 1"), [('Unrecognized field "a b"', 'tasks[0]["a b"]', 4, 45)]),
    (
        "one property twice",
        many("text: a, oldText: b"),
        [("'oldText' and 'text' are one property; keep 'text'", "tasks[0].oldText", 4, 54)],
    ),
    (
        "an unknown type",
        task("type: io.kestra.plugin.core.log.Lag"),
        [(f"Invalid type: io.kestra.plugin.core.log.Lag; nearest is {LOG}", "tasks[0].type", 4, 17)],
    ),
    (
        "a type unlike any",
        task("type: zzzzzz"),
        [("Invalid type: zzzzzz; no known type is like it", "tasks[0].type", 4, 17)],
    ),
    ("a missing type", task("message: x"), [("Invalid type: null; every task needs a type", "tasks[0].type", 4, 3)]),
    ("a type that is a number", task("type: 12"), [("Invalid type: 12", "tasks[0].type", 4, 17)]),
    (
        "a type without code",
        task("type: io.kestra.plugin.test.Missing"),
        [("cannot be loaded", "tasks[0].type", 4, 17)],
    ),
    (
        "problems inside a task of unknown type",
        HEAD + "tasks:\n- id: t\n  type: core.flow.Sequentail\n  tasks:\n  - {id: u, type: nothing}",
        [
            ("nearest is io.kestra.plugin.core.flow.Sequential", "tasks[0].type", 5, 9),
            ("Invalid type: nothing", "tasks[0].tasks[0].type", 7, 19),
        ],
    ),
    (
        "an unknown task without id",
        HEAD + "tasks:\n- type: nothing",
        [("must not be blank", "tasks[0].id", 4, 3), ("Invalid type", "tasks[0].type", 4, 9)],
    ),
    (
        "a missing property",
        task(f"type: {LOG}"),
        [("must not be null: this property is required", "tasks[0].message", 4, 3)],
    ),
    (
        "a null for a required property",
        task(f"type: {LOG}, message: null"),
        [("must not be null", "tasks[0].message", 4, 57)],
    ),
]

DUPLICATES: list[tuple[str, str, list[Expected]]] = [
    (
        "tasks everywhere and triggers",
        HEAD
        + f"""tasks:
- {child("a")}
- id: if
  type: core.flow.If
  condition: x
  then: [{child("b")}]
  else: [{child("a")}]
- id: switch
  type: core.flow.Switch
  value: x
  cases: {{x: [{child("c")}]}}
  defaults: [{child("d")}]
errors: [{child("b")}]
finally: [{child("c")}]
afterExecution: [{child("d")}]
listeners: [{{tasks: [{child("switch")}]}}]
triggers:
- {{id: t, type: core.trigger.Schedule, cron: x}}
- {{id: t, type: core.trigger.Webhook, key: x}}
""",
        [
            ("Duplicate task id with name [a, b, switch, c, d]: 'a' on lines 4, 9;", "tasks[1].else[0].id", 9, 15),
            ("Duplicate trigger id with name [t]: 't' on lines 20, 21", "triggers[1].id", 21, 8),
        ],
    ),
    (
        "disabled tasks too",
        HEAD + f"tasks:\n- {child('a')}\n- {{id: a, type: {LOG}, message: m, disabled: true}}",
        [("Duplicate task id with name [a]", "tasks[1].id", 5, 8)],
    ),
    (
        "inputs",
        HEAD + TASKS + "inputs:\n- {id: i, type: INT}\n- {id: i, type: INT}",
        [("Duplicate input with name [i]", "inputs[1].id", 7, 8)],
    ),
    (
        "outputs",
        HEAD + TASKS + "outputs:\n- {id: o, type: INT, value: 1}\n- {id: o, type: INT, value: 1}",
        [("Duplicate output with name [o]", "outputs[1].id", 7, 8)],
    ),
]

FLOWABLES: list[tuple[str, str, list[Expected]]] = [
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
            "type: core.flow.Parallel, tasks: [{id: u, type: core.flow.Parallel}], errors: [{id: v, type: core.flow.If, condition: x}]"
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
            f"type: core.flow.WorkingDirectory, tasks: [{{id: u, type: core.flow.WorkingDirectory, tasks: [{child('v')}]}}]"
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
        "a flow that calls itself",
        task("type: core.flow.Subflow, namespace: a.b, flowId: f"),
        [("Recursive call to flow [a.b.f]", "tasks[0].flowId", 4, 60)],
    ),
    (
        "a flow that calls itself far inside",
        task(
            "type: core.flow.Sequential, tasks: [{id: p, type: core.flow.Parallel, errors: [{id: s, type: io.kestra.core.tasks.flows.Flow, namespace: a.b, flowId: f}], tasks: ["
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


DAGS: list[tuple[str, str, list[Expected]]] = [
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


RETRIES: list[tuple[str, str, list[Expected]]] = [
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

BLOCKS: list[tuple[str, str, list[Expected]]] = [
    (
        "concurrency without limit",
        HEAD + "concurrency: {behavior: FAIL}\n" + TASKS,
        [("must be greater than 0", "concurrency.limit", 3, 14)],
    ),
    (
        "concurrency of nothing",
        HEAD + "concurrency: {limit: 0}\n" + TASKS,
        [("must be greater than 0, found 0", "concurrency.limit", 3, 22)],
    ),
    (
        "concurrency that is a text",
        HEAD + "concurrency: {limit: many}\n" + TASKS,
        [("must be an integer, found 'many'", "concurrency.limit", 3, 22)],
    ),
    (
        "an unknown behaviour",
        HEAD + "concurrency: {limit: 1, behavior: QUEU}\n" + TASKS,
        [
            (
                "must be one of 'QUEUE', 'CANCEL' or 'FAIL', found 'QUEU'; did you mean 'QUEUE'?",
                "concurrency.behavior",
                3,
                35,
            )
        ],
    ),
    (
        "concurrency that is a number",
        HEAD + "concurrency: 3\n" + TASKS,
        [("must be a map, found 3", "concurrency", 3, 14)],
    ),
    (
        "system labels",
        HEAD + "labels: {system.label: x, a: b}\n" + TASKS,
        [
            (
                "System labels can only be set by Kestra itself, offending label: system.label=x",
                'labels["system.label"]',
                3,
                10,
            )
        ],
    ),
    (
        "a label that is a list",
        HEAD + "labels: {a: [x]}\n" + TASKS,
        [("the label 'a' must be a text, a number, true or false, found a list", "labels.a", 3, 13)],
    ),
    ("a label that is null", HEAD + "labels: {a: }\n" + TASKS, [("the label 'a' must be a text", "labels.a", 3, 13)]),
    (
        "a label without key",
        HEAD + "labels: [{value: x}, {key: a, value: b, other: c}, text]\n" + TASKS,
        [
            ("key must not be blank", "labels[0].key", 3, 10),
            ('Unrecognized field "other" (label)', "labels[1].other", 3, 41),
            ("must be a map with 'key' and 'value'", "labels[2]", 3, 52),
        ],
    ),
    ("labels that are a text", HEAD + "labels: x\n" + TASKS, [("must be a map or a list", "labels", 3, 9)]),
    (
        "variables that are a list",
        HEAD + "variables: [x]\n" + TASKS,
        [("must be a map, found a list", "variables", 3, 12)],
    ),
    (
        "a description that is a map",
        HEAD + "description: {a: b}\n" + TASKS,
        [("must be a text, found a map", "description", 3, 14)],
    ),
    (
        "disabled that is a text",
        HEAD + "disabled: maybe\n" + TASKS,
        [("must be true or false, found 'maybe'", "disabled", 3, 11)],
    ),
    ("a revision of 0", HEAD + "revision: 0\n" + TASKS, [("must be an integer of at least 1", "revision", 3, 11)]),
    ("a tenant", HEAD + "tenantId: A\n" + TASKS, [("must match the pattern", "tenantId", 3, 11)]),
    (
        "an empty listener",
        HEAD + "listeners: [{tasks: []}]\n" + TASKS,
        [("must not be empty", "listeners[0].tasks", 3, 21)],
    ),
    (
        "an unknown property of a listener",
        HEAD + f"listeners: [{{tasks: [{child('u')}], taks: 1}}]\n" + TASKS,
        [("Unrecognized field \"taks\" (listener); did you mean 'tasks'?", "listeners[0].taks", 3, 81)],
    ),
    (
        "a listener's condition",
        HEAD + f"listeners: [{{tasks: [{child('u')}], conditions: [{{type: nothing}}]}}]\n" + TASKS,
        [("Invalid type: nothing", "listeners[0].conditions[0].type", 3, 101)],
    ),
    (
        "an SLA without duration",
        HEAD + "sla: [{id: a, type: MAX_DURATION, behavior: FAIL}]\n" + TASKS,
        [("an SLA of type MAX_DURATION needs 'duration'", "sla[0].duration", 3, 7)],
    ),
    (
        "an SLA with the wrong property",
        HEAD + "sla: [{id: a, type: EXECUTION_ASSERTION, assert: x, duration: PT1S, behavior: FAIL}]\n" + TASKS,
        [("has no 'duration'; it needs 'assert'", "sla[0].duration", 3, 53)],
    ),
    (
        "an SLA with a system label",
        HEAD + "sla: [{id: a, type: MAX_DURATION, duration: PT1S, behavior: NONE, labels: {system.a: b}}]\n" + TASKS,
        [("System labels", 'sla[0].labels["system.a"]', 3, 76)],
    ),
    (
        "an SLA of unknown type",
        HEAD + "sla: [{id: a, type: MAX, behavior: NONE}]\n" + TASKS,
        [("must be one of 'MAX_DURATION' or 'EXECUTION_ASSERTION', found 'MAX'", "sla[0].type", 3, 21)],
    ),
    (
        "a check without message",
        HEAD + 'checks: [{condition: "{{ x }}"}]\n' + TASKS,
        [("must not be null", "checks[0].message", 3, 10)],
    ),
    (
        "a check with both names",
        HEAD + "checks: [{condition: x, when: x, message: m}]\n" + TASKS,
        [("are one property", "checks[0].when", 3, 25)],
    ),
    ("checks that are a map", HEAD + "checks: {}\n" + TASKS, [("must be a list, found a map", "checks", 3, 9)]),
    (
        "a plugin default without values",
        HEAD + f"pluginDefaults: [{{type: {LOG}}}]\n" + TASKS,
        [("must not be null; wanted the properties", "pluginDefaults[0].values", 3, 18)],
    ),
    (
        "a plugin default without type",
        HEAD + "pluginDefaults: [{values: {}}]\n" + TASKS,
        [("must not be blank", "pluginDefaults[0].type", 3, 18)],
    ),
    (
        "a plugin default that is null",
        HEAD + f"pluginDefaults: [{{type: {LOG}, values: {{level: null}}}}]\n" + TASKS,
        [("must not be null", "pluginDefaults[0].values.level", 3, 72)],
    ),
    (
        "an unknown property of a default",
        HEAD + f"pluginDefaults: [{{type: {LOG}, values: {{levle: INFO}}}}]\n" + TASKS,
        [
            (
                f"Invalid Plugin Default: No property 'levle' exists in plugin '{LOG}'; did you mean 'level'?",
                "pluginDefaults[0].values.levle",
                3,
                65,
            )
        ],
    ),
    (
        "an unknown word in a default",
        HEAD + f"pluginDefaults: [{{type: {LOG}, values: {{}}, force: true}}]\n" + TASKS,
        [("Unrecognized field \"force\" (plugin default); did you mean 'forced'?", "pluginDefaults[0].force", 3, 68)],
    ),
    (
        "the old name of the defaults",
        HEAD + "taskDefaults: [{type: a}]\n" + TASKS,
        [("must not be null", "taskDefaults[0].values", 3, 16)],
    ),
    (
        "both names of the defaults",
        HEAD + "taskDefaults: []\npluginDefaults: []\n" + TASKS,
        [('Unrecognized field "taskDefaults"', "taskDefaults", 3, 1)],
    ),
]

INPUTS: list[tuple[str, str, list[Expected]]] = [
    ("an unknown type", "{id: i, type: FOO}", [("Invalid type: FOO", "inputs[0].type", 3, 24)]),
    (
        "a type almost known",
        "{id: i, type: STRNG}",
        [("Invalid type: STRNG; did you mean 'STRING'?", "inputs[0].type", 3, 24)],
    ),
    ("a missing type", "{id: i}", [("Invalid type: null", "inputs[0].type", 3, 10)]),
    (
        "a bad regular expression",
        "{id: i, type: STRING, validator: '['}",
        [("invalid pattern [[]", "inputs[0].validator", 3, 43)],
    ),
    ("a secret's", "{id: i, type: SECRET, validator: '\\'}", [("invalid pattern [\\]", "inputs[0].validator", 3, 43)]),
    (
        "a file with a default",
        "{id: i, type: FILE, defaults: x}",
        [("no defaults can be set for inputs of type 'FILE'", "inputs[0].defaults", 3, 40)],
    ),
    (
        "an array of arrays",
        "{id: i, type: ARRAY, itemType: ARRAY}",
        [("itemType cannot be ARRAY", "inputs[0].itemType", 3, 41)],
    ),
    (
        "an unknown dependency",
        "{id: i, type: INT, dependsOn: {inputs: [j]}}",
        [("Input with id 'i' depends on a non-existent input 'j'.", "inputs[0].dependsOn", 3, 40)],
    ),
    (
        "a dependency on itself",
        "{id: i, type: INT, dependsOn: {inputs: [i]}}",
        [("Cycle dependency detected for input with id i", "inputs[0].dependsOn", 3, 40)],
    ),
    (
        "a default and prefill",
        "{id: i, type: INT, defaults: 1, prefill: 2}",
        [("exclude each other", "inputs[0].prefill", 3, 51)],
    ),
    (
        "an unknown property",
        "{id: i, type: INT, mni: 1}",
        [("Unrecognized field \"mni\" (input of type INT); did you mean 'min'?", "inputs[0].mni", 3, 29)],
    ),
    ("a number for a map", "12", [("must be a map, found 12", "inputs[0]", 3, 10)]),
    ("a null", "null", [("must not be null", "inputs[0]", 3, 10)]),
    ("a bad id", "{id: 'a b', type: INT}", [("must match the pattern", "inputs[0].id", 3, 15)]),
    (
        "one inside another",
        "{id: a, type: INT}, {id: a.b, type: INT}",
        [("conflicts with input 'a'", "inputs[1].id", 3, 35)],
    ),
]

VALUES: list[tuple[str, str, list[Expected]]] = [
    ("a number", many("number: x"), [("must be an integer, found 'x'", "tasks[0].number", 4, 53)]),
    ("a fraction for an integer", many("number: 1.5"), [("must be an integer, found 1.5", "tasks[0].number", 4, 53)]),
    ("a number too small", many("number: 0"), [("must be greater than 0, found 0", "tasks[0].number", 4, 53)]),
    ("a fraction", many("ratio: [1]"), [("must be a number, found a list", "tasks[0].ratio", 4, 52)]),
    ("a switch", many("flag: maybe"), [("must be true or false, found 'maybe'", "tasks[0].flag", 4, 51)]),
    (
        "a duration",
        many("wait: 5 minutes"),
        [("'5 minutes' is not a duration; write ISO-8601", "tasks[0].wait", 4, 51)],
    ),
    ("a choice", many("colour: BLUE"), [("must be one of 'RED' or 'GREEN', found 'BLUE'", "tasks[0].colour", 4, 53)]),
    ("a choice in lower case", many("colour: red"), [("found 'red'; did you mean 'RED'?", "tasks[0].colour", 4, 53)]),
    (
        "a static choice with an expression",
        many("mode: '{{ x }}'"),
        [("expressions are not rendered in this property", "tasks[0].mode", 4, 51)],
    ),
    (
        "a static number with an expression",
        many("size: '{{ x }}'"),
        [("must be an integer, found '{{ x }}'; expressions", "tasks[0].size", 4, 51)],
    ),
    ("a list", many("texts: {a: b}"), [("must be a list, found a map", "tasks[0].texts", 4, 52)]),
    ("an empty list", many("texts: []"), [("must not be empty", "tasks[0].texts", 4, 52)]),
    ("an element", many("texts: [a, {b: c}]"), [("must be a text, found a map", "tasks[0].texts[1]", 4, 56)]),
    ("a null element", many("texts: [a, null]"), [("must not be null, wanted a text", "tasks[0].texts[1]", 4, 56)]),
    ("a map", many("env: [a]"), [("must be a map, found a list", "tasks[0].env", 4, 50)]),
    ("either of two", many("either: {a: b}"), [("wanted a text or a list, found a map", "tasks[0].either", 4, 53)]),
    ("an element of either", many("either: [a, [b]]"), [("must be a text, found a list", "tasks[0].either[1]", 4, 57)]),
    (
        "inside a structure",
        many("point: {name: a, at: -1}"),
        [("must be greater than or equal to 0, found -1", "tasks[0].point.at", 4, 66)],
    ),
    ("missing in a structure", many("points: [{at: 1}]"), [("must not be null", "tasks[0].points[0].name", 4, 54)]),
    ("a structure in text", many("points: '[{\"at\": 1}]'"), [("must not be null", "tasks[0].points[0].name", 4, 53)]),
    (
        "more than one of two",
        task("type: io.kestra.plugin.test.Data, fromUri: a, fromList: [b]"),
        [("only one of fromUri and fromList may be set", "tasks[0]", 4, 3)],
    ),
    (
        "several at once",
        many("number: x, flag: maybe"),
        [("an integer", "tasks[0].number", 4, 53), ("true or false", "tasks[0].flag", 4, 62)],
    ),
    ("a timeout", many("timeout: soon"), [("'soon' is not a duration", "tasks[0].timeout", 4, 54)]),
    (
        "a log level",
        many("logLevel: LOUD"),
        [("must be one of 'TRACE', 'DEBUG', 'INFO', 'WARN' or 'ERROR', found 'LOUD'", "tasks[0].logLevel", 4, 55)],
    ),
    (
        "disabled",
        many("disabled: '{{ x }}'"),
        [("must be true or false, found '{{ x }}'; expressions are not rendered", "tasks[0].disabled", 4, 55)],
    ),
    (
        "the old name",
        many("oldText: [{a: b}], legacy: [x]"),
        [("must be a text, found a list", "tasks[0].legacy", 4, 72)],
    ),
]

TRIGGERS: list[tuple[str, str, list[Expected]]] = [
    (
        "an unknown type",
        "{id: t, type: core.trigger.Shedule}",
        [("nearest is io.kestra.plugin.core.trigger.Schedule", "triggers[0].type", 3, 26)],
    ),
    (
        "an unknown type and a bad id",
        "{id: a b, type: nothing}",
        [("must match the pattern", "triggers[0].id", 3, 17), ("Invalid type: nothing", "triggers[0].type", 3, 28)],
    ),
    ("a missing type", "{id: t}", [("Invalid type: null; every trigger needs a type", "triggers[0].type", 3, 12)]),
    ("a missing property", "{id: t, type: core.trigger.Schedule}", [("must not be null", "triggers[0].cron", 3, 12)]),
    (
        "an unknown property",
        "{id: t, type: core.trigger.Schedule, cron: x, corn: y}",
        [('Unrecognized field "corn"', "triggers[0].corn", 3, 58)],
    ),
    ("a null", "null", [("must not be null", "triggers[0]", 3, 12)]),
    ("a blank key", "{id: t, type: core.trigger.Webhook, key: ''}", [("must not be empty", "triggers[0].key", 3, 53)]),
    (
        "a long key",
        f"{{id: t, type: core.trigger.Webhook, key: {'k' * 257}}}",
        [("must have at most 256 characters", "triggers[0].key", 3, 53)],
    ),
    (
        "an unknown condition",
        "{id: t, type: core.trigger.Flow, conditions: [{type: core.condition.Nothing}]}",
        [("Invalid type: core.condition.Nothing", "triggers[0].conditions[0].type", 3, 65)],
    ),
    (
        "a condition inside another",
        "{id: t, type: core.trigger.Flow, conditions: [{type: core.condition.Not, conditions: [{type: core.condition.Expression, x: 1}]}]}",
        [('Unrecognized field "x"', "triggers[0].conditions[0].conditions[0].x", 3, 132)],
    ),
    (
        "a condition that is a text",
        "{id: t, type: core.trigger.Webhook, key: k, conditions: [x]}",
        [
            ("must be a map, found 'x'", "triggers[0].conditions[0]", 3, 69),
            ("must be a condition", "triggers[0].conditions[0]", 3, 69),
        ],
    ),
    (
        "a webhook with many flows",
        "{id: t, type: core.trigger.Webhook, key: k, conditions: [{type: io.kestra.plugin.core.condition.MultipleCondition}]}",
        [
            (
                "invalid webhook: conditions of type MultipleCondition are not supported",
                "triggers[0].conditions[0].type",
                3,
                76,
            )
        ],
    ),
]

TABLE = (
    [
        (f"{group}: {name}", text, wanted)
        for group, rows in [
            ("flow", WHOLE),
            ("duplicates", DUPLICATES),
            ("flowables", FLOWABLES),
            ("dag", DAGS),
            ("retry", RETRIES),
            ("blocks", BLOCKS),
            ("values", VALUES),
        ]
        for name, text, wanted in rows
    ]
    + [(f"inputs: {name}", f"{HEAD}inputs: [{text}]\n{TASKS}", wanted) for name, text, wanted in INPUTS]
    + [(f"triggers: {name}", f"{HEAD}triggers: [{text}]\n{TASKS}", wanted) for name, text, wanted in TRIGGERS]
)


@pytest.mark.parametrize(("name", "text", "wanted"), TABLE, ids=[each[0] for each in TABLE])
def test_a_flow_is_refused_with_what_was_found_wanted_and_where(name: str, text: str, wanted: list[Expected]) -> None:
    found = problems(text)
    places = [(problem.path, problem.line, problem.column) for problem in found]
    assert sorted(places) == sorted((path, line, column) for _, path, line, column in wanted), found
    for message, path, line, column in wanted:
        there = [each.message for each in found if (each.path, each.line, each.column) == (path, line, column)]
        assert any(message in text for text in there), there


def test_all_problems_are_said_at_once_in_the_order_of_the_document() -> None:
    found = problems("id: a/b\nlabels: {system.a: b}\ntasks:\n- type: nothing\n  id: x\nextra: 1\n")
    assert [problem.path for problem in found] == [
        "id",
        "namespace",
        'labels["system.a"]',
        "tasks[0].type",
        "extra",
    ] or [problem.path for problem in found] == ["namespace", "id", 'labels["system.a"]', "tasks[0].type", "extra"]
    assert [problem.line for problem in found] == sorted(problem.line or 0 for problem in found)


def test_the_error_text_names_the_file_the_line_and_the_column() -> None:
    with pytest.raises(FlowError) as caught:
        parse_flow(HEAD, source="flows/f.yaml")
    assert str(caught.value) == "flows/f.yaml:1:1: tasks: must not be empty: a flow needs at least one task"


ACCEPTED = [
    "number: '{{ x }}'", "number: 5", "number: '5'", "ratio: '{{ x }}'", "flag: 'true'", "flag: '{% if x %}true{% endif %}'",
    "wait: PT5S", "wait: '{{ x }}'", "wait: 5", "colour: '{{ x }}'", "texts: '{{ x }}'", "texts: '[\"a\"]'", "texts: ['{{ x }}']",
    "env: '{{ x }}'", "env: {A: '{{ x }}', '{{ b }}': 1}", "points: '{{ x }}'", "points: [{name: a, at: '{{ x }}'}]",
    "either: a", "either: [a]", "either: '{{ x }}'", "anything: [{a: null}]", "text: {a: 1}", "text: null", "number: null",
    "point: {name: '{{ literal }}'}", "disabled: true", "disabled: 'true'", "retry: null", "timeout: '{{ x }}'",
]  # fmt: skip


@pytest.mark.parametrize("text", ACCEPTED)
def test_expressions_and_whatever_can_become_the_right_type_are_accepted(text: str) -> None:
    assert parse_flow(many(text)).id == "f"


def test_a_rule_over_several_properties_waits_for_the_expressions() -> None:
    text = "type: io.kestra.plugin.test.Data, fromUri: '{{ x }}', fromList: [b]"
    assert parse_flow(task(text)).nodes["t"].properties["fromUri"] == "{{ x }}"
