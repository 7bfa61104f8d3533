"""Event streams: what is sent when, and that they are bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from threading import Timer
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.driving import LOG, PAUSE, RETURN, Api
from tiercel.api import streams
from tiercel.api.openstreams import OpenStreams
from tiercel.api.streams import Event, EventStream, Pace
from tiercel.errors import TiercelError, TransientError
from tiercel.flowfile import parse_flow
from tiercel.intake import Request

FOREACH = "io.kestra.plugin.core.flow.ForEach"
SUBFLOW = "io.kestra.plugin.core.flow.Subflow"


@dataclass
class Turned:
    """A clock that only sleeping turns."""

    at: float = 0.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    @property
    def pace(self) -> Pace:
        return Pace(self.now, self.sleep)


def opened(source: Iterator[Event | None], clock: Turned, longest: float = 60.0) -> EventStream:
    places = OpenStreams()
    places.enter()
    return EventStream(source, places, longest, clock.pace)


def quiet() -> Iterator[Event | None]:
    while True:
        yield None


def test_a_quiet_stream_says_that_it_lives_and_closes_in_time_without_an_end() -> None:
    clock = Turned()
    said = list(opened(quiet(), clock, 60.0))
    assert said == [b"id: keepalive\ndata: {}\n\n"] * 3
    assert 58 < clock.at <= 60


def test_a_stream_looks_less_often_while_nothing_happens() -> None:
    clock, looks = Turned(), []

    def source() -> Iterator[Event | None]:
        for _ in range(8):
            looks.append(clock.at)
            yield None
        yield Event("progress", b"{}")
        looks.append(clock.at)
        yield None
        looks.append(clock.at)

    list(opened(source(), clock))
    rests = [later - sooner for sooner, later in pairwise(looks)]
    assert rests[0] == pytest.approx(0.2)
    assert rests[:7] == sorted(rests[:7])
    assert max(rests) == pytest.approx(1.0)
    assert rests[-1] == pytest.approx(0.5), "at most two updates a second"


def test_a_costly_look_is_made_less_often() -> None:
    clock, looks = Turned(), []

    def source() -> Iterator[Event | None]:
        for _ in range(3):
            looks.append(clock.at)
            clock.at += 2.0
            yield None

    list(opened(source(), clock))
    assert looks == [0.0, 10.0, 20.0]


def test_a_stream_that_never_rests_closes_in_time_too() -> None:
    clock = Turned()

    def source() -> Iterator[Event | None]:
        while True:
            clock.at += 1.0
            yield Event("progress", b"{}")

    assert len(list(opened(source(), clock, 10.0))) in (10, 11)


def test_a_stream_gives_its_place_back_however_it_ends() -> None:
    places, clock = OpenStreams(1), Turned()

    def fails() -> Iterator[Event | None]:
        yield Event("start", b"{}")
        raise TiercelError("the store is closed")

    places.enter()
    with pytest.raises(TransientError):
        places.enter()
    never_read = EventStream(quiet(), places, 1.0, clock.pace)
    never_read.close()
    never_read.close()
    assert places.count == 0
    for source in (fails(), iter([Event("end", b"{}")]), quiet()):
        places.enter()
        assert len(list(EventStream(source, places, 1.0, clock.pace))) <= 1
        assert places.count == 0


def events(response: TestResponse) -> list[tuple[str, Any]]:
    """Read a whole stream."""
    assert response.status_code == 200, response.data
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert (response.headers["Cache-Control"], response.headers["X-Accel-Buffering"]) == ("no-cache", "no")
    found = []
    for block in response.get_data(as_text=True).strip().split("\n\n"):
        first, second = block.split("\n")
        found.append((first.removeprefix("id: "), json.loads(second.removeprefix("data: "))))
    return found


def test_an_ended_execution_has_one_end(api: Api) -> None:
    api.deploy("")
    execution = api.run()
    start, end = events(api.send("GET", f"/executions/{execution}/follow"))
    assert start == ("start", {"id": execution})
    assert end == ("end", api.get(f"/executions/{execution}"))
    assert api.site.streams.count == 0


def test_an_execution_is_followed_to_its_end(api: Api) -> None:
    api.deploy(
        f"tasks:\n  - {{id: stop, type: {PAUSE}, delay: PT0.6S}}\n"
        f"  - {{id: each, type: {FOREACH}, concurrencyLimit: 0, values: [a, b], tasks: ["
        f"{{id: s, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.8S}}]}}"
    )
    execution = api.post("/executions/t/f")["id"]
    found = events(api.send("GET", f"/executions/{execution}/follow"))
    assert [found[0][0], found[-1][0]] == ["start", "end"]
    assert {name for name, _ in found[1:-1]} == {"progress"}
    states = [shown["state"]["current"] for _, shown in found[1:]]
    assert "PAUSED" in states
    assert states[-1] == "SUCCESS"
    texts = [json.dumps(shown) for _, shown in found]
    assert len(set(texts)) == len(texts)  # nothing is said twice
    assert any(
        run["taskId"] == "s" and run["state"]["current"] == "RUNNING"
        for _, shown in found[1:]
        for run in shown["taskRunList"]
    )


def test_who_wants_it_so_gets_only_task_runs_that_have_changed(api: Api) -> None:
    api.deploy(
        f"tasks:\n  - {{id: give, type: {RETURN}, format: x}}\n  - {{id: stop, type: {PAUSE}, delay: PT0.6S}}\n"
        f"  - {{id: again, type: {PAUSE}, delay: PT0.6S}}"
    )
    execution = api.post("/executions/t/f")["id"]
    found = [shown for _, shown in events(api.send("GET", f"/executions/{execution}/follow?changedOnly=true"))[1:]]
    assert "partial" not in found[0]
    *parts, end = found[1:]
    assert parts
    assert all(part["partial"] for part in parts)
    said = [(run["taskId"], run["state"]["current"]) for part in found[:-1] for run in part["taskRunList"]]
    assert said.count(("give", "SUCCESS")) == 1, "what had ended is not said again"
    assert ("again", "PAUSED") in said
    assert end == api.get(f"/executions/{execution}")


def test_a_paused_execution_does_not_end_the_stream(api: Api) -> None:
    api.deploy(f"tasks: [{{id: stop, type: {PAUSE}}}]")
    execution = api.run()
    api.site = replace(api.site, longest_wait=0.5)
    api.__post_init__()
    found = events(api.send("GET", f"/executions/{execution}/follow"))
    assert [name for name, _ in found] == ["start", "progress"]
    assert found[1][1]["state"]["current"] == "PAUSED"


def test_an_execution_that_comes_late_is_awaited_and_one_that_never_comes_is_not_found(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PATIENCE", 0.5)
    api.fails(404, "GET", "/executions/nobody/follow")
    api.fails(404, "GET", "/logs/nobody/follow")
    assert api.site.streams.count == 0
    flow = api.deploy("")
    late = Timer(0.2, api.rt.intake.accept, (flow, Request(id="late")))
    late.start()
    found = events(api.send("GET", "/executions/late/follow"))
    late.join()
    assert found[-1][0] == "end"


def test_more_streams_than_may_be_are_sent_away(api: Api) -> None:
    api.deploy(f"tasks: [{{id: stop, type: {PAUSE}}}]")
    execution = api.run()
    api.site.streams.most = 2
    open_ones = [api.send("GET", f"/executions/{execution}/follow", buffered=False) for _ in range(2)]
    refused = api.send("GET", f"/executions/{execution}/follow")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    for each in open_ones:
        each.close()
    assert api.site.streams.count == 0
    assert api.send("HEAD", f"/executions/{execution}/follow").status_code == 200
    assert api.site.streams.count == 0


def test_a_family_of_executions_is_followed(api: Api) -> None:
    api.rt.flows.deploy(parse_flow(f"id: child\nnamespace: t\ntasks: [{{id: r, type: {RETURN}, format: x}}]"))
    call = f"tasks: [{{id: call, type: {SUBFLOW}, namespace: t, flowId: "
    api.rt.flows.deploy(parse_flow(f"id: middle\nnamespace: t\n{call}child}}]"))
    api.deploy(f"{call}middle}}]")
    top = api.run()
    below = list(api.rt.view.caused_by(top))
    middle = next(header.id for header in below if header.flow_id == "middle")

    def followed(query: str) -> set[str]:
        found = events(api.send("GET", f"/executions/{middle}/follow-dependencies{query}"))
        assert [found[0][0], found[-1][0]] == ["start", "end"]
        assert found[0][1].pop("state")["current"] == "SUCCESS"
        assert found[0][1] == {"executionId": middle, "tenantId": "main", "namespace": "t", "flowId": "middle"}
        return {shown["flowId"] for _, shown in found}

    assert followed("") == {"f", "middle", "child"}
    assert followed("?destinationOnly=true") == {"middle", "child"}
    assert followed("?destinationOnly=true&expandAll=true") == {"middle", "child"}
    found = events(api.send("GET", f"/executions/{top}/follow-dependencies?expandAll=true"))
    assert {shown["flowId"] for _, shown in found} == {"f", "middle", "child"}


def test_logs_are_followed_the_old_ones_first(api: Api) -> None:
    api.deploy(
        f"tasks:\n  - {{id: one, type: {LOG}, message: first}}\n  - {{id: stop, type: {PAUSE}, delay: PT0.6S}}\n"
        f"  - {{id: two, type: {LOG}, message: second, level: WARN}}"
    )
    execution = api.post("/executions/t/f")["id"]
    found = events(api.send("GET", f"/logs/{execution}/follow"))
    assert [found[0], found[-1]] == [("start", {}), ("end", {})]
    lines = [shown["message"] for name, shown in found if name == "progress"]
    assert [line for line in lines if line in ("first", "second")] == ["first", "second"]
    assert len(lines) == len(api.get(f"/logs/{execution}"))
    found = events(api.send("GET", f"/logs/{execution}/follow?minLevel=WARN"))
    assert [shown["message"] for name, shown in found if name == "progress"] == ["second"]
