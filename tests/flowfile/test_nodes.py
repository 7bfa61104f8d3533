"""The tree of nodes that a valid flow becomes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tiercel.errors import FlowError
from tiercel.flowfile import parse_flow
from tiercel.model.flow import Flow, Node
from tiercel.model.retry import ConstantRetry, RandomRetry
from tiercel.model.states import Level

LOG = "io.kestra.plugin.core.log.Log"


def flow(body: str) -> Flow:
    return parse_flow("id: f\nnamespace: a.b\n" + body)


def log(name: str, more: str = "") -> str:
    return f"{{id: {name}, type: {LOG}, message: m{', ' + more if more else ''}}}"


WHOLE = f"""
tasks:
  - {log("a")}
  - {log("off", "disabled: true")}
  - id: seq
    type: io.kestra.plugin.core.flow.Sequential
    tasks:
      - {log("b")}
      - id: if
        type: core.flow.If
        condition: "{{{{ true }}}}"
        then: [{log("c")}, {log("gone", "disabled: yes")}, {log("d")}]
        else: [{log("e")}]
        errors: [{log("f")}]
        finally: [{log("g")}]
    errors: [{log("h")}]
  - id: switch
    type: io.kestra.plugin.core.flow.Switch
    value: x
    cases:
      true: [{log("i")}]
      "a b": [{log("j")}]
    defaults: [{log("k")}]
errors: [{log("l")}]
finally: [{log("m")}]
afterExecution: [{log("n")}]
listeners:
  - tasks: [{log("o")}]
  - conditions: [{{type: io.kestra.core.models.conditions.types.VariableCondition, expression: x}}]
    tasks: [{log("p")}]
"""


def test_tasks_are_numbered_in_the_order_of_the_document_flowables_before_their_children() -> None:
    found = flow(WHOLE)
    order = sorted(found.nodes.values(), key=lambda node: node.order)
    assert " ".join(node.id for node in order) == "a seq b if c d e f g h switch i j k l m n o p"
    assert [node.order for node in order] == list(range(19))


def test_branches_parents_and_indexes_say_where_a_task_stands() -> None:
    found = flow(WHOLE)
    nodes = found.nodes
    assert list(found.branches) == ["tasks", "errors", "finally", "afterExecution", "listeners.0", "listeners.1"]
    assert [node.id for node in found.branches["tasks"]] == ["a", "seq", "switch"]
    assert {name: [child.id for child in branch] for name, branch in nodes["if"].branches.items()} == {
        "then": ["c", "d"],
        "else": ["e"],
        "errors": ["f"],
        "finally": ["g"],
    }
    assert list(nodes["switch"].branches) == ["cases.true", "cases.a b", "defaults"]
    for name, branch, index in [("switch", "tasks", 2), ("d", "then", 1), ("j", "cases.a b", 0), ("h", "errors", 0)]:
        assert (nodes[name].branch, nodes[name].index) == (branch, index)
    assert nodes["p"].branch == "listeners.1"
    assert [node.id for node in nodes["c"].ancestors()] == ["if", "seq"]
    assert nodes["a"].parent is None
    assert found.listeners[1].branch == "listeners.1"
    assert found.listeners[1].conditions[0]["type"] == "io.kestra.plugin.core.condition.Expression"
    assert nodes["if"].type == "io.kestra.plugin.core.flow.If"


def test_properties_are_the_plugins_own_as_authored() -> None:
    node = flow(f"tasks:\n- {{id: a, type: {LOG}, message: '{{{{ x }}}}', level: WARN, timeout: PT1S}}").nodes["a"]
    assert node.properties == {"message": "{{ x }}", "level": "WARN"}
    nested = flow(WHOLE).nodes["if"]
    assert nested.properties == {"condition": "{{ true }}"}


COMMON = f"""
tasks:
  - id: all
    type: {LOG}
    message: m
    description: 12
    runIf: {{run_if}}
    timeout: {{timeout}}
    allowFailure: true
    allowWarning: yes
    logLevel: WARN
    logToFile: true
    version: 1.10
    taskCache: {{{{enabled: true, ttl: PT1H}}}}
    workerSelector: {{{{tags: [a]}}}}
