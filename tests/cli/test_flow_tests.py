"""`tiercel test`: fixtures in place of tasks, assertions, reports."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import pytest

from cli.calling import Cli, Said, flow

CORE = "io.kestra.plugin.core."
RETURN = f"type: {CORE}debug.Return, format"
SHELL = "type: io.kestra.plugin.scripts.shell.Commands, commands: [echo x]"
EXAMPLES = Path(__file__).parents[2] / "flows"


class Trial:
    """A flow `tests.one` and a test of it with one case, `c`."""

    def __init__(self, cli: Cli) -> None:
        self.cli = cli

    def flow(self, tasks: str, more: str = "", name: str = "one") -> None:
        """Write a flow."""
        self.cli.file(f"{name}.yaml", flow(tasks, name=name, more=more))

    def run(self, case: str, *options: str) -> Said:
        """Run a case, given as YAML that is indented by its caller."""
        lines = "\n".join(f"    {line}" for line in case.strip("\n").splitlines())
        text = f"id: s\nnamespace: tests\nflowId: one\ntestCases:\n  - id: c\n{lines}\n"
        return self.cli("test", self.cli.file("one.test.yaml", text), *options)

    def result(self, case: str, *options: str) -> Any:
        """Run a case; return what is said of it."""
        said = self.run(case, "--output", "json", *options)
        assert said.out, said.err
        report = said.json
        assert said.code == (0 if report["success"] else 1)
        return report["files"][0]["cases"][0]

    def passes(self, case: str, *options: str) -> None:
        """Run a case that must pass."""
        found = self.result(case, *options)
        assert found["verdict"] == "PASSED", found

    def fails(self, case: str, *options: str) -> list[str]:
        """Run a case that must fail; return what is wrong with it."""
        found = self.result(case, *options)
        assert found["verdict"] == "FAILED"
        return [failure["message"] for failure in found["failures"]]


@pytest.fixture
def tested(cli: Cli) -> Trial:
    """Give a place for a flow and its test."""
    return Trial(cli)


def says(*assertions: str, fixtures: str = "") -> str:
    """Return a case with assertions, each a map in YAML's short form."""
    head = f"fixtures: {{{fixtures}}}\n" if fixtures else ""
    return head + "assertions:\n" + "\n".join(f"  - {{{each}}}" for each in assertions)


GREETED = "value: '{{ outputs.a.value }}'"


# ------------------------------------------------------------ the examples


def test_the_examples_pass(cli: Cli) -> None:
    said = cli("test", str(EXAMPLES))
    assert said.code == 0, said.out + said.err
    assert said.out.endswith(" passed\n")
    assert "hello-tests.greets-by-name" in said.out


# ------------------------------------------------------------ fixtures


def test_inputs_are_those_of_the_case(tested: Trial) -> None:
    tested.flow(f"id: a, {RETURN}: '{{{{ inputs.n + 1 }}}}'", more="inputs: [{id: n, type: INT}]")
    tested.passes(says(f"{GREETED}, equalTo: 5", fixtures="inputs: {n: 4}"))
    assert tested.fails(says(f"{GREETED}, equalTo: 5", fixtures="inputs: {n: x}"))[0].startswith(
        "Invalid input for `n`"
    )


def test_a_fixture_takes_the_place_of_a_task_and_nothing_of_it_is_rendered(tested: Trial) -> None:
    tested.flow(
        f"id: a, {RETURN}: '{{{{ outputs.nothing.at }}}}'\nid: b, {RETURN}: '{{{{ outputs.a.value | upper }}}}'"
    )
    tested.passes(
        says(
            "value: '{{ outputs.b.value }}', equalTo: HI 2",
            fixtures="tasks: [{id: a, outputs: {value: 'hi {{ 1 + 1 }}'}}]",
        )
    )


