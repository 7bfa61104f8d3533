"""Whatever the text, the outcome is a flow or a FlowError; and good flows are read quickly."""

from __future__ import annotations

import json
import time
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiercel.errors import FlowError
from tiercel.flowfile import parse_flow, parse_flows

WORDS = [
    "id",
    "namespace",
    "tasks",
    "errors",
    "finally",
    "type",
    "message",
    "condition",
    "then",
    "else",
    "cases",
    "defaults",
    "value",
    "values",
    "retry",
    "interval",
    "constant",
    "random",
    "maxAttempts",
    "core.log.Log",
    "core.flow.If",
    "core.flow.Dag",
    "core.flow.Switch",
    "core.flow.ForEach",
    "core.flow.Pause",
    "core.flow.WorkingDirectory",
    "io.kestra.plugin.test.Many",
    "core.trigger.Webhook",
    "key",
    "task",
    "dependsOn",
    "pluginDefaults",
    "forced",
    "labels",
    "inputs",
    "outputs",
    "INT",
    "STRING",
    "ARRAY",
    "itemType",
    "validator",
    "triggers",
    "conditions",
    "concurrency",
    "limit",
    "sla",
    "checks",
    "listeners",
    "variables",
    "disabled",
    "runIf",
    "timeout",
    "points",
    "name",
    "at",
    "env",
    "texts",
    "a",
    "b",
    "PT1S",
    "yes",
    "null",
    "1",
    "-1",
    "1.10",
    "{{x}}",
    "<<",
    "system.a",
]
PIECES = [
    "\n",
    "  ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    ">\n",
    "'",
    '"',
    "#",
    "---\n",
    "\t",
    "!!",
    "? ",
]

TYPES = [word for word in WORDS if "." in word]
FIELDS = [word for word in WORDS if "." not in word and word != "<<"]
HOLDERS = ("tasks", "then", "else", "errors", "finally", "defaults", "cases", "afterExecution")


def value(random: Random, depth: int = 0) -> object:
    kind = random.randrange(10 if depth < 4 else 6)
    if kind > 7:
        return [value(random, depth + 1) for _ in range(random.randrange(4))]
    if kind > 5:
        return {random.choice(FIELDS): value(random, depth + 1) for _ in range(random.randrange(4))}
    return random.choice([random.choice(WORDS), random.choice(TYPES), random.randint(-2, 300), True, None, 1.5])


def task(random: Random, depth: int = 0) -> object:
    made: dict[str, object] = {"id": random.choice("abcdefgh"), "type": random.choice(TYPES)}
    for _ in range(random.randrange(4)):
        made[random.choice(FIELDS)] = value(random)
    for _ in range(random.randrange(3) if depth < 4 else 0):
        inside: object = [task(random, depth + 1) for _ in range(random.randrange(3))]
        if random.random() < 0.2:
            inside = [{"task": task(random, depth + 1), "dependsOn": value(random)}]
        made[random.choice(HOLDERS)] = {"a": inside} if random.random() < 0.1 else inside
    return value(random) if random.random() < 0.03 else made


def flow(random: Random) -> object:
    made: dict[str, object] = {"id": "f", "namespace": "a"}
    for _ in range(random.randrange(5)):
        made[random.choice(FIELDS)] = value(random)
    for name in ("tasks", *random.sample(["errors", "triggers", "inputs", "listeners"], random.randrange(3))):
        made[name] = [task(random) for _ in range(random.randrange(4))]
    defaults = [
        {"type": random.choice([*TYPES, "io", "core."]), "forced": random.random() < 0.5, "values": value(random)}
        for _ in range(random.randrange(3))
    ]
    return {**made, "pluginDefaults": defaults}


GOOD = """
{"id": "f", "namespace": "a", "labels": {"a": 1}, "variables": {"b": [1, {"c": null}]}, "description": "d",
 "concurrency": {"limit": 1, "behavior": "FAIL"}, "retry": {"type": "constant", "interval": "PT1S"},
 "inputs": [{"id": "i", "type": "INT", "min": 1, "defaults": 2, "dependsOn": {"inputs": ["j"]}},
            {"id": "j", "type": "SELECT", "values": ["a"]}],
 "outputs": [{"id": "o", "type": "STRING", "value": "x"}],
 "pluginDefaults": [{"type": "io.kestra.plugin.test.Many", "values": {"point": {"name": "a"}, "texts": ["b"]}}],
 "sla": [{"id": "s", "type": "MAX_DURATION", "duration": "PT1H", "behavior": "FAIL", "labels": {"x": "y"}}],
 "checks": [{"condition": "c", "message": "m"}],
 "triggers": [{"id": "w", "type": "core.trigger.Webhook", "key": "k",
               "conditions": [{"type": "core.condition.Not", "conditions": [{"type": "core.condition.Expression"}]}]}],
 "listeners": [{"conditions": [], "tasks": [{"id": "l", "type": "core.log.Log", "message": "m"}]}],
 "tasks": [
  {"id": "m", "type": "io.kestra.plugin.test.Many", "text": "t", "number": 1, "env": {"A": true}, "texts": ["c"],
   "points": [{"name": "n", "at": 2}], "either": ["e"], "wait": "PT1S", "colour": "RED", "runIf": true, "timeout": 5},
  {"id": "sw", "type": "core.flow.Switch", "value": "v", "cases": {"a": [
    {"id": "wd", "type": "core.flow.WorkingDirectory",
     "tasks": [{"id": "in", "type": "core.log.Log", "message": ["m"]}]}]},
   "defaults": [{"id": "p", "type": "core.flow.Pause",
    "onPause": {"id": "q", "type": "core.log.Log", "message": "m"}}]},
  {"id": "d", "type": "core.flow.Dag", "tasks": [
    {"task": {"id": "d1", "type": "core.log.Log", "message": "m"}},
    {"task": {"id": "d2", "type": "core.log.Log", "message": "m", "disabled": false}, "dependsOn": ["d1"]}]}]}
"""


