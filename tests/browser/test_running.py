"""Executions as people have them on their pages: started by a form, followed, read, mended, paused and killed."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from browser.installation import Installation

CORE = "io.kestra.plugin.core"
SLOW = f"""id: slow
namespace: company.live
tasks:
  - {{id: first, type: {CORE}.log.Log, message: it has begun}}
  - {{id: wait, type: {CORE}.flow.Sleep, duration: PT1.2S}}
  - {{id: last, type: {CORE}.log.Log, message: it is over}}
"""
ENDLESS = f"id: endless\nnamespace: company.live\ntasks: [{{id: wait, type: {CORE}.flow.Sleep, duration: PT10M}}]\n"
MENDED = f"""id: mended
namespace: company.live
tasks:
  - {{id: before, type: {CORE}.debug.Return, format: x}}
  - id: check
    type: {CORE}.execution.Fail
    condition: "{{{{ kv('repaired', errorOnMissing=false) != 'yes' }}}}"
    errorMessage: the pump is broken
  - {{id: after, type: {CORE}.log.Log, message: it runs again}}
"""
PAUSES = f"""id: pauses
namespace: company.live
tasks:
  - {{id: ask, type: {CORE}.flow.Pause, onResume: [{{id: number, type: INT}}]}}
  - {{id: got, type: {CORE}.debug.Return, format: "got {{{{ outputs.ask.onResume.number }}}}"}}
"""


def opened(page: Page, there: Installation, flow: str, execution: str, tab: str = "") -> None:
    """Open an execution's page."""
    page.goto(f"{there.url}/ui/executions/{flow}/{execution}{tab}")


def ends(page: Page, state: str) -> None:
    """Wait until the page says so."""
    expect(page.locator("[data-live-state]")).to_contain_text(state)


