"""The editor, before a real installation: checks, completion, drafts, saving."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from werkzeug.test import Client

from browser.stage import Asked, Stage
from tiercel.api.app import Application
from tiercel.api.site import Site
from tiercel.runtime import embedded

LOG = "io.kestra.plugin.core.log.Log"
FLOW = f"id: daily\nnamespace: demo\ntasks:\n  - id: first\n    type: {LOG}\n    message: hello\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a client of an installation."""
    store: Path = tmp_path_factory.mktemp("editor") / "store"
    with embedded(store) as runtime:
        yield Client(Application(Site(runtime)))


@pytest.fixture(autouse=True)
def _real(stage: Stage, server: Client) -> None:
    """Let the installation answer."""

    def pass_on(asked: Asked) -> object:
        kind = "application/json" if asked.path == "/flows/complete" else "application/x-yaml"
        answer = server.open(
            f"/api/v1/main{asked.path}",
            method=asked.method,
            query_string=asked.query,
            data=asked.body or None,
            content_type=kind if asked.body else None,
        )
        return answer.status_code, json.loads(answer.data or b"null")

    stage.on(".*", pass_on)


def opened(page: Page, stage: Stage, source: str = FLOW, **options: object) -> None:
    page.goto(stage.island("editor", source=source, **options))
    expect(page.locator(".i-badge")).not_to_have_text("Checking …")


def write_at_end(page: Page, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def test_a_problem_is_marked_at_its_line_and_the_badge_leads_there(page: Page, stage: Stage) -> None:
    opened(page, stage, FLOW.replace("message: hello", "mesage: hello"))
    expect(page.locator(".i-badge")).to_contain_text("2 errors")
    marked = page.locator(".cm-lintRange-error")
    expect(marked.filter(has_text="mesage")).to_have_count(1)
    assert page.locator("style").evaluate_all("all => all.every(each => each.sheet.cssRules.length)"), "the nonce holds"
    page.locator(".i-badge").click()
    expect(page.locator(".cm-panel-lint")).to_contain_text("mesage")


def test_completion_offers_properties_types_values_and_ids_and_comes_back(page: Page, stage: Stage) -> None:
    opened(page, stage, FLOW + "  - id: second\n    type: ")
    options = page.locator(".cm-tooltip-autocomplete li")
    write_at_end(page, "log.L")
    options.filter(has_text=LOG).click()
    write_at_end(page, "\nme")
    options.first.filter(has_text="message").click()
    expect(page.locator(".cm-content")).to_contain_text("message:")
    page.keyboard.type("{{ outputs.")
    expect(options).to_have_text(["firstLog", "secondLog"])
    page.keyboard.type("f")
    page.keyboard.press("Backspace")
    page.keyboard.press("Control+ ")
    expect(options).to_have_count(2)


def test_saving_makes_revisions_and_a_newer_one_is_not_written_over_unasked(
    page: Page, stage: Stage, server: Client
) -> None:
    source = FLOW.replace("daily", "saved")
    server.post("/api/v1/main/flows", data=source, content_type="application/x-yaml")
    opened(page, stage, source, namespace="demo", flow="saved", revision=1)
    expect(page.locator(".i-badge")).to_have_text("Valid")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    write_at_end(page, "# one\n")
    page.keyboard.press("Control+s")
    expect(page.locator(".i-editor-says")).to_have_text("Saved as revision 2.")
    theirs = source + "# theirs\n"
    server.put("/api/v1/main/flows/demo/saved", data=theirs, content_type="application/x-yaml")
    write_at_end(page, "# two\n")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("dialog", name="A newer revision")).to_contain_text("theirs")
    page.get_by_role("button", name="Back to the text").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert server.get("/api/v1/main/flows/demo/saved").get_json()["source"] == theirs
    page.keyboard.press("Control+s")
    page.get_by_role("button", name="Save over it").click()
    expect(page.locator(".i-editor-says")).to_have_text("Saved as revision 4.")
    page.get_by_role("button", name="Execute").click()
    page.wait_for_url("**/ui/flows/execute/demo/saved")


def test_a_draft_is_offered_after_a_reload_and_the_graph_follows_the_text(page: Page, stage: Stage) -> None:
    page.on("dialog", lambda asked: asked.accept())
    opened(page, stage, namespace="demo", flow="daily", revision=1)
    expect(page.locator(".i-node")).to_have_count(1)
    write_at_end(page, f"  - id: drafted\ntype: {LOG}\nmessage: x")
    expect(page.locator(".i-node")).to_have_count(2)
    page.reload()
    expect(page.locator(".i-editor-says")).to_contain_text("A draft that was not saved")
    expect(page.locator(".cm-content")).not_to_contain_text("drafted")
    page.get_by_role("button", name="Take it").click()
    expect(page.locator(".cm-content")).to_contain_text("drafted")
    page.get_by_role("tab", name="Documentation").click()
    page.keyboard.press("Escape")
    page.locator(".cm-line", has_text="drafted").click()
    expect(page.locator(".i-documentation")).to_contain_text("message string")
    write_at_end(page, "\n")
    page.keyboard.press("Shift+Home")
    page.keyboard.type("  - id: given\ntype: io.kestra.plugin.core.debug.Return")
    page.keyboard.press("Escape")
    page.locator(".cm-line", has_text="given").click()
    expect(page.locator(".i-documentation")).to_contain_text("Outputsvalue")
    expect(page.locator(".i-badge")).to_have_text("Valid")


def test_5000_lines_are_typed_in_without_a_wait(page: Page, stage: Stage) -> None:
    tasks = "".join(f"  - id: t{number}\n    type: {LOG}\n    message: m\n" for number in range(1660))
    stage.on("POST /flows/.*", (200, [{}]))
    stage.answers = dict(reversed(stage.answers.items()))
    opened(page, stage, f"id: large\nnamespace: demo\ntasks:\n{tasks}", tab="none")
    page.locator(".cm-content").click()
    took = page.evaluate(
        """async () => {
            const content = document.querySelector(".cm-content");
            const times = [];
            for (const letter of "description") {
                const began = performance.now();
                document.execCommand("insertText", false, letter);
                await new Promise(requestAnimationFrame);
                await new Promise((done) => setTimeout(done)); // after the frame is painted
                times.push(performance.now() - began);
                await new Promise((done) => setTimeout(done, 5));
            }
            return times.sort((one, other) => one - other)[Math.floor(times.length / 2)];
        }"""
    )
    assert took < 50, f"a key took {took} ms"


def test_two_texts_are_compared(page: Page, stage: Stage) -> None:
    page.goto(stage.island("diff", left=FLOW, right=FLOW.replace("hello", "other")))
    expect(page.locator(".cm-changedLine")).to_have_count(2)
    page.get_by_role("button", name="In one").click()
    expect(page.locator(".cm-deletedChunk")).to_contain_text("hello")
