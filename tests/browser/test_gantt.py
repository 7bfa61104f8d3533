"""The gantt: a row for each run, iterations in groups, fluent with a thousand rows."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from browser.examples import at, execution, line, loop, run, state
from browser.stage import Stage
from browser.timing import FRAME, fluent, work_of_frames


def test_iterations_stand_in_a_group_that_opens(page: Page, stage: Stage) -> None:
    stage.on("GET /executions/e1", execution("CREATED", "RUNNING", "FAILED", runs=[run("first"), *loop(300, 290)]))
    page.goto(stage.island("gantt", execution="e1"))
    rows = page.locator(".i-gantt-row")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("inner")
    expect(rows.nth(2).locator(".i-counts")).to_have_text("✓ 290▸ 10")
    rows.nth(2).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".i-gantt")).to_have_attribute("data-rows", "303")
    expect(rows.nth(3)).to_contain_text("inner")
    assert rows.count() < 90


def test_a_row_shows_waiting_attempts_and_its_subflow_and_opens_its_log(page: Page, stage: Stage) -> None:
    attempts = [{"state": state("RUNNING", "FAILED", begin=1)}, {"state": state("RUNNING", "SUCCESS", begin=2)}]
    child = {"executionId": "child", "namespace": "other", "flowId": "below"}
    stage.on("GET /executions/e1", execution(runs=[run("call", attempts=attempts, outputs=child)]))
    stage.on("GET /logs/search", {"results": [line(1, "said inside")], "total": 1})
    page.goto(stage.island("gantt", execution="e1"))
    row = page.locator(".i-gantt-row")
    expect(row.locator("i")).to_have_count(3)
    expect(row).to_contain_text("(2 attempts)")
    expect(row.get_by_role("link", name="subflow")).to_have_attribute("href", "/ui/executions/other/below/child")
    row.click()
    expect(page.get_by_text("said inside")).to_be_visible()
    asked = next(each for each in stage.asked if each.path == "/logs/search")
    assert asked.query["filters[taskRunId][EQUALS]"] == "run-call"


def test_a_thousand_rows_scroll_with_60_frames_a_second(browser: Browser, page: Page, stage: Stage) -> None:
    runs = [run(f"task{number}", begin=number) for number in range(1000)]
    shown = execution(runs=runs)
    shown["state"]["histories"][-1]["date"] = at(1003)
    stage.on("GET /executions/e1", shown)
    page.goto(stage.island("gantt", execution="e1"))
    expect(page.get_by_text("task0", exact=True)).to_be_visible(timeout=2000)
    step = "(number) => { document.querySelector('.i-gantt-rows').scrollTop = number * 700; }"
    assert fluent(lambda: work_of_frames(browser, page, step)) < FRAME
    expect(page.get_by_text("task860", exact=True)).to_be_visible()


def test_a_row_that_is_in_sight_already_is_not_touched_while_one_scrolls(page: Page, stage: Stage) -> None:
    page.add_init_script("globalThis.tiercelTimes = {late: []}")
    stage.on("GET /executions/e1", execution(runs=[run(f"task{number}", begin=number) for number in range(200)]))
    page.goto(stage.island("gantt", execution="e1"))
    expect(page.get_by_text("task5", exact=True)).to_be_visible()
    touched = page.evaluate(
        """async () => {
            const rows = document.querySelector(".i-gantt-rows");
            const kept = document.querySelector("[data-key='run:run-task5']");
            let touched = 0;
            const seen = new MutationObserver((all) => { touched += all.length; });
            seen.observe(kept, {attributes: true, childList: true, subtree: true});
            rows.scrollTop = 100;
            for (let turn = 0; turn < 3; turn += 1) await new Promise(requestAnimationFrame);
            return kept.isConnected ? touched : -1;
        }"""
    )
    assert touched == 0