@pytest.mark.parametrize(
    ("task", "allowed"),
    [
        (SHELL, False),
        ("type: io.kestra.plugin.core.http.Request, uri: 'http://127.0.0.1:9'", False),
        ("type: io.kestra.plugin.jdbc.sqlite.Query, url: 'jdbc:sqlite:', sql: SELECT 1", False),
        (f"type: {CORE}templating.TemplatedTask, spec: 'type: {CORE}log.Log'", False),
        (f"type: {CORE}kv.Set, key: k, value: v", True),
        (f"type: {CORE}storage.Write, content: x", True),
    ],
)
def test_what_reaches_outside_is_not_run_without_a_fixture(tested: Trial, task: str, allowed: bool) -> None:
    tested.flow(f"id: a, allowFailure: true, {task}")
    case = says("value: 1, equalTo: 1")
    if allowed:
        tested.passes(case)
        return
    found = tested.fails(case)
    assert len(found) == 1
    assert "of tests.one would reach outside, and a test must not: add a fixture: tasks: [{id: a, " in found[0]
    tested.passes(says("value: 1, equalTo: 1", fixtures="tasks: [{id: a}]"))


def test_outside_is_reached_where_that_is_allowed(tested: Trial) -> None:
    tested.flow(f"id: a, {SHELL}, taskRunner: {{type: {CORE}runner.Process}}")
    tested.passes(says("value: '{{ outputs.a.exitCode }}', equalTo: 0"), "--allow-outside")


def test_expressions_ask_nobody_outside(tested: Trial) -> None:
    tested.flow(f"id: a, {RETURN}: \"{{{{ http('http://127.0.0.1:9') }}}}\"")
    assert "http() asks somebody outside, which a test must not" in tested.fails(says(f"{GREETED}, isNull: true"))[0]


def test_a_fixture_may_be_for_one_value_of_a_loop(tested: Trial) -> None:
    inner = f"{{id: b, {SHELL}}}, {{id: a, {RETURN}: '{{{{ outputs.b[taskrun.value].vars.x }}}}'}}"
    tested.flow(f"id: each, type: {CORE}flow.ForEach, values: [u, v], tasks: [{inner}]")
    asserted = "value: \"{{ outputs.a['v'].value }}\", equalTo: 2", "value: \"{{ outputs.a['u'].value }}\", equalTo: 1"
    one = "{id: b, value: u, outputs: {vars: {x: 1}}}", "{id: b, value: v, outputs: {vars: {x: 2}}}"
    tested.passes(says(*asserted, fixtures=f"tasks: [{', '.join(one)}]"))
    tested.passes(says(*asserted, fixtures=f"tasks: [{one[0]}, {{id: b, outputs: {{vars: {{x: 2}}}}}}]"))
    assert (
        "has no fixture for the value 'v': add one with value: v"
        in tested.fails(says(*asserted, fixtures=f"tasks: [{one[0]}]"))[0]
    )


def test_a_plain_task_runs_for_the_values_without_a_fixture(tested: Trial) -> None:
    tested.flow(f"id: each, type: {CORE}flow.ForEach, values: [u, v], tasks: [{{id: a, {RETURN}: real}}]")
    tested.passes(
        says(
            "value: \"{{ outputs.a['u'].value }}\", equalTo: played",
            "value: \"{{ outputs.a['v'].value }}\", equalTo: real",
            fixtures="tasks: [{id: a, value: u, outputs: {value: played}}]",
        )
    )


@pytest.mark.parametrize(
    "task",
    [
        f"type: {CORE}flow.Subflow, namespace: tests, flowId: nowhere",
        f"type: {CORE}flow.Pause",
        f"type: {CORE}flow.ForEach, values: [1], tasks: [{{id: b, {SHELL}}}]",
        f"type: {CORE}flow.WorkingDirectory, tasks: [{{id: b, {SHELL}}}]",
        f"type: {CORE}flow.ForEachItem, items: x, namespace: tests, flowId: nowhere",
    ],
)
def test_tasks_of_every_kind_have_fixtures(tested: Trial, task: str) -> None:
    tested.flow(f"id: a, {task}\nid: c, {RETURN}: '{{{{ outputs.a.outputs.x }}}}'")
    tested.passes(
        says(
            "value: '{{ outputs.c.value }}', equalTo: 7",
            "value: '{{ execution.state }}', equalTo: SUCCESS",
            fixtures="tasks: [{id: a, outputs: {outputs: {x: 7}}}]",
        )
    )


