"""Plugins and expressions through the API: documentation, schemas, icons, completion."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from api.driving import LOG, Api
from tiercel.plugin_names import PLUGINS

SWITCH = "io.kestra.plugin.core.flow.Switch"


def references(value: Any) -> Iterator[str]:
    """Yield what a schema refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


@pytest.mark.parametrize(
    "kind", ["flow", "TASK", "trigger", "PLUGINDEFAULT", "plugin_default", "dashboard", "template"]
)
def test_a_schema_refers_to_what_it_holds_only(api: Api, kind: str) -> None:
    schema = api.get(f"/plugins/schemas/{kind}")
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert {each.removeprefix("#/definitions/") for each in references(schema)} <= schema["definitions"].keys()


def test_every_type_has_its_definition(api: Api) -> None:
    schema = api.get("/plugins/schemas/task")
    definitions = schema["definitions"]
    assert definitions.keys() >= PLUGINS.keys()
    tasks = {each["$ref"].rpartition("/")[2] for each in definitions[schema["$ref"].rpartition("/")[2]]["anyOf"]}
    assert LOG in tasks
    assert "io.kestra.plugin.core.trigger.Schedule" not in tasks
    log = definitions[LOG]
    assert log["properties"]["type"]["const"] == LOG
    assert {"id", "type", "message"} <= set(log["required"])
    assert log["properties"]["message"]["$dynamic"] is True
    assert log["properties"]["message"]["description"]
    cases = definitions[SWITCH]["properties"]["cases"]
    assert cases["additionalProperties"]["items"] == {"$ref": "#/definitions/io.kestra.core.models.tasks.Task"}


def test_a_schema_may_be_of_a_list(api: Api) -> None:
    schema = api.get("/plugins/schemas/task?arrayOf=true")
    assert schema["type"] == "array"
    api.fails(404, "GET", "/plugins/schemas/nothing")


def test_large_bodies_are_packed_and_kept(api: Api) -> None:
    plain = api.send("GET", "/plugins/schemas/flow")
    packed = api.send("GET", "/plugins/schemas/flow", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["Cache-Control"] == "public, max-age=3600"
    again = api.send("GET", "/plugins/schemas/flow", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_plugins_are_listed_by_group(api: Api) -> None:
    page = api.get("/plugins?size=1000")
    assert page["total"] == len(page["results"])
    core = next(each for each in page["results"] if each["group"] == "io.kestra.plugin.core")
    assert {"name", "title", "version", "description", "tasks", "triggers", "taskRunners", "categories"} <= core.keys()
    assert LOG in {each["cls"] for each in core["tasks"]}
    assert {each["cls"]: each["deprecated"] for each in core["tasks"]}["io.kestra.plugin.core.debug.Echo"] is True
    kinds = ("tasks", "triggers", "conditions", "taskRunners")
    listed = [each["cls"] for group in page["results"] for kind in kinds for each in group[kind]]
    assert sorted(listed) == sorted(PLUGINS)
    second = api.get("/plugins?size=1&page=2&sort=group:asc")
    assert second["results"] == page["results"][1:2]


def test_groups_below_groups_are_listed(api: Api) -> None:
    found = api.get("/plugins/groups/subgroups")
    log = next(each for each in found if each.get("subGroup") == "io.kestra.plugin.core.log")
    assert LOG in {each["cls"] for each in log["tasks"]}


def test_a_type_is_documented(api: Api) -> None:
    found = api.get(f"/plugins/{LOG}")
    assert found["markdown"].startswith(f"# {LOG}\n")
    assert "### `message`" in found["markdown"]
    properties = found["schema"]["properties"]["properties"]
    assert "message" in properties
    assert "allowFailure" not in properties
    assert "allowFailure" in api.get(f"/plugins/{LOG}?all=true")["schema"]["properties"]["properties"]
    assert api.get("/plugins/core.log.Log") == found
    assert "nearest is" in api.fails(404, "GET", f"/plugins/{LOG}g")["message"]


def test_a_type_says_what_it_gives(api: Api) -> None:
    request = api.get("/plugins/io.kestra.plugin.core.http.Request")
    outputs = request["schema"]["outputs"]["properties"]
    assert list(outputs) == ["uri", "code", "headers", "body", "encryptedBody"]
    assert outputs["code"]["type"] == "integer"
    assert "status" in outputs["code"]["description"]
    assert "## Outputs\n\n### `uri`\n\nstring\n" in request["markdown"]
    assert api.get(f"/plugins/{LOG}")["schema"]["outputs"] == {"properties": {}}
    schedule = api.get("/plugins/io.kestra.plugin.core.trigger.Schedule")
    assert list(schedule["schema"]["outputs"]["properties"]) == ["date", "next", "previous"]
    pause = api.get("/plugins/io.kestra.plugin.core.flow.Pause")["schema"]["outputs"]
    assert "onResume" in pause["additionalProperties"]["description"]


def test_every_type_has_a_document_and_an_icon(api: Api) -> None:
    for name in PLUGINS:
        found = api.get(f"/plugins/{name}?all=true")
        assert found["markdown"].startswith(f"# {name}\n")
        held = {f"#/definitions/{each}" for each in found["schema"]["definitions"]}
        assert {each for each in references(found["schema"]) if "io.kestra.core.models" not in each} <= held
        svg = api.send("GET", f"/plugins/icons/{name}/icon.svg")
        assert svg.get_data(as_text=True).startswith("<svg ")


def test_there_is_one_version(api: Api) -> None:
    found = api.get(f"/plugins/{LOG}/versions")
    assert found["type"] == LOG
    (version,) = found["versions"]
    assert api.get(f"/plugins/{LOG}/versions/{version}") == api.get(f"/plugins/{LOG}")
    api.fails(404, "GET", f"/plugins/{LOG}/versions/9.9.9")


def test_icons_are_images(api: Api) -> None:
    icons = api.get("/plugins/icons")
    assert icons[SWITCH]["flowable"] is True
    assert icons[LOG]["flowable"] is False
    assert base64.b64decode(icons[LOG]["icon"]).startswith(b"<svg ")
    assert api.get(f"/plugins/icons/{LOG}") == {"icon": icons[LOG]}
    assert "io.kestra.plugin.core" in api.get("/plugins/icons/groups")
    assert api.send("GET", f"/plugins/icons/{LOG}/icon.svg").mimetype == "image/svg+xml"


def test_inputs_are_documented(api: Api) -> None:
    types = {each["type"] for each in api.get("/plugins/inputs")}
    assert {"STRING", "INT", "FILE", "SELECT"} <= types
    for kind in types:
        assert api.get(f"/plugins/inputs/{kind}")["schema"]["properties"]["properties"]
    api.fails(404, "GET", "/plugins/inputs/NOTHING")


def test_shared_properties_and_triggers_are_listed(api: Api) -> None:
    assert {"id", "type", "timeout", "retry"} <= api.get("/plugins/properties/task").keys()
    assert "const" not in api.get("/plugins/properties/task")["type"]
    assert {"tasks", "labels"} <= api.get("/plugins/properties/FLOW").keys()
    api.fails(404, "GET", "/plugins/properties/nothing")
    assert "io.kestra.plugin.core.trigger.Schedule" in {
        each["type"] for each in api.get("/plugins/triggers")["results"]
    }


def test_filters_and_functions_are_listed(api: Api) -> None:
    assert {"upper", "jq", "date"} <= set(api.get("/pebble/filters"))
    functions = {each["name"]: each["arguments"] for each in api.get("/pebble/functions")}
    assert [each["name"] for each in functions["secret"]][:1] == ["key"]
