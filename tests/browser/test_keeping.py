"""What people keep and look for: lists with filters, schedules made up for, keys, files."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from browser.installation import Installation
from serving import until

CORE = "io.kestra.plugin.core"
MANY = f"id: many\nnamespace: company.many\ntasks: [{{id: say, type: {CORE}.log.Log, message: x}}]\n"
DAILY = f"""id: daily
namespace: company.dates
triggers: [{{id: day, type: {CORE}.trigger.Schedule, cron: "0 6 * * *"}}]
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
    shown = rows.all_inner_texts()
    rows.nth(15).locator("a").first.hover()
    page.evaluate("addEventListener('pagehide', () => sessionStorage.setItem('left', scrollY))")
    rows.nth(15).locator("a").first.click()
    page.wait_for_url("**/ui/executions/company.many/many/**")
    page.go_back()
    expect(rows).to_have_count(20)
    assert rows.all_inner_texts() == shown
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
    page.locator(".drop.rows summary").click()
    page.locator(".drop.rows").get_by_role("button", name="Delete").click()
    expect(page.locator(".said")).to_contain_text("2 deleted.")
    expect(page.locator("tr[data-row]")).to_have_count(1)


def test_dates_of_the_past_are_made_up_for(page: Page, there: Installation) -> None:
    there.deploy(DAILY)
    page.goto(f"{there.url}/ui/flows/edit/company.dates/daily/triggers")
    page.get_by_text("Backfill: make up for dates of the past").click()
    page.get_by_label("From, included").fill("2026-05-01T06:00:00")
    page.get_by_label("To, included").fill("2026-05-03T06:00:00")
    page.get_by_label("Dates").select_option("false")
    expect(page.locator("#count-day")).to_contain_text("3 executions")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator(".said")).to_contain_text("The backfill begins.")
    query = {"namespace": "company.dates", "state": "SUCCESS"}
    until(lambda: there.ask("GET", "/executions/search", params=query)["total"] == 3)
    page.get_by_role("link", name="Executions").last.click()
    expect(page.locator("tr[data-row]")).to_have_count(3)
    page.locator("tr[data-row] a").first.click()
    expect(page.get_by_text("2026-05-0").first).to_be_visible()


def test_columns_are_chosen_and_stay_so(page: Page, there: Installation, ids: dict[str, str]) -> None:
    page.goto(f"{there.url}/ui/executions")
    heads = page.locator("thead th:visible")
    expect(heads.filter(has_text="Labels")).to_have_count(1)
    expect(heads.filter(has_text="Rev.")).to_have_count(0)
    page.get_by_text("Columns").click()
    page.get_by_label("Labels").uncheck()
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


def test_a_file_is_uploaded_changed_and_deleted(page: Page, there: Installation, tmp_path: Path) -> None:
    there.deploy(MANY.replace("many", "files"))
    file = tmp_path / "query.sql"
    file.write_text("SELECT 1\n")
    page.goto(f"{there.url}/ui/namespaces/edit/company.files/files")
    page.get_by_label("Files to send").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("link", name="query.sql", exact=True).click()
    page.locator("textarea[name=text]").fill("SELECT 2\n")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("textarea[name=text]")).to_have_value("SELECT 2\n")
    page.locator("td.acts summary").click()
    page.locator("td.acts").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There is no file here.")).to_be_visible()
