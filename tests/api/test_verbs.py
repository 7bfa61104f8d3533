"""What is done to one execution: `/executions/{id}/actions/{verb}`, and the older addresses without `actions`."""

from __future__ import annotations

import io
from typing import Any

import pytest

from api.driving import FAIL, LOG, PAUSE, RETURN, SLEEP, Api
from tiercel.model.execution import header_key

FORMS = ["", "actions/"]

either = pytest.mark.parametrize("form", FORMS)

FAILING = f"tasks: [{{id: a, type: {RETURN}, format: x}}, {{id: b, type: {FAIL}}}]"
PAUSED = f"tasks: [{{id: p, type: {PAUSE}}}, {{id: l, type: {LOG}, message: m}}]"
SLEEPING = f"tasks: [{{id: s, type: {SLEEP}, duration: PT60S}}, {{id: l, type: {LOG}, message: m}}]"
ASKING = (
    f"tasks:\n  - id: p\n    type: {PAUSE}\n    onResume:\n      - {{id: ok, type: BOOL}}\n"
    "      - {id: doc, type: FILE, required: false}\n"
)


def done(api: Api, form: str, verb: str, execution: str, query: str = "", **kwargs: Any) -> dict[str, Any]:
    """Return the answer of a verb, which must be the whole execution."""
    found: dict[str, Any] = api.post(f"/executions/{execution}/{form}{verb}{query}", **kwargs)
    assert set(found) >= {"id", "namespace", "flowId", "flowRevision", "state", "originalId", "deleted", "metadata"}
    assert isinstance(found["taskRunList"], list)
    return found


def is_refused(api: Api, status: int, form: str, verb: str, execution: str, query: str = "", **kwargs: Any) -> None:
    """Check that a verb is refused with a code."""
    api.fails(status, "POST", f"/executions/{execution}/{form}{verb}{query}", **kwargs)


@either
@pytest.mark.parametrize(
    ("verb", "query", "kwargs"),
    [
        ("restart", "", {}),
        ("replay", "", {}),
        ("replay-with-inputs", "", {}),
        ("resume", "", {}),
        ("resume/validate", "", {}),
        ("resume-from-breakpoint", "", {}),
        ("pause", "", {}),
        ("force-run", "", {}),
        ("unqueue", "", {}),
        ("labels", "", {"json": []}),
        ("change-status", "?status=SUCCESS", {}),
        ("state", "", {"json": {"taskRunId": "x", "state": "SUCCESS"}}),
        ("eval", "", {"data": "x"}),
        ("eval/run", "", {"data": "x"}),
    ],
)
def test_an_unknown_execution_is_404(api: Api, form: str, verb: str, query: str, kwargs: dict[str, Any]) -> None:
    if not form:
        query, kwargs = "", {} if verb != "eval/run" else kwargs  # what it would be then is the start of a flow
    is_refused(api, 404, form, verb, "none", query, **kwargs)


@pytest.mark.parametrize("verb", ["restart", "resume", "labels", "state", "eval"])
def test_a_flow_may_be_called_like_a_verb(api: Api, verb: str) -> None:
    api.deploy(f"id: {verb}\nnamespace: t\ninputs: [{{id: n, type: INT, defaults: 1}}]")
    started = api.post(f"/executions/t/{verb}?wait=true&labels=a:b", data={"n": "2"})
    assert (started["flowId"], started["state"]["current"], started["inputs"]) == (verb, "SUCCESS", {"n": 2})
    assert api.post(f"/executions/t/{verb}/validate?labels=a:b")["id"] == verb


def test_a_verb_takes_no_parameters_of_a_start(api: Api) -> None:
    api.deploy(FAILING)
    execution = api.run()
    body = api.fails(400, "POST", f"/executions/{execution}/restart?wait=true")
    assert "wait" in body["message"]


