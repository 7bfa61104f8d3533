"""Lists: what they say of each row, by the file in and out, and which filters they keep."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from api.driving import FAIL, LOG
from tiercel.flows import _writes
from tiercel.ui.counting import sought, sparks
from tiercel.ui.lists import in_words
from tiercel.ui.pages.flows import tree
from ui.browsing import Reader
from ui.conftest import World


def flow(name: str, namespace: str = "company.lists", more: str = "") -> str:
    """Return a flow's text."""
    return f"id: {name}\nnamespace: {namespace}\n{more}tasks: [{{id: say, type: {LOG}, message: x}}]\n"


def test_a_flow_shows_its_triggers_its_last_days_and_that_it_cannot_run(world: World, reader: Reader) -> None:
    trigger = "triggers: [{id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: k}]\n"
    world.api.deploy(flow("drawn", "company.drawn", f"description: what it is for\n{trigger}"))
    world.api.deploy(flow("broken", "company.drawn"))
    world.api.run("/executions/company.drawn/drawn")
    broken = world.site.parts.flows.record("company.drawn", "broken")
    broken.source = broken.source.replace(LOG, "gone.Plugin")
    world.site.parts.store.commit(_writes(broken, 1))
    world.site.parts.flows._parsed.clear()
    html = reader.get("/ui/flows?namespace=company.drawn")
    assert html.all("svg", aria_label="14 days: 1 SUCCESS")
    assert html.all("svg", aria_label="hook: Webhook")
    assert "what it is for" in html.text
    assert "cannot run" in html.text
    (sign,) = [each for each in html.all("a") if "gone.Plugin" in each.attributes.get("title", "")]
    assert sign.attributes["href"] == "/ui/flows/edit/company.drawn/broken/edit"
    world.api.send("DELETE", "/flows/company.drawn/broken")


def test_flows_stand_below_their_namespaces_as_a_tree() -> None:
    names = (("a", "x"), ("a.b.c", "y"), ("a.d", "z"))
    found = list(tree([{"namespace": namespace, "id": name} for namespace, name in names]))
    shown = [(each.get("space") or each["flow"]["id"], each["depth"], each.get("count")) for each in found]
    assert shown == [
        ("a", 0, 3),
        ("x", 1, None),
        ("a.b", 1, 1),
        ("a.b.c", 2, 1),
        ("y", 3, None),
        ("a.d", 1, 1),
        ("z", 2, None),
    ]


def test_a_file_is_tried_before_it_is_imported(world: World, reader: Reader) -> None:
    world.api.deploy(flow("same"))
    content = "---\n".join((flow("same"), flow("new"), "id: wrong\n")).encode()
    response = reader.post("/ui/flows/import", data={"fileUpload": (io.BytesIO(content), "flows.yml")})
    text = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "nothing was stored" in text
    for said in ("unchanged", "company.lists.new", "refused", "number 2", "namespace"):
        assert said in text, said
    world.api.fails(404, "GET", "/flows/company.lists/new")
    part = {"HX-Request": "true", "HX-Target": "tried"}
    again = reader.post(
        "/ui/flows/import", data={"fileUpload": (io.BytesIO(content), "flows.yml")}, headers=part
    ).get_data(as_text=True)
    assert again.strip().startswith('<div id="tried"')
    assert reader.post("/ui/flows/import", data={}).status_code == 422


def test_flows_that_are_chosen_are_exported(world: World, reader: Reader) -> None:
    for name in ("one", "two", "three"):
        world.api.deploy(flow(name, "company.out"))
    chosen = {"id": ["company.out/one", "company.out/two"]}
    few = zipfile.ZipFile(io.BytesIO(reader.post("/ui/flows/export", data=chosen).get_data()))
    assert len(few.namelist()) == 2
    every = reader.post("/ui/flows/export?namespace=company.out", data=chosen).get_data()
    assert len(zipfile.ZipFile(io.BytesIO(every)).namelist()) == 3