def test_a_form_has_a_field_for_every_type_of_input(page: Page, there: Installation, tmp_path: Path) -> None:
    there.deploy_all("every-input")
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    page.goto(f"{there.url}/ui/flows/execute/company.team/every-input")
    expect(page.locator("form[data-ready]")).to_have_count(1)
    expect(page.get_by_label("Only if sure")).to_be_hidden()
    filled = {"A word": "kestrel", "count": "3", "share": "0.5", "own": "mine", "day": "2026-01-31", "hour": "08:30:00"}
    more = {"long": "PT1H", "object": '{"k": [1]}', "yaml": "k: v", "list": "[1, 2]", "mail": "a@example.com"}
    for name, value in {**filled, **more, "address": "https://example.com/a"}.items():
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_label("at", exact=True).fill("2026-01-31T08:00:00")
    page.get_by_label("one", exact=True).select_option("y")
    page.locator("[data-input=radio]").get_by_label("blue").check()
    for each in ("ant", "cat"):
        page.get_by_label(each).check()
    page.get_by_label("table", exact=True).set_input_files(table)
    page.locator("[data-input=sure]").get_by_label("true").check()
    page.get_by_label("Only if sure").fill("shown now")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/ui/executions/**")
    ends(page, "SUCCESS")
    given = there.ask("GET", f"/executions/{page.url.rpartition('/')[2]}")["inputs"]
    assert str(given.pop("table")).endswith("/table.csv")
    assert json.loads(json.dumps(given)) == {
        "word": "kestrel",
        "count": 3,
        "share": 0.5,
        "sure": True,
        "one": "y",
        "radio": "blue",
        "own": "mine",
        "some": ["ant", "cat"],
        "day": "2026-01-31",
        "at": "2026-01-31T08:00:00Z",
        "hour": "08:30:00",
        "long": "PT1H",
        "object": {"k": [1]},
        "yaml": {"k": "v"},
        "list": [1, 2],
        "address": "https://example.com/a",
        "mail": "a@example.com",
        "hidden": "shown now",
    }


def test_what_is_wrong_stands_under_its_field(page: Page, there: Installation) -> None:
    there.deploy_all("every-input")
    page.goto(f"{there.url}/ui/flows/execute/company.team/every-input")
    expect(page.locator("form[data-ready]")).to_have_count(1)
    page.get_by_label("object", exact=True).fill("{no json")
    expect(page.locator("[data-input=object] [data-errors]")).to_contain_text("JSON")


def test_an_execution_is_followed_until_its_end_and_its_buttons_change_with_it(page: Page, there: Installation) -> None:
    there.deploy(SLOW)
    opened(page, there, "company.live/slow", there.start("company.live/slow"), "/logs")
    page.evaluate("window.stays = true")
    expect(page.get_by_role("button", name="Kill")).to_be_visible()
    expect(page.get_by_role("link", name="Replay")).to_have_count(0)
    expect(page.get_by_text("it has begun")).to_be_visible()
    ends(page, "SUCCESS")
    expect(page.get_by_text("it is over")).to_be_visible()
    expect(page.locator(".i-live")).to_contain_text("Ended")
    expect(page.get_by_role("link", name="Replay")).to_be_visible()
    expect(page.get_by_role("button", name="Kill")).to_have_count(0)
    assert page.evaluate("window.stays"), "the page was not loaded again"


def test_a_file_is_looked_at_and_an_expression_tried(page: Page, there: Installation, ids: dict[str, str]) -> None:
    opened(page, there, "company.sales/daily-orders", ids["good"], "/outputs")
    page.get_by_role("link", name="write.csv").click()
    expect(page.get_by_text("Emmy Noether")).to_be_visible()
    opened(page, there, "company.sales/daily-orders", ids["good"], "/outputs")
    page.get_by_label("Expression").fill("{{ outputs.revenue.value | lower }} in {{ inputs.day }}")
    page.get_by_role("button", name="Evaluate").click()
    expect(page.locator("#try pre")).to_have_text("1128.15 eur in 2026-05-01")
    page.get_by_label("Expression").fill("{{ outputs.nobody.value }}")
    page.get_by_role("button", name="Evaluate").click()
    expect(page.locator("#try .trouble")).to_contain_text("nobody")


def test_the_failed_task_is_named_first_and_a_restart_goes_on_from_it(page: Page, there: Installation) -> None:
    there.deploy(MENDED)
    execution = there.run("company.live/mended", end="FAILED")
    opened(page, there, "company.live/mended", execution)
    expect(page.get_by_role("alert")).to_contain_text("Task check failed")
    expect(page.get_by_role("alert")).to_contain_text("the pump is broken")
    there.send("PUT", "/namespaces/company.live/kv/repaired", content='"yes"')
    page.get_by_role("button", name="Restart").click()
    ends(page, "SUCCESS")
    assert execution in page.url
    page.get_by_role("link", name="Gantt").click()
    expect(page.locator(".i-gantt")).to_contain_text("after")


def test_an_execution_is_paused_and_resumed_with_what_it_asks_for(page: Page, there: Installation) -> None:
    there.deploy(PAUSES)
    opened(page, there, "company.live/pauses", there.run("company.live/pauses", end="PAUSED"))
    page.get_by_role("link", name="Resume").click()
    page.get_by_label("number").fill("42")
    page.get_by_role("button", name="Resume").click()
    ends(page, "SUCCESS")
    page.get_by_role("link", name="Outputs").click()
    expect(page.get_by_text("got 42")).to_be_visible()


def test_a_running_execution_is_paused_resumed_and_killed(page: Page, there: Installation) -> None:
    there.deploy(ENDLESS)
    opened(page, there, "company.live/endless", there.start("company.live/endless"))
    page.get_by_role("button", name="Pause").click()
    ends(page, "PAUSED")
    page.get_by_role("link", name="Resume").click()
    page.get_by_role("button", name="Resume").click()
    ends(page, "RUNNING")
    page.get_by_role("button", name="Kill").click()
    ends(page, "KILLED")
    expect(page.get_by_role("link", name="Replay")).to_be_visible()