@either
def test_restart_goes_on_from_what_failed(api: Api, form: str) -> None:
    api.deploy(FAILING)
    execution = api.run()
    found = done(api, form, "restart", execution)
    assert found["id"] == execution
    assert "RESTARTED" in [entry["state"] for entry in found["state"]["histories"]]
    assert api.state(execution) == "FAILED"
    other = done(api, form, "restart", execution, "?revision=1")
    assert other["id"] != execution
    assert other["originalId"] == execution
    api.deploy("description: fine")
    is_refused(api, 409, form, "restart", api.run())
    is_refused(api, 404, form, "restart", execution, "?revision=77")


@either
def test_replay_begins_a_new_execution(api: Api, form: str) -> None:
    api.deploy(f"tasks: [{{id: a, type: {RETURN}, format: x}}, {{id: b, type: {RETURN}, format: y}}]")
    execution = api.run()
    found = done(api, form, "replay", execution)
    assert found["id"] != execution
    assert (found["originalId"], found["parentId"]) == (execution, execution)
    runs = api.get(f"/executions/{execution}")["taskRunList"]
    later = done(api, form, "replay", execution, f"?taskRunId={runs[1]['id']}")
    assert api.state(later["id"]) == "SUCCESS"
    stopped = done(api, form, "replay", execution, "?breakpoints=b")
    assert api.state(stopped["id"]) == "BREAKPOINT"
    is_refused(api, 404, form, "replay", execution, "?taskRunId=none")
    is_refused(api, 404, form, "replay", execution, "?revision=9")


@either
def test_replay_takes_other_inputs(api: Api, form: str) -> None:
    api.deploy("inputs: [{id: n, type: INT}, {id: doc, type: FILE, required: false}]")
    execution = api.run(data={"n": "1"})
    found = done(api, form, "replay-with-inputs", execution, data={"n": "2", "doc": (io.BytesIO(b"new"), "d.txt")})
    assert found["inputs"]["n"] == 2
    assert found["id"] in found["inputs"]["doc"]
    empty: dict[str, Any] = {"data": b"--x--\r\n", "content_type": "multipart/form-data; boundary=x"}
    assert done(api, form, "replay-with-inputs", execution, **empty)["inputs"] == {"n": 1, "doc": None}
    is_refused(api, 422, form, "replay-with-inputs", execution, data={"n": "x"})


@either
def test_resume_takes_the_inputs_of_the_pause(api: Api, form: str) -> None:
    api.deploy(ASKING)
    execution = api.run()
    is_refused(api, 422, form, "resume", execution)
    found = api.post(f"/executions/{execution}/{form}resume/validate")
    assert [entry["input"]["id"] for entry in found["inputs"]] == ["ok", "doc"]
    assert found["inputs"][0]["errors"]
    assert found["checks"] == []
    assert api.state(execution) == "PAUSED"
    found = done(api, form, "resume", execution, data={"ok": "true", "doc": (io.BytesIO(b"x"), "d.txt")})
    assert found["state"]["current"] != "PAUSED"
    assert api.state(execution) == "SUCCESS"
    outputs = api.get(f"/executions/{execution}")["taskRunList"][0]["outputs"]
    assert outputs["onResume"]["ok"] is True
    is_refused(api, 409, form, "resume", execution)
    is_refused(api, 409, form, "resume/validate", execution)


@either
def test_pause_and_resume_at_once(api: Api, form: str) -> None:
    api.deploy(f"tasks: [{{id: s, type: {SLEEP}, duration: PT0.5S}}, {{id: l, type: {LOG}, message: m}}]")
    execution = api.post("/executions/t/f")["id"]
    while api.get(f"/executions/{execution}")["state"]["current"] == "CREATED":
        pass
    assert done(api, form, "pause", execution)["state"]["current"] == "PAUSED"
    assert done(api, form, "resume", execution)["state"]["current"] in ("RUNNING", "SUCCESS")
    assert api.state(execution) == "SUCCESS"
    is_refused(api, 409, form, "pause", execution)


