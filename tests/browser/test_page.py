"""What the pages' small modules do: the form, the palette, keys, settings, islands that come and go."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from browser.examples import execution
from browser.stage import Asked, Stage

FORM = """<form data-execute data-namespace="demo" data-flow="f" action="/sent">
<div data-input="kind"><input name="kind" aria-label="kind"><div data-errors></div></div>
<div data-input="more" hidden><input name="more" aria-label="more"><div data-errors></div></div>
<div data-input="file"><input type="file" name="file"><div data-errors></div></div>
<button data-action="confirm">Execute</button></form>"""


def validated(asked: Asked) -> object:
    """Answer as the flow would: `more` depends on `kind`, which must not be `bad`."""
    shows, bad = b"\r\nlong" in asked.body, b"\r\nbad" in asked.body
    errors = [{"message": "kind must not be bad"}] if bad else []
    kind = {"input": {"id": "kind"}, "enabled": True, "isDefault": False, "errors": errors}
    return {"inputs": [kind, {"input": {"id": "more"}, "enabled": shows, "isDefault": shows, "value": 7, "errors": []}]}


def test_the_form_shows_what_the_flow_enables_and_what_is_wrong(page: Page, stage: Stage) -> None:
    stage.on("POST /executions/demo/f/validate", validated)
    page.goto(stage.show(FORM))
    more = page.get_by_label("more")
    expect(more).to_be_hidden()
    page.get_by_label("kind").fill("bad")
    expect(page.locator("[data-input=kind] [data-errors]")).to_have_text("kind must not be bad")
    page.get_by_label("kind").fill("long")
    expect(more).to_have_value("7")
    expect(page.locator("[data-input=kind] [data-errors]")).to_be_empty()
    page.get_by_label("kind").press("Control+Enter")
    page.wait_for_url("**/sent?kind=long&more=7**")


def test_a_file_is_dropped_on_its_field(page: Page, stage: Stage) -> None:
    stage.on("POST /executions/demo/f/validate", validated)
    page.goto(stage.show(FORM))
    expect(page.locator("form[data-ready]")).to_have_count(1)
    page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["abc"], "a.csv"));
            const drop = new DragEvent("drop", {dataTransfer, cancelable: true});
            document.querySelector("[data-input=file]").dispatchEvent(drop);
        }"""
    )
    assert page.evaluate("document.querySelector('[type=file]').files[0].name") == "a.csv"


def test_ctrl_k_finds_pages_flows_and_actions_and_goes_there(page: Page, stage: Stage) -> None:
    stage.on("GET /flows/search", {"results": [{"namespace": "demo", "id": "daily"}], "total": 1})
    stage.on("GET /plugins", {"results": [{"tasks": [{"cls": "io.x.DailyTask"}]}], "total": 1})
    page.goto(stage.show("<button data-command='Daily report of this page'>x</button>"))
    page.wait_for_selector("#here, button")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search everything")
    expect(field).to_be_focused()
    field.fill("daily")
    expect(page.get_by_role("option")).to_have_count(4)
    expect(page.get_by_role("option", selected=True)).to_contain_text("Daily report of this page")
    field.fill("execute daily")
    expect(page.get_by_role("option").first).to_contain_text("demo.daily")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui/flows/execute/demo/daily")


@pytest.mark.parametrize(("keys", "place"), [(("g", "e"), "/ui/executions"), (("j", "j", "Enter"), "/two")])
def test_letters_are_keys_while_nobody_writes(page: Page, stage: Stage, keys: tuple[str, ...], place: str) -> None:
    rows = "".join(f"<tr data-row><td><a href='/{name}'>{name}</a></td></tr>" for name in ("one", "two", "three"))
    page.goto(stage.show(f"<input aria-label='field'><table data-list>{rows}</table><i data-island='none'></i>"))
    expect(page.get_by_text("There is no island 'none'")).to_be_visible()
    page.get_by_label("field").press("g")
    page.get_by_label("field").press("e")
    page.get_by_label("field").blur()
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_url(f"**{place}")


def test_settings_are_kept_and_the_theme_is_shown(page: Page, stage: Stage) -> None:
    address = stage.show(
        "<select data-setting='dateFormat' aria-label='dates'><option value=''>own<option>iso</select>"
        "<button data-theme-switch>Theme</button><time data-time='2026-05-01T08:00:00Z'>raw</time>"
    )
    page.goto(address)
    page.get_by_label("dates").select_option("iso")
    expect(page.locator("time")).to_have_text("2026-05-01T08:00:00.000Z")
    page.get_by_role("button", name="Theme").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.get_by_label("dates")).to_have_value("iso")


def test_islands_come_with_a_swap_and_let_go_when_they_leave(page: Page, stage: Stage) -> None:
    stage.on("GET /executions/e1", execution("CREATED", "RUNNING"))
    stage.on("GET /executions/e1/follow", (502, {}))
    page.add_init_script("globalThis.tiercelTimes = {soonest: 20, poll: 50}")
    page.goto(stage.show("<main></main>"))
    page.wait_for_function("window.htmx !== undefined")
    island = "<div data-island='gantt' data-options='{&quot;execution&quot;: &quot;e1&quot;}'>before</div>"
    page.evaluate("html => htmx.swap('main', html, {swapStyle: 'innerHTML'})", island)
    expect(page.locator("[data-mounted] .i-gantt")).to_have_count(1)
    page.evaluate("htmx.swap('main', '<p>gone</p>', {swapStyle: 'innerHTML'})")
    expect(page.get_by_text("gone")).to_be_visible()
    page.wait_for_timeout(100)
    asked = len(stage.asked)
    page.wait_for_timeout(400)
    assert len(stage.asked) == asked


def test_parts_are_asked_for_when_the_execution_changes_and_not_while_somebody_writes(page: Page, stage: Stage) -> None:
    page.add_init_script("globalThis.tiercelTimes = {soonest: 20, poll: 50}")
    shown = [execution("CREATED", "RUNNING")]
    stage.on("GET /executions/e1/follow", (502, {}))
    stage.on("GET /executions/e1", lambda _asked: shown[0])
    options = '{"execution": "e1"}'
    parts = "".join(
        f"<div id='{kind}{place}' data-refresh='{kind}'>{inside}</div>"
        for kind in ("state", "execution")
        for place, inside in (("", ""), ("busy", "<input aria-label='busy'>"))
    )
    page.goto(stage.show(f"<div data-island='live' data-options='{options}'></div>{parts}"))
    page.evaluate(
        """() => document.querySelectorAll("[data-refresh]").forEach((part) =>
            part.addEventListener("tiercel:refresh", () => (part.dataset.asked = "yes")))"""
    )
    expect(page.locator(".i-live")).to_have_text("Live, every 3 s")
    page.locator("#statebusy input").focus()
    assert page.locator("[data-asked]").count() == 0
    shown[0] = execution()
    expect(page.locator("#state")).to_have_attribute("data-asked", "yes")
    expect(page.locator("#execution")).to_have_attribute("data-asked", "yes")
    expect(page.locator("#statebusy")).not_to_have_attribute("data-asked", "yes")
