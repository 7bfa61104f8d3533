"""kestrapy's `executions`: begun, read, steered, one at a time."""

from __future__ import annotations

import datetime
import json

import pytest
from kestrapy.exceptions import (
    ApiException,
    BadRequestException,
    ConflictException,
    NotFoundException,
    UnprocessableEntityException,
)
from kestrapy.models.execution import Execution
from kestrapy.models.execution_controller_state_request import ExecutionControllerStateRequest
from kestrapy.models.execution_kind import ExecutionKind
from kestrapy.models.execution_repository_interface_flow_filter import ExecutionRepositoryInterfaceFlowFilter
from kestrapy.models.label import Label
from kestrapy.models.state_type import StateType

from clients.flows import CORE, FAIL, HELLO, HOOK, LIMITED, LONG, PAUSE, SLEEP, Place, T

INPUTS = """
inputs:
  - {id: string, type: STRING}
  - {id: int, type: INT}
  - {id: float, type: FLOAT}
  - {id: bool, type: BOOL}
  - {id: datetime, type: DATETIME}
  - {id: date, type: DATE}
  - {id: time, type: TIME}
  - {id: duration, type: DURATION}
  - {id: file, type: FILE}
  - {id: table, type: FILE}
  - {id: json, type: JSON}
  - {id: yaml, type: YAML}
  - {id: uri, type: URI}
  - {id: select, type: SELECT, values: [a, b]}
  - {id: several, type: MULTISELECT, values: [a, b]}
  - {id: array, type: ARRAY, itemType: INT}
  - {id: email, type: EMAIL}
  - {id: secret, type: SECRET}
  - {id: none, type: STRING, required: false}
"""

GIVEN = {
    "string": "héllo wörld",
    "int": 42,
    "float": 2.5,
    "bool": True,
    "datetime": "2026-01-01T10:00:00Z",
    "date": "2026-01-01",
    "time": "10:00:00",
    "duration": "PT5M",
    "file": b"bytes",
    "table": ("data.csv", b"a,b\n1,2\n", "text/csv"),
    "json": {"a": [1, None]},
    "yaml": "a: 1",
    "uri": "https://example.com",
    "select": "b",
    "several": ["a", "b"],
    "array": [1, 2],
    "email": "a@example.com",
    "secret": "not told",
}

FILES = f"""
tasks:
  - {{id: write, type: {CORE}.storage.Write, content: "a,b\\n1,2\\n", extension: .csv}}
outputs:
  - {{id: uri, type: FILE, value: "{{{{ outputs.write.uri }}}}"}}
"""


def test_an_execution_has_what_clients_read(place: Place) -> None:
    place.deploy(HELLO)
    begun = place.run(labels=["team:data", "env:prod"], inputs={"name": "you"})
    assert begun.url.endswith(f"/ui/main/executions/{place.namespace}/f/{begun.id}")
    read = place.client.executions.execution(begun.id, T)
    assert (read.id, read.namespace, read.flow_id, read.flow_revision) == (begun.id, place.namespace, "f", 1)
    assert (read.original_id, read.deleted, read.metadata.attempt_number) == (begun.id, False, 1)
    assert read.state.current is StateType.SUCCESS
    assert [each.state for each in read.state.histories] == ["CREATED", "RUNNING", "SUCCESS"]
    assert read.state.start_date <= read.state.end_date
    assert read.state.duration.startswith("PT")
    assert read.inputs == {"name": "you"}
    assert {"team": "data", "env": "prod"}.items() <= {label.key: label.value for label in read.labels}.items()
    assert [(run.task_id, run.execution_id, run.state.current) for run in read.task_run_list] == [
        ("hello", begun.id, StateType.SUCCESS),
        ("say", begun.id, StateType.SUCCESS),
    ]
    assert read.task_run_list[0].attempts[0].state.current is StateType.SUCCESS


def test_an_ended_execution_passes_the_strict_model(place: Place) -> None:
    place.deploy(HELLO)
    path = f"/api/v1/main/executions/{place.run().id}"
    raw = place.client._session.get(place.client._base_url + path).json()
    read = Execution.from_dict(raw)
    assert read.state.get_end_date == read.state.end_date
    assert read.task_run_list[0].attempts[0].state.get_duration.startswith("PT")