@either
def test_an_execution_goes_on_from_its_breakpoint(api: Api, form: str) -> None:
    api.deploy(f"tasks: [{{id: a, type: {RETURN}, format: x}}, {{id: b, type: {RETURN}, format: x}}]")
    execution = api.run("/executions/t/f?breakpoints=a")
    done(api, form, "resume-from-breakpoint", execution, "?breakpoints=b")
    assert api.state(execution) == "BREAKPOINT"
    done(api, form, "resume-from-breakpoint", execution)
    assert api.state(execution) == "SUCCESS"
    is_refused(api, 409, form, "resume-from-breakpoint", execution)


@either
def test_a_queued_execution_is_taken_out_or_forced(api: Api, form: str) -> None:
    api.deploy(f"concurrency: {{limit: 1, behavior: QUEUE}}\n{PAUSED}")
    api.run()
    queued = [api.run() for _ in range(3)]
    assert [api.state(each) for each in queued] == ["QUEUED"] * 3
    assert done(api, form, "unqueue", queued[0])["state"]["current"] == "RUNNING"
    assert done(api, form, "unqueue", queued[1], "?state=CANCELLED")["state"]["current"] == "CANCELLED"
    assert done(api, form, "force-run", queued[2])["state"]["current"] == "RUNNING"
    is_refused(api, 409, form, "unqueue", queued[1])
    is_refused(api, 422, form, "unqueue", queued[0], "?state=ODD")
    is_refused(api, 409, form, "force-run", queued[1])


@either
def test_labels_are_merged(api: Api, form: str) -> None:
    api.deploy("labels: {a: '1', b: '2'}")
    execution = api.run()
    own = {"key": "system.correlationId", "value": execution}
    found = done(api, form, "labels", execution, json=[{"key": "b", "value": "3"}, {"key": "c", "value": "4"}, own])
    labels = {label["key"]: label["value"] for label in found["labels"]}
    assert labels == {"a": "1", "b": "3", "c": "4", "system.correlationId": execution}
    is_refused(api, 422, form, "labels", execution, json=[{"key": "system.x", "value": "1"}])
    is_refused(api, 422, form, "labels", execution, json=[{**own, "value": "other"}])
    is_refused(api, 422, form, "labels", execution, json={"a": "b"})
    is_refused(api, 422, form, "labels", execution, json=[{"key": "x"}])
    api.deploy(PAUSED)
    is_refused(api, 400, form, "labels", api.run(), json=[{"key": "b", "value": "3"}])


@either
def test_an_ended_execution_gets_another_status(api: Api, form: str) -> None:
    api.deploy(FAILING)
    execution = api.run()
    assert done(api, form, "change-status", execution, "?status=SUCCESS")["state"]["current"] == "SUCCESS"
    is_refused(api, 409, form, "change-status", execution, "?status=RUNNING")
    is_refused(api, 422, form, "change-status", execution, "?status=ODD")
    is_refused(api, 400, form, "change-status", execution)
    api.deploy(PAUSED)
    is_refused(api, 409, form, "change-status", api.run(), "?status=SUCCESS")


@either
def test_a_task_run_gets_another_state(api: Api, form: str) -> None:
    api.deploy(FAILING)
    execution = api.run()
    failed = api.get(f"/executions/{execution}")["taskRunList"][1]["id"]
    found = done(api, form, "state", execution, json={"taskRunId": failed, "state": "SUCCESS"})
    assert found["id"] == execution
    assert api.state(execution) == "SUCCESS"
    is_refused(api, 404, form, "state", execution, json={"taskRunId": "none", "state": "SUCCESS"})
    is_refused(api, 422, form, "state", execution, json={"taskRunId": failed, "state": "ODD"})
    is_refused(api, 422, form, "state", execution, data=b"{")


