"""What is refused of a flow as a whole (flow specification, section 2): what is said, and where."""

from __future__ import annotations

import pytest

from flowfile.refusals import HEAD, LOG, TASKS, Expected, Rows, assert_refused, child, many, problems, task
from tiercel.errors import FlowError
from tiercel.flowfile import parse_flow

WHOLE: Rows = [
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
                f"Unrecognized field \"mesage\" (class {LOG}); did you mean 'message'? (19 known properties: id, type",
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
                "Unrecognized field \"ad\" (property 'point' of class "
                "io.kestra.plugin.test.Many) (2 known properties: name, at)",
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

DUPLICATES: Rows = [
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
        "an input of a form with an unknown type",
        HEAD + TASKS + "inputs:\n- {id: i, type: FORM, inputs: [{id: a, type: INF}, {id: b, type: INT, min: x}]}",
        [
            ("Invalid type: INF; nearest is INT", "inputs[0].inputs[0].type", 6, 46),
            ("must be an integer", "inputs[0].inputs[1].min", 6, 76),
        ],
    ),
    (
        "inputs together with one that is wrong",
        HEAD + TASKS + "inputs:\n- {id: i, type: INF}\n- {id: j, type: INT, dependsOn: {inputs: [i, k]}}",
        [
            ("Invalid type: INF", "inputs[0].type", 6, 17),
            ("Input with id 'j' depends on a non-existent input 'k'.", "inputs[1].dependsOn", 7, 33),
        ],
    ),
    (
        "inputs beside one of which nothing is known",
        HEAD + TASKS + "inputs:\n- null\n- {id: j, type: INT, dependsOn: {inputs: [k]}}",
        [("must not be null", "inputs[0]", 6, 3)],
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

TABLE = WHOLE + DUPLICATES


@pytest.mark.parametrize(("name", "text", "wanted"), TABLE, ids=[each[0] for each in TABLE])
def test_a_flow_is_refused_with_what_was_found_wanted_and_where(name: str, text: str, wanted: list[Expected]) -> None:
    assert_refused(text, wanted)


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