def test_a_list_of_executions_names_the_task_that_failed(world: World, reader: Reader) -> None:
    world.api.deploy(f"id: sad\nnamespace: company.sad\ntasks: [{{id: crash, type: {FAIL}}}]")
    failed = world.api.run("/executions/company.sad/sad")
    html = reader.get("/ui/executions?flowId=sad")
    (link,) = html.all("a", href=f"/ui/executions/company.sad/sad/{failed}/logs?taskId=crash")
    assert "crash" in reader.get(link.attributes["href"]).text


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ([("namespace", "a"), ("state", "FAILED,KILLED")], {"namespace": "a", "state": ["FAILED", "KILLED"]}),
        ([("timeRange", "PT1H"), ("q", "x")], {"timeRange": "PT1H", "q": "x"}),
        (
            [("filters[namespace][EQUALS]", "a"), ("filters[flowId][EQUALS]", "b")],
            {"flows": [{"namespace": "a", "id": "b"}]},
        ),
        ([("labels", "a:b"), ("q", "x"), ("labels", "c")], {"q": "x", "labels": ["a:b", "c"]}),
        ([("filters[labels][EQUALS][a]", "b")], None),
        ([("filters[flowId][EQUALS]", "b")], None),
        ([("state", "FAILED"), ("state", "KILLED")], None),
    ],
)
def test_statistics_are_asked_only_for_what_they_know(query: list[tuple[str, str]], body: object) -> None:
    assert sought(query) == body


def test_a_filter_is_said_in_words() -> None:
    query = [("namespace", "a"), ("state", "FAILED,KILLED"), ("timeRange", "PT24H"), ("childFilter", "MAIN")]
    assert in_words(query) == "namespace a, state FAILED or KILLED, begun within 24 hours, cause not by another"
    assert in_words([("filters[flowId][NOT_EQUALS]", "b")]) == "flow not equals b"
    assert in_words([("filters[labels][EQUALS][team]", "b")]) == "label team b"


def test_a_small_chart_is_as_high_as_its_busiest_day() -> None:
    rows = [{"executionCounts": {"SUCCESS": 3, "FAILED": 1}}, {"executionCounts": {"SUCCESS": 2, "FAILED": 0}}]
    found = sparks(rows)
    assert [(each["x"], each["y"], each["height"]) for each in found["bars"]] == [
        (0, 5.0, 15.0),
        (0, 0.0, 5.0),
        (8, 10.0, 10.0),
    ]
    assert found["said"] == "2 days: 5 SUCCESS, 1 FAILED"


def test_a_revision_is_restored_or_deleted_and_one_that_is_the_same_is_not(world: World, reader: Reader) -> None:
    for text in ("a", "b", "a"):
        world.api.deploy(flow("turns", "company.turns", f"description: {text}\n"))
    page = "/ui/flows/edit/company.turns/turns/revisions"
    html = reader.get(f"{page}?left=1&right=2")
    (same,) = [each for each in html.all("button") if "disabled" in each.attributes]
    assert "latest" in same.attributes["title"]
    assert html.all("input", name="revision", value="2")
    assert not html.all("input", name="revision", value="1")
    assert "Store the text of revision 2 as the next revision?" in html.text
    assert reader.moves(page, data={"revision": "2"}) == page
    assert world.api.get("/flows/company.turns/turns")["description"] == "b"
    (delete,) = [
        each.attributes["action"] for each in html.all("form") if "revisions=1" in each.attributes.get("action", "")
    ]
    reader.moves(delete)
    assert [each["revision"] for each in world.api.get("/flows/company.turns/turns/revisions")] == [2, 3, 4]


def test_a_flow_that_was_deleted_is_restored_from_its_page(world: World, reader: Reader) -> None:
    world.api.deploy(flow("back", "company.turns"))
    world.api.send("DELETE", "/flows/company.turns/back")
    html = reader.get("/ui/flows/edit/company.turns/back/revisions")
    assert "This flow is deleted" in html.text
    assert not [each for each in html.all("a") if each.attributes.get("data-action") == "execute"]
    (last, *_) = html.all("input", name="revision")
    reader.moves("/ui/flows/edit/company.turns/back/revisions", data={"revision": last.attributes["value"]})
    assert world.api.get("/flows/company.turns/back")["deleted"] is False