@either
def test_expressions_are_read_without_secrets(api: Api, form: str) -> None:
    api.deploy(
        "inputs: [{id: s, type: SECRET}]\n"
        f"tasks: [{{id: a, type: {RETURN}, format: one}}, {{id: b, type: {RETURN}, format: '{{{{ inputs.s }}}}'}}]"
    )
    execution = api.run(data={"s": "hush-hush"})
    run = api.get(f"/executions/{execution}")["taskRunList"][0]["id"]

    def read(text: str, at: str = "") -> Any:
        return api.post(f"/executions/{execution}/{form}eval{at}", data=text, content_type="text/plain")

    assert read("{{ outputs.a.value }} é") == {"result": "one é"}
    assert read("{{ taskrun.id }}", f"/{run}") == {"result": run}
    assert read("{{ secret('ANY') }} {{ inputs.s }}") == {"result": "****** ******"}
    assert set(read("{{ nowhere }}")) == {"error", "stackTrace"}
    assert "Traceback" not in str(read("{{ 1 + }}"))
    is_refused(api, 404, form, "eval/none", execution, data="x")


def test_expressions_are_read_before_anything_ran(api: Api) -> None:
    api.deploy("inputs: [{id: n, type: INT, defaults: 1}]")
    execution = api.run("/executions/t/f?scheduleDate=2999-01-01T00:00:00Z")
    assert api.post(f"/executions/{execution}/eval", data="{{ inputs.n }}") == {"result": "1"}


@either
def test_kill(api: Api, form: str) -> None:
    api.deploy(SLEEPING)
    execution = api.post("/executions/t/f")["id"]
    found = api.does("DELETE", f"/executions/{execution}/{form}kill")
    assert found["state"]["current"] in ("KILLING", "KILLED")
    assert api.state(execution) == "KILLED"
    assert api.does("DELETE", f"/executions/{execution}/{form}kill")["state"]["current"] == "KILLED"
    api.fails(409, "DELETE", f"/executions/{execution}/{form}kill?isOnKillCascade=false")
    api.fails(404, "DELETE", f"/executions/none/{form}kill")


def test_a_kill_reaches_what_was_called_or_not(api: Api) -> None:
    api.deploy(SLEEPING.replace("tasks:", "id: child\nnamespace: t\ntasks:", 1))
    sub = "io.kestra.plugin.core.flow.Subflow"
    api.deploy(f"tasks: [{{id: sub, type: {sub}, namespace: t, flowId: child, wait: true}}]")
    for cascade, wanted in (("true", "KILLED"), ("false", "RUNNING")):
        execution = api.run_until_waiting()
        api.does("DELETE", f"/executions/{execution}/kill?isOnKillCascade={cascade}")
        [child] = list(api.rt.view.caused_by(execution))
        assert api.wait_for(child.id, wanted)


def test_delete_removes_an_execution(api: Api) -> None:
    api.deploy("")
    execution = api.run()
    response = api.send("DELETE", f"/executions/{execution}")
    assert (response.status_code, response.get_data()) == (204, b"")
    api.fails(404, "DELETE", f"/executions/{execution}")
    api.fails(404, "GET", f"/executions/{execution}")


@pytest.mark.parametrize("kept", [True, False])
def test_delete_takes_the_files_along_or_not(api: Api, kept: bool) -> None:
    api.deploy("inputs: [{id: doc, type: FILE}]")
    execution = api.run(data={"doc": (io.BytesIO(b"x"), "d.txt")})
    uri = api.rt.view.header(execution).inputs["doc"]  # type: ignore[index]
    query = f"?deleteStorage={str(not kept).lower()}&deleteLogs=false&deleteMetrics=false"
    assert api.send("DELETE", f"/executions/{execution}{query}").status_code == 204
    assert (uri in list(api.rt.services.objects.list("kestra:///"))) is kept


def test_delete_kills_what_runs(api: Api) -> None:
    api.deploy(SLEEPING)
    execution = api.post("/executions/t/f")["id"]
    assert api.send("DELETE", f"/executions/{execution}").status_code == 204
    api.settle()
    assert api.rt.store.get([header_key(execution)]) == [None]
    assert list(api.rt.store.scan(f"lane/{execution}/")) == []
