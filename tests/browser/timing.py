"""How long pages take, measured in the page itself: what a page waits for is its own affair, and so is its work.

A machine that does other things beside makes everything later, never sooner: a time is the best of a few tries, and
the work of a frame is time of the processor, which others do not lengthen.
"""

from __future__ import annotations

import json
from bisect import bisect
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page

TRIES = 6
FRAME = 1000 / 60
"""Milliseconds."""

SEEN = """(() => {
    const look = () => {
        if (%s) requestAnimationFrame(() => setTimeout(() => { window.seenAt ??= performance.now(); }));
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""
"""Notes when a condition holds and the frame that shows it has been drawn."""

AWAITED = """async () => {
    const end = performance.now() + 20_000;
    while (!window.seenAt && performance.now() < end) await new Promise((done) => setTimeout(done, 10));
    return window.seenAt ?? Infinity;
}"""

DATA = """() => Math.max(performance.getEntriesByType("navigation")[0].responseEnd,
    ...performance.getEntriesByType("resource").filter(({name}) => name.includes("/api/v1/"))
        .map(({responseEnd}) => responseEnd).filter((at) => at <= window.seenAt))"""
"""When the last of the data had come with which the condition held."""

TRACED = ["-*", "toplevel", "blink.user_timing", "devtools.timeline"]


def quickest(page: Page, address: str, condition: str, *, after_data: bool = False, limit: float = 1000) -> float:
    """Return the milliseconds from the call of an address until a condition holds and is painted.

    Args:
        page: A page without scripts of its own so far.
        address: Where to go.
        condition: An expression of JavaScript.
        after_data: Count from the moment at which the last of the data was there.
        limit: Milliseconds; it is tried again, a few times, until it took less.
    """
    page.add_init_script(SEEN % condition)
    best = float("inf")
    for _ in range(TRIES):
        page.goto(address)
        seen: float = page.evaluate(AWAITED)
        best = min(best, seen - (page.evaluate(DATA) if after_data else 0))
        if best < limit:
            break
    return best


def work_of_frames(browser: Browser, page: Page, step: str, frames: int = 40) -> list[float]:
    """Return what the page's main thread worked in each frame, in milliseconds of the processor, ascending.

    Args:
        browser: The browser of the page.
        page: The page.
        step: What scrolls: a function of JavaScript that gets the frame's number.
        frames: How many.
    """
    browser.start_tracing(page=page, categories=TRACED)
    page.evaluate(
        f"""async () => {{
            const step = {step};
            for (let number = 0; number < {frames}; number += 1) {{
                await new Promise(requestAnimationFrame);
                performance.mark("frame");
                step(number);
            }}
            await new Promise(requestAnimationFrame);
            performance.mark("frame");
        }}"""
    )
    return _work(json.loads(browser.stop_tracing())["traceEvents"])


def _work(events: list[dict[str, Any]]) -> list[float]:
    marks = [each for each in events if each["name"] == "frame" and each["cat"] == "blink.user_timing"]
    at = sorted(each["ts"] for each in marks)
    threads = {(each["pid"], each["tid"]) for each in marks}
    assert len(threads) == 1, "one page, one main thread"
    work = [0.0] * (len(at) + 1)
    for each in events:
        is_task = each["name"] == "ThreadControllerImpl::RunTask" and each["ph"] == "X"
        if is_task and (each["pid"], each["tid"]) in threads:
            work[bisect(at, each["ts"])] += (
                each.get("tdur", 0) / 1000
            )  # a task that is cut off at the end of the trace has none
    return sorted(work[1:-1])


def fluent(measure: Callable[[], list[float]]) -> float:
    """Return the work that 95 of 100 frames stay below, in milliseconds: the best of a few tries."""
    best = float("inf")
    for _ in range(3):
        found = measure()
        assert sum(found) > 0, "nothing was measured"
        best = min(best, found[int(len(found) * 0.95)])
        if best < FRAME:
            break
    return best