def test_inputs_of_every_type_arrive(place: Place) -> None:
    place.deploy(f"{INPUTS}\ntasks: [{{id: a, type: {CORE}.debug.Return, format: '{{{{ read(inputs.table) }}}}'}}]")
    executions = place.client.executions
    execution = executions.execution(place.run(inputs=GIVEN).id, T)
    assert execution.state.current is StateType.SUCCESS
    got = dict(execution.inputs)
    assert executions.download_file_from_execution(execution.id, got.pop("file"), T) == b"bytes"
    assert executions.download_file_from_execution(execution.id, got.pop("table"), T) == b"a,b\n1,2\n"
    assert "not told" not in json.dumps(got)
    same = ("string", "int", "float", "bool", "date", "time", "duration", "json", "uri", "select", "several", "array")
    assert {name: got[name] for name in same} == {name: GIVEN[name] for name in same}
    assert got["yaml"] == {"a": 1}
    assert got["datetime"].startswith("2026-01-01T10:00:00")
    checked = executions.validate_new_execution_inputs(place.namespace, "f", T, labels=["a:b"], inputs=GIVEN)
    assert not [each for each in checked["inputs"] if each.get("errors")]
    checked = executions.validate_new_execution_inputs(place.namespace, "f", T, inputs={"string": "x", "int": "no"})
    wrong = {each["input"]["id"] for each in checked["inputs"] if each.get("errors")}
    assert {"int", "json"} <= wrong
    assert not wrong & {"string", "none"}


def test_wrong_inputs_and_unknown_flows_are_refused(place: Place) -> None:
    place.deploy(INPUTS + SLEEP)
    with pytest.raises(UnprocessableEntityException) as refused:
        place.run(inputs={**GIVEN, "int": "no"})
    assert json.loads(refused.value.body)["_embedded"]["errors"][0]["path"] == "int"
    with pytest.raises(UnprocessableEntityException, match="missing required input"):
        place.run()
    with pytest.raises(NotFoundException):
        place.run("none")
    with pytest.raises(NotFoundException):
        place.client.executions.execution("none", T)
    with pytest.raises(BadRequestException, match="Tenant must be 'main'"):
        place.client.executions.execution("none", "other")


def test_an_execution_begins_later_of_a_revision_as_a_test(place: Place) -> None:
    executions = place.client.executions
    source = place.deploy(HELLO).source
    place.client.flows.update_flow(place.namespace, "f", T, source.replace("Greets", "Waves"))
    later = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    begun = executions.create_execution(
        T, place.namespace, "f", revision=1, schedule_date=later, kind=ExecutionKind.TEST
    )
    read = executions.execution(begun.id, T)
    assert (read.flow_revision, read.kind, read.state.current) == (1, ExecutionKind.TEST, StateType.CREATED)
    assert read.schedule_date.isoformat()[:16] == later[:16]
    executions.kill_execution(begun.id, T)


def test_an_execution_stops_at_a_breakpoint_and_goes_on(place: Place) -> None:
    place.deploy(HELLO)
    stopped = place.begin(state="BREAKPOINT", breakpoints="say")
    place.client.executions.resume_execution_from_breakpoint(stopped, T)
    assert place.when(stopped).state.current is StateType.SUCCESS


def test_an_execution_is_followed_to_its_end(place: Place) -> None:
    place.deploy(SLEEP)
    executions = place.client.executions
    begun = place.client.executions.create_execution(T, place.namespace, "f")
    events = list(executions.follow_execution(begun.id, T))
    assert {event.id for event in events} == {begun.id}
    assert events[-1].state.current is StateType.SUCCESS
    assert len(events[-1].task_run_list) == 2
    raw = executions.follow_execution_raw(begun.id, T)
    assert raw.headers["Content-Type"].startswith("text/event-stream")
    assert b"id: end\n" in raw.content


def test_the_executions_around_one_are_followed(place: Place) -> None:
    place.deploy(SLEEP, "callee")
    call = f"{{id: call, type: {CORE}.flow.Subflow, namespace: {place.namespace}, flowId: callee, wait: true}}"
    place.deploy(f"tasks: [{call}]", "caller")
    executions = place.client.executions
    begun = executions.create_execution(T, place.namespace, "caller")
    events = list(executions.follow_dependencies_execution(begun.id, T, destination_only=False, expand_all=True))
    last = {event.flow_id: event.state.current for event in events}
    assert last == {"caller": StateType.SUCCESS, "callee": StateType.SUCCESS}
    assert executions.follow_dependencies_execution_raw(begun.id, T, expand_all=True).content


def test_an_execution_is_paused_resumed_and_killed(place: Place) -> None:
    place.deploy(SLEEP)
    place.deploy(LONG, "long")
    executions = place.client.executions
    paused = place.begin()
    assert executions.pause_execution(paused, T).id == paused
    assert executions.resume_execution(paused, T).id == paused
    assert place.when(paused).state.current is StateType.SUCCESS
    for refused in (executions.pause_execution, executions.resume_execution):
        with pytest.raises((ConflictException, UnprocessableEntityException)):
            refused(paused, T)
    long = place.begin("long")
    assert executions.kill_execution(long, T, is_on_kill_cascade=True).id == long
    assert place.when(long).state.current is StateType.KILLED
    with pytest.raises(ConflictException):
        executions.kill_execution(long, T, is_on_kill_cascade=False)