def test_tasks_inside_a_working_directory_have_fixtures(tested: Trial) -> None:
    inner = f"{{id: b, {SHELL}}}, {{id: a, {RETURN}: '{{{{ outputs.b.vars.x }}}}'}}"
    tested.flow(f"id: dir, type: {CORE}flow.WorkingDirectory, tasks: [{inner}]")
    tested.passes(says(f"{GREETED}, equalTo: 3", fixtures="tasks: [{id: b, outputs: {vars: {x: 3}}}]"))


def test_a_subflow_runs_with_its_own_tasks_kept_inside(tested: Trial) -> None:
    tested.flow(f"id: a, type: {CORE}flow.Subflow, namespace: tests, flowId: two")
    tested.flow(
        f"id: b, {RETURN}: x", name="two", more="outputs: [{id: o, type: STRING, value: '{{ outputs.b.value }}'}]"
    )
    tested.passes(says("value: '{{ outputs.a.outputs.o }}', equalTo: x"))
    tested.flow(f"id: b, {SHELL}", name="two")
    found = tested.fails(says("value: 1, equalTo: 1"))
    assert "of tests.two would reach outside, and a test must not: give a fixture to the task that calls" in found[0]


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        ("SUCCESS", "SUCCESS"),
        ("WARNING", "WARNING"),
        ("FAILED", "FAILED"),
        ("SKIPPED", "SUCCESS"),
        ("KILLED", "KILLED"),
    ],
)
def test_a_fixture_says_how_the_task_ends(tested: Trial, state: str, ends: str) -> None:
    tested.flow(f"id: a, {SHELL}, retry: {{type: constant, interval: PT1H, maxAttempts: 3}}")
    tested.passes(
        says(
            f"value: '{{{{ execution.state }}}}', equalTo: {ends}",
            f"value: '{{{{ tasks.a.state }}}}', equalTo: {state}",
            fixtures=f"tasks: [{{id: a, state: {state}}}]",
        )
    )


def test_files_are_namespace_files_with_addresses(tested: Trial) -> None:
    tasks = f'id: a, {RETURN}: "{{{{ read(inputs.f) }}}}"\nid: b, {RETURN}: "{{{{ read(\'d/x.txt\') }}}}"'
    tested.flow(tasks, more="inputs: [{id: f, type: FILE}]")
    tested.passes(
        says(
            f"{GREETED}, equalTo: hello",
            "value: '{{ outputs.b.value }}', equalTo: hello",
            fixtures="inputs: {f: \"{{ files['d/x.txt'] }}\"}, files: {d/x.txt: hello}",
        )
    )
    assert (
        "fixtures.files: '../x' is not a path"
        in tested.fails(says("value: 1, isNull: false", fixtures="files: {../x: a}"))[0]
    )


def test_a_case_may_begin_with_a_trigger_and_at_a_time(tested: Trial) -> None:
    more = f"triggers: [{{id: daily, type: {CORE}trigger.Schedule, cron: '0 0 * * *'}}]"
    tested.flow(
        f"id: a, {RETURN}: \"{{{{ trigger.date | date('yyyy') }}}} {{{{ now() | date('yyyy-MM-dd') }}}}\"", more=more
    )
    trigger = "trigger: {id: daily, variables: {date: '2024-05-01T00:00:00Z'}}"
    tested.passes(says(f"{GREETED}, equalTo: 2024 2031-01-02", fixtures=f"{trigger}, now: '2031-01-02T03:04:05Z'"))


# ------------------------------------------------------------ the end of an execution


def test_waits_take_no_time(tested: Trial) -> None:
    retry = "retry: {type: constant, interval: PT5H, maxAttempts: 4}"
    fails = f"id: b, type: {CORE}execution.Fail, allowFailure: true, {retry}"
    tested.flow(f"id: a, type: {CORE}flow.Pause, pauseDuration: P3D\n{fails}")
    began = time.monotonic()
    tested.passes(says("value: '{{ execution.state }}', equalTo: WARNING"))
    assert time.monotonic() - began < 30


