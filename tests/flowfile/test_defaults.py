"""Plugin defaults: which value wins, what is merged, and what is forgiven."""

from __future__ import annotations

from typing import Any

import pytest

from tiercel.errors import FlowError
from tiercel.flowfile import defaults, parse_flow
from tiercel.model.flow import Flow

MANY = "io.kestra.plugin.test.Many"
LOG = "io.kestra.plugin.core.log.Log"


def flow(plugin_defaults: str, task: str, everywhere: list[dict[str, Any]] | None = None, name: str = MANY) -> Flow:
    text = f"id: f\nnamespace: a\npluginDefaults: [{plugin_defaults}]\ntasks:\n- {{id: t, type: {name}{task}}}\n"
    return parse_flow(text, global_defaults=everywhere or [])


def properties(plugin_defaults: str, task: str, everywhere: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return dict(flow(plugin_defaults, task, everywhere).nodes["t"].properties)


PRECEDENCE = [
    (False, False, {"only": "global", "both": "flow", "all": "task"}),
    (False, True, {"only": "global", "both": "global", "all": "global"}),
    (True, False, {"only": "global", "both": "flow", "all": "flow"}),
    (True, True, {"only": "global", "both": "flow", "all": "flow"}),
]


@pytest.mark.parametrize(("own_forced", "global_forced", "wanted"), PRECEDENCE)
def test_which_value_wins(own_forced: bool, global_forced: bool, wanted: dict[str, str]) -> None:
    own = f"{{type: {MANY}, forced: {str(own_forced).lower()}, values: {{either: flow, anything: flow}}}}"
    everywhere = [
        {"type": MANY, "forced": global_forced, "values": {"text": "global", "either": "global", "anything": "global"}}
    ]
    assert properties(own, ", anything: task", everywhere) == {
        "text": wanted["only"],
        "either": wanted["both"],
        "anything": wanted["all"],
    }


def test_maps_merge_deeply_and_lists_are_concatenated_default_first() -> None:
    own = f"{{type: {MANY}, values: {{anything: {{a: 1, b: {{c: 1}}, l: [1]}}, texts: [x]}}}}"
    assert properties(own, ", anything: {b: {d: 2}, a: 2, l: [2]}, texts: [y]") == {
        "anything": {"a": 2, "b": {"c": 1, "d": 2}, "l": [1, 2]},
        "texts": ["x", "y"],
    }


def test_a_forced_map_merges_over_the_tasks_own() -> None:
    own = f"{{type: {MANY}, forced: true, values: {{anything: {{a: 1, l: [1]}}}}}}"
    assert properties(own, ", anything: {b: 2, a: 2, l: [2]}") == {"anything": {"b": 2, "a": 1, "l": [2, 1]}}


def test_of_several_defaults_the_first_wins_and_lists_grow_in_front() -> None:
    own = f"{{type: {MANY}, values: {{text: a, texts: [a]}}}}, {{type: io.kestra, values: {{text: b, texts: [b]}}}}"
    assert properties(own, "") == {"text": "a", "texts": ["b", "a"]}
    forced = own.replace("values", "forced: true, values")
    assert properties(forced, ", text: c, texts: [c]") == {"text": "a", "texts": ["c", "b", "a"]}


@pytest.mark.parametrize("written", [MANY, "io.kestra.plugin.test", "io.kestra.plugin.te", "test.Many", "test", "io"])
def test_a_default_names_a_type_or_its_beginning_in_the_long_form_or_the_short_one(written: str) -> None:
    assert properties(f"{{type: {written}, values: {{text: d}}}}", "") == {"text": "d"}


def test_a_default_for_another_type_changes_nothing() -> None:
    assert properties("{type: io.kestra.plugin.test.Mani, values: {text: d}}", "") == {}


def test_aliases_are_resolved_on_both_sides() -> None:
    own = "{type: io.kestra.core.tasks.log.Log, values: {message: d}}"
    assert flow(own, "", name=LOG).nodes["t"].properties == {"message": "d"}
    own = "{type: io.kestra.plugin.core.log, values: {message: d}}"
    assert flow(own, "", name="io.kestra.core.tasks.log.Log").nodes["t"].properties == {"message": "d"}


def test_defaults_reach_every_map_with_a_type() -> None:
    found = parse_flow(
        f"""
id: f
namespace: a
taskDefaults:
- {{type: {LOG}, values: {{message: d, timeout: PT1S, retry: {{type: constant, interval: PT1S}}}}}}
- {{type: io.kestra.plugin.core.trigger.Schedule, values: {{cron: "* * * * *"}}}}
- {{type: io.kestra.plugin.core.condition, values: {{expression: e}}}}
- {{type: nowhere, values: {{x: 1}}}}
- {{type: io.kestra.plugin.core.flow.ForEach, values: {{values: [1, 2]}}}}
tasks:
- id: loop
  type: core.flow.ForEach
  tasks:
  - id: dag
    type: core.flow.Dag
    tasks: [{{task: {{id: a, type: {LOG}}}}}]
errors: [{{id: b, type: {LOG}}}]
triggers:
- id: s
  type: core.trigger.Schedule
  conditions: [{{type: core.condition.Expression}}]
"""
    )
    assert found.nodes["loop"].properties == {"values": [1, 2]}
    for name in "ab":
        node = found.nodes[name]
        assert (node.properties, node.timeout) == ({"message": "d"}, "PT1S")
        assert node.retry is not None
    assert found.triggers[0]["cron"] == "* * * * *"
    assert found.triggers[0]["conditions"] == [
        {"type": "io.kestra.plugin.core.condition.Expression", "expression": "e"}
    ]


def test_what_a_prefix_brings_and_the_type_does_not_know_is_ignored() -> None:
    own = "{type: io.kestra.plugin, values: {text: d, unknown: 1, point: {name: a, other: 1}, env: {A: 1}}}"
    assert properties(own, "") == {"text": "d", "point": {"name": "a"}, "env": {"A": "1"}}
    assert properties(own, ", point: {at: 3}")["point"] == {"name": "a", "at": 3}


def test_what_an_author_writes_is_never_ignored() -> None:
    own = "{type: io.kestra.plugin, values: {unknown: 1, point: {other: 1}}}"
    with pytest.raises(FlowError) as caught:
        properties(own, ", unknown: 2, point: {name: a, other: 2}")
    assert [problem.path for problem in caught.value.problems] == ["tasks[0].unknown", "tasks[0].point.other"]


def test_what_is_wrong_with_a_default_is_shown_where_the_default_stands() -> None:
    text = f"""id: f
namespace: a
pluginDefaults:
- type: {MANY}
  values:
    number: x
    texts:
    - {{}}
    point: {{name: a, at: b}}
tasks:
- {{id: t, type: {MANY}, texts: [a, []], point: {{at: 1}}}}
- {{id: u, type: {MANY}}}
"""
    with pytest.raises(FlowError) as caught:
        parse_flow(text)
    assert [(each.path, each.line, each.column) for each in caught.value.problems] == [
        ("tasks[0].number", 6, 13),
        ("tasks[1].number", 6, 13),
        ("tasks[0].texts[0]", 8, 7),
        ("tasks[1].texts[0]", 8, 7),
        ("tasks[1].point.at", 9, 26),
        ("tasks[0].texts[2]", 11, 56),
    ]


def test_text_keeps_its_form_on_the_way_through_a_default() -> None:
    own = f"{{type: {MANY}, values: {{text: 1.10, env: {{A: yes}}, texts: [no]}}}}"
    assert properties(own, ", texts: [007], env: {B: on}") == {
        "text": "1.10",
        "env": {"B": "on", "A": "yes"},
        "texts": ["no", "007"],
    }


def test_a_default_is_not_applied_inside_what_it_brought_itself() -> None:
    own = f"{{type: io.kestra.plugin.test, values: {{anything: {{type: {MANY}}}}}}}"
    assert properties(own, "") == {"anything": {"type": MANY}}


def test_a_default_reaches_what_another_default_brought() -> None:
    own = f"{{type: {MANY}, values: {{anything: {{type: {LOG}}}}}}}, {{type: {LOG}, values: {{message: d}}}}"
    assert properties(own, "") == {"anything": {"type": LOG, "message": "d"}}


def test_each_task_gets_values_of_its_own() -> None:
    text = f"""id: f
namespace: a
pluginDefaults: [{{type: {MANY}, values: {{anything: {{l: [1]}}}}}}]
tasks: [{{id: a, type: {MANY}}}, {{id: b, type: {MANY}}}]
"""
    nodes = parse_flow(text).nodes
    assert nodes["a"].properties == nodes["b"].properties
    assert nodes["a"].properties["anything"]["l"] is not nodes["b"].properties["anything"]["l"]


def test_defaults_that_expand_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, "MAX_COPIED", 20_000)
    pair = f"{{a: {{type: {MANY}}}, b: {{type: {MANY}}}}}"
    own = ", ".join(f"{{type: io.kestra.plugin{'.test'[: n % 5]}, values: {{x{n}: {pair}}}}}" for n in range(60))
    with pytest.raises(FlowError, match="the plugin defaults put more than 20,000 values into the flow"):
        flow(own, "")


def test_the_source_and_the_defaults_stay_as_they_are() -> None:
    everywhere: list[dict[str, Any]] = [{"type": MANY, "values": {"anything": {"l": [1]}, "texts": ["a"]}}]
    found = flow("", ", anything: {l: [2]}, texts: [b]", everywhere)
    assert found.nodes["t"].properties["anything"] == {"l": [1, 2]}
    assert everywhere == [{"type": MANY, "values": {"anything": {"l": [1]}, "texts": ["a"]}}]
    assert "l: [2]" in found.source


def test_a_null_of_the_author_stays_absent() -> None:
    assert properties(f"{{type: {MANY}, values: {{text: d}}}}", ", text: null") == {}


def test_a_default_may_be_forced_in_quotes() -> None:
    task = f"{{id: t, type: {MANY}, text: own}}"
    defaults = f"[{{type: {MANY}, forced: 'true', values: {{text: forced}}}}]"
    flow = parse_flow(f"id: f\nnamespace: a\npluginDefaults: {defaults}\ntasks: [{task}]")
    assert flow.nodes["t"].properties["text"] == "forced"