def test_a_pause_asks_for_inputs(place: Place) -> None:
    place.deploy(PAUSE)
    executions, paused = place.client.executions, place.run()
    assert paused.state.current is StateType.PAUSED
    checked = executions.validate_resume_execution_inputs(paused.id, T, inputs={"n": 3})
    assert [each["input"]["id"] for each in checked["inputs"] if each.get("errors")] == ["reason"]
    with pytest.raises(UnprocessableEntityException, match="reason"):
        executions.resume_execution(paused.id, T)
    executions.resume_execution(paused.id, T, inputs={"reason": "well", "n": 3})
    ended = place.when(paused.id)
    run = ended.task_run_list[-1]
    assert place.client.outputs.task_run_outputs(ended.id, run.id, T) == {"value": "well"}


def test_an_execution_is_restarted(place: Place) -> None:
    place.deploy(FAIL)
    executions, failed = place.client.executions, place.run()
    assert failed.state.current is StateType.FAILED
    assert executions.restart_execution(failed.id, T).id == failed.id
    again = place.when(failed.id)
    assert again.metadata.attempt_number == 2
    place.client.flows.update_flow(
        place.namespace, "f", T, place.source("f", FAIL.replace("execution.Fail", "debug.Return"))
    )
    other = executions.restart_execution(failed.id, T, revision=2)
    assert (other.id != failed.id, other.original_id, other.flow_revision) == (True, failed.id, 2)
    assert place.when(other.id).state.current is StateType.SUCCESS
    with pytest.raises((ConflictException, UnprocessableEntityException)):
        executions.restart_execution(other.id, T)


def test_an_execution_is_replayed(place: Place) -> None:
    place.deploy(HELLO)
    executions = place.client.executions
    first = executions.execution(place.run(inputs={"name": "you"}).id, T)
    whole = executions.replay_execution(first.id, T)
    assert (whole.id != first.id, whole.original_id, whole.inputs) == (True, first.id, {"name": "you"})
    part = executions.replay_execution(first.id, T, task_run_id=first.task_run_list[1].id, revision=1)
    assert [run.task_id for run in place.when(part.id).task_run_list] == ["hello", "say"]
    stopped = executions.replay_execution(first.id, T, breakpoints="say")
    assert place.when(stopped.id, "BREAKPOINT").state.current is StateType.BREAKPOINT
    same = executions.replay_execution_with_inputs(first.id, T)
    other = executions.replay_execution_with_inputs(first.id, T, inputs={"name": "me"})
    assert place.when(same.id).inputs == {"name": "you"}
    assert place.client.outputs.execution_outputs(place.when(other.id).id, T) == {"said": "me"}


def test_labels_are_set_when_an_execution_has_ended(place: Place) -> None:
    place.deploy(FAIL)
    place.deploy(LONG, "long")
    executions, ended = place.client.executions, place.run(labels=["kept:yes", "a:old"])
    changed = executions.set_labels_on_terminated_execution(ended.id, T, [Label(key="a", value="new")])
    assert {"kept": "yes", "a": "new"}.items() <= {label.key: label.value for label in changed.labels}.items()
    with pytest.raises(UnprocessableEntityException):
        executions.set_labels_on_terminated_execution(ended.id, T, [Label(key="system.x", value="y")])
    running = place.begin("long")
    with pytest.raises(BadRequestException):
        executions.set_labels_on_terminated_execution(running, T, [Label(key="a", value="b")])
    executions.kill_execution(running, T)


def test_states_are_set_by_hand(place: Place) -> None:
    place.deploy(FAIL)
    executions, failed = place.client.executions, place.run()
    assert executions.update_execution_status(failed.id, StateType.WARNING, T).state.current is StateType.WARNING
    with pytest.raises((ConflictException, UnprocessableEntityException)):
        executions.update_execution_status(failed.id, StateType.RUNNING, T)
    other = executions.execution(place.run().id, T)
    request = ExecutionControllerStateRequest(task_run_id=other.task_run_list[1].id, state=StateType.SUCCESS)
    executions.update_task_run_state(other.id, T, request)
    assert place.when(other.id, "SUCCESS").state.current is StateType.SUCCESS


