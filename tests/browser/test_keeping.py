"""What people keep and look for: lists with filters, schedules made up for, keys, files."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from browser.installation import Installation
from serving import until

CORE = "io.kestra.plugin.core"
MANY = f"id: many\nnamespace: company.many\ntasks: [{{id: say, type: {CORE}.log.Log, message: x}}]\n"
DAILY = f"""id: daily
namespace: company.dates
inputs: [{{id: number, type: INT, defaults: 3}}, {{id: day, type: STRING, defaults: none}}]
triggers:
  - id: day
    type: {CORE}.trigger.Schedule
    cron: "0 6 * * *"
    inputs: {{number: 4, day: "{{{{ trigger.date }}}}"}}
tasks: [{{id: say, type: {CORE}.log.Log, message: "{{{{ trigger.date }}}}"}}]
"""


def test_filters_are_in_the_address_and_back_shows_the_same_rows_at_the_same_place(
    page: Page, there: Installation, ids: dict[str, str]
) -> None:
    there.deploy(MANY)
    for number in range(20):
        there.start("company.many/many", labels=f"number:{number}")
    there.deploy(MANY.replace("id: many", "id: broken").replace("log.Log, message: x", "execution.Fail"))
    there.run("company.many/broken", end="FAILED")
    until(lambda: there.ask("GET", "/executions/search", params={"flowId": "many", "state": "SUCCESS"})["total"] == 20)
    page.set_viewport_size({"width": 1200, "height": 400})
    page.goto(f"{there.url}/ui/executions")
    page.locator(".filters [name=namespace]").fill("company.many")
    page.wait_for_url("**namespace=company.many**")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(21)
    page.locator(".filters [name=state]").select_option("SUCCESS")
    page.wait_for_url("**state=SUCCESS**")
    expect(rows).to_have_count(20)
    ids_of = "all => all.map(each => each.querySelector('a').href)"
    shown = rows.evaluate_all(ids_of)
    rows.nth(15).locator("a").first.hover()
    page.evaluate("addEventListener('pagehide', () => sessionStorage.setItem('left', scrollY))")
    rows.nth(15).locator("a").first.click()
    page.wait_for_url("**/ui/executions/company.many/many/**")
    page.go_back()
    expect(rows).to_have_count(20)
    assert rows.evaluate_all(ids_of) == shown
    expect(page.locator(".filters [name=state]")).to_have_value("SUCCESS")
    left, here = page.evaluate("[Number(sessionStorage.getItem('left')), scrollY]")
    assert left > 300
    assert abs(here - left) < 3
    page.go_back()
    page.wait_for_url(lambda address: "state=SUCCESS" not in address)
    expect(page.locator(".filters [name=state]")).to_have_value("")


def test_an_action_on_many_says_how_many_it_touched(page: Page, there: Installation) -> None:
    there.deploy(MANY.replace("many", "few"))
    for _ in range(3):
        there.run("company.few/few")
    page.goto(f"{there.url}/ui/executions?namespace=company.few")
    boxes = page.locator("tr[data-row] input[type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(page.locator("[data-chosen]")).to_have_text("2 chosen")
    delete = page.locator(".drop.rows").filter(has_text="Delete")
    delete.locator("summary").click()
    expect(delete.locator("[data-touched]")).to_have_text("2 executions of those with namespace company.few")
    delete.get_by_role("button", name="Delete").click()
    expect(page.locator(".said")).to_contain_text("2 deleted.")
    expect(page.locator("tr[data-row]")).to_have_count(1)


def test_an_action_on_all_that_a_filter_means_says_which_and_touches_exactly_those(
    page: Page, there: Installation
) -> None:
    there.deploy("---\n".join(MANY.replace("many", name) for name in ("all", "other")))
    for _ in range(13):
        there.start("company.all/all")
    kept = there.run("company.other/other")
    query = {"namespace": "company.all", "state": "SUCCESS"}
    until(lambda: there.ask("GET", "/executions/search", params=query)["total"] == 13)
    page.goto(f"{there.url}/ui/executions?namespace=company.all&size=10")
    expect(page.locator("[data-choose-all]")).to_be_hidden()
    page.locator("[data-every]").check()
    expect(page.locator("[data-chosen]")).to_have_text("10 chosen")
    page.get_by_role("button", name="Choose all 13 executions: namespace company.all").click()
    expect(page.locator("[data-chosen]")).to_have_text("all 13 executions: namespace company.all")
    labels = page.locator(".drop.rows").filter(has_text="Labels")
    labels.locator("summary").click()
    expect(labels.locator("[data-touched]")).to_have_text("13 executions: namespace company.all")
    labels.locator("textarea").fill("seen:yes")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".said")).to_contain_text("13 labelled.")
    found = there.ask("GET", "/executions/search", params={"labels": "seen:yes", "size": 100})
    assert {each["namespace"] for each in found["results"]} == {"company.all"}
    assert found["total"] == 13
    assert there.state(kept) == "SUCCESS"
    page.locator("tr[data-row] input").first.check()
    page.set_viewport_size({"width": 360, "height": 740})
    ends = "all => all.map(each => (each.open = true, each.lastElementChild.getBoundingClientRect().right))"
    assert max(page.locator(".drop.rows").evaluate_all(ends)) <= 360
    page.locator(".drop.rows").evaluate_all("all => all.forEach(each => (each.open = false))")
    page.set_viewport_size({"width": 1200, "height": 800})
    state = page.locator(".drop.rows").filter(has_text="Ended ones become")
    state.locator("summary").click()
    state.locator("select").select_option("WARNING")
    state.get_by_role("button").click()
    expect(page.locator(".said")).to_contain_text("1 changed.")
    page.goto(f"{there.url}/ui/executions")
    page.locator("[data-every]").check()
    expect(page.locator("[data-choose-all]")).to_have_count(0)


def test_a_list_of_executions_has_a_chart_that_can_be_hidden_and_the_task_that_failed(
    page: Page, there: Installation, ids: dict[str, str]
) -> None:
    page.goto(f"{there.url}/ui/executions?flowId=sync-customers&state=FAILED,KILLED")
    expect(page.locator(".filters [name=state]")).to_have_value("FAILED,KILLED")
    row = page.locator("tr[data-row]").filter(has=page.locator(f"[value='{ids['bad']}']"))
    task = row.locator("[data-name=Task] a")
    expect(task).to_have_attribute("href", re.compile(rf"{ids['bad']}/logs\?taskId=\w+"))
    expect(page.locator(".i-chart-bars[data-drawn]")).to_be_visible()
    page.get_by_text("Executions over time").click()
    expect(page.locator(".i-chart-bars")).to_be_hidden()
    page.get_by_text("More filters").click()
    page.locator("[name=startDate]").fill("2026-01-01T00:00:00")
    page.keyboard.press("Enter")
    page.wait_for_url("**startDate=2026-01-01**")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.reload()
    expect(page.locator(".i-chart-bars")).to_be_hidden()
    page.locator("[name=timeRange]").select_option("PT24H")
    page.wait_for_url("**timeRange=PT24H**")
    assert "startDate=2" not in page.url


def test_a_filter_without_a_field_stays_until_it_is_taken_away(page: Page, there: Installation) -> None:
    there.deploy(MANY)
    page.goto(f"{there.url}/ui/executions?filters[flowRevision][EQUALS]=9")
    page.locator(".filters [name=namespace]").fill("company")
    page.wait_for_url("**namespace=company**")
    assert "flowRevision" in page.url
    assert "state=" not in page.url
    page.reload()
    page.get_by_role("link", name="Without flowRevision 9").click()
    page.wait_for_url(lambda address: "flowRevision" not in address and "namespace=company" in address)


def test_dates_of_the_past_are_made_up_for(page: Page, there: Installation) -> None:
    there.deploy(DAILY)
    page.goto(f"{there.url}/ui/flows/edit/company.dates/daily/triggers")
    page.get_by_role("link", name="Backfill").click()
    page.get_by_label("From, included").fill("2026-05-01T06:00:00")
    page.get_by_label("To, included; else now").fill("2026-05-03T06:00:00")
    page.get_by_label("Dates").select_option("false")
    expect(page.locator("#count")).to_contain_text("3 executions")
    expect(page.get_by_label("number")).to_have_value("4")
    expect(page.get_by_text("as the trigger says")).to_be_visible()
    page.get_by_label("number").fill("7")
    page.get_by_label("Labels, one key:value on a line").fill("made:up")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator(".said")).to_contain_text("The backfill begins.")
    query = {"namespace": "company.dates", "state": "SUCCESS"}
    until(lambda: there.ask("GET", "/executions/search", params=query)["total"] == 3)
    for each in there.ask("GET", "/executions/search", params={**query, "labels": "made:up"})["results"]:
        assert each["inputs"]["number"] == 7
        assert each["inputs"]["day"].startswith("2026-05-0")
    page.get_by_role("link", name="Executions").last.click()
    expect(page.locator("tr[data-row]")).to_have_count(3)
    page.locator("tr[data-row] a").first.click()
    expect(page.get_by_text("2026-05-0").first).to_be_visible()


def test_a_backfill_shows_how_far_it_is_and_is_paused_continued_and_deleted(page: Page, there: Installation) -> None:
    there.deploy(
        DAILY.replace("id: daily", "id: slow").replace(
            'log.Log, message: "{{ trigger.date }}"', "flow.Sleep, duration: PT1H"
        )
    )
    span = {"start": "2026-05-01T00:00:00Z", "end": "2026-05-11T00:00:00Z"}
    name = {"namespace": "company.dates", "flowId": "slow", "triggerId": "day"}
    there.ask("PUT", "/triggers/backfill/create", json={**name, "backfill": {**span, "inputs": {"number": 1}}})
    until(lambda: there.ask("GET", "/executions/search", params={"flowId": "slow"})["total"] == 1)
    page.goto(f"{there.url}/ui/flows/edit/company.dates/slow/triggers")
    expect(page.locator("progress")).to_have_attribute("value", re.compile("[23]"))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("paused", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Delete").last.click()
    expect(page.get_by_role("link", name="Backfill")).to_be_visible()
    page.get_by_role("switch", name="day is enabled").click()
    expect(page.get_by_role("switch", name="day is enabled")).to_have_attribute("aria-checked", "false")
    expect(page.get_by_role("link", name="Backfill")).to_have_count(0)
    (running,) = there.ask("GET", "/executions/search", params={"flowId": "slow"})["results"]
    there.send("DELETE", f"/executions/{running['id']}/kill")


def test_flows_are_folded_by_namespace_and_a_file_is_tried_before_it_is_imported(
    page: Page, there: Installation, tmp_path: Path
) -> None:
    there.deploy("---\n".join(MANY.replace("company.many", f"company.trees{space}") for space in (".one", ".two")))
    page.goto(f"{there.url}/ui/flows?namespace=company.trees")
    page.get_by_role("link", name="By namespace").click()
    rows = page.locator("tr[data-row]:visible")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="one", exact=True).click()
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="trees", exact=True).click()
    expect(rows).to_have_count(0)
    file = tmp_path / "flows.yml"
    file.write_text(MANY.replace("company.many", "company.trees.new"))
    page.get_by_text("Import", exact=True).first.click()
    page.locator("[name=fileUpload]").set_input_files(file)
    page.get_by_role("button", name="Try first").click()
    expect(page.locator("#tried")).to_contain_text("new company.trees.new.many")
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".said")).to_contain_text("The file was imported.")
    assert there.ask("GET", "/flows/company.trees.new/many")["revision"] == 1


def test_columns_are_chosen_and_stay_so(page: Page, there: Installation, ids: dict[str, str]) -> None:
    page.goto(f"{there.url}/ui/executions")
    heads = page.locator("thead th:visible")
    expect(heads.filter(has_text="Labels")).to_have_count(1)
    expect(heads.filter(has_text="Rev.")).to_have_count(0)
    page.get_by_text("Columns").click()
    page.get_by_role("checkbox", name="Labels").uncheck()
    page.get_by_label("Rev.").check()
    page.locator(".filters [name=flowId]").fill("sync-customers")
    page.wait_for_url("**flowId=sync-customers**")
    expect(heads.filter(has_text="Rev.")).to_have_count(1)
    page.reload()
    expect(heads.filter(has_text="Labels")).to_have_count(0)
    assert ids["bad"]


def test_a_filter_is_kept_under_a_name_and_found_again(page: Page, there: Installation, ids: dict[str, str]) -> None:
    page.goto(f"{there.url}/ui/executions?flowId=sync-customers&state=FAILED")
    page.get_by_text("Saved", exact=True).click()
    page.get_by_label("Name of this filter").fill("customers that fail")
    page.keyboard.press("Enter")
    page.goto(f"{there.url}/ui/executions")
    page.get_by_text("Saved", exact=True).click()
    page.get_by_role("link", name="customers that fail").click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    with page.expect_download() as file:
        page.get_by_role("link", name="CSV").click()
    lines = file.value.path().read_text().splitlines()
    assert len(lines) == 2
    assert ids["bad"] in lines[1]


def test_a_list_that_has_not_changed_is_not_sent_again(page: Page, there: Installation, ids: dict[str, str]) -> None:
    page.goto(f"{there.url}/ui/executions?flowId=sync-customers")
    refresh = "document.getElementById('list').dispatchEvent(new CustomEvent('tiercel:refresh'))"
    statuses = []
    for _ in range(2):
        with page.expect_response(lambda answer: "executions" in answer.url) as answer:
            page.evaluate(refresh)
        statuses.append(answer.value.status)
        expect(page.locator("tr[data-row]")).to_have_count(4)
    assert statuses == [200, 304]
    assert ids["bad"]


def test_a_list_asks_by_the_clock_only_while_it_is_seen_and_wanted(page: Page, there: Installation) -> None:
    there.deploy(MANY.replace("company.many", "company.clock"))
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{there.url}/ui/flows?namespace=company.clock")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    asked.clear()
    with page.expect_response(lambda answer: "namespace=company.clock" in answer.url):
        page.clock.run_for(11_000)
    with page.expect_response(lambda answer: "namespace=company.clock" in answer.url):
        page.get_by_role("button", name="Refresh").click()
    show = "value => {Object.defineProperty(document, 'visibilityState', {value, configurable: true});"
    show += "document.dispatchEvent(new Event('visibilitychange'))}"
    page.evaluate(show, "hidden")
    asked.clear()
    page.clock.run_for(600_000)
    assert asked == []
    with page.expect_response(lambda answer: "namespace=company.clock" in answer.url):
        page.evaluate(show, "visible")
    page.get_by_label("Auto-refresh").uncheck()
    asked.clear()
    page.clock.run_for(600_000)
    assert asked == []


def test_a_key_is_stored_changed_and_deleted(page: Page, there: Installation) -> None:
    there.deploy(MANY.replace("many", "keeps"))
    page.goto(f"{there.url}/ui/namespaces/edit/company.keeps/kv")
    page.get_by_label("Key", exact=True).fill("threshold")
    page.get_by_label("Type").select_option("NUMBER")
    page.get_by_label("Value").fill("41")
    page.keyboard.press("Control+s")
    page.get_by_role("link", name="threshold").click()
    expect(page.get_by_label("Value")).to_have_value("41")
    page.get_by_label("Value").fill("42.5")
    page.get_by_role("button", name="Store").click()
    page.get_by_role("link", name="threshold").click()
    expect(page.get_by_label("Value")).to_have_value("42.5")
    assert there.ask("GET", "/namespaces/company.keeps/kv/threshold")["value"] == 42.5
    page.locator("td.acts summary").click()
    page.locator("td.acts").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There is no key here.")).to_be_visible()


def test_a_file_is_uploaded_changed_moved_and_deleted_without_scripts(
    browser: Browser, there: Installation, tmp_path: Path
) -> None:
    there.deploy(MANY.replace("many", "files"))
    with browser.new_context(java_script_enabled=False) as context:
        context.set_default_timeout(8000)
        _use_files(context.new_page(), there, tmp_path)


def _use_files(page: Page, there: Installation, tmp_path: Path) -> None:
    file = tmp_path / "query.sql"
    file.write_text("SELECT 1\n")
    page.goto(f"{there.url}/ui/namespaces/edit/company.files/files")
    page.get_by_label("Files to send").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("link", name="query.sql", exact=True).click()
    page.locator("textarea[name=text]").fill("SELECT 2\n")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("textarea[name=text]")).to_have_value("SELECT 2\n")
    page.locator("td.acts summary").first.click()
    page.get_by_label("New path").fill("/moved/query.sql")
    page.get_by_role("button", name="Move").click()
    page.get_by_role("link", name="moved", exact=True).click()
    page.locator("td.acts summary").last.click()
    page.locator("td.acts").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There is no file here.")).to_be_visible()