def test_the_dashboard_shows_what_is_in_progress_and_what_comes_next_with_a_switch(
    world: World, reader: Reader
) -> None:
    off = "  - {id: off, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 0 * * *', disabled: true}\n"
    day = "  - {id: day, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 1 * * *'}\n"
    world.api.deploy(flow("dated", "company.dates", f"triggers:\n{off}{day}"))
    html = reader.get("/ui/dashboards?namespace=company.dates")
    (switch,) = html.all("button", role="switch")
    assert switch.attributes["aria-label"] == "company.dates.dated day is enabled"
    back = reader.moves(switch.attributes["formaction"], data={"id": switch.attributes["value"]})
    assert back == "/ui/dashboards?namespace=company.dates"
    (state,) = [
        each["state"]
        for each in world.api.get("/triggers/search?namespace=company.dates")["results"]
        if each["state"]["triggerId"] == "day"
    ]
    assert state["disabled"] is True
    assert not reader.get("/ui/dashboards?namespace=company.dates").all("button", role="switch")
    waiting = reader.get("/ui/dashboards?namespace=company.team&flowId=wait")
    assert waiting.all("a", href=f"/ui/executions/company.team/wait/{world.paused}")


def test_the_cards_of_the_dashboard_lead_to_lists_that_have_what_they_count(world: World, reader: Reader) -> None:
    html = reader.get("/ui/dashboards?namespace=company.team&flowId=bad&timeRange=PT1H")
    links = [each.attributes["href"] for each in html.all("a", class_="card count")]
    assert "100%" in html.text
    failed = reader.get(next(each for each in links if "state=FAILED" in each))
    assert failed.all("input", type="checkbox", name="id", value=world.bad)
    for link in links:
        reader.get(link)
    span = "startDate=2020-01-01T00:00:00&endDate=2020-02-01T00:00:00"
    assert "Nothing was executed in this time." in reader.get(f"/ui/dashboards?{span}").text


def test_log_lines_are_found_by_execution_task_level_and_trigger(world: World, reader: Reader) -> None:
    page = f"/ui/logs?filters[executionId][EQUALS]={world.bad}"
    html = reader.get(f"{page}&minLevel=ERROR")
    assert html.all("a", href="/ui/flows/edit/company.team/bad/logs")
    assert [each for each in html.all("a") if f"/bad/{world.bad}/logs?taskRunId=" in each.attributes["href"]]
    assert html.all("input", name="filters[executionId][EQUALS]", value=world.bad)
    assert "No log line is found by" in reader.get(f"{page}&taskId=nothing").text
    assert "No log line is found by" in reader.get("/ui/logs?triggerId=nothing").text
    assert "1, and more" in reader.get("/ui/logs?size=1").text


def test_a_log_line_has_no_codes_of_a_terminal(world: World, reader: Reader) -> None:
    world.api.deploy(
        f'id: red\nnamespace: company.red\ntasks: [{{id: say, type: {LOG}, message: "a \\e[31mred\\e[0m word"}}]'
    )
    world.api.run("/executions/company.red/red")
    assert "a red word" in reader.get("/ui/flows/edit/company.red/red/logs").text


def test_the_overview_of_a_flow_says_how_its_executions_went_and_why_one_failed(world: World, reader: Reader) -> None:
    off = "triggers: [{id: off, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 0 * * *', disabled: true}]\n"
    world.api.deploy(
        f"id: half\nnamespace: company.half\n{off}tasks: [{{id: crash, type: {FAIL}, errorMessage: no way}}]"
    )
    world.api.run("/executions/company.half/half")
    html = reader.get("/ui/flows/edit/company.half/half")
    page = "/ui/flows/edit/company.half/half/executions"
    assert html.all("a", href=f"{page}?state=FAILED")
    assert "0% succeeded in 30 days" in html.text
    assert "100% failed in 30 days" in html.text
    assert "crash: no way" in html.text
    assert "by off" not in html.text
    assert "by the flow" in reader.get("/ui/flows/edit/company.half/half/triggers").text


def test_what_waits_for_a_place_can_be_forced_to_run(world: World, reader: Reader) -> None:
    pause = "tasks: [{id: ask, type: io.kestra.plugin.core.flow.Pause}]"
    limit = "concurrency: {limit: 1, behavior: QUEUE}"
    world.api.deploy(f"id: one\nnamespace: company.place\n{limit}\n{pause}")
    first, second = (world.api.post("/executions/company.place/one")["id"] for _ in range(2))
    world.api.wait_for(second, "QUEUED")
    html = reader.get("/ui/flows/edit/company.place/one/concurrency")
    assert "Waiting, the next one first" in html.text
    (force,) = [each.attributes["action"] for each in html.all("form") if "force-run" in each.attributes["action"]]
    reader.moves(force)
    assert world.api.wait_for(second, "PAUSED")
    for each in (first, second):
        world.api.send("DELETE", f"/executions/{each}/kill")


