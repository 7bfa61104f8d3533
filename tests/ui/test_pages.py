"""Every page with real executions: it answers, its HTML is whole, and what strangers wrote stays text."""

from __future__ import annotations

import gzip
from urllib.parse import quote

import pytest

from ui.browsing import Reader
from ui.conftest import EVIL, WRITE, World

FLOW, GOOD, BAD = "/ui/flows/edit/company.team/shown", "/ui/executions/company.team/shown/{good}", "/{bad}"
SPACE = "/ui/namespaces/edit/company.team"
PAGES = [
    "/ui/dashboards",
    "/ui/dashboards?namespace=company&timeRange=PT1H",
    "/ui/flows",
    "/ui/main/flows?namespace=company&sort=id:desc",
    "/ui/flows/search?q=script",
    "/ui/flows/new",
    "/ui/flows/new?copy=true&namespace=company.team&id=shown",
    "/ui/flows/new?blueprintId=after-another-flow",
    *(f"{FLOW}{tab}" for tab in ("", "/topology", "/executions", "/edit", "/revisions", "/triggers", "/logs")),
    *(f"{FLOW}{tab}" for tab in ("/metrics", "/dependencies", "/concurrency")),
    "/ui/flows/execute/company.team/shown",
    "/ui/flows/execute/company.team/shown?execution={good}",
    "/ui/executions",
    "/ui/executions?state=FAILED,SUCCESS&labels=a:b&size=10&page=1&sort=state.duration:desc",
    "/ui/executions?filters[flowId][EQUALS]=shown",
    *(f"{GOOD}{tab}" for tab in ("", "/gantt", "/logs", "/topology", "/outputs", "/metrics", "/replay")),
    "/ui/executions/company.team/bad/{bad}",
    "/ui/executions/company.team/bad/{bad}/logs",
    "/ui/executions/company.team/bad/{bad}/restart",
    "/ui/executions/company.team/wait/{paused}",
    "/ui/executions/company.team/wait/{paused}/resume",
    "/ui/executions/company.team/shown/{good}/file/preview?path={file}",
    "/ui/logs",
    "/ui/logs?minLevel=ERROR&q=script",
    "/ui/admin/triggers",
    "/ui/admin/stats",
    "/ui/namespaces",
    *(f"{SPACE}{tab}" for tab in ("", "/flows", "/executions", "/kv", "/files", "/secrets")),
    *(f"{SPACE}{tab}" for tab in ("/variables", "/dependencies")),
    "/ui/plugins",
    "/ui/plugins/io.kestra.plugin.core.log.Log",
    "/ui/blueprints",
    "/ui/blueprints/after-another-flow",
    "/ui/settings",
    "/ui/welcome",
    "/ui/login",
]


def filled(world: World, page: str) -> str:
    """Return an address with the ids of the installation's executions."""
    for name in ("good", "bad", "paused"):
        page = page.replace(f"{{{name}}}", getattr(world, name))
    return page.replace("{file}", quote(world.file, safe=""))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_and_what_strangers_wrote_stays_text(world: World, reader: Reader, page: str) -> None:
    html = reader.get(filled(world, page))
    for element in html.elements:
        assert element.tag != "script" or element.attributes.get("src", "").startswith("/ui/static/")
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"], element
        assert element.attributes.get("src", "") != "x"
        for name in ("href", "src", "action", "formaction"):
            address = element.attributes.get(name, "/")
            assert address.startswith(("/", "#", "?", "data:image/", "mailto:")), element
    assert "{{" not in html.text or page.endswith(("/edit", "/outputs", "welcome")) or "/new" in page or "/blue" in page


SHOWN = ["/ui/flows", FLOW, f"{FLOW}/edit", f"{FLOW}/triggers", f"{FLOW}/revisions?view=source", GOOD, f"{GOOD}/logs"]


@pytest.mark.parametrize("page", [*SHOWN, f"{GOOD}/outputs", "/ui/executions/company.team/bad/{bad}", "/ui/logs"])
def test_a_script_in_a_text_is_read_as_it_was_written(world: World, reader: Reader, page: str) -> None:
    html = reader.get(filled(world, page))
    attributes = " ".join(value for element in html.elements for value in element.attributes.values())
    assert "<script>alert(1)</script>" in html.text + attributes


def test_the_execution_page_says_first_why_it_failed(world: World, reader: Reader) -> None:
    html = reader.get(f"/ui/executions/company.team/bad/{world.bad}")
    assert "Task no failed" in html.text
    assert EVIL.split('"')[0] in html.text
    (link,) = [each for each in html.all("a") if "taskRunId=" in each.attributes["href"] and "button" in str(each)]
    lines = reader.get(link.attributes["href"])
    assert "<script>alert(1)</script>" in lines.text


def test_an_address_that_is_no_page_is_a_page_in_the_frame(reader: Reader) -> None:
    for path in (
        "/ui/nothing",
        "/ui/executions/company.team/shown/nobody",
        "/ui/flows/edit/no/flow",
        "/ui/flows/edit/a",
    ):
        html = reader.get(path, status=404)
        assert html.all("nav", class_="menu")
        assert "Not Found" in html.text


