"""The server as a process: what a kill leaves, how it stops, and that it answers while many wait."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving import Server, serving, until

CORE = "io.kestra.plugin.core"
FLOWS = {
    "steps": f"""
tasks:
  - {{id: one, type: {CORE}.debug.Return, format: "{{{{ inputs.n }}}}"}}
  - {{id: two, type: {CORE}.flow.Sleep, duration: PT0.5S}}
  - {{id: three, type: {CORE}.debug.Return, format: "{{{{ outputs.one.value }}}}"}}
inputs:
  - {{id: n, type: INT}}
""",
    "hook": f"""
tasks:
  - {{id: one, type: {CORE}.debug.Return, format: "{{{{ trigger.body.n }}}}"}}
  - {{id: two, type: {CORE}.flow.Sleep, duration: PT0.2S}}
triggers:
  - {{id: hook, type: {CORE}.trigger.Webhook, key: a-secret-key}}
""",
    "ticks": f"""
tasks:
  - {{id: one, type: {CORE}.debug.Return, format: "{{{{ trigger.date }}}}"}}
triggers:
  - {{id: second, type: {CORE}.trigger.Schedule, cron: "* * * * * *", withSeconds: true}}
""",
    "long": f"""
tasks:
  - {{id: one, type: {CORE}.flow.Sleep, duration: PT5M}}
""",
}


def ask(server: Server, method: str, path: str, **arguments: Any) -> Any:
    answer = httpx.request(method, f"{server.url}/api/v1/main{path}", timeout=60, **arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()


def deploy(server: Server, *names: str) -> None:
    for name in names:
        source = f"id: {name}\nnamespace: t\n{FLOWS[name].strip()}\n"
        ask(server, "POST", "/flows", content=source, headers={"Content-Type": "application/x-yaml"})


def executions(server: Server, flow: str) -> list[dict[str, Any]]:
    page = ask(server, "GET", f"/executions/search?namespace=t&flowId={flow}&size=1000")
    assert page["total"] == len(page["results"])
    return list(page["results"])


def have_ended(server: Server, flow: str) -> list[dict[str, Any]]:
    found = executions(server, flow)
    return found if all(each["state"]["current"] not in ("CREATED", "RUNNING") for each in found) else []


def hook(server: Server, number: int) -> str:
    path = "/executions/webhook/t/hook/a-secret-key"
    return str(ask(server, "POST", path, json={"n": number})["id"])


@pytest.fixture
def server(tmp_path: Path) -> Any:
    with serving(tmp_path / "store") as running:
        yield running


def test_after_a_kill_nothing_is_lost_or_doubled(server: Server) -> None:
    deploy(server, "steps", "hook", "ticks")
    until(lambda: executions(server, "ticks"))
    begun = [ask(server, "POST", "/executions/t/steps", files={"n": (None, str(n))})["id"] for n in range(8)]
    hooked = [hook(server, number) for number in range(8)]
    server.kill()
    server.start()
    hooked.append(hook(server, 99))
    for flow, wanted in (("steps", begun), ("hook", hooked)):
        ended = until(partial(have_ended, server, flow))
        assert {each["id"] for each in ended} == set(wanted)
        assert {each["state"]["current"] for each in ended} == {"SUCCESS"}
    for execution in begun:
        runs = ask(server, "GET", f"/executions/{execution}")["taskRunList"]
        assert [run["taskId"] for run in runs] == ["one", "two", "three"]
    before = max(date_of(each) for each in executions(server, "ticks"))
    until(lambda: max(date_of(each) for each in executions(server, "ticks")) > before)
    dates = Counter(date_of(each) for each in executions(server, "ticks"))
    assert set(dates.values()) == {1}
    first, last = min(dates), max(dates)
    assert len(dates) == (last - first) / timedelta(seconds=1) + 1, "a date is missing"


def date_of(execution: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(execution["trigger"]["variables"]["date"])


def test_a_stop_lets_requests_end_and_keeps_what_runs(server: Server) -> None:
    deploy(server, "steps", "long")
    followed = ask(server, "POST", "/executions/t/long")["id"]
    with ThreadPoolExecutor() as threads:

        def begin(path: str, **arguments: Any) -> Callable[[], Any]:
            return threads.submit(ask, server, "POST", path, **arguments).result

        waiting = begin("/executions/t/long?wait=true")
        stream = threads.submit(httpx.get, f"{server.url}/api/v1/executions/{followed}/follow", timeout=60)
        until(lambda: len(executions(server, "long")) == 2)
        until(lambda: {each["state"]["current"] for each in executions(server, "long")} == {"RUNNING"})
        assert server.stop() == 0
        assert waiting()["state"]["current"] == "RUNNING"
        assert "id: end" not in stream.result().text
    server.start()
    for execution in (followed, waiting()["id"]):
        assert ask(server, "GET", f"/executions/{execution}")["state"]["current"] == "RUNNING"
        ask(server, "DELETE", f"/executions/{execution}/kill")


def test_it_answers_while_many_wait_and_follow(server: Server) -> None:
    deploy(server, "long")
    followed = ask(server, "POST", "/executions/t/long")["id"]
    stop = threading.Event()

    def follow() -> None:
        with httpx.stream("GET", f"{server.url}/api/v1/executions/{followed}/follow", timeout=60) as answer:
            for _ in answer.iter_bytes():
                if stop.is_set():
                    return

    def wait() -> None:
        httpx.post(f"{server.url}/api/v1/executions/t/long?wait=true", timeout=60)

    with ThreadPoolExecutor(48) as threads:
        begun = [threads.submit(each) for each in [follow] * 12 + [wait] * 36]
        until(lambda: len(executions(server, "long")) == 37)
        for _ in range(20):
            assert httpx.get(f"{server.url}/health", timeout=5).json() == {"status": "UP"}
        assert not [each for each in begun if each.done()]
        stop.set()
        assert server.stop() == 0
