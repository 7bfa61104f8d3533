"""Triggers that poll: a worker asks, one execution at most follows, and what goes wrong is said."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tiercel import triggeractions
from tiercel.errors import FlowError
from tiercel.flowfile import parse_flow
from tiercel.model.states import State
from tiercel.triggerrecords import trigger_key
from triggers.scheduling import CORE, PAUSES, TASK, Ticking, ticking

NOW = "2026-01-01T00:00:00"


class Site:
    """A web server that answers what a test says."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, '{"ready": false}', 0
        self.while_asked: Callable[[], object] = lambda: None
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked += 1
                site.while_asked()
                self.send_response(site.status)
                self.end_headers()
                self.wfile.write(site.body.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/state"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    """Give a web server."""
    found = Site()
    yield found
    found.close()


def polling(kind: str, *lines: str, tasks: str = TASK) -> str:
    trigger = "".join(f"    {line}\n" for line in lines)
    return f"id: f\nnamespace: n\n{tasks}triggers:\n  - id: s\n    type: {kind}\n{trigger}"


def http(site: Site, *lines: str, tasks: str = TASK) -> str:
    return polling(f"{CORE}http.Trigger", f"uri: {site.url}", *lines, tasks=tasks)


READY = "responseCondition: '{{ fromJson(response.body).ready }}'"


def test_a_response_that_is_as_wanted_starts_an_execution(site: Site) -> None:
    world = ticking(NOW, http(site, READY, "interval: PT30S"))
    world.tick()
    assert (site.asked, world.all()) == (1, [])
    world.turn("2026-01-01T00:00:29")
    assert site.asked == 1
    site.body = '{"ready": true}'
    world.turn("2026-01-01T00:00:30")
    [execution] = world.all()
    assert execution.state is State.SUCCESS
    assert execution.trigger is not None
    assert execution.trigger.variables["code"] == 200
    assert json.loads(str(execution.trigger.variables["body"])) == {"ready": True}
    assert world.state().next == 1767225660.0


def test_by_default_every_status_below_400_is_as_wanted(site: Site) -> None:
    site.status = 503
    world = ticking(NOW, http(site))
    world.tick()
    assert world.all() == []
    site.status = 200
    world.turn("2026-01-01T00:01:00")
    assert len(world.all()) == 1


def test_it_is_not_asked_while_its_execution_runs(site: Site) -> None:
    world = ticking(NOW, http(site, tasks=PAUSES))
    world.tick()
    world.turn("2026-01-01T00:05:00")
    assert site.asked == 1
    [running] = world.all()
    world.machine.resume(running.id)
    world.machine.settle(timers=False)
    assert site.asked == 2
    assert len(world.all()) == 2


@pytest.mark.parametrize("fires", [True, False])
def test_one_message_twice_asks_once(fires: bool, site: Site) -> None:
    world = ticking(NOW, http(site, f"responseCondition: '{str(fires).lower()}'"))
    for _ in range(2):
        world.machine.scheduling.poller.poll(trigger_key("n", "f", "s"))
    world.machine.settle(timers=False)
    assert (site.asked, len(world.all())) == (1, int(fires))


def test_two_workers_do_not_ask_at_the_same_time(site: Site) -> None:
    world = ticking(NOW, http(site))
    poller = world.machine.scheduling.poller
    site.while_asked = lambda: poller.poll(trigger_key("n", "f", "s"))
    poller.poll(trigger_key("n", "f", "s"))
    assert (site.asked, len(world.all())) == (1, 1)


def test_a_worker_that_died_while_it_asked_is_found(site: Site) -> None:
    world = ticking(NOW, http(site))
    state, version = world.machine.states.read(trigger_key("n", "f", "s")) or (None, 0)
    assert state is not None
    state.evaluating = world.machine.states.now()
    world.machine.states.save(state, version)
    world.turn("2026-01-01T00:05:00")
    assert site.asked == 0
    world.turn("2026-01-01T00:10:00")
    assert len(world.all()) == 1


def test_stop_after(site: Site) -> None:
    world = ticking(NOW, http(site, "stopAfter: [SUCCESS]"))
    world.tick()
    world.turn("2026-01-01T00:05:00")
    assert (site.asked, len(world.all())) == (1, 1)
    assert world.state().disabled


@pytest.mark.parametrize("fails", [False, True])
def test_an_error_is_logged_and_makes_an_execution_only_where_that_is_wanted(fails: bool, site: Site) -> None:
    lines = [f"failOnTriggerError: {str(fails).lower()}", "responseCondition: '{{ response.nothing.there }}'"]
    world = ticking(NOW, http(site, *lines))
    world.tick()
    assert [each.state for each in world.all()] == ([State.FAILED] if fails else [])
    assert ("nothing" in world.state().trouble) is not fails
    if fails:
        assert "cannot be evaluated" in world.all()[0].logs[0].message
    world.turn("2026-01-01T00:01:00")
    assert site.asked == 2


@pytest.mark.parametrize("fails", [False, True])
def test_what_went_wrong_tells_no_secret(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("machine.NoSecrets.get", lambda _self, _key: "very-hidden")
    uri = "uri: \"http://127.0.0.1:1/{{ secret('KEY') }}\""
    world = ticking(NOW, polling(f"{CORE}http.Trigger", uri, f"failOnTriggerError: {str(fails).lower()}"))
    world.tick()
    said = world.all()[0].logs[0].message if fails else world.state().trouble
    assert "http://127.0.0.1:1/**masked***" in said
    assert world.state().troubled == (0.0 if fails else 1767225600.0)


def test_what_went_wrong_is_forgotten_when_it_goes_well(site: Site) -> None:
    world = ticking(NOW, http(site, READY))
    site.body = "no JSON"
    world.tick()
    assert "JSON" in world.state().trouble
    site.body = '{"ready": false}'
    world.turn("2026-01-01T00:01:00")
    assert (site.asked, world.state().trouble) == (2, "")


def test_a_query_that_gives_rows_starts_an_execution_and_marks_them(tmp_path: Path) -> None:
    place = tmp_path / "rows.db"
    with sqlite3.connect(place) as database:
        database.execute("CREATE TABLE jobs (id INTEGER, done INTEGER DEFAULT 0)")
        database.execute("CREATE TABLE looks (n INTEGER)")
    lines = [
        f"url: jdbc:sqlite:{place}",
        "sql: SELECT id FROM jobs WHERE done = 0",
        "afterSQL: UPDATE jobs SET done = 1; INSERT INTO looks VALUES (1)",
    ]
    world = ticking(NOW, polling("io.kestra.plugin.jdbc.sqlite.Trigger", *lines))
    world.tick()
    assert world.all() == []
    with sqlite3.connect(place) as database:
        database.execute("INSERT INTO jobs (id) VALUES (7)")
    world.turn("2026-01-01T00:01:00")
    [execution] = world.all()
    assert execution.trigger is not None
    assert execution.trigger.variables["rows"] == [{"id": 7}]
    world.turn("2026-01-01T00:02:00")
    assert len(world.all()) == 1
    with sqlite3.connect(place) as database:
        assert database.execute("SELECT count(*) FROM looks").fetchone() == (1,)
    database.close()


def test_a_query_of_duckdb_gives_a_file() -> None:
    lines = ["sql: SELECT 1 AS one", "fetchType: STORE"]
    world = ticking(NOW, polling("io.kestra.plugin.jdbc.duckdb.Trigger", *lines))
    world.tick()
    [execution] = world.all()
    assert execution.trigger is not None
    assert f"/executions/{execution.id}/" in str(execution.trigger.variables["uri"])
    assert execution.trigger.variables["size"] == 1


@pytest.mark.parametrize(
    ("kind", "lines", "said"),
    [
        ("io.kestra.plugin.jdbc.sqlite.Trigger", ["sql: SELECT 1", "fetchType: NONE"], "NONE"),
        (f"{CORE}http.Trigger", ["uri: http://localhost", "interval: PT0S"], "at least a second"),
        (f"{CORE}http.Trigger", ["uri: http://localhost", "retry: {}"], "retry"),
    ],
)
def test_what_cannot_be_is_refused(kind: str, lines: list[str], said: str) -> None:
    with pytest.raises(FlowError, match=said):
        parse_flow(polling(kind, *lines))


def test_a_poll_that_is_disabled_is_not_asked(site: Site) -> None:
    world: Ticking = ticking(NOW, http(site))
    triggeractions.set_disabled(world.rt, "n", "f", "s", disabled=True)
    world.turn("2026-01-01T00:05:00")
    assert site.asked == 0
