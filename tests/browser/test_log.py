"""Logs: the last page first, whatever their size, as text and nothing else."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from browser.examples import execution, line
from browser.stage import Asked, Stage


def many(count: int, **special: dict[str, object]) -> object:
    """Answer searches in a log of many lines, as the server does."""
    lines = [special.get(f"n{number}") or line(number) for number in range(count)]

    def answer(asked: Asked) -> object:
        query = asked.query
        found = [each for each in lines if query.get("filters[q][EQUALS]", "") in str(each["message"])]
        if query.get("filters[level][EQUALS]") == "ERROR":
            found = [each for each in found if each["level"] == "ERROR"]
        if query["sort"] == "timestamp:desc":
            found.reverse()
        first = (int(query["page"]) - 1) * int(query["size"])
        return {"results": found[first : first + int(query["size"])], "total": len(found)}

    return answer


def ended(stage: Stage) -> None:
    stage.on("GET /executions/e1", execution())


def test_of_100000_lines_the_last_are_shown_within_a_second(page: Page, stage: Stage) -> None:
    ended(stage)
    stage.on("GET /logs/search", many(100_000))
    page.goto(stage.island("log", execution="e1"))
    expect(page.get_by_text("line 99999", exact=True)).to_be_visible(timeout=1000)
    assert page.locator(".i-log-line").count() < 120
    for lines in ("2000", "3000"):
        page.evaluate("document.querySelector('.i-log-lines').dispatchEvent(new WheelEvent('wheel', {deltaY: -50}))")
        page.evaluate("document.querySelector('.i-log-lines').scrollTop = 0")
        expect(page.locator(".i-log")).to_have_attribute("data-lines", lines)
    numbers = page.locator(".i-log-text").all_inner_texts()
    shown = [int(each.removeprefix("line ")) for each in numbers]
    assert shown == sorted(shown)
    assert page.locator(".i-log-line").count() < 120


def test_a_message_is_text_with_colours_and_links_and_never_markup(page: Page, stage: Stage) -> None:
    ended(stage)
    evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
    link = "\x1b]8;;javascript:window.hit=1\x07here\x1b]8;;\x07 and https://a.example/x?y=1. javascript:alert(1)"
    stage.on(
        "GET /logs/search",
        many(3, n0=line(0, evil), n1=line(1, "\x1b[31mred\x1b[0m plain \x1b[38;2;1;2;3mrgb"), n2=line(2, link)),
    )
    page.goto(stage.island("log", execution="e1"))
    expect(page.locator(".i-log-text").first).to_have_text(evil)
    assert page.locator(".i-ansi-red-fg").inner_text() == "red"
    assert page.get_by_text("rgb", exact=True).evaluate("each => each.style.color") == "rgb(1, 2, 3)"
    assert page.locator(".i-log-text a").evaluate_all("all => all.map(each => each.href)") == [
        "https://a.example/x?y=1"
    ]
    assert page.evaluate("window.hit") is None


def test_level_and_search_are_asked_of_the_server_and_errors_are_jumped_to(page: Page, stage: Stage) -> None:
    ended(stage)
    stage.on("GET /logs/search", many(500, n40=line(40, "it broke", "ERROR")))
    page.goto(stage.island("log", execution="e1"))
    expect(page.get_by_text("line 499", exact=True)).to_be_visible()
    page.get_by_role("button", name="Previous error").click()
    expect(page.get_by_text("it broke")).to_be_in_viewport()
    page.get_by_label("Lowest level").select_option("ERROR")
    expect(page.locator(".i-log-note")).to_have_text("1 lines")
    page.get_by_label("Search the log").fill("nothing like it")
    expect(page.locator(".i-log-note")).to_contain_text("No line matches")


def test_while_it_runs_new_lines_come_and_the_end_stays_in_sight(page: Page, stage: Stage) -> None:
    lines = [line(number) for number in range(50)]
    stage.on("GET /executions/e1", execution("CREATED", "RUNNING"))
    stage.on("GET /logs/search", lambda asked: {"results": lines[::-1][:1000] if asked.query["page"] == "1" else []})
    page.goto(stage.island("log", execution="e1"))
    expect(page.get_by_text("line 49", exact=True)).to_be_visible()
    lines += [line(number) for number in range(50, 300)]
    expect(page.get_by_text("line 299", exact=True)).to_be_in_viewport()
    assert page.locator(".i-log").get_attribute("data-lines") == "300"
    page.get_by_role("button", name="Follow").click()
    lines += [line(number) for number in range(300, 400)]
    expect(page.locator(".i-log")).to_have_attribute("data-lines", "400")
    expect(page.get_by_text("line 299", exact=True)).to_be_in_viewport()


def test_lines_that_came_with_the_page_are_shown_without_asking(page: Page, stage: Stage) -> None:
    ended(stage)
    stage.on("GET /logs/search", many(100_000))
    first = {"results": [line(number) for number in range(99_999, 99_899, -1)], "total": 100_000, "level": ""}
    page.goto(stage.island("log", execution="e1", first=first, settled=execution()))
    expect(page.get_by_text("line 99999", exact=True)).to_be_in_viewport()
    assert stage.count("GET /logs/search") == 0
    page.evaluate("document.querySelector('.i-log-lines').scrollTop = 0")
    expect(page.locator(".i-log")).to_have_attribute("data-lines", "1000")
    page.evaluate("localStorage.setItem('defaultLogLevel', 'ERROR')")
    page.reload()
    expect(page.locator(".i-log-note")).to_contain_text("No line matches")


def test_an_error_far_from_what_is_loaded_is_jumped_to(page: Page, stage: Stage) -> None:
    ended(stage)
    stage.on("GET /logs/search", many(4000, n40=line(40, "it broke", "ERROR")))
    page.goto(stage.island("log", execution="e1"))
    expect(page.get_by_text("line 3999", exact=True)).to_be_visible()
    page.get_by_role("button", name="Previous error").click()
    expect(page.get_by_text("it broke")).to_be_in_viewport()
    page.get_by_role("button", name="Previous error").click()
    expect(page.locator(".i-log-note")).to_have_text("There is no earlier error.")
