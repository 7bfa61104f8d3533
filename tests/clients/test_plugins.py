"""kestrapy's `plugins`, `blueprints` and `dashboards`, and what `misc` says of expressions."""

from __future__ import annotations

import pytest
from kestrapy.exceptions import NotFoundException
from kestrapy.kestra_client import KestraClient
from kestrapy.models.blueprint_controller_kind import BlueprintControllerKind
from kestrapy.models.chart_filters_overrides import ChartFiltersOverrides

from clients.flows import CORE, T

LOG = f"{CORE}.log.Log"


def test_plugins_are_listed(client: KestraClient) -> None:
    page = client.plugins.list_plugins(page=1, size=100, sort=["name:asc"])
    assert page["total"] == len(page["results"])
    classes = {task["cls"] for group in page["results"] for task in group.get("tasks", [])}
    assert LOG in classes
    assert {group["group"] for group in client.plugins.list_plugins_by_subgroups()}


def test_a_plugin_is_documented(client: KestraClient) -> None:
    shown = client.plugins.plugin_documentation(LOG, all_properties=True)
    assert LOG in shown["markdown"]
    assert "message" in shown["schema"]["properties"]["properties"]
    version = client.plugins.plugin_versions(LOG)["versions"][0]
    assert client.plugins.plugin_documentation_for_version(LOG, version)["schema"]["properties"]
    with pytest.raises(NotFoundException):
        client.plugins.plugin_documentation("no.Such")


def test_schemas_are_given(client: KestraClient) -> None:
    for kind in ("flow", "task", "trigger", "plugindefault", "dashboard", "template"):
        assert client.plugins.plugin_schema(kind, array_of=False)["$schema"].startswith("http://json-schema.org/")
    assert LOG in client.plugins.plugin_schema("task", include_catalog=True)["definitions"]
    assert client.plugins.plugin_schema("task", array_of=True)["type"] == "array"
    assert {"id", "type"} <= set(client.plugins.plugin_properties("task"))
    assert client.plugins.plugin_triggers()
    assert "STRING" in {each["type"] for each in client.plugins.plugin_input_types()}
    assert client.plugins.plugin_input_schema("STRING")["schema"]


def test_icons_are_given(client: KestraClient) -> None:
    assert client.plugins.plugin_icons()[LOG]["icon"]
    assert client.plugins.plugin_group_icons()
    assert client.plugins.plugin_icon(LOG)
    assert client.plugins.plugin_icon_svg(LOG).startswith("<svg")


def test_expressions_are_completed(client: KestraClient) -> None:
    assert {"upper", "jq"} <= set(client.misc.pebble_filters())
    assert {"now", "read"} <= {each["name"] for each in client.misc.pebble_functions()}


def test_blueprints_are_found_and_read(client: KestraClient) -> None:
    kind = BlueprintControllerKind.FLOW
    page = client.blueprints.search_blueprints(kind, T, sort="title:asc", page=1, size=2)
    assert page.total >= len(page.results) > 0
    name = page.results[0].id
    source = client.blueprints.blueprint_source(name, kind, T)
    assert "tasks:" in source
    found = client.blueprints.blueprint(name, kind, T)
    assert (found.id, found.source) == (name, source)
    assert client.blueprints.blueprint_graph(name, kind, T)["nodes"]
    assert client.blueprints.search_blueprints(BlueprintControllerKind.DASHBOARD, T).total == 0
    with pytest.raises(NotFoundException):
        client.blueprints.blueprint(name, BlueprintControllerKind.DASHBOARD, T)


DASHBOARD = f"""
title: Mine
charts:
  - id: table
    type: {CORE}.dashboard.chart.Table
    data:
      type: {CORE}.dashboard.data.Executions
      columns:
        id: {{field: ID}}
"""


def test_dashboards_are_kept_and_drawn(client: KestraClient) -> None:
    dashboards, source = client.dashboards, f"id: of-clients{DASHBOARD}"
    assert dashboards.validate_dashboard(T, source).constraints is None
    assert dashboards.create_dashboard(T, source)["title"] == "Mine"
    assert dashboards.update_dashboard("of-clients", T, source.replace("Mine", "Ours"))["title"] == "Ours"
    assert dashboards.dashboard("of-clients", T)["sourceCode"].startswith("id: of-clients")
    assert dashboards.search_dashboards(T, page=1, size=5, q="our", sort=["title:asc"])["total"] == 1
    drawn = dashboards.dashboard_chart_data("of-clients", "table", T, ChartFiltersOverrides(filters=[]))
    assert drawn.total >= len(drawn.results)
    dashboards.delete_dashboard("of-clients", T)
    with pytest.raises(NotFoundException):
        dashboards.dashboard("of-clients", T)