def test_a_flow_that_waits_for_somebody_is_told(tested: Trial) -> None:
    tested.flow(f"id: a, type: {CORE}flow.Pause")
    assert tested.fails(says("value: 1, equalTo: 1")) == [
        "the execution is PAUSED and waits for somebody at 'a': add a fixture"
    ]


def test_an_execution_that_fails_fails_the_case_unless_it_is_expected(tested: Trial) -> None:
    tested.flow(f"id: a, {RETURN}: x\nid: b, type: {CORE}execution.Fail, errorMessage: no such day")
    found = tested.fails(says(f"{GREETED}, equalTo: x"))
    assert found == ["the execution ended FAILED: task 'b': no such day"]
    tested.passes(says(f"{GREETED}, equalTo: x", "value: '{{ execution.state }}', equalTo: FAILED"))


def test_an_execution_that_is_retried_as_a_whole_is_judged_by_its_last_one(tested: Trial) -> None:
    tested.flow(
        f"id: a, {RETURN}: x\nid: b, type: {CORE}execution.Fail",
        more="retry: {type: constant, interval: PT1H, maxAttempts: 2, behavior: CREATE_NEW_EXECUTION}",
    )
    tested.passes(says(f"{GREETED}, equalTo: x", "value: '{{ execution.state }}', equalTo: FAILED"))


# ------------------------------------------------------------ assertions


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("equalTo: 12", "equalTo: 13"),
        ("equalsTo: '12'", "equalsTo: '1'"),
        ("notEqualTo: 13", "notEqualTo: '12'"),
        ("contains: 2", "contains: 3"),
        ("startsWith: 1", "startsWith: 2"),
        ("endsWith: 2", "endsWith: 1"),
        ("matches: '[0-9]{2}'", "matches: '[0-9]'"),
        ("greaterThan: 9", "greaterThan: 12"),
        ("greaterThanOrEqualTo: '12'", "greaterThanOrEqualTo: 12.5"),
        ("lessThan: 12.1", "lessThan: 9"),
        ("lessThanOrEqualTo: '{{ 6 * 2 }}'", "lessThanOrEqualTo: abc"),
        ("in: [1, 12]", "in: 12"),
        ("notIn: [1]", "notIn: ['12']"),
        ("isNull: false", "isNull: true"),
        ("isNotNull: true", "isNotNull: false"),
    ],
)
def test_operators(tested: Trial, good: str, bad: str) -> None:
    tested.flow(f"id: a, {RETURN}: 12")
    tested.passes(says(f"{GREETED}, {good}"))
    found = tested.result(says(f"{GREETED}, {bad}"))
    (failure,) = found["failures"]
    assert failure["actual"] == '"12"'
    assert failure["operator"] == bad.partition(":")[0].replace("equalsTo", "equalTo")


def test_structures_and_what_is_not_there(tested: Trial) -> None:
    tested.flow(f"id: a, type: {CORE}output.OutputValues, values: {{l: [1, {{x: y}}], n: null}}")
    tested.passes(
        says(
            "value: '{{ outputs.a.values.l }}', equalTo: [1, {x: y}]",
            "value: '{{ outputs.a.values.l }}', contains: {x: y}",
            "value: '{{ outputs.a.values.n }}', isNull: true",
            "value: '{{ outputs.z.values }}', isNull: true",
            "value: '{{ outputs.a.values }}', contains: l",
        )
    )
    assert "cannot be rendered" in tested.fails(says("value: '{{ outputs.z.values }}', equalTo: 1"))[0]
    assert tested.fails(says("value: '{{ outputs.z.values }}', isNotNull: true")) == ["is not as expected"]


def test_an_assertion_sees_what_its_task_sees_and_says_what_its_author_wants(tested: Trial) -> None:
    tested.flow(f"id: a, {RETURN}: x\nid: b, {RETURN}: y, runIf: 'false'")
    tested.passes(says("taskId: a, value: '{{ task.id }}', equalTo: a"))
    said = "value: 1, equalTo: 2, errorMessage: 'not {{ outputs.a.value }}', description: why"
    failure = tested.result(says(said))["failures"][0]
    assert (failure["message"], failure["description"]) == ("not x", "why")


# ------------------------------------------------------------ files and reports


