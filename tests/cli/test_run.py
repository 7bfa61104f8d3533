"""`tiercel run`: exit codes, the document, what goes where."""

from __future__ import annotations

import json

import pytest

from cli.calling import Cli, flow, only

HELLO = "id: hello, type: io.kestra.plugin.core.log.Log, message: hello"
RETURN = "id: give, type: io.kestra.plugin.core.debug.Return, format: '{{ inputs.name }}'"
FAIL = "id: fail, type: io.kestra.plugin.core.execution.Fail, errorMessage: on purpose"
PAUSE = "id: stop, type: io.kestra.plugin.core.flow.Pause"
NAME = "inputs: [{id: name, type: STRING}]"


def test_a_run_prints_the_execution_as_the_one_document(cli: Cli) -> None:
    said = cli.on_store("run", cli.file("a.yaml", flow(HELLO)), "-o", "json")
    assert said.code == 0
    execution = said.json
    assert only(execution, "namespace", "flowId") == {"namespace": "tests", "flowId": "one"}
    assert execution["state"]["current"] == "SUCCESS"
    assert [run["taskId"] for run in execution["taskRunList"]] == ["hello"]
    assert execution["logs"][0]["message"] == "hello"
    assert execution["related"] == []
    assert "INFO     hello: hello" in said.err


@pytest.mark.parametrize(
    ("task", "code", "state"),
    [(HELLO, 0, "SUCCESS"), (f"{FAIL}, allowFailure: true", 0, "WARNING"), (FAIL, 1, "FAILED"), (PAUSE, 3, "PAUSED")],
)
def test_the_exit_code_tells_the_state(cli: Cli, task: str, code: int, state: str) -> None:
    execution = cli.json("run", cli.file("a.yaml", flow(task)), "--quiet", code=code)
    assert execution["state"]["current"] == state


def test_text_tells_the_outcome_the_reason_and_what_to_type_next(cli: Cli) -> None:
    said = cli.on_store("run", cli.file("a.yaml", flow(f"{HELLO}\n{FAIL}")))
    assert said.code == 1
    assert "INFO     hello: hello" in said.out
    assert "FAILED   fail" in said.out
    assert "fail: on purpose" in said.out
    assert "tiercel executions restart " in said.out
    assert f"--store {cli.store}" in said.out
    assert "\x1b" not in said.out
    assert said.err == ""


def test_a_quiet_run_prints_the_id_and_the_state(cli: Cli) -> None:
    said = cli.on_store("run", cli.file("a.yaml", flow(HELLO)), "--quiet")
    assert said.out.split()[1:] == ["SUCCESS"]
    assert said.err == ""


def test_outputs_are_shown(cli: Cli) -> None:
    outputs = "outputs: [{id: who, type: STRING, value: '{{ outputs.give.value }}'}]"
    said = cli.on_store("run", cli.file("a.yaml", flow(RETURN, more=f"{NAME}\n{outputs}")), "--input", "name=Ada=B")
    assert "who  Ada=B" in said.out


def test_inputs_come_from_a_file_and_options_go_before_it(cli: Cli) -> None:
    inputs = cli.file("inputs.json", json.dumps({"name": "file", "n": 3}))
    more = "inputs: [{id: name, type: STRING}, {id: n, type: INT}]"
    path = cli.file("a.yaml", flow(RETURN, more=more))
    assert cli.json("run", path, "--inputs-file", inputs)["inputs"] == {"name": "file", "n": 3}
    assert cli.json("run", path, "--inputs-file", inputs, "-i", "name=x")["inputs"] == {"name": "x", "n": 3}


def test_the_value_of_a_file_input_is_a_path(cli: Cli) -> None:
    path = cli.file("a.yaml", flow(HELLO, more="inputs: [{id: data, type: FILE}]"))
    uri = cli.json("run", path, "--input", f"data={cli.file('data.txt', 'some bytes')}")["inputs"]["data"]
    assert uri.startswith("kestra:///tests/one/")
    said = cli.on_store("files", "cat", uri)
    assert (said.code, said.out) == (0, "some bytes")


def test_labels_are_cut_at_the_first_colon(cli: Cli) -> None:
    execution = cli.json("run", cli.file("a.yaml", flow(HELLO)), "--label", "url:http://x")
    assert {"key": "url", "value": "http://x"} in execution["labels"]


def test_given_labels_come_after_the_flows_and_expressions_see_the_first_of_a_key(cli: Cli) -> None:
    seen = RETURN.replace("inputs.name", "labels.of ~ (labels.system.correlationId == execution.id)")
    execution = cli.json("run", cli.file("a.yaml", flow(seen, more="labels: {of: flow}")), "--label", "of:start")
    assert [label["value"] for label in execution["labels"] if label["key"] == "of"] == ["flow", "start"]
    assert execution["taskRunList"][0]["outputs"] == {"value": "flowtrue"}


