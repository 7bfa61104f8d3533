"""What stands beside a flow's text: the files of its namespace, expressions that are tried, blueprints; and F1."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from browser.installation import Installation
from serving import until

LOG = "io.kestra.plugin.core.log.Log"
SECRET = f"""id: keeps
namespace: company.beside
inputs:
  - {{id: key, type: SECRET, defaults: opensesame}}
variables: {{greeting: hello}}
tasks:
  - {{id: say, type: {LOG}, message: "{{{{ vars.greeting }}}} {{{{ taskrun.id }}}}"}}
  - {{id: last, type: {LOG}, message: "{{{{ inputs.key }}}}"}}
"""


@pytest.fixture(scope="module")
def flow(there: Installation) -> str:
    """Store a flow and a file beside it, and execute it once; return its editor's address."""
    there.deploy(SECRET)
    there.run("company.beside/keeps")
    sent = {"fileContent": ("hello.sql", b"SELECT <b>1</b>\n")}
    there.send("POST", "/namespaces/company.beside/files", params={"path": "/queries/hello.sql"}, files=sent)
    there.send(
        "POST", "/namespaces/company.beside/files", params={"path": "/a.bin"}, files={"fileContent": ("a", b"\0")}
    )
    return f"{there.url}/ui/flows/edit/company.beside/keeps/edit"


def opened(page: Page, flow: str, panel: str) -> None:
    """Open the editor and one of the panels beside it."""
    page.goto(flow)
    page.get_by_role("tab", name=panel).click()


def test_a_file_of_the_namespace_is_looked_at_and_named_where_the_cursor_stands(page: Page, flow: str) -> None:
    opened(page, flow, "Files")
    listed = page.get_by_role("list", name="Files").get_by_role("listitem")
    expect(listed).to_have_count(2)
    page.get_by_role("button", name="a.bin").click()
    expect(page.get_by_text("It is no text.")).to_be_visible()
    page.get_by_role("button", name="queries/").click()
    page.get_by_role("button", name="hello.sql").click()
    expect(page.locator("pre[aria-label='/queries/hello.sql']")).to_have_text("SELECT <b>1</b>\n")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    listed.get_by_role("button", name="Insert").click()
    expect(page.locator(".cm-line").last).to_have_text("nsfile:///queries/hello.sql")
    expect(page.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Control+z")
    page.get_by_role("searchbox", name="Search files").fill("BIN")
    expect(listed).to_have_text(["/a.binInsert"])


def test_an_expression_is_tried_where_it_stands_and_secrets_stay_hidden(page: Page, flow: str) -> None:
    opened(page, flow, "Expression")
    result = page.locator(".i-trial [role=status]")
    page.locator(".cm-expression", has_text="vars.greeting").click()
    expect(page.get_by_role("textbox", name="Expression")).to_have_value("{{ vars.greeting }}")
    page.get_by_role("button", name="Evaluate").click()
    expect(result).to_have_text("hello")
    page.locator(".cm-expression", has_text="taskrun.id").click()
    expect(page.get_by_role("textbox", name="Expression")).to_have_value("{{ taskrun.id }}")
    expect(page.get_by_label("In the place of").locator("option:checked")).to_have_text("say")
    page.get_by_role("textbox", name="Expression").press("Control+Enter")
    expect(result).to_have_text(page.get_by_label("In the place of").input_value())
    for text, said in (("{{ inputs.key }}!", "******!"), ("{{ nobody.knows }}", "nobody")):
        page.get_by_role("textbox", name="Expression").fill(text)
        page.get_by_role("button", name="Evaluate").click()
        expect(result).to_contain_text(said)
    page.get_by_role("tab", name="Files").click()
    page.get_by_role("tab", name="Expression").click()
    expect(page.get_by_role("textbox", name="Expression")).to_have_value("{{ nobody.knows }}")


def test_the_panel_and_the_widths_are_found_again(page: Page, flow: str) -> None:
    opened(page, flow, "Blueprints")
    page.get_by_role("separator", name="Width of the text").focus()
    page.keyboard.press("ArrowRight")
    page.reload()
    expect(page.get_by_role("tab", name="Blueprints")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("separator", name="Width of the text")).to_have_attribute("aria-valuenow", "59")
    page.get_by_role("searchbox", name="Search blueprints").fill("webhook")
    expect(page.get_by_role("list", name="Blueprints").locator("summary")).to_have_count(2)
    page.get_by_role("list", name="Blueprints").get_by_text("Answer a webhook").click()
    page.get_by_role("button", name="Put in place of the text").click()
    expect(page.locator(".cm-line").first).to_have_text("id: webhook-to-answer")
    page.locator(".cm-content").press("Control+z")
    expect(page.locator(".cm-line").first).to_have_text("id: keeps")


def test_f1_lists_what_the_editor_can_do(page: Page, flow: str) -> None:
    opened(page, flow, "Only text")
    page.locator(".cm-content").click()
    page.keyboard.press("F1")
    page.get_by_role("combobox", name="Commands of the editor").fill("go to a line")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Go to line:")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("F1")
    page.get_by_role("option", name="Topology").click()
    expect(page.locator(".i-node")).to_have_count(2)


def test_formatting_takes_away_spaces_that_mean_nothing(page: Page, there: Installation) -> None:
    page.goto(f"{there.url}/ui/flows/new")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text('id: a  \n# c \nx: |\n  one  \n  two\ny: "a  \n  b"   \nz: 1 \n\n  \n')
    page.get_by_role("tab", name="Only text").focus()
    page.keyboard.press("F1")
    page.get_by_role("combobox", name="Commands of the editor").fill("format")
    page.keyboard.press("Enter")
    lines = ["id: a", "# c", "x: |", "  one  ", "  two", 'y: "a  ', '  b"', "z: 1", ""]
    expect(page.locator(".cm-content")).to_be_focused()
    assert page.locator(".cm-line").evaluate_all("all => all.map(each => each.textContent)") == lines


def test_another_id_is_no_revision_but_a_copy(page: Page, there: Installation, flow: str) -> None:
    opened(page, flow, "Only text")
    page.locator(".cm-line").first.click()
    page.keyboard.press("End")
    page.keyboard.type("2")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("alert")).to_contain_text("company.beside.keeps, and the text says company.beside.keeps2")
    assert there.ask("GET", "/flows/company.beside/keeps")["revision"] == 1
    page.get_by_role("button", name="Create company.beside.keeps2").click()
    page.wait_for_url("**/flows/edit/company.beside/keeps2/edit")
    assert there.ask("GET", "/flows/company.beside/keeps2")["revision"] == 1


