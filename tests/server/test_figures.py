"""Short forms of the figures that `tests/bench` measures: what holds on any machine, however busy."""

from __future__ import annotations

import time
from pathlib import Path

from bench import idle, load, webhook
from tiercel.cli.memory import WORKED, Tidier


def test_an_idle_server_sleeps_writes_nothing_and_is_small(tmp_path: Path) -> None:
    found = idle.measure(tmp_path, 200, 2.0, again=False)
    assert not found["wrote"]
    assert found["over_mb"] < idle.MEMORY_MB
    assert found["wakings_per_second"] <= 3  # at most six in all: the sweeps may fall into these two seconds


def test_a_stream_of_executions_loses_and_doubles_none(tmp_path: Path) -> None:
    found = load.measure(tmp_path, 25, 2.0)
    assert (found["executions"], found["lost"], found["doubled"]) == (50, 0, 0)


def test_a_webhook_runs_its_flow(tmp_path: Path) -> None:
    found = webhook.measure(tmp_path, 10)
    assert 0 < found["to_first_task_ms"]["p50"] <= found["to_first_task_ms"]["p99"]


def test_a_server_gives_memory_back_once_it_is_quiet() -> None:
    tidier = Tidier()
    assert tidier.look()
    assert not tidier.look(), "nothing was done meanwhile"
    until = time.process_time() + 2 * WORKED
    while time.process_time() < until:
        pass
    assert not tidier.look(), "it works"
    assert tidier.look()
