"""One stream for a page, which never goes back and says how it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, expect

from browser.examples import execution, run
from browser.stage import Asked, Stage, events

MARK = """<div data-island='live' data-options='{"execution": "e1"}'></div>"""
HEAD = "<b data-live-state></b>"
QUICK = "globalThis.tiercelTimes = {soonest: 20, lived: 0, poll: 50, late: [0, 100, 200]}"
STEPS = [
    execution("CREATED"),
    *(execution("CREATED", "RUNNING", runs=[run(f"t{number}") for number in range(count)]) for count in range(10)),
]
END = execution("CREATED", "RUNNING", "SUCCESS", runs=[run(f"t{number}") for number in range(10)])


def test_a_stream_that_is_cut_ten_times_loses_nothing_and_ends(page: Page, stage: Stage) -> None:
    page.add_init_script(QUICK)
    told: dict[str, Any] = {"now": STEPS[0]}
    opened: list[int] = []

    def follow(_asked: Asked) -> Iterator[bytes]:
        opened.append(1)
        yield events(("start", {"id": "e1"}))
        told["now"] = STEPS[len(opened)] if len(opened) < len(STEPS) else END
        yield events(("progress" if told["now"] is not END else "end", told["now"]))

    stage.on("GET /executions/e1/follow", follow)
    stage.on("GET /executions/e1", lambda _asked: told["now"])
    page.goto(stage.show(f"{MARK}{MARK.replace('live', 'gantt')}{HEAD}<b data-live-duration></b>"))
    expect(page.locator(".i-live")).to_have_text("Ended")
    expect(page.locator(".i-gantt-row")).to_have_count(10)
    expect(page.locator("[data-live-state]")).to_contain_text("SUCCESS")
    expect(page.locator("[data-live-duration]")).to_have_text("2.0 s")
    assert len(opened) == len(STEPS), "two islands share one stream, and it is opened anew after each cut"


def test_what_is_older_than_what_is_shown_is_dropped(page: Page, stage: Stage) -> None:
    def follow(_asked: Asked) -> Iterator[bytes]:
        yield events(("start", {}), ("progress", execution("CREATED")), ("end", END), ("progress", STEPS[3]))

    stage.on("GET /executions/e1/follow", follow)
    stage.on("GET /executions/e1", execution("CREATED", "RUNNING", runs=[run("t0")]))
    page.goto(stage.show(MARK + HEAD))
    expect(page.locator(".i-live")).to_have_text("Ended")
    expect(page.locator("[data-live-state]")).to_contain_text("SUCCESS")
    page.wait_for_timeout(150)
    expect(page.locator("[data-live-state]")).to_contain_text("SUCCESS")


def test_without_streams_the_page_polls_and_says_so(page: Page, stage: Stage) -> None:
    page.add_init_script(QUICK)
    shown = [execution("CREATED", "RUNNING")]
    stage.on("GET /executions/e1/follow", (502, {}))
    stage.on("GET /executions/e1", lambda _asked: shown[0])
    page.goto(stage.island("live", execution="e1"))
    expect(page.locator(".i-live")).to_have_text("Live, every 3 s")
    assert stage.count("GET /executions/e1/follow") == 2
    shown[0] = END
    expect(page.locator(".i-live")).to_have_text("Ended")
    page.wait_for_timeout(400)
    asked = len(stage.asked)
    page.wait_for_timeout(200)
    assert len(stage.asked) == asked, "nothing is asked after the end"


def test_an_execution_that_ended_long_ago_is_fetched_once_and_only_for_who_shows_its_runs(
    page: Page, stage: Stage
) -> None:
    page.add_init_script(QUICK)
    settled = {**END, "taskRunList": None}
    mark = f"<div data-island='live' data-options='{json.dumps({'execution': 'e1', 'settled': settled})}'></div>"
    stage.on("GET /executions/e1", END)
    page.goto(stage.show(mark + HEAD))
    expect(page.locator(".i-live")).to_have_text("Ended")
    expect(page.locator("[data-live-state]")).to_contain_text("SUCCESS")
    assert stage.asked == []
    page.goto(stage.show(f"{mark}{MARK.replace('live', 'gantt')}{HEAD}"))
    expect(page.locator(".i-gantt-row")).to_have_count(10)
    page.wait_for_timeout(300)
    assert [each.path for each in stage.asked] == ["/executions/e1"]


def test_of_a_large_execution_only_the_runs_that_changed_come_and_none_goes_back(page: Page, stage: Stage) -> None:
    def follow(asked: Asked) -> Iterator[bytes]:
        assert asked.query["changedOnly"] == "true"
        yield events(("start", {"id": "e1"}))
        second = {**execution("CREATED", "RUNNING", runs=[run("t1")]), "partial": True}
        late = {**execution("CREATED", "RUNNING", runs=[run("t0", "CREATED", "RUNNING")]), "partial": True}
        yield events(("progress", second), ("progress", late))
        yield b": keeps open\n\n"

    stage.on("GET /executions/e1/follow", follow)
    stage.on("GET /executions/e1", execution("CREATED", "RUNNING", runs=[run("t0"), run("t1", "CREATED", "RUNNING")]))
    page.goto(stage.show(MARK.replace("live", "gantt")))
    rows = page.locator(".i-gantt-row")
    expect(rows.nth(1)).to_contain_text("SUCCESS")
    expect(rows.nth(0)).to_contain_text("SUCCESS")
    expect(rows).to_have_count(2)


def test_of_another_execution_that_is_shown_nothing_is_said_to_the_page_and_it_has_no_stream(
    page: Page, stage: Stage
) -> None:
    page.add_init_script(QUICK)
    own = execution("CREATED", "RUNNING", runs=[run("t0")])
    other = {**execution("CREATED", "RUNNING", "FAILED", runs=[run("t1")]), "id": "e2"}
    shown = [{**other, "state": own["state"]}]
    stage.on("GET /executions/e1/follow", lambda _asked: iter([events(("start", {"id": "e1"}), ("progress", own))]))
    stage.on("GET /executions/e1", own)
    stage.on("GET /executions/e2", lambda _asked: shown[0])
    head = "<b data-live-execution='e1' data-live-state></b>"
    page.goto(stage.show(head + MARK + MARK.replace("live", "gantt").replace("e1", "e2")))
    expect(page.locator(".i-gantt-row")).to_have_count(1)
    shown[0] = other
    page.wait_for_timeout(200)
    expect(page.locator("[data-live-state]")).to_contain_text("RUNNING")
    assert stage.count("GET /executions/e2") > 1
    assert stage.count("GET /executions/e2/follow") == 0


def test_where_an_execution_waits_no_stream_is_held_open(page: Page, stage: Stage) -> None:
    page.add_init_script(QUICK)
    shown = [execution("CREATED", "RUNNING", runs=[run("t0")])]
    paused = execution("CREATED", "RUNNING", "PAUSED", runs=[run("t0")])
    ended = execution("CREATED", "RUNNING", "PAUSED", "RUNNING", "SUCCESS", runs=[run("t0"), run("t1")])
    streams: list[int] = []

    def follow(_asked: Asked) -> Iterator[bytes]:
        streams.append(1)
        yield events(("start", {"id": "e1"}))
        shown[0] = paused if len(streams) == 1 else ended
        yield events(("progress", shown[0]) if len(streams) == 1 else ("end", ended))

    stage.on("GET /executions/e1/follow", follow)
    stage.on("GET /executions/e1", lambda _asked: shown[0])
    page.goto(stage.show(MARK + HEAD))
    expect(page.locator("[data-live-state]")).to_contain_text("PAUSED")
    expect(page.locator(".i-live")).to_have_attribute("data-mark", "waiting")
    asked = stage.count("GET /executions/e1")
    page.wait_for_timeout(300)
    assert stage.count("GET /executions/e1") > asked
    assert len(streams) == 1
    shown[0] = execution("CREATED", "RUNNING", "PAUSED", "RUNNING", runs=[run("t0")])
    expect(page.locator(".i-live")).to_have_text("Ended")
    assert len(streams) == 2
