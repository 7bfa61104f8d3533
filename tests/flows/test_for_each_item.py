"""ForEachItem: batches, the executions they start, what comes back (flow specification, 6.8)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.scenes import Place, labels, messages, outputs, place, states
from tiercel import actions
from tiercel.intake import Request

CHILD = """
id: child
namespace: team
labels: {from: child}
inputs:
  - {id: rows, type: STRING}
  - {id: number, type: INT}
tasks:
  - id: fail
    type: core.execution.Fail
    condition: "{{ kv('bad', errorOnMissing=false) == inputs.number }}"
  - {id: count, type: core.storage.Size, uri: "{{ inputs.rows }}"}
outputs:
  - {id: size, type: INT, value: "{{ outputs.count.size }}"}
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as found:
        found.deploy(CHILD)
        yield found


def parent(lines: int, *, more: str = "", batch: str = "{rows: 2}", after: str = "", child: str = "child") -> str:
    content = "\\n".join(f"line {number}" for number in range(lines)) + "\\n" if lines else ""
    return f"""
id: parent
namespace: team
tasks:
  - {{id: file, type: core.storage.Write, content: "{content}", extension: .txt}}
  - id: each
    type: core.flow.ForEachItem
    items: "{{{{ outputs.file.uri }}}}"
    batch: {batch}
    namespace: team
    flowId: {child}
    inputs: {{rows: "{{{{ taskrun.items }}}}", number: "{{{{ taskrun.iteration }}}}"}}
    {more}
{after}
"""