def test_a_filter_that_is_unknown_is_refused_by_name(reader: Reader) -> None:
    assert "nonsense" in reader.get("/ui/executions?nonsense=1", status=400).text


def test_the_root_leads_to_the_pages(reader: Reader) -> None:
    for path in ("/", "/ui"):
        response = reader.client.get(path)
        assert (response.status_code, response.headers["Location"]) == (307, "/ui/")
    assert reader.client.get("/ui/").headers["Location"] == "/ui/dashboards"


def test_an_execution_under_another_flows_name_leads_to_its_own(world: World, reader: Reader) -> None:
    response = reader.client.get(f"/ui/executions/a/b/{world.good}")
    assert response.headers["Location"] == f"/ui/executions/company.team/shown/{world.good}"


def test_a_script_gets_the_part_it_asks_for(reader: Reader) -> None:
    whole = reader.client.get("/ui/executions").get_data(as_text=True)
    part = reader.client.get("/ui/executions", headers={"HX-Request": "true", "HX-Target": "list"})
    text = part.get_data(as_text=True).strip()
    assert text.startswith('<div id="list"')
    assert text in whole.replace("\n\n", "\n") or len(text) < len(whole)
    assert "<html" not in text
    back = {"HX-Request": "true", "HX-Target": "list", "HX-History-Restore-Request": "true"}
    assert "<html" in reader.client.get("/ui/executions", headers=back).get_data(as_text=True)


@pytest.mark.parametrize("tab", ["", "/gantt", "/logs", "/topology", "/outputs"])
def test_what_can_be_done_with_an_execution_is_a_part_that_is_asked_for_when_its_state_changes(
    world: World, reader: Reader, tab: str
) -> None:
    page = f"/ui/executions/company.team/shown/{world.good}{tab}"
    response = reader.client.get(page, headers={"HX-Request": "true", "HX-Target": "doing"})
    text = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "Replay" in text
    assert "data-island" not in text


@pytest.mark.parametrize(
    "page", ["/ui/flows", "/ui/executions", "/ui/logs", "/ui/namespaces", "/ui/plugins", "/ui/blueprints", FLOW]
)
def test_every_list_has_its_part(reader: Reader, page: str) -> None:
    response = reader.client.get(page, headers={"HX-Request": "true", "HX-Target": "list"})
    assert response.status_code == 200
    assert '<div id="list"' in response.get_data(as_text=True)[:200]


def test_a_list_of_a_hundred_rows_is_under_60_kb(world: World, reader: Reader) -> None:
    for number in range(60):
        world.api.deploy(f"id: row-{number}\nnamespace: rows.{number % 7}\nlabels: {{a: b, c: d}}")
    for page in ("/ui/flows?size=100", "/ui/executions?size=100", "/ui/plugins"):
        response = reader.client.get(page, headers={"Accept-Encoding": "gzip"})
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(response.get_data()) < 60_000, page
        assert gzip.decompress(response.get_data()).rstrip().endswith(b"</html>")


def test_the_filters_state_is_the_address(world: World, reader: Reader) -> None:
    html = reader.get("/ui/executions?q=shown&state=SUCCESS&size=10")
    assert html.all("input", name="q", value="shown")
    assert [each.attributes["value"] for each in html.all("option") if "selected" in each.attributes] == ["SUCCESS"]
    assert html.all("input", type="checkbox", name="id", value=world.good)
    assert not html.all("input", type="checkbox", name="id", value=world.bad)


def test_a_part_that_has_not_changed_is_not_sent_again(reader: Reader) -> None:
    part = {"HX-Request": "true", "HX-Target": "list"}
    first = reader.client.get("/ui/executions", headers=part)
    again = reader.client.get("/ui/executions", headers={**part, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    other = reader.client.get("/ui/executions?size=1", headers={**part, "If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert "ETag" not in reader.client.get("/ui/executions").headers


def test_the_neighbours_of_an_execution_are_a_step_away(world: World, reader: Reader) -> None:
    world.api.deploy("id: row\nnamespace: company.next")
    one, two, three = (world.api.run("/executions/company.next/row") for _ in range(3))
    page = "/ui/executions/company.next/row"
    for here, way, there in ((one, "next", two), (two, "next", three), (two, "previous", one), (three, "next", three)):
        assert reader.client.get(f"{page}/{here}/{way}").headers["Location"] == f"{page}/{there}"
    assert "There is no next execution" in reader.get(f"{page}/{three}").text


def test_csv_is_shown_as_a_table(world: World, reader: Reader) -> None:
    write = f"{{id: w, type: {WRITE}, content: 'a,b\n\n1,\"x,y\"\n', extension: .csv}}"
    world.api.deploy(f"id: csv\nnamespace: company.next\ntasks: [{write}]")
    execution = world.api.run("/executions/company.next/csv")
    (uri,) = [run["outputs"]["uri"] for run in world.api.get(f"/executions/{execution}")["taskRunList"]]
    html = reader.get(f"/ui/executions/company.next/csv/{execution}/file/preview?path={quote(uri, safe='')}")
    assert len(html.all("th")) == 2
    assert "x,y" in html.text