def test_what_is_wrong_with_a_test_is_told_with_its_line(tested: Trial) -> None:
    tested.flow(f"id: abc, {RETURN}: x")
    wrong = "fixtures: {tasks: [{id: abd}], inputs: 3}\nassertion: []\nassertions: [{value: 1, equlTo: 2}, {value: 3}]"
    said = tested.run(wrong)
    assert said.code == 1
    lines = said.err.splitlines()
    assert any(":6:" in line and "fixtures.inputs: input should be a valid dict" in line for line in lines)
    assert any(
        ":7:" in line and "a test has no property 'assertion' here: nearest is 'assertions'" in line for line in lines
    )
    assert any(":8:" in line and "no property 'equlTo' here: nearest is 'equalTo'" in line for line in lines)
    said = tested.run(
        "fixtures: {tasks: [{id: abd}], trigger: {id: t}}\nassertions: [{value: 3, equalTo: 3, taskId: x}]"
    )
    assert "testCases[0].fixtures.tasks[0].id: the flow has no task 'abd': nearest is 'abc'" in said.err
    assert "the flow has no trigger 't': it has none" in said.err
    assert "assertions[0].taskId: the flow has no task 'x'" in said.err
    said = tested.run("type: Other\nfixtures: {now: noon}\nassertions: [{value: 3}]")
    assert "the type 'Other' is unknown" in said.err
    assert "found 'noon', wanted a time such as" in said.err
    assert "the value is compared with nothing" in said.err


def test_the_flow_is_looked_for_beside_the_test_or_where_the_option_says(tested: Trial) -> None:
    case = says("value: 1, equalTo: 1")
    assert "there is no flow 'tests.one' in " in tested.run(case).err
    tested.cli.file("elsewhere/one.yaml", flow(f"id: a, {RETURN}: x"))
    tested.passes(case, "--flows", str(tested.cli.folder / "elsewhere"))
    tested.passes(case, "--flows", str(tested.cli.folder / "elsewhere" / "one.yaml"))


def test_a_failure_shows_what_was_expected_and_what_there_is(tested: Trial) -> None:
    tested.flow(f"id: a, {RETURN}: x")
    said = tested.run(says(f"{GREETED}, equalTo: z"))
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[0].startswith(("✘ s.c", "x s.c"))
    assert lines[1:] == [
        "    assertions[0]: {{ outputs.a.value }}: is not as expected",
        '      expected  equalTo "z"',
        '      actual    "x"',
        "1 failed",
    ]


def test_a_disabled_case_is_skipped_and_the_others_run(tested: Trial) -> None:
    tested.flow(f"id: a, {RETURN}: x")
    off, on = "disabled: true, assertions: [{value: 1, equalTo: 2}]", "assertions: [{value: 1, equalTo: 1}]"
    cases = [f"{{id: c, {off}}}", f"{{id: d, {on}}}"]
    text = f"id: s\nnamespace: tests\nflowId: one\ntestCases: [{', '.join(cases)}]\n"
    said = tested.cli("test", tested.cli.file("one.test.yaml", text))
    assert said.code == 0, said.err
    assert said.out.endswith("1 passed, 1 skipped\n")


def test_junit(tested: Trial) -> None:
    tested.flow(f'id: a, {RETURN}: "\\x01<"')
    report = tested.cli.folder / "report.xml"
    other = tested.cli.file("broken.test.yaml", "id: x")
    tested.run(says(f"{GREETED}, equalTo: z"), "--junit", str(report), other)
    suites = list(parse(report).getroot())
    assert [suite.get("failures") for suite in suites] == ["1", "0"]
    assert [suite.get("errors") for suite in suites] == ["0", "1"]
    failure = suites[0].find("testcase/failure")
    assert failure is not None
    assert 'expected  equalTo "z"' in (failure.text or "")
    assert suites[1].find("testcase/error") is not None


def test_nothing_of_a_test_is_left(tested: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    tested.flow(f"id: a, type: {CORE}storage.Write, content: x")
    tested.passes(says("value: '{{ read(outputs.a.uri) }}', equalTo: x"))
    assert list(place.iterdir()) == []
