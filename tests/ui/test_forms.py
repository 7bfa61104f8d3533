"""What forms do: each is a request to the API, and then another page."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from api.driving import RETURN
from ui.browsing import Reader
from ui.conftest import World

EVERY = """id: every
namespace: company.team
inputs:
  - {id: s, type: STRING, defaults: word}
  - {id: n, type: INT, min: 1, max: 9, required: false}
  - {id: f, type: FLOAT, required: false}
  - {id: b, type: BOOL, required: false}
  - {id: one, type: SELECT, values: [x, y], required: false}
  - {id: radio, type: SELECT, values: [x, y], isRadio: true, required: false}
  - {id: own, type: SELECT, values: [x, y], allowCustomValue: true, required: false}
  - {id: some, type: MULTISELECT, values: [x, y, z], required: false}
  - {id: d, type: DATE, required: false}
  - {id: at, type: DATETIME, required: false}
  - {id: t, type: TIME, required: false}
  - {id: long, type: DURATION, required: false}
  - {id: file, type: FILE, required: false}
  - {id: j, type: JSON, required: false}
  - {id: a, type: ARRAY, itemType: INT, required: false}
  - {id: hidden, type: STRING, required: false, dependsOn: {inputs: [b], condition: "{{ inputs.b }}"}}
tasks: [{id: give, type: io.kestra.plugin.core.debug.Return, format: x}]
"""


def inputs_of(world: World, page: str) -> dict[str, object]:
    """Return the inputs of the execution of a page."""
    found: dict[str, object] = world.api.get(f"/executions/{page.rpartition('/')[2]}").get("inputs", {})
    return found


def test_a_flow_is_executed_with_inputs_of_every_type(world: World, reader: Reader) -> None:
    world.api.deploy(EVERY)
    html = reader.get("/ui/flows/execute/company.team/every")
    assert html.all("input", type="number", name="n", min="1", max="9", step="1")
    assert [each.attributes["value"] for each in html.all("input", type="radio", name="radio")] == ["x", "y", ""]
    assert len(html.all("input", type="checkbox", name="some")) == 3
    assert "hidden" in html.all("div", data_input="hidden")[0].attributes
    given = {"n": "3", "f": "1.5", "b": "true", "one": "x", "some": ["x"], "d": "2026-01-31", "own": "mine"}
    more = {"at": "2026-01-31T08:00", "t": "08:00:00", "long": "PT1H", "j": '{"k": 1}', "a": "[1, 2]", "radio": ""}
    data = {**given, **more, "file": (io.BytesIO(b"a,b"), "table.csv"), "_labels": "who:me"}
    page = reader.moves("/ui/flows/execute/company.team/every", data=data, content_type="multipart/form-data")
    found = inputs_of(world, page)
    assert str(found.pop("file")).endswith("/table.csv")
    assert (found["s"], found["n"], found["f"], found["b"]) == ("word", 3, 1.5, True)
    assert (found["some"], found["a"], found["j"], found["own"]) == (["x"], [1, 2], {"k": 1}, "mine")
    assert found["at"] == "2026-01-31T08:00:00Z"
    assert found.get("radio") is None
    assert {"key": "who", "value": "me"} in world.api.get(f"/executions/{page.rpartition('/')[2]}")["labels"]


def test_what_is_wrong_stands_below_its_input_and_nothing_is_lost(world: World, reader: Reader) -> None:
    world.api.deploy(EVERY)
    response = reader.post("/ui/flows/execute/company.team/every", data={"s": "kept", "n": "12"})
    assert response.status_code == 422
    text = response.get_data(as_text=True)
    assert "kept" in text
    place = text.index('data-input="n"')
    assert "12" in text[place : text.index('data-input="f"')]
    assert 'aria-invalid="true"' in text[place : text.index('data-input="f"')]


def test_a_paused_execution_is_resumed_by_its_form(world: World, reader: Reader) -> None:
    execution = world.api.run("/executions/company.team/wait")
    page = f"/ui/executions/company.team/wait/{execution}"
    assert reader.get(f"{page}/resume").all("input", name="n", type="number")
    assert reader.post(f"{page}/resume", data={}).status_code == 422
    assert reader.moves(f"{page}/resume", data={"n": "7"}) == page
    assert world.api.state(execution) == "SUCCESS"


def test_an_execution_is_replayed_with_other_inputs(world: World, reader: Reader) -> None:
    page = f"/ui/executions/company.team/shown/{world.good}"
    assert "alert(1)" in reader.get(f"{page}/replay").text
    again = reader.moves(f"{page}/replay", data={"text": "other"})
    assert inputs_of(world, again) == {"text": "other"}


def test_actions_on_some_executions_say_how_many(world: World, reader: Reader) -> None:
    ids = [world.api.run("/executions/company.team/bad") for _ in range(2)]
    action = next(
        each.attributes["formaction"]
        for each in reader.get("/ui/executions?q=bad").all("button")
        if "executions/by-ids" in each.attributes.get("formaction", "")
    )
    assert reader.moves(action, data={"id": ids}) == "/ui/executions?q=bad"
    assert "2 deleted." in reader.get("/ui/executions?q=bad").text
    assert "2 deleted." not in reader.get("/ui/executions?q=bad").text
    for each in ids:
        world.api.fails(404, "GET", f"/executions/{each}")


def test_an_action_that_cannot_be_done_says_why(world: World, reader: Reader) -> None:
    response = reader.post(f"/ui/act/POST/executions/{world.good}/actions/pause?_next=/ui/executions")
    assert response.status_code == 409
    assert "SUCCESS" in response.get_data(as_text=True)


def test_a_flow_is_written_checked_and_stored(world: World, reader: Reader) -> None:
    source = f"id: written\nnamespace: company.team\ntasks: [{{id: a, type: {RETURN}, format: x}}]\n"
    wrong = reader.post("/ui/flows/new", data={"source": source.replace("Return", "Retrun"), "do": "save"})
    assert wrong.status_code == 422
    assert "Retrun" in wrong.get_data(as_text=True)
    assert "valid" in reader.post("/ui/flows/new", data={"source": source, "do": "check"}).get_data(as_text=True)
    page = reader.moves("/ui/flows/new", data={"source": source.replace("\n", "\r\n"), "do": "save"})
    assert page == "/ui/flows/edit/company.team/written"
    assert world.api.get("/flows/company.team/written")["source"] == source


def test_a_text_that_began_before_another_revision_is_not_stored_over_it(world: World, reader: Reader) -> None:
    source = f"id: raced\nnamespace: company.team\ntasks: [{{id: a, type: {RETURN}, format: x}}]\n"
    world.api.deploy(source)
    world.api.deploy(source.replace("format: x", "format: y"))
    page = "/ui/flows/edit/company.team/raced/edit"
    mine = {"source": source.replace("format: x", "format: z"), "do": "save"}
    response = reader.post(page, data={**mine, "revision": "1"})
    assert response.status_code == 422
    assert "revision 2 was stored meanwhile" in response.get_data(as_text=True)
    assert reader.moves(page, data={**mine, "revision": "2"}) == page
    assert world.api.get("/flows/company.team/raced")["revision"] == 3


def test_an_older_revision_is_compared_and_restored(world: World, reader: Reader) -> None:
    source = f"id: old\nnamespace: company.team\ntasks:\n  - {{id: a, type: {RETURN}, format: one}}\n"
    world.api.deploy(source)
    world.api.deploy(source.replace("one", "two"))
    page = "/ui/flows/edit/company.team/old/revisions"
    html = reader.get(page)
    assert len(html.all("tr", class_="added")) == len(html.all("tr", class_="removed")) == 1
    assert reader.get(f"{page}?view=sides").all("td", class_="added")
    assert reader.moves(page, data={"revision": "1"}) == page
    assert world.api.get("/flows/company.team/old")["source"] == source
    assert reader.post(page, data={"revision": "9"}).status_code == 422


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [("STRING", "42", "42"), ("NUMBER", "42", 42), ("JSON", '{"a": [1]}', {"a": [1]}), ("BOOLEAN", "true", True)],
)
def test_a_key_is_stored_with_its_type(world: World, reader: Reader, kind: str, value: str, stored: object) -> None:
    page = "/ui/namespaces/edit/company.team/kv"
    reader.moves(page, data={"key": "k", "kind": kind, "value": value, "description": "für später", "ttl": "PT1H"})
    found = world.api.get("/namespaces/company.team/kv/k")
    assert (found["type"], found["value"]) == (kind, stored)
    html = reader.get(f"{page}?key=k")
    assert html.all("input", name="description", value="für später")
    assert reader.moves("/ui/act/DELETE/namespaces/company.team/kv/k?_next=/ui/flows") == "/ui/flows"


def test_an_expression_is_tried_against_an_execution(world: World, reader: Reader) -> None:
    page = f"/ui/executions/company.team/shown/{world.good}/outputs"
    good = reader.post(page, data={"expression": "{{ 1 + 1 }} {{ flow.id }}"}).get_data(as_text=True)
    assert "2 shown" in good
    bad = reader.post(page, data={"expression": "{{ nobody.knows }}"}).get_data(as_text=True)
    assert 'class="card trouble"' in bad


def test_a_trigger_is_disabled_and_backfilled(world: World, reader: Reader) -> None:
    page = "/ui/flows/edit/company.team/shown/triggers"
    html = reader.get(page)
    assert "http://tiercel.test/api/v1/main/executions/webhook/company.team/shown/key" in html.text
    names = {"namespace": "company.team", "flowId": "shown", "triggerId": "day"}
    action = f"/ui/act/PUT/triggers/set-disabled?_as=fields&_next={page}"
    for disabled in (True, False):
        assert reader.moves(action, data={**names, "disabled": str(disabled).lower()}) == page
        state = world.api.get("/triggers/company.team/shown?q=day")["results"][0]
        assert state["disabled"] is disabled
    action = f"/ui/act/PUT/triggers/backfill/create?_as=fields&_next={page}"
    span = {"backfill.start": "2024-01-01T00:00:00", "backfill.end": "2024-01-01T12:00:00", "backfill.inputs.text": "t"}
    assert reader.moves(action, data={**names, **span}) == page


def test_flows_come_by_the_file(world: World, reader: Reader, tmp_path: Path) -> None:
    text = f"id: filed\nnamespace: company.team\ntasks: [{{id: a, type: {RETURN}, format: x}}]\n"
    action = "/ui/act/POST/flows/import?failOnError=true&_as=form&_next=/ui/flows"
    upload = {"fileUpload": (io.BytesIO(text.encode()), "flows.yaml")}
    assert reader.moves(action, data=upload, content_type="multipart/form-data") == "/ui/flows"
    assert world.api.get("/flows/company.team/filed")["revision"] == 1


def test_the_first_steps_store_the_example(world: World, reader: Reader) -> None:
    page = reader.moves("/ui/welcome")
    assert page == "/ui/flows/execute/company.team/hello"
    assert reader.moves(page, data={"name": "you"}).startswith("/ui/executions/company.team/hello/")
    assert reader.moves("/ui/welcome") == page


def test_files_of_a_namespace_are_uploaded_written_and_deleted(world: World, reader: Reader) -> None:
    page = "/ui/namespaces/edit/company.team/files"
    action = f"/ui/act/POST/namespaces/company.team/files?path=/lib&_as=upload&_next={page}"
    upload = {"fileContent": (io.BytesIO(b"one = 1\n"), "a.py")}
    assert reader.moves(action, data=upload, content_type="multipart/form-data") == page
    assert "lib" in reader.get(page).text
    assert "one = 1" in reader.get(f"{page}?path=/lib&file=/lib/a.py").text
    action = f"/ui/act/POST/namespaces/company.team/files?path=/lib/a.py&_as=file&_next={page}"
    reader.moves(action, data={"text": "two = 2\r\n"})
    found = world.api.send("GET", "/namespaces/company.team/files?path=/lib/a.py")
    assert found.get_data() == b"two = 2\n"
    reader.moves(f"/ui/act/DELETE/namespaces/company.team/files?path=/lib&_next={page}")
    assert "lib" not in reader.get(page).text


def test_a_namespace_has_variables(world: World, reader: Reader) -> None:
    page = "/ui/namespaces/edit/company.team/variables"
    assert reader.moves(page, data={"description": "d", "variables": '{"region": "eu"}'}) == page
    assert world.api.get("/namespaces/company.team")["variables"] == {"region": "eu"}
    for wrong in ("[1]", "{"):
        assert reader.post(page, data={"variables": wrong}).status_code == 422
    reader.moves(page, data={"variables": ""})