def test_a_backfill_says_below_the_input_what_is_wrong_and_keeps_what_was_given(world: World, reader: Reader) -> None:
    day = "triggers: [{id: day, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 0 * * *'}]\n"
    inputs = "inputs: [{id: n, type: INT, max: 5, defaults: 1}, {id: f, type: FILE}]\n"
    world.api.deploy(flow("filled", "company.fill", inputs + day))
    page = "/ui/flows/edit/company.fill/filled/triggers?backfill=day"
    html = reader.get(page)
    assert html.all("input", name="n", value="1")
    assert not html.all("input", name="f")
    response = reader.post(page, data={"_start": "2026-01-01T00:00:00", "n": "9", "_labels": "a:b"})
    text = response.get_data(as_text=True)
    assert response.status_code == 422
    assert 'value="9"' in text
    assert "a:b" in text
    assert "f: " in text[text.index('role="alert"') :][:300]
    assert text.index('data-input="n"') < text.index("5", text.index("<div data-errors><p>"))
    assert reader.get(f"{page}&_start=2026-01-01T00:00:00&_end=2026-01-03T00:00:00").text.count("3 executions") == 1


def test_a_trigger_that_could_not_be_evaluated_stands_among_the_logs_and_those_of_its_flow(
    world: World, reader: Reader
) -> None:
    polls = (
        "triggers: [{id: asks, type: io.kestra.plugin.core.http.Trigger, uri: 'http://x.invalid', disabled: true}]\n"
    )
    world.api.deploy(flow("polls", "company.polls", polls))
    world.api.run("/executions/company.polls/polls")
    states = world.api.rt.triggers.states
    states.change("trigger/company.polls/polls/asks", lambda state: state.fail("<b>no host</b>", states.now()))
    for page in ("/ui/logs?namespace=company.polls", "/ui/flows/edit/company.polls/polls/logs"):
        html = reader.get(page)
        assert "<b>no host</b>" in html.text
        assert html.text.index("no host") < html.text.rindex("INFO")  # the first one is a level to choose
        (link,) = html.all("a", href="/ui/flows/edit/company.polls/polls/triggers#trigger-asks")
        assert "without an execution" in link.attributes["title"]
    assert "no host" not in reader.get("/ui/logs?namespace=company.polls&taskId=say").text
    world.api.deploy(flow("polls", "company.polls"))


def test_the_dashboard_is_narrowed_to_labels(world: World, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    world.api.deploy(flow("tagged", "company.tagged"))
    world.api.deploy(f"id: torn\nnamespace: company.tagged\ntasks: [{{id: no, type: {FAIL}}}]")
    for path in ("tagged?labels=team:red&labels=size:big", "tagged?labels=team:red", "torn?labels=team:red", "torn"):
        failed = world.api.run(f"/executions/company.tagged/{path}")
    page = "/ui/dashboards?namespace=company.tagged"

    def figures(query: str) -> list[str]:
        text = reader.get(f"{page}{query}").text
        return [found[1] for word in ("executions", "failed") if (found := re.search(rf"([\d%]+) {word} ", text))]

    assert figures("") == ["4", "50%"]
    assert figures("&labels=team:red") == ["3", "33%"]
    assert figures("&labels=team:red&labels=size:big&timeRange=PT168H") == ["1", "0%"]
    html = reader.get(f"{page}&labels=team:red")
    assert html.all("input", name="labels", value="team:red")
    assert not html.all("a", href=f"/ui/executions/company.tagged/torn/{failed}")  # it has no label
    links = [each.attributes["href"] for each in html.all("a", class_="card count")]
    assert len([each for each in links if "labels=team%3Ared" in each]) == 3
    assert len(reader.get(links[2]).all("input", type="checkbox", name="id")) == 3
    monkeypatch.setattr("tiercel.statistics.series.MOST", 2)
    many = reader.get(f"{page}&labels=team:red")
    assert "more than 2" in many.text
    assert "Narrow them down by namespace, flow or state, or to a shorter time" in many.text
    assert "Nothing was executed" not in many.text
    assert figures("&labels=team:red&flowId=torn") == ["1", "100%"]