"""


@pytest.mark.parametrize(
    ("run_if", "wanted"),
    [("false", "false"), ("yes", "yes"), ("'{{ inputs.x }}'", "{{ inputs.x }}"), ("0", "0"), ("null", "true")],
)
def test_common_properties(run_if: str, wanted: str) -> None:
    node = flow(COMMON.format(run_if=run_if, timeout="PT5S")).nodes["all"]
    assert node.run_if == ("true" if wanted == "yes" else wanted)
    assert node.timeout == "PT5S"
    assert node.allow_failure
    assert node.allow_warning
    assert node.log_to_file
    assert node.log_level is Level.WARN


def test_a_timeout_may_be_an_expression_or_a_number_of_seconds() -> None:
    assert flow(COMMON.format(run_if="x", timeout="'{{ x }}'")).nodes["all"].timeout == "{{ x }}"
    assert flow(COMMON.format(run_if="x", timeout="12")).nodes["all"].timeout == "12"


def test_a_switch_may_be_written_as_text() -> None:
    found = flow("tasks:\n- " + log("a", "allowFailure: 'false'") + "\n- " + log("b", "disabled: 'true'"))
    assert list(found.nodes) == ["a"]
    assert not found.nodes["a"].allow_failure


def test_a_failure_is_allowed_in_allow_failure_unless_it_says_otherwise() -> None:
    text = "- {{id: {0}, type: io.kestra.plugin.core.flow.AllowFailure, tasks: [" + log("{0}1") + "]{1}}}\n"
    text = text.replace(log("{0}1"), log("{0}1").replace("{id", "{{id").replace("m}", "m}}"))
    found = flow("tasks:\n" + text.format("a", "") + text.format("b", ", allowFailure: false"))
    assert found.nodes["a"].allow_failure
    assert not found.nodes["b"].allow_failure
    assert not found.nodes["a1"].allow_failure


RETRIES = f"""
retry: {{type: constant, interval: PT1S}}
tasks:
  - {log("flow")}
  - {log("own", "retry: {type: random, minInterval: PT1S, maxInterval: PT2S, maxAttempt: 3}")}
  - id: seq
    type: io.kestra.plugin.core.flow.Sequential
    retry: {{type: constant, interval: PT5S, behavior: CREATE_NEW_EXECUTION}}
    tasks:
      - {log("near")}
      - id: par
        type: io.kestra.plugin.core.flow.Parallel
        tasks: [{log("deep")}]
errors:
  - {log("error")}
"""


def test_the_retry_is_the_tasks_own_or_the_nearest_around_it_or_the_flows() -> None:
    found = flow(RETRIES)
    own = found.nodes["own"].retry
    assert isinstance(own, RandomRetry)
    assert own.max_attempts == 3
    for name, seconds in [("flow", 1), ("near", 5), ("deep", 5), ("error", 1)]:
        policy = found.nodes[name].retry
        assert isinstance(policy, ConstantRetry)
        assert policy.interval == timedelta(seconds=seconds), name
    assert [notice.path for notice in found.notices] == ["tasks[1].retry.maxAttempt"]
    assert found.nodes["own"].notices == ("'maxAttempt' is deprecated: use 'maxAttempts'",)


DAG = f"""
tasks:
  - id: dag
    type: io.kestra.plugin.core.flow.Dag
    tasks:
      - task: {log("a")}
      - task: {log("b", "disabled: true")}
        dependsOn: [a]
      - task: {log("007")}
        dependsOn: [a, b]
      - task: {log("d")}
        dependsOn: [007]
"""


def test_a_dag_has_its_dependencies_without_disabled_tasks() -> None:
    nodes = flow(DAG).nodes
    assert {name: node.depends_on for name, node in nodes.items()} == {"dag": (), "a": (), "007": ("a",), "d": ("007",)}
    assert [child.id for child in nodes["dag"].branches["tasks"]] == ["a", "007", "d"]
    assert nodes["d"].index == 2


def test_a_working_directory_holds_tasks_and_a_pause_may_hold_one() -> None:
    nodes = flow(
        f"""
tasks:
  - id: wd
    type: io.kestra.core.tasks.flows.Worker
    tasks: [{log("a")}, {log("b")}]
  - id: pause
    type: io.kestra.plugin.core.flow.Pause
    pauseDuration: PT1S
    onPause: {log("c")}
  - {{id: sub, type: io.kestra.plugin.core.flow.Subflow, namespace: a.b, flowId: other}}