def mutate(random: Random, holder: object) -> None:
    """Change, remove or add one thing somewhere inside a structure."""
    while isinstance(holder, dict | list) and holder:
        place: Any = random.choice(list(holder)) if isinstance(holder, dict) else random.randrange(len(holder))
        if isinstance(holder[place], dict | list) and holder[place] and random.random() < 0.85:
            holder = holder[place]
            continue
        kind = random.randrange(4)
        if kind == 0:
            del holder[place]
        elif kind == 1 and isinstance(holder, dict):
            holder[random.choice(FIELDS)] = value(random, 3)
        elif kind == 2 and isinstance(holder, list):
            holder.append(holder[place])
        else:
            holder[place] = value(random, 3)
        return


QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def check(text: str) -> None:
    for found in parse_flows(text, "f"):
        if isinstance(found, FlowError):
            assert found.problems
            assert all(problem.message for problem in found.problems)
            assert len(str(found)) < 1_000_000
        else:
            assert found.branches["tasks"]


@QUICK
@given(st.lists(st.sampled_from(WORDS + PIECES), max_size=60))
def test_random_pieces_of_yaml(pieces: list[str]) -> None:
    check("".join(pieces))


@QUICK
@given(st.text(max_size=200))
def test_random_text(text: str) -> None:
    check(text)


@QUICK
@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    for found in parse_flows(data):
        assert isinstance(found, FlowError)


@QUICK
@given(st.randoms(use_true_random=False))
def test_random_structures(random: Random) -> None:
    check(json.dumps(flow(random)))


@QUICK
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_good_flows_with_a_few_changes(random: Random, changes: int) -> None:
    changed = json.loads(GOOD)
    for _ in range(changes):
        mutate(random, changed)
    check(json.dumps(changed))
    if not changes:
        parse_flow(GOOD)


TASK = """  - id: {name}
    type: io.kestra.plugin.core.flow.ForEach
    description: Goes through the values
    values: ["a", "b", "{{{{ inputs.date }}}}"]
    concurrencyLimit: 2
    retry:
      type: exponential
      interval: PT1S
      maxInterval: PT1M
      maxAttempts: 5
    tasks:
      - id: {name}_log
        type: io.kestra.plugin.core.log.Log
        message:
          - "Hello {{{{ taskrun.value }}}} of {{{{ flow.id }}}}"
          - and again
        level: WARN
      - id: {name}_return
        type: io.kestra.plugin.core.debug.Return
        format: "{{{{ outputs.{name}_log }}}}"
        runIf: "{{{{ inputs.date != '' }}}}"
"""
FLOW = """id: flow_{number}
namespace: company.team.project
labels: {{team: data, n: "{number}"}}
inputs:
  - id: date
    type: STRING
    defaults: 2024-01-01
variables:
  bucket: gs://bucket
tasks:
{tasks}"""


def flow_of_sixty_lines(number: int) -> str:
    return FLOW.format(
        number=number, tasks="".join(TASK.format(name=f"task{index}") for index in range(2 + number % 2))
    )


def test_400_flows_of_60_lines_are_read_in_seconds() -> None:
    texts = [flow_of_sixty_lines(number) for number in range(400)]
    assert 48 <= texts[0].count("\n") <= texts[1].count("\n") <= 75
    began = time.perf_counter()
    for text in texts:
        parse_flow(text)
    assert time.perf_counter() - began < 8


def test_large_flows_are_read_in_time_that_grows_with_them_and_wide_graphs_too() -> None:
    tasks = "".join(f"- {{id: t{n}, type: core.log.Log, message: m}}\n" for n in range(8_000))
    entries = "".join(
        f"  - {{task: {{id: d{n}, type: core.log.Log, message: m}}, dependsOn: [d{max(0, n - 1)}]}}\n"
        for n in range(5_000)
    ).replace("dependsOn: [d0]}", "dependsOn: []}", 1)
    began = time.perf_counter()
    assert len(parse_flow("id: f\nnamespace: a\ntasks:\n" + tasks).nodes) == 8_000
    with pytest.raises(FlowError) as caught:
        parse_flow(
            "id: f\nnamespace: a\ntasks:\n- id: dag\n  type: core.flow.Dag\n  tasks:\n"
            + entries.replace("[]", "[d4999]")
        )
    assert "Cyclic dependency detected" in caught.value.problems[0].message
    assert time.perf_counter() - began < 15