def children(shown: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(shown["related"], key=lambda each: int(each["inputs"]["number"]))


def test_each_batch_starts_an_execution_and_the_parent_has_four_task_runs(here: Place) -> None:
    shown = here.run(parent(7))
    assert states(shown) == dict.fromkeys(["file", "each", "each_split", "each_items", "each_merge"], "SUCCESS")
    found = children(shown)
    assert [each["inputs"]["number"] for each in found] == [0, 1, 2, 3]
    assert [here.text(each["inputs"]["rows"]) for each in found][-2:] == ["line 4\nline 5\n", "line 6\n"]
    assert all("/tasks/each-split/" in each["inputs"]["rows"] for each in found)
    assert {each["inputs"]["rows"][-4:] for each in found} == {".txt"}
    assert {each["trigger"]["id"] for each in found} == {"each_items"}


def test_its_parts_have_their_outputs_and_expressions_read_them(here: Place) -> None:
    use = "{ok: '{{ outputs.each_items.iterations.SUCCESS }}', merged: '{{ read(outputs.each_merge.subflowOutputs) }}'}"
    shown = here.run(parent(3, after=f"  - {{id: use, type: core.output.OutputValues, values: {use}}}"))
    splits = here.text(outputs(shown, "each_split")["splits"]).splitlines()
    assert splits == [each["inputs"]["rows"] for each in children(shown)]
    items = outputs(shown, "each_items")
    assert (items["numberOfBatches"], items["iterations"]) == (2, {"CREATED": 0, "RUNNING": 0, "SUCCESS": 2})
    assert items["subflowOutputsBaseUri"].startswith("kestra:///team/parent/executions/")
    values = outputs(shown, "use")["values"]
    assert values["ok"] == "2"
    assert [json.loads(line) for line in values["merged"].splitlines()] == [{"size": 14}, {"size": 7}]


def test_a_hundred_batches_are_counted_by_leaves_and_merged_in_order(here: Place) -> None:
    shown = here.run(parent(100, batch="{rows: 1}"))
    assert outputs(shown, "each_items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 100}
    merged = [
        json.loads(line)["size"] for line in here.text(outputs(shown, "each_merge")["subflowOutputs"]).splitlines()
    ]
    assert merged == [7] * 10 + [8] * 90
    assert len(shown["taskRunList"]) == 5


@pytest.mark.parametrize(
    ("batch", "sizes"),
    [
        ("{partitions: 3}", [21, 14, 14]),
        ("{bytes: 10}", [14, 14, 14, 7]),
        ("{}", [7] * 7),
        ('{rows: "{{ 5 }}"}', [35, 14]),
    ],
)
def test_a_file_is_cut_as_the_batch_says(here: Place, batch: str, sizes: list[int]) -> None:
    assert [each["outputs"]["size"] for each in children(here.run(parent(7, batch=batch)))] == sizes


def test_an_empty_file_starts_nothing(here: Place) -> None:
    shown = here.run(parent(0))
    assert states(shown) == dict.fromkeys(["file", "each", "each_split", "each_items", "each_merge"], "SUCCESS")
    assert (outputs(shown, "each_items"), outputs(shown, "each_merge")) == ({}, {"subflowOutputs": None})
    assert shown["related"] == []


def test_items_that_are_no_file_fail_with_the_remedy(here: Place) -> None:
    shown = here.run(parent(1).replace("{{ outputs.file.uri }}", "a,b,c"))
    assert states(shown) == {"file": "SUCCESS", "each": "FAILED", "each_split": "FAILED"}
    assert "wanted the URI of a file" in messages(shown, "each_split")[0]


def fail_at(here: Place, number: int) -> None:
    here.rt.services.keys.set("team", "bad", number)


def test_one_failing_execution_fails_the_whole_after_all_have_ended(here: Place) -> None:
    fail_at(here, 1)
    shown = here.run(parent(6))
    assert states(shown) == {"file": "SUCCESS", "each": "FAILED", "each_split": "SUCCESS", "each_items": "FAILED"}
    assert outputs(shown, "each_items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 2, "FAILED": 1}
    [items] = [run for run in shown["taskRunList"] if run["taskId"] == "each_items"]
    assert [attempt["state"]["current"] for attempt in items["attempts"]] == ["FAILED"]


def test_failures_that_are_not_transmitted_are_still_counted(here: Place) -> None:
    fail_at(here, 0)
    shown = here.run(parent(4, more="transmitFailed: false"))
    assert shown["state"]["current"] == "SUCCESS"
    assert outputs(shown, "each_items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 1, "FAILED": 1}
    assert len(here.text(outputs(shown, "each_merge")["subflowOutputs"]).splitlines()) == 1


def test_an_allowed_failure_is_a_warning_and_the_flow_goes_on(here: Place) -> None:
    fail_at(here, 0)
    shown = here.run(parent(2, more="allowFailure: true", after="  - {id: last, type: core.log.Log, message: on}"))
    assert shown["state"]["current"] == "WARNING"
    assert states(shown)["each"] == "WARNING"
    assert states(shown)["each_items"] == "FAILED"
    assert states(shown)["last"] == "SUCCESS"


def test_its_errors_branch_runs_when_an_execution_fails(here: Place) -> None:
    fail_at(here, 0)
    errors = "errors: [{id: mend, type: core.log.Log, message: '{{ errorLogs() | length }}'}]"
    shown = here.run(parent(2, more=errors))
    assert states(shown)["mend"] == "SUCCESS"
    assert shown["state"]["current"] == "FAILED"


def test_a_flow_that_is_not_there_is_named_in_the_log_of_the_items(here: Place) -> None:
    shown = here.run(parent(2, child="nobody"))
    assert states(shown)["each_items"] == "FAILED"
    assert messages(shown, "each_items") == ["Unable to find flow 'team'.'nobody'"]
    assert [line["taskId"] for line in shown["logs"] if line["level"] == "ERROR"] == ["each_items"]


def test_without_waiting_it_ends_when_all_are_created(here: Place) -> None:
    fail_at(here, 0)
    shown = here.run(parent(4, more="wait: false"))
    assert shown["state"]["current"] == "SUCCESS"
    assert outputs(shown, "each_items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 2}
    assert [each["state"]["current"] for each in children(shown)] == ["FAILED", "SUCCESS"]


def test_labels_are_rendered_for_each_batch_and_inherited_when_asked(here: Place) -> None:
    shown = here.run(parent(4, more="labels: {n: '{{ taskrun.iteration }}'}"), Request(labels=[("team", "blue")]))
    assert [labels(each)["n"] for each in children(shown)] == ["0", "1"]
    assert not any("team" in labels(each) for each in shown["related"])
    shown = here.run(parent(2, more="inheritLabels: true"), Request(labels=[("team", "blue")]))
    assert labels(shown["related"][0]) == {"from": "child", "team": "blue", "system.correlationId": shown["id"]}


def test_inside_a_loop_each_round_has_its_own_batches(here: Place) -> None:
    flow = """
id: looped
namespace: team
tasks:
  - {id: file, type: core.storage.Write, content: "a\\nb\\n"}
  - id: loop
    type: core.flow.ForEach
    values: ["x", "y"]
    tasks:
      - id: each
        type: core.flow.ForEachItem
        items: "{{ outputs.file.uri }}"
        namespace: team
        flowId: child
        inputs: {rows: "{{ taskrun.items }}", number: "{{ taskrun.iteration }}"}
        labels: {value: "{{ parent.taskrun.value }}", task: "{{ task.id }}"}
      - {id: use, type: core.debug.Return, format: "{{ outputs.each_items[taskrun.value].numberOfBatches }}"}
"""
    shown = here.run(flow)
    assert shown["state"]["current"] == "SUCCESS"
    assert sorted(labels(each)["value"] for each in shown["related"]) == ["x", "x", "y", "y"]
    assert {labels(each)["task"] for each in shown["related"]} == {"each_items"}
    assert [run["outputs"]["value"] for run in shown["taskRunList"] if run["taskId"] == "use"] == ["2", "2"]


@pytest.mark.parametrize("behavior", ["RETRY_FAILED", "NEW_EXECUTION"])
def test_a_restart_begins_only_the_failed_batches_again(here: Place, behavior: str) -> None:
    fail_at(here, 1)
    execution = here.begin(parent(80, batch="{rows: 1}", more=f"restartBehavior: {behavior}"))
    before = {each["id"]: each["state"]["current"] for each in here.shown(execution)["related"]}
    here.rt.services.keys.delete("team", "bad")
    actions.restart(here.rt, execution)
    here.settle()
    shown = here.shown(execution)
    after = {each["id"]: each["state"]["current"] for each in shown["related"]}
    assert shown["state"]["current"] == "SUCCESS"
    assert outputs(shown, "each_items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 80}
    assert len(here.text(outputs(shown, "each_merge")["subflowOutputs"]).splitlines()) == 80
    assert len(after) - len(before) == (0 if behavior == "RETRY_FAILED" else 1)
    assert list(after.values()).count("FAILED") == (0 if behavior == "RETRY_FAILED" else 1)


def test_a_kill_ends_the_executions_of_all_batches(here: Place) -> None:
    waits = CHILD.replace("id: child", "id: waits").replace(
        "tasks:\n", "tasks:\n  - {id: rest, type: core.flow.Pause}\n", 1
    )
    here.deploy(waits)
    execution = here.begin(parent(6, child="waits"))
    assert here.shown(execution)["state"]["current"] == "RUNNING"
    actions.kill(here.rt, execution)
    here.settle()
    shown = here.shown(execution)
    assert shown["state"]["current"] == "KILLED"
    assert [each["state"]["current"] for each in shown["related"]] == ["KILLED"] * 3


def test_an_id_that_its_parts_take_is_refused(here: Place) -> None:
    from tiercel.errors import FlowError

    with pytest.raises(FlowError, match=r"Duplicate task id with name \[each_items\]"):
        here.deploy(parent(1, after="  - {id: each_items, type: core.log.Log, message: mine}"))


def test_a_flow_that_calls_itself_is_refused(here: Place) -> None:
    from tiercel.errors import FlowError

    with pytest.raises(FlowError, match="Recursive call"):
        here.deploy(parent(1, child="parent"))


def test_its_parts_cannot_be_written_as_tasks(here: Place) -> None:
    from tiercel.errors import FlowError

    with pytest.raises(FlowError, match="ForEachItemSplit"):
        here.deploy(parent(1).replace("core.flow.ForEachItem", "core.flow.ForEachItem$ForEachItemSplit"))
