"""Many flows at once: replaced, deleted, switched, imported, exported, checked."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from api.driving import LOG, Api

YAML = {"content_type": "application/x-yaml"}
TASKS = f"tasks: [{{id: a, type: {LOG}, message: x}}]\n"


def flow(name: str, namespace: str = "t") -> str:
    """Return a flow's source."""
    return f"id: {name}\nnamespace: {namespace}\n{TASKS}"


def known(api: Api) -> list[str]:
    """Return the flows that are there."""
    return [f"{record.namespace}.{record.id}" for record in api.rt.flows.all()]


def upload(api: Api, name: str, content: bytes, query: str = "") -> Any:
    """Import a file, return the answer."""
    return api.send("POST", f"/flows/import{query}", data={"fileUpload": (io.BytesIO(content), name)})


def zipped(files: dict[str, str]) -> bytes:
    """Return a ZIP."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return sink.getvalue()


# ------------------------------------------------------------------ replaced


def test_a_namespace_is_replaced_and_the_deleted_come_first(api: Api) -> None:
    for each in (flow("old"), flow("kept"), flow("x", "other")):
        api.deploy(each)
    found = api.post("/flows/t?delete=true", data=f"{flow('new')}---\n{flow('kept')}", **YAML)
    assert [(each["id"], each["namespace"], each["deleted"]) for each in found] == [
        ("old", "t", True),
        ("new", "t", False),
        ("kept", "t", False),
    ]
    assert known(api) == ["other.x", "t.kept", "t.new"]


def test_nothing_is_deleted_that_nobody_asked_for(api: Api) -> None:
    api.deploy(flow("old"))
    api.post("/flows/t", data=flow("new"), **YAML)
    api.post("/flows/bulk", data=flow("newer"), **YAML)
    assert known(api) == ["t.new", "t.newer", "t.old"]


def test_a_flow_of_another_namespace_is_refused_or_moved(api: Api) -> None:
    body = f"{flow('a')}---\n# said\n{flow('b', 'other')}"
    assert "'other', wanted 't'" in api.fails(422, "POST", "/flows/t", data=body, **YAML)["message"]
    assert known(api) == []
    api.post("/flows/t?override=true", data=body, **YAML)
    assert known(api) == ["t.a", "t.b"]
    assert api.get("/flows/t/b")["source"] == f"# said\n{flow('b')}"


def test_all_are_stored_or_none(api: Api) -> None:
    api.deploy(flow("old"))
    for body in (f"{flow('a')}---\nid: b\n", f"{flow('a')}---\n{flow('a')}", ""):
        api.fails(422, "POST", "/flows/bulk?delete=true", data=body, **YAML)
    assert known(api) == ["t.old"]


def test_a_bulk_update_goes_across_namespaces_or_below_one(api: Api) -> None:
    for each in (flow("a"), flow("b", "t.sub"), flow("c", "u")):
        api.deploy(each)
    api.post("/flows/bulk?delete=true&namespace=t&allowNamespaceChild=true", data=flow("d", "t.sub"), **YAML)
    assert known(api) == ["t.sub.d", "u.c"]
    api.fails(422, "POST", "/flows/bulk?namespace=t", data=flow("e", "t.sub"), **YAML)
    api.post("/flows/bulk?delete=true", data=flow("a"), **YAML)
    assert known(api) == ["t.a"]


# ------------------------------------------------------------------ deleted, switched


def test_flows_are_deleted_by_their_names_all_or_none(api: Api) -> None:
    for name in "abc":
        api.deploy(flow(name))
    names = [{"namespace": "t", "id": name} for name in "ab"]
    api.fails(404, "DELETE", "/flows/delete/by-ids", json=[*names, {"namespace": "t", "id": "z"}])
    assert len(known(api)) == 3
    assert api.does("DELETE", "/flows/delete/by-ids", json=names) == {"count": 2}
    assert known(api) == ["t.c"]


def test_flows_are_deleted_by_a_query_and_unknown_parameters_delete_nothing(api: Api) -> None:
    for each in (flow("a"), flow("b", "u")):
        api.deploy(each)
    api.fails(400, "DELETE", "/flows/delete/by-query?namspace=t")
    api.fails(400, "DELETE", "/flows/delete/by-query?state=RUNNING")
    assert len(known(api)) == 2
    assert api.does("DELETE", "/flows/delete/by-query?filters[namespace][EQUALS]=t") == {"count": 1}
    assert known(api) == ["u.b"]


def test_disabling_rewrites_one_line_and_counts_what_it_changed(api: Api) -> None:
    api.deploy(f"# head\n{flow('a')}".replace("# head\nid: a", "id: a # name"))
    api.deploy(f"{flow('b')}disabled: true  # why\n")
    names = [{"namespace": "t", "id": name} for name in "ab"]
    assert api.post("/flows/disable/by-ids", json=names) == {"count": 1}
    assert api.get("/flows/t/a")["source"] == f"id: a # name\nnamespace: t\ndisabled: true\n{TASKS}"
    api.fails(409, "POST", "/executions/t/a")
    assert api.post("/flows/enable/by-query?namespace=t") == {"count": 2}
    assert api.get("/flows/t/b")["source"] == f"{flow('b')}disabled: false  # why\n"
    assert [api.get(f"/flows/t/{name}")["revision"] for name in "ab"] == [3, 2]
    assert api.post("/flows/disable/by-query?flowId=a") == {"count": 1}


def test_a_list_of_names_must_be_one(api: Api) -> None:
    bodies: list[Any] = [{}, ["a"], [{"id": "a"}], "x"]
    for body in bodies:
        api.fails(422, "POST", "/flows/disable/by-ids", json=body)


# ------------------------------------------------------------------ by the file


def test_yaml_is_imported_and_what_is_wrong_told_by_its_number(api: Api) -> None:
    api.deploy(flow("a"))
    api.send("DELETE", "/flows/t/a")
    response = upload(api, "flows.YAML", f"{flow('a')}---\nid: wrong\n---\n{flow('b')}".encode())
    assert (response.status_code, response.json) == (200, ["1"])
    assert known(api) == ["t.a", "t.b"]


def test_import_may_be_all_or_none(api: Api) -> None:
    response = upload(api, "flows.yml", f"{flow('a')}---\nid: wrong\n".encode(), "?failOnError=true")
    assert response.status_code == 422
    assert known(api) == []


def test_a_zip_is_imported_and_what_is_wrong_told_by_its_file(api: Api) -> None:
    files = {"t.a.yml": flow("a"), "sub/b.yaml": flow("b"), "bad.yml": "id: x\n", "README.md": "# no flow"}
    assert upload(api, "flows.zip", zipped(files)).json == ["bad.yml"]
    assert known(api) == ["t.a", "t.b"]


@pytest.mark.parametrize("packed", [False, True])
def test_an_import_is_tried_without_storing_anything(api: Api, packed: bool) -> None:
    api.deploy(flow("same"))
    api.deploy(flow("other"))
    texts = [flow("same"), flow("other") + "description: new\n", "id: wrong\n", flow("fresh")]
    content = zipped({f"{n}.yml": text for n, text in enumerate(texts)}) if packed else "---\n".join(texts).encode()
    found = upload(api, f"flows.{'zip' if packed else 'yml'}", content, "?dryRun=true").json
    assert [(each.get("flow"), each["action"]) for each in found] == [
        ("same", "unchanged"),
        ("other", "updated"),
        (None, "refused"),
        ("fresh", "created"),
    ]
    assert found[2]["place"] == ("2.yml" if packed else "2")
    assert "namespace" in " ".join(found[2]["problems"])
    assert known(api) == ["t.other", "t.same"]
    assert api.get("/flows/t/other")["revision"] == 1


@pytest.mark.parametrize("name", ["../up.yml", "/etc/a.yml", "a/../../b.yml", "c:\\a.yml"])
def test_a_zip_that_leads_out_of_itself_is_refused_whole(api: Api, name: str) -> None:
    response = upload(api, "flows.zip", zipped({"good.yml": flow("a"), name: flow("b")}))
    assert response.status_code == 422
    assert known(api) == []


def test_a_zip_bomb_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    response = upload(api, "flows.zip", zipped({"bomb.yml": "#" * 50_000_000}))
    assert response.status_code == 422
    assert "5,000,000 bytes come out of 'bomb.yml'" in response.json["message"]
    monkeypatch.setattr("tiercel.authoring.bundles.MOST_BYTES", 1_000_000)
    response = upload(api, "flows.zip", zipped({f"{n}.yml": flow(f"f{n}") + "#" * 400_000 for n in range(4)}))
    assert "more than 1,000,000 bytes come out of the ZIP" in response.json["message"]
    monkeypatch.setattr("tiercel.authoring.bundles.MOST_ENTRIES", 3)
    response = upload(api, "flows.zip", zipped({f"{n}.yml": flow(f"f{n}") for n in range(4)}))
    assert "holds 4 files; 3 is the limit" in response.json["message"]
    assert known(api) == []


@pytest.mark.parametrize(("name", "content"), [("flows.txt", b"id: a"), ("flows.zip", b"PK no zip"), ("flows", b"")])
def test_a_file_that_is_neither_is_refused(api: Api, name: str, content: bytes) -> None:
    assert upload(api, name, content).status_code == 422


def test_an_import_without_a_file_is_refused(api: Api) -> None:
    assert "fileUpload" in api.fails(422, "POST", "/flows/import", data={"other": "x"})["message"]


def test_what_is_exported_is_imported_again(api: Api) -> None:
    for each in (flow("a"), flow("b", "t.sub"), flow("c", "u")):
        api.deploy(each)
    response = api.send("GET", "/flows/export/by-query?namespace=t")
    assert response.headers["Content-Disposition"] == 'attachment; filename="flows.zip"'
    assert response.mimetype == "application/octet-stream"
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        assert archive.namelist() == ["t.a.yml", "t.sub.b.yml"]
        assert archive.read("t.a.yml").decode() == flow("a")
    api.does("DELETE", "/flows/delete/by-query")
    assert upload(api, "flows.zip", response.data).json == []
    assert known(api) == ["t.a", "t.sub.b"]
    named = api.send("POST", "/flows/export/by-ids", json=[{"namespace": "t", "id": "a"}])
    with zipfile.ZipFile(io.BytesIO(named.data)) as archive:
        assert archive.namelist() == ["t.a.yml"]


# ------------------------------------------------------------------ checked


def test_what_is_valid_has_no_constraints_and_nothing_is_stored(api: Api) -> None:
    found = api.post("/flows/validate", data=f"{flow('a')}---\nid: b\nnamespace: t\ntasks: []\n", **YAML)
    assert found[0] == {
        "index": 0,
        "flow": "a",
        "namespace": "t",
        "outdated": False,
        "deprecationPaths": [],
        "warnings": [],
        "infos": [],
    }
    assert (found[1]["index"], found[1]["flow"]) == (1, "b")
    assert "tasks: must not be empty" in found[1]["constraints"]
    assert known(api) == []


def test_what_is_no_yaml_is_one_answer(api: Api) -> None:
    found = api.post("/flows/validate", data="id: [", **YAML)
    assert len(found) == 1
    assert "not YAML" in found[0]["constraints"]


def test_old_types_are_told_and_a_revision_that_was_overtaken_is_outdated(api: Api) -> None:
    old = flow("a").replace("io.kestra.plugin.core.log.Log", "io.kestra.core.tasks.log.Log")
    api.deploy(flow("a"))
    for number, outdated in ((1, True), (2, False), (3, True)):
        found = api.post("/flows/validate", data=f"{old}revision: {number}\n", **YAML)[0]
        assert found["outdated"] is outdated
        assert found["deprecationPaths"] == ["tasks[0].type"]
        assert found["infos"] == [f"io.kestra.core.tasks.log.Log is replaced by {LOG}"]
        assert "constraints" not in found


def test_files_are_checked_one_by_one(api: Api) -> None:
    data = {"a": (io.BytesIO(flow("a").encode()), "a.yml"), "b": (io.BytesIO(b"id: b\n"), "b.yml")}
    found = api.post("/flows/validate", data=data)
    assert [(each["index"], each["filename"], "constraints" in each) for each in found] == [
        (0, "a.yml", False),
        (1, "b.yml", True),
    ]


def test_a_task_or_a_trigger_is_checked_alone(api: Api) -> None:
    task = f"id: a\ntype: {LOG}\n"
    found = api.post("/flows/validate/task?section=TASKS", data=task, **YAML)
    assert (found["index"], "message" in found["constraints"]) == (0, True)
    assert "constraints" not in api.post("/flows/validate/task", json={"id": "a", "type": LOG, "message": "x"})
    cron = "id: s\ntype: io.kestra.plugin.core.trigger.Schedule\ncron: 61 * * * *\n"
    assert "cron" in api.post("/flows/validate/task?section=TRIGGERS", data=cron, **YAML)["constraints"]
    assert "constraints" in api.post("/flows/validate/trigger", data=task, **YAML)
    api.fails(422, "POST", "/flows/validate/task?section=OTHERS", data=task, **YAML)
