"""How an installation fares, over HTTP."""

from __future__ import annotations

from pathlib import Path

from api.driving import API, PAUSE, Api
from clocks import HandClock
from tiercel.api.site import Site
from tiercel.runtime import embedded

WAITS = f"tasks:\n  - {{id: wait, type: {PAUSE}, delay: PT1H}}\n"


def test_what_waits_is_read_from_the_outbox(tmp_path: Path) -> None:
    clock = HandClock()
    with embedded(tmp_path / "store", clock=clock) as runtime:
        api = Api(runtime, Site(runtime))
        began = api.get("/stats/runtime")
        assert (began["runtime"], began["outbox"], began["oldest"], began["swept"]) == ("embedded", 0, None, None)
        assert began["queue"] == {"ready": 0, "inFlight": 0, "later": 0}
        assert began["unknown"]["coldStarts"]
        api.deploy(WAITS)
        api.run()
        found = api.get("/stats/runtime")
        assert (found["queue"]["later"], found["outbox"], found["oldest"]) == (1, 1, None)


def test_a_message_that_nobody_has_taken_has_an_age(tmp_path: Path) -> None:
    clock = HandClock()
    runtime = embedded(tmp_path / "store", clock=clock)  # not entered: nobody takes messages
    try:
        api = Api(runtime, Site(runtime))
        api.deploy("")
        api.post("/executions/t/f")
        clock.advance(90)
        found = api.get("/stats/runtime")
        assert (found["queue"]["ready"], found["outbox"], found["oldestAge"]) == (1, 1, 90.0)
    finally:
        runtime.close()


def test_what_an_ended_process_has_left_counts_as_swept(tmp_path: Path) -> None:
    clock = HandClock()
    left = embedded(tmp_path / "store", clock=clock)
    api = Api(left, Site(left))
    api.deploy("")
    api.post("/executions/t/f")
    left.close()
    with embedded(tmp_path / "store", clock=clock) as runtime:
        swept = Api(runtime, Site(runtime)).get("/stats/runtime")["swept"]
        assert swept["messages"] == 1
        assert runtime.bus.wait_quiet(20)


def test_the_scheduler_says_when_it_last_looked(api: Api) -> None:
    assert api.get("/stats/runtime")["looked"] is None
    api.rt.scheduler.look()
    assert api.get("/stats/runtime")["looked"] is not None


def test_who_is_not_let_in_is_told_nothing(api: Api) -> None:
    closed = Api(api.rt, Site(api.rt, token="t0ken"))
    assert closed.client.get(f"{API}/stats/runtime").status_code == 401
