"""Charts open the list that is meant."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from browser.examples import at
from browser.stage import Stage

ROWS = [
    {
        "startDate": at(3600 * hour),
        "groupBy": "hour",
        "duration": {"avg": 2.5, "count": 10},
        "executionCounts": {"SUCCESS": 8, "FAILED": 2, "RUNNING": 0},
    }
    for hour in range(6)
]


def test_a_click_on_a_bar_opens_the_executions_of_that_state_and_hour(page: Page, stage: Stage) -> None:
    stage.on("POST /stats/executions/daily", ROWS)
    page.goto(
        stage.island(
            "chart", kind="bars", query={"namespace": "demo"}, link="/ui/executions?timeRange=PT6H&namespace=demo"
        )
    )
    expect(page.locator(".i-chart")).to_have_attribute("data-drawn", "6")
    over = page.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    over.hover(position={"x": box["width"] * 0.6, "y": box["height"] * 0.5})
    expect(page.locator(".i-chart-tip")).to_contain_text("SUCCESS 8")
    expect(page.locator(".i-chart-tip")).to_contain_text("mean 2.5 s")
    over.click(position={"x": box["width"] * 0.6, "y": box["height"] * 0.5})
    page.wait_for_url("**/ui/executions?**")
    assert "namespace=demo&startDate=2026-05-01T11%3A00%3A00.000Z&endDate=2026-05-01T12" in page.url
    assert page.url.endswith("&state=SUCCESS")
    assert "timeRange" not in page.url


def test_a_doughnut_and_small_bars_are_drawn_and_linked(page: Page, stage: Stage) -> None:
    page.goto(stage.island("chart", kind="doughnut", counts={"SUCCESS": 30, "FAILED": 10}, link="/ui/executions"))
    expect(page.locator(".i-slice")).to_have_count(2)
    expect(page.locator(".i-doughnut text")).to_have_text("40")
    expect(page.get_by_role("link", name="FAILED 10")).to_have_attribute("href", "/ui/executions?state=FAILED")
    page.goto(stage.island("chart", kind="spark", rows=ROWS, link="/ui/executions"))
    expect(page.locator(".i-spark g")).to_have_count(6)
    heights = page.locator(".i-spark [data-state=FAILED]").evaluate_all(
        "all => all.map(each => each.getAttribute('height'))"
    )
    assert {round(float(each), 1) for each in heights} == {5.2}


def test_log_lines_are_drawn_by_level_once_somebody_looks(page: Page, stage: Stage) -> None:
    lines = [{"timestamp": at(second), "level": "INFO" if second % 50 else "ERROR"} for second in range(0, 600, 10)]
    stage.on("GET /logs/search", {"results": lines, "total": 2000})
    island = stage.island("chart", kind="levels", query=[["namespace", "demo"]], link="/ui/logs?namespace=demo")
    stage.body = f"<details><summary>Chart</summary>{stage.body}</details>"
    page.goto(island)
    expect(page.locator("[data-mounted]")).to_have_count(1)
    assert stage.count("GET /logs/search") == 0
    page.get_by_text("Chart").click()
    expect(page.locator(".i-chart")).to_have_attribute("data-drawn", "40")
    (asked,) = stage.asked
    assert (asked.query["namespace"], asked.query["size"]) == ("demo", "1000")
    expect(page.get_by_role("img", name=re.compile("over time:.* 12 ERROR"))).to_be_visible()
    expect(page.get_by_role("link", name="ERROR")).to_have_attribute("href", "/ui/logs?namespace=demo&minLevel=ERROR")
    expect(page.get_by_text("The newest 1,000 lines.")).to_be_visible()