"""
    ).nodes
    assert nodes["wd"].type == "io.kestra.plugin.core.flow.WorkingDirectory"
    assert [child.id for child in nodes["wd"].branches["tasks"]] == ["a", "b"]
    assert [child.id for child in nodes["pause"].branches["onPause"]] == ["c"]
    assert nodes["sub"].branches == {}


def test_a_disabled_flowable_takes_its_children_with_it() -> None:
    found = flow(f"tasks:\n- {log('a')}\n- {{id: s, type: core.flow.Sequential, disabled: true, tasks: [{log('b')}]}}")
    assert list(found.nodes) == ["a"]


KEPT = """
tasks:
  - id: many
    type: io.kestra.plugin.test.Many
    text: %s
    texts: [yes, 1.10, 12, true, ~0]
    env: {A: no, B: 1.10, C: 0x10, D: null, E: {x: 1}}
    either: 007
    anything: {a: yes, b: 1.10}
    points: [{name: on}, {name: 1_0, at: 3}]
    number: "5"
    flag: yes
    colour: RED
"""


@pytest.mark.parametrize("written", ["yes", "True", "1.10", "007", "0x1F", "12", "1_000", "false", "2024-01-01"])
def test_text_is_kept_as_written_where_text_is_expected(written: str) -> None:
    properties = flow(KEPT % written).nodes["many"].properties
    assert properties == {
        "text": written,
        "texts": ["yes", "1.10", "12", "true", "~0"],
        "env": {"A": "no", "B": "1.10", "C": "0x10", "D": None, "E": {"x": 1}},
        "either": "007",
        "anything": {"a": True, "b": 1.1},
        "points": [{"name": "on"}, {"name": "1_0", "at": 3}],
        "number": "5",
        "flag": True,
        "colour": "RED",
    }


def test_old_names_become_the_new_ones_with_a_notice() -> None:
    found = flow("tasks:\n- {id: a, type: io.kestra.plugin.test.Many, oldText: x, legacy: y}")
    assert found.nodes["a"].properties == {"text": "x", "legacy": "y"}
    assert [str(notice) for notice in found.notices] == [
        "4:45: tasks[0].oldText: 'oldText' is deprecated: use 'text'",
        "4:57: tasks[0].legacy: 'legacy' is deprecated: remove it",
    ]


TOP = f"""
revision: 12
description: 1.10
labels: {{team: data, n: 1.10, flag: yes, system.readOnly: true}}
variables: {{a: yes, b: 2024-01-01, c: "{{{{ x }}}}"}}
disabled: on
deleted: false
draft: false
tenantId: main
workerGroup: {{key: x}}
workerSelector: {{tags: [a]}}
quotas: []
policyRefs: []
concurrency: {{limit: 2, behavior: FAIL}}
inputs: [{{id: i, type: STRING, defaults: 1.10}}, {{name: old, type: BOOLEAN, required: false, defaults: false}}]
outputs: [{{id: o, type: INT, value: "{{{{ 1 }}}}"}}]
sla: [{{id: s, type: MAX_DURATION, duration: PT1H, behavior: NONE, labels: {{a: b}}}}]
checks: [{{when: "{{{{ true }}}}", message: no}}]
triggers: [{{id: t, type: core.trigger.Schedule, cron: "* * * * *", inputs: {{i: x}}}}]
tasks: [{log("t")}]
"""


def test_everything_else_of_a_flow() -> None:
    found = flow(TOP)
    assert (found.id, found.namespace, found.revision) == ("f", "a.b", 1)
    assert found.source.endswith(TOP)
    assert found.description == "1.10"
    assert found.labels == (("team", "data"), ("n", "1.10"), ("flag", "yes"), ("system.readOnly", "true"))
    assert found.variables == {"a": True, "b": "2024-01-01", "c": "{{ x }}"}
    assert found.disabled
    assert not found.deleted
    assert found.concurrency is not None
    assert (found.concurrency.limit, found.concurrency.behavior) == (2, "FAIL")
    assert [(each.id, each.defaults) for each in found.inputs] == [("i", "1.10"), ("old", False)]
    assert found.outputs[0].value == "{{ 1 }}"
    assert found.sla[0]["duration"] == "PT1H"
    assert found.checks == (
        {"condition": "{{ true }}", "message": "no", "style": "INFO", "behavior": "BLOCK_EXECUTION"},
    )
    assert found.triggers[0]["type"] == "io.kestra.plugin.core.trigger.Schedule"
    assert {notice.path for notice in found.notices} == {
        "inputs[1].required",
        "inputs[1].name",
        "inputs[1].type",
        "workerGroup",
    }


def test_labels_may_be_a_list() -> None:
    found = flow(f"labels: [{{key: a, value: 1}}, {{key: b, value: x}}, {{key: a, value: 2}}]\ntasks: [{log('t')}]")
    assert found.labels == (("a", "1"), ("b", "x"), ("a", "2"))


def test_a_catalogue_file_may_have_extend_only_when_it_is_imported() -> None:
    text = f"id: f\nnamespace: a\nextend: {{title: x}}\nother: 1\ntasks: [{log('t')}]"
    with pytest.raises(FlowError, match='Unrecognized field "extend"'):
        parse_flow(text)
    found = parse_flow(text, strict=False)
    assert [notice.path for notice in found.notices] == ["other"]


NOTICES: list[tuple[str, str, str]] = [
    ("an alias", "tasks: [{id: a, type: io.kestra.core.tasks.log.Log, message: x}]", f"deprecated: use {LOG}"),
    (
        "an old type",
        "tasks: [{id: a, type: core.debug.Echo, format: x}]",
        "the type io.kestra.plugin.core.debug.Echo is deprecated",
    ),
    ("taskDefaults", f"taskDefaults: []\ntasks: [{log('t')}]", "'taskDefaults' is deprecated: use 'pluginDefaults'"),
    ("listeners", f"listeners: []\ntasks: [{log('t')}]", "'listeners' is deprecated"),
    (
        "a wide flow trigger",
        f"triggers: [{{id: t, type: core.trigger.Flow}}]\ntasks: [{log('t')}]",
        "fires for every execution",
    ),
    (
        "a schedule without a required input",
        f"inputs: [{{id: i, type: INT}}]\ntriggers: [{{id: t, type: "
        f"core.trigger.Schedule, cron: x}}]\ntasks: [{log('t')}]",
        "Missing inputs for Schedule Trigger 't', missing inputs: 'i'",
    ),
    (
        "tasks inside a pause",
        f"tasks: [{{id: p, type: core.flow.Pause, tasks: [{log('t')}]}}]",
        "'tasks' is deprecated: put them after the pause",
    ),
    (
        "an old input type",
        f"inputs: [{{id: i, type: ENUM, values: [a]}}]\ntasks: [{log('t')}]",
        "ENUM is deprecated: use SELECT",
    ),
]


@pytest.mark.parametrize(("name", "text", "message"), NOTICES, ids=[each[0] for each in NOTICES])
def test_what_is_old_or_doubtful_is_a_notice(name: str, text: str, message: str) -> None:
    found = flow(text)
    assert any(message in notice.message for notice in found.notices), found.notices
    assert all(notice.line is not None for notice in found.notices)


def test_a_reserved_id_is_a_notice() -> None:
    found = parse_flow(f"id: pause\nnamespace: a\ntasks: [{log('t')}]")
    assert "reserved id" in found.notices[0].message


def test_the_same_id_for_a_task_and_a_trigger_is_allowed() -> None:
    assert flow(f"triggers: [{{id: t, type: core.trigger.Schedule, cron: x}}]\ntasks: [{log('t')}]").triggers


def test_a_flow_calls_another_flow_or_one_that_an_expression_names() -> None:
    sub = "tasks: [{{id: s, type: core.flow.Subflow, namespace: {}, flowId: {}}}]"
    for namespace, name in [("a.b", "g"), ("a", "f"), ("a.b", "'{{ flow.id }}'")]:
        assert flow(sub.format(namespace, name)).nodes["s"]


def test_every_node_is_reached_from_the_branches() -> None:
    found = flow(WHOLE)

    def walk(nodes: tuple[Node, ...]) -> list[str]:
        below = [walk(branch) for node in nodes for branch in node.branches.values()]
        return [node.id for node in nodes] + [name for names in below for name in names]

    assert sorted(name for branch in found.branches.values() for name in walk(branch)) == sorted(found.nodes)