def test_a_revision_that_the_text_names_is_not_stored_and_makes_no_other(cli: Cli) -> None:
    for text in (flow(HELLO), flow(HELLO, more="revision: 7"), f"# other\n{flow(HELLO)}"):
        assert cli.on_store("run", cli.file("a.yaml", text.replace("\n\n", "\n"))).code == 0
    shown = cli.json("flows", "show", "tests.one")
    assert shown["revision"] == 2
    assert shown["source"].startswith("# other\nid: one\n")


def test_other_flows_are_deployed_too(cli: Cli) -> None:
    others = cli.file("b.yaml", flow(HELLO, name="b") + "---\n" + flow(HELLO, name="c"))
    assert cli.on_store("run", cli.file("a.yaml", flow(HELLO)), "--with", others).code == 0
    assert [each["id"] for each in cli.json("flows", "list")] == ["b", "c", "one"]


def test_an_input_of_no_name_is_warned_of_with_the_nearest(cli: Cli) -> None:
    said = cli.on_store("run", cli.file("a.yaml", flow(RETURN, more=NAME)), "-i", "name=x", "-i", "nmae=y")
    assert said.code == 0
    assert "has no input 'nmae': nearest is 'name'; the value is ignored" in said.err


def test_an_input_that_is_missing_is_refused_and_nothing_starts(cli: Cli) -> None:
    said = cli.on_store("run", cli.file("a.yaml", flow(RETURN, more=NAME)), "-o", "json")
    assert (said.code, said.out) == (2, "")
    assert "`name`, missing required input" in said.err
    assert cli.json("executions", "list") == []


def test_a_flow_that_is_not_valid_is_refused_with_its_places_and_nothing_is_stored(cli: Cli) -> None:
    path = cli.file("a.yaml", flow("id: a, type: io.kestra.plugin.core.log.Lgo\nid: a, type: core.log.Log"))
    said = cli.on_store("run", path)
    assert said.code == 2
    assert f"{path}:5:" in said.err
    assert "nearest is 'io.kestra.plugin.core.log.Log'" in said.err or "core.log.Log" in said.err
    assert not cli.store.exists()


def test_a_file_with_several_flows_cannot_be_run(cli: Cli) -> None:
    said = cli.on_store("run", cli.file("a.yaml", flow(HELLO) + "---\n" + flow(HELLO, name="b")))
    assert said.code == 2
    assert "2 documents" in said.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--input", "x"], "found 'x', wanted NAME=VALUE"),
        (["--label", "=x"], "found '=x', wanted KEY:VALUE"),
        (["--label", "system.x:1"], "System labels can only be set by Kestra itself"),
        (["--inputs-file", "nowhere.json"], "nowhere.json: No such file or directory"),
        (["--event", "{}"], "name the trigger with --trigger"),
        (["--trigger", "t", "--event", "["], "this is no JSON"),
        (["--trigger", "t", "--event", "[]"], "found a list, wanted a JSON object"),
        (["--trigger", "t", "--label", "a:b"], "stands without --input, --label or --breakpoints"),
        (["--trigger", "t", "--breakpoints", "a"], "stands without --input, --label or --breakpoints"),
        (["--breakpoints", "hello,nope"], "breakpoint 'nope': tests.one has no task 'nope'; it has "),
        (["--wiht", "x"], "No such option"),
        (["--output", "xml"], "'xml' is not one of"),
    ],
)
def test_a_bad_option_is_refused(cli: Cli, arguments: list[str], text: str) -> None:
    said = cli.on_store("run", cli.file("a.yaml", flow(HELLO)), *arguments)
    assert (said.code, said.out) == (2, "")
    assert text in said.err
    assert "Traceback" not in said.err


def test_a_disabled_flow_is_refused(cli: Cli) -> None:
    said = cli.on_store("run", cli.file("a.yaml", flow(HELLO, more="disabled: true")))
    assert said.code == 2
    assert "is disabled" in said.err


def test_a_retry_is_waited_for_and_a_timer_that_was_outlived_is_not(cli: Cli) -> None:
    retry = "retry: {type: constant, interval: PT0.2S, maxAttempts: 2}"
    failing = flow(f"id: again, type: io.kestra.plugin.core.execution.Fail, {retry}")
    execution = cli.json("run", cli.file("a.yaml", failing), code=1)
    assert len(execution["taskRunList"][0]["attempts"]) == 2
    paused = cli.json("run", cli.file("b.yaml", flow(f"{PAUSE}, timeout: PT2S", name="b")), code=1)
    assert paused["state"]["current"] == "FAILED"


def test_timers_of_other_executions_are_not_waited_for(cli: Cli) -> None:
    waiting = cli.file("a.yaml", flow("id: stop, type: io.kestra.plugin.core.flow.Pause, delay: PT1H", name="a"))
    from tiercel.flowfile import parse_flow
    from tiercel.intake import Request
    from tiercel.runtime import embedded

    with embedded(cli.store) as runtime, open(waiting) as file:
        runtime.intake.accept(runtime.flows.deploy(parse_flow(file.read())), Request())
        runtime.bus.wait_quiet(10)
    assert cli.on_store("run", cli.file("b.yaml", flow(HELLO, name="b"))).code == 0