def test_expressions_are_evaluated(place: Place) -> None:
    place.deploy(HELLO)
    executions = place.client.executions
    ended = executions.execution(place.run(inputs={"name": "you"}).id, T)
    text = "{{ inputs.name }} {{ outputs.say.value }} {{ execution.id }}"
    assert executions.eval_expression(ended.id, T, text) == {"result": f"you you {ended.id}"}
    run = ended.task_run_list[0].id
    assert executions.eval_task_run_expression(ended.id, run, T, "{{ taskrun.id }} {{ task.id }}").result == (
        f"{run} hello"
    )
    wrong = executions.eval_task_run_expression(ended.id, run, T, "{{ nothing.here }}")
    assert (wrong.result, "nothing" in wrong.error) == (None, True)


def test_files_of_an_execution_are_read(place: Place) -> None:
    place.deploy(FILES)
    executions, ended = place.client.executions, place.run()
    uri = place.client.outputs.execution_outputs(ended.id, T)["uri"]
    assert executions.download_file_from_execution(ended.id, uri, T) == b"a,b\n1,2\n"
    assert executions.file_metadatas_from_execution(ended.id, uri, T).size == 8
    shown = executions.preview_file_from_execution(ended.id, uri, T, max_rows=1, encoding="UTF-8")
    assert (shown["extension"], shown["truncated"]) == ("csv", True)
    other = executions.create_execution(T, place.namespace, "f", wait=True)
    assert executions.download_file_from_execution(other.id, uri, T) == b"a,b\n1,2\n"  # it is sent there
    with pytest.raises(ApiException):
        executions.download_file_from_execution(ended.id, "kestra:///somewhere/else.txt", T)


def test_a_webhook_starts_an_execution(place: Place) -> None:
    place.deploy(HOOK)
    executions, ns = place.client.executions, place.namespace
    begun = [
        executions.trigger_execution_by_get_webhook(T, ns, "f", "a-secret-key"),
        executions.trigger_execution_by_get_webhook_with_path(T, ns, "f", "a-secret-key", "p"),
        executions.trigger_execution_by_post_webhook_with_path(T, ns, "f", "a-secret-key", "p"),
        executions.trigger_execution_by_put_webhook_with_path(T, ns, "f", "a-secret-key", "p"),
    ]
    assert len({each.id for each in begun}) == 4
    assert {(each.namespace, each.flow_id, each.trigger.id) for each in begun} == {(ns, "f", "hook")}
    assert place.when(begun[0].id).state.current is StateType.SUCCESS
    with pytest.raises(NotFoundException):
        executions.trigger_execution_by_get_webhook(T, ns, "f", "wrong")


def test_an_execution_that_waits_for_its_turn_is_let_through(place: Place) -> None:
    place.deploy(LIMITED)
    executions = place.client.executions
    first, second, third = place.begin(), place.begin(state="QUEUED"), place.begin(state="QUEUED")
    assert executions.unqueue_execution(second, T, state=StateType.RUNNING).id == second
    assert executions.force_run_execution(third, T).id == third
    for execution in (second, third):
        assert place.when(execution, "RUNNING").state.current is StateType.RUNNING
    for execution in (first, second, third):
        executions.kill_execution(execution, T)


def test_graph_and_flow_of_an_execution(place: Place) -> None:
    place.deploy(HELLO)
    executions, ended = place.client.executions, place.run()
    graph = executions.execution_flow_graph(ended.id, T, subflows=[])
    assert any("taskRun" in node.additional_properties for node in graph.nodes)
    for flow in (
        executions.flow_from_execution(T, place.namespace, "f", revision=1),
        executions.flow_from_execution_by_id(ended.id, T),
        executions.list_executable_flows_by_namespace(place.namespace, T)[0],
    ):
        assert (flow.id, flow.namespace, flow.revision, flow.disabled, flow.deleted) == (
            "f",
            place.namespace,
            1,
            False,
            False,
        )
        assert [task.id for task in flow.tasks] == ["hello", "say"]
    assert place.namespace in executions.list_executable_namespaces(T)
    latest = executions.latest_executions(
        T, [ExecutionRepositoryInterfaceFlowFilter(namespace=place.namespace, id="f")]
    )
    assert [(each.id, each.status) for each in latest] == [(ended.id, StateType.SUCCESS)]
    assert executions.execution_average_duration(place.namespace, "f", T)["count"] == 1


def test_an_execution_is_deleted(place: Place) -> None:
    place.deploy(FILES)
    executions, ended = place.client.executions, place.run()
    executions.delete_execution(ended.id, T, delete_logs=True, delete_metrics=True, delete_storage=True)
    for ask in (executions.execution, executions.delete_execution):
        with pytest.raises(NotFoundException):
            ask(ended.id, T)
