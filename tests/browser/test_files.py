"""The files of a namespace: made, written, renamed, moved, sent and removed in the tree; tabs follow them."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from browser.installation import Installation

SPACE = "/namespaces/browser.files"


def listed(there: Installation) -> list[str]:
    """Return the paths of the namespace's files."""
    return sorted(there.ask("GET", f"{SPACE}/files/search"))


def entry(page: Page, path: str) -> Locator:
    """Return the row of a file or a folder."""
    return page.locator(f'.i-entry[data-path="{path}"]')


def tab(page: Page, name: str) -> Locator:
    """Return what leads to a file that is open."""
    return page.locator(".i-tab button[title]", has_text=name)


def called(page: Page, name: str) -> None:
    """Type the new name of what is being renamed."""
    field = page.locator(".i-entry input[type=text]")
    field.fill(name)
    field.press("Enter")


def test_a_file_is_made_written_renamed_and_dragged_and_its_tab_follows(page: Page, there: Installation) -> None:
    page.goto(f"{there.url}/ui/namespaces/edit/browser.files/files")
    page.get_by_role("button", name="New file").click()
    called(page, "load.py")
    entry(page, "/load.py").click()
    page.get_by_role("button", name="New folder").click()
    called(page, "scripts")
    expect(entry(page, "/scripts")).to_be_visible()
    page.locator(".cm-content").click()
    page.keyboard.insert_text("print(1)\n")
    expect(tab(page, "load.py")).to_contain_text("•")
    page.keyboard.press("Control+s")
    expect(tab(page, "load.py")).not_to_contain_text("•")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("print(2)\n")
    entry(page, "/load.py").focus()
    page.keyboard.press("F2")
    called(page, "run.py")
    expect(tab(page, "run.py")).to_have_attribute("title", "/run.py")
    entry(page, "/run.py").drag_to(entry(page, "/scripts"))
    expect(tab(page, "run.py")).to_have_attribute("title", "/scripts/run.py")
    expect(page.locator(".cm-content")).to_contain_text("print(2)")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(tab(page, "run.py")).not_to_contain_text("•")
    assert listed(there) == ["/scripts/run.py"]
    assert "print(2)" in page.request.get(f"{there.url}/api/v1/main{SPACE}/files?path=/scripts/run.py").text()
    expect(page).to_have_url(re.compile("file=%2Fscripts%2Frun.py"))
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("print(2)")


def test_folders_are_sent_and_many_files_are_removed_at_once(page: Page, there: Installation, tmp_path: Path) -> None:
    space = "/namespaces/browser.many"
    for name in ("a.txt", "b.txt", "c/d.txt"):
        file = tmp_path / "sent" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{there.url}/ui/namespaces/edit/browser.many/files")
    page.locator("input[webkitdirectory]").set_input_files(tmp_path / "sent")
    entry(page, "/sent").click()
    for path in ("/sent/a.txt", "/sent/c"):
        entry(page, path).get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete 2").click()
    expect(entry(page, "/sent/a.txt")).to_have_count(0)
    expect(entry(page, "/sent/b.txt")).to_be_visible()
    assert there.ask("GET", f"{space}/files/search") == ["/sent/b.txt"]
    entry(page, "/sent").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    expect(page.get_by_text("There is no file here")).to_be_visible()
    assert there.ask("GET", f"{space}/files/search") == []
