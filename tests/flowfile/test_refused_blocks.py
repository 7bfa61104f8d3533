"""What is refused of the blocks besides tasks (flow specification, section 2): what is said, and where."""

from __future__ import annotations

import pytest

from flowfile.refusals import HEAD, LOG, TASKS, Expected, Rows, assert_refused, child

BLOCKS: Rows = [
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
        "a system label in a list",
        HEAD + "labels: [{key: a, value: b}, {key: system.label, value: x}]\n" + TASKS,
        [("offending label: system.label=x", "labels[1].key", 3, 36)],
    ),
    (
        "a worker group without a name for it",
        HEAD + "workerGroup: {key: .a, fallback: NEVER}\n" + TASKS,
        [
            ("must match the pattern [a-zA-Z0-9][a-zA-Z0-9_-]*, found '.a'", "workerGroup.key", 3, 20),
            ("must be one of 'FAIL', 'WAIT', 'CANCEL' or 'IGNORE'", "workerGroup.fallback", 3, 34),
        ],
    ),
    (
        "a worker selector that is none",
        HEAD + "workerSelector: {tags: a, match: SOME, tag: b}\n" + TASKS,
        [
            ("must be a list, found 'a'", "workerSelector.tags", 3, 24),
            ("must be one of 'ALL' or 'ANY', found 'SOME'", "workerSelector.match", 3, 34),
            ('Unrecognized field "tag"', "workerSelector.tag", 3, 40),
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

INPUTS: Rows = [
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

TRIGGERS: Rows = [
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
        "{id: t, type: core.trigger.Flow, conditions: [{type: core.condition.Not, "
        "conditions: [{type: core.condition.Expression, x: 1}]}]}",
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
        "{id: t, type: core.trigger.Webhook, key: k, conditions: [{type: "
        "io.kestra.plugin.core.condition.MultipleCondition}]}",
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
    BLOCKS
    + [(f"input: {name}", f"{HEAD}inputs: [{text}]\n{TASKS}", wanted) for name, text, wanted in INPUTS]
    + [(f"trigger: {name}", f"{HEAD}triggers: [{text}]\n{TASKS}", wanted) for name, text, wanted in TRIGGERS]
)


@pytest.mark.parametrize(("name", "text", "wanted"), TABLE, ids=[each[0] for each in TABLE])
def test_a_flow_is_refused_with_what_was_found_wanted_and_where(name: str, text: str, wanted: list[Expected]) -> None:
    assert_refused(text, wanted)