def test_line_ends_stay_as_they_were_and_are_no_change(page: Page, there: Installation) -> None:
    text = SECRET.replace("id: keeps", "id: windows").replace("\n", "\r\n")
    there.send("POST", "/flows", content=text, headers={"Content-Type": "application/x-yaml"})
    page.goto(f"{there.url}/ui/flows/edit/company.beside/windows/edit")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# more")
    page.keyboard.press("Control+s")
    expect(page.locator(".i-editor-says")).to_have_text("Saved as revision 2.")
    assert there.ask("GET", "/flows/company.beside/windows", params={"source": "true"})["source"] == f"{text}# more"


def test_a_draft_from_before_another_revision_is_compared_before_it_is_saved(page: Page, there: Installation) -> None:
    page.on("dialog", lambda asked: asked.accept())
    mine = SECRET.replace("id: keeps", "id: raced")
    there.deploy(mine)
    address = f"{there.url}/ui/flows/edit/company.beside/raced/edit"
    page.goto(address)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# mine")
    kept = "localStorage.getItem('tiercel.draft.company.beside.raced') ?? ''"
    until(lambda: "# mine" in page.evaluate(kept))
    there.deploy(f"{mine}# theirs\n")
    page.goto(address)
    expect(page.locator(".i-editor-says")).to_contain_text("It began as revision 1; revision 2 is what is stored now.")
    page.get_by_role("button", name="Take it").click()
    page.keyboard.press("Control+s")
    expect(page.get_by_role("dialog", name="A newer revision")).to_contain_text("# theirs")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".i-editor-says")).to_have_text("Saved as revision 3.")
