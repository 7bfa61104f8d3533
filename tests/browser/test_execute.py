"""The form by which a flow is executed: its controls, what they begin with, and the request that it writes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from browser.installation import Installation

ASKS = """id: asks
namespace: company.asks
inputs:
  - {id: text, type: STRING, displayName: A text, description: "**bold** <script>x</script>", defaults: owl}
  - {id: must, type: BOOL}
  - {id: key, type: SECRET, required: false}
  - {id: side, type: SELECT, values: [left, right], isRadio: true, required: false}
  - id: many
    type: MULTISELECT
    values: [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10]
    allowCustomValue: true
    required: false
  - id: place
    type: SELECT
    expression: "{{ inputs.side == 'left' ? ['west', 'north'] : ['east'] }}"
    dependsOn: {inputs: [side], condition: "{{ inputs.side is not null }}"}
    required: false
  - {id: number, type: INT, min: 1, max: 9, required: false}
  - {id: object, type: JSON, required: false}
  - {id: table, type: FILE, allowedFileExtensions: [.csv], required: false}
  - {id: when, type: DATETIME, required: false}
tasks: [{id: give, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs }}"}]
"""


@pytest.fixture(scope="module")
def form(there: Installation) -> str:
    """Store a flow with inputs and return the address of its form."""
    there.deploy(ASKS)
    return f"{there.url}/ui/flows/execute/company.asks/asks"


def opened(page: Page, address: str) -> None:
    """Open a form, and wait until its scripts watch it."""
    page.goto(address)
    expect(page.locator("form[data-ready]")).to_have_count(1)


def test_what_is_written_before_an_editor_has_come_stays(page: Page, form: str) -> None:
    held: list[Route] = []
    page.route("**/code-*.js", lambda route: held.append(route))
    opened(page, form)
    page.get_by_label("object", exact=True).fill("{no json")
    page.wait_for_function("() => document.activeElement.name === 'object'")
    for route in held:
        route.continue_()
    expect(page.locator("[data-input=object] .cm-content")).to_be_focused()
    page.keyboard.type("!")
    expect(page.locator("[data-input=object] .cm-content")).to_have_text("{no json!")
    assert of(page, "object") == "{no json!"
    expect(page.locator("[data-input=object] [data-errors]")).to_contain_text("JSON")


def of(page: Page, name: str) -> str:
    """Return the value of the field of a name."""
    return page.locator(f"[name={name}]").first.input_value()


def test_the_address_fills_the_form_but_never_a_secret(page: Page, form: str) -> None:
    given = "inputs.number=7&inputs.key=leaked&inputs.when=2026-05-01T10:00:00%2B02:00&inputs.side=right"
    opened(page, f"{form}?{given}&inputs.many=%5B%22m2%22%2C%22own%22%5D")
    assert [of(page, name) for name in ("text", "number", "key", "when")] == ["owl", "7", "", "2026-05-01T08:00"]
    assert "leaked" not in page.content().replace("inputs.key=leaked", "")
    expect(page.locator("[name=many]:checked")).to_have_count(2)
    expect(page.get_by_label("own")).to_be_checked()
    expect(page.get_by_label("right")).to_be_checked()
    expect(page.locator("[data-input=text] strong")).to_have_text("bold")
    expect(page.locator("[data-input=text] script")).to_have_count(0)
    expect(page.get_by_role("switch", name="must")).not_to_be_checked()
    page.get_by_label("number").fill("")
    page.get_by_label("number").press("Enter")
    page.wait_for_url("**/executions/company.asks/asks/**")


def test_choices_follow_what_they_depend_on_and_can_be_searched(page: Page, form: str) -> None:
    opened(page, form)
    place = page.locator("[data-input=place]")
    expect(place).to_be_hidden()
    for side, choices in (("left", ["west", "north"]), ("right", ["east"])):
        page.get_by_label(side).check()
        expect(place).to_be_visible()
        expect(place.locator("option:not([value=''])")).to_have_text(choices)
    page.locator("[data-input=side]").get_by_label("not given").check()
    expect(place).to_be_hidden()
    page.get_by_label("many: search").fill("M1")
    expect(page.locator("[data-input=many] .choices label:visible")).to_have_text(["m1", "m10"])
    page.get_by_label("many: search").press("Enter")
    assert page.url == form


def test_the_request_is_written_out_as_the_form_stands(page: Page, form: str, tmp_path: Path) -> None:
    opened(page, form)
    page.get_by_text("The same by curl, or in Python").click()
    python = page.locator("pre[aria-label=Python]")
    expect(python).to_contain_text('"must": False')
    page.get_by_role("switch", name="must").check()
    expect(python).to_contain_text('"must": True')
    page.get_by_label("key", exact=True).fill("opensesame")
    expect(python).to_contain_text('"key": os.environ["INPUT_KEY"]')
    table = tmp_path / "table.csv"
    table.write_text("a\n")
    page.locator("[data-input=table] [type=file]").set_input_files(table)
    expect(python).to_contain_text('"table": ("table.csv", Path("table.csv").read_bytes())')
    page.locator("[data-input=table] [type=file]").set_input_files([])
    page.get_by_label("table: a file of the namespace").fill("nsfile:///a.csv")
    expect(python).to_contain_text('"table": "nsfile:///a.csv"')
    page.get_by_role("textbox", name="object").fill('{"k": [1]}')
    expect(page.locator("pre[aria-label=cURL]")).to_contain_text("""--form-string 'object={"k": [1]}'""")
    expect(page.locator("#commands")).not_to_contain_text("opensesame")
    assert "opensesame" not in page.locator("#commands").inner_html()


def test_an_older_revision_has_its_own_inputs(page: Page, there: Installation) -> None:
    first = ASKS.replace("id: asks", "id: older")
    there.deploy(first)
    there.deploy(first.replace("displayName: A text", "displayName: Renamed"))
    opened(page, f"{there.url}/ui/flows/execute/company.asks/older")
    page.get_by_label("Renamed").fill("kept")
    page.get_by_text("Labels, date, revision").click()
    page.get_by_label("Revision, empty for the latest").fill("1")
    page.get_by_label("Labels, one").fill("who:me")
    page.get_by_role("button", name="Show its inputs").click()
    expect(page.get_by_label("A text")).to_have_value("kept")
    expect(page.locator("form[data-ready]")).to_have_count(1)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/executions/company.asks/older/**")
    execution = there.ask("GET", f"/executions/{page.url.rpartition('/')[2]}")
    assert (execution["flowRevision"], execution["inputs"]["text"]) == (1, "kept")
    assert {"key": "who", "value": "me"} in execution["labels"]


def test_the_execution_opens_where_the_settings_say(page: Page, form: str) -> None:
    opened(page, form)
    page.evaluate("localStorage.setItem('executeFlowBehaviour', 'new tab')")
    page.evaluate("localStorage.setItem('executeDefaultTab', 'logs')")
    with page.context.expect_page() as other:
        page.get_by_label("A text").press("Control+Enter")
    other.value.wait_for_url("**/executions/company.asks/asks/*/logs")
    assert page.url == form
