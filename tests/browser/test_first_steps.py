"""Somebody new: from the welcome page to an execution; and a flow written in the editor, checked, stored and run."""

from __future__ import annotations

from playwright.sync_api import Dialog, Page, expect

from browser.installation import Installation

LOG = "io.kestra.plugin.core.log.Log"
WRITTEN = f"id: written\nnamespace: company.team\ntasks:\n  - id: say\n    type: {LOG}\n    mesage: hello\n"


def write(page: Page, text: str) -> None:
    """Put a text into the editor, in place of what stands there."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def test_the_welcome_page_leads_to_a_first_execution_and_its_log(page: Page, there: Installation) -> None:
    assert there.first_page == "/ui/welcome"
    page.goto(f"{there.url}/ui/welcome")
    page.get_by_role("button", name="Store it and execute it").click()
    page.get_by_label("name").fill("Ada")
    page.get_by_role("button", name="Execute").click()
    expect(page.locator("h1")).to_contain_text("SUCCESS")
    expect(page.locator(".i-live")).to_contain_text("Ended")
    page.get_by_role("link", name="Logs", exact=True).last.click()
    expect(page.get_by_text("Hello, Ada!")).to_be_visible()


def test_a_flow_is_written_with_completion_its_error_is_on_its_line_and_it_is_stored(
    page: Page, there: Installation
) -> None:
    page.goto(f"{there.url}/ui/flows/new")
    write(page, WRITTEN)
    marked = page.locator(".cm-lintRange-error").filter(has_text="mesage")
    expect(marked).to_have_count(1)
    expect(page.locator(".i-badge")).to_contain_text("error")
    assert "mesage" in (page.locator(".cm-line").nth(5).text_content() or "")
    expect(page.locator(".cm-line").nth(5).locator(".cm-lintRange-error")).to_have_count(1)
    write(page, WRITTEN.replace("    mesage: hello\n", "    "))
    page.keyboard.press("Control+ ")
    page.locator(".cm-tooltip-autocomplete li", has_text="message").click()
    page.keyboard.type("hello")
    expect(page.locator(".i-badge")).to_have_text("Valid")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/ui/flows/edit/company.team/written**")
    source = there.ask("GET", "/flows/company.team/written", params={"source": "true"})["source"]
    assert "message: hello" in source


def test_a_draft_that_was_stored_is_no_reason_to_warn(page: Page, there: Installation) -> None:
    there.deploy(WRITTEN.replace("mesage", "message").replace("written", "kept"))
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    page.goto(f"{there.url}/ui/flows/edit/company.team/kept/edit")
    expect(page.locator(".i-badge")).to_have_text("Valid")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# more")
    page.keyboard.press("Control+s")
    expect(page.locator(".i-editor-says")).to_have_text("Saved as revision 2.")
    page.get_by_role("link", name="Revisions").click()
    expect(page.locator("tr.added")).to_contain_text("# more")
    assert not asked
