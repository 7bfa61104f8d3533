"""How long is it from a webhook's call to its flow's first task? `python -m tests.bench webhook`.

One caller after the other, on a server that does nothing else; both moments are taken on this machine's clock.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import time
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from serving import Server, serving, until

P99_SECONDS = 0.1
"""The bar for the slowest of a hundred."""

FLOW = """id: hooked
namespace: bench
tasks:
  - {id: first, type: io.kestra.plugin.core.debug.Return, format: "{{ trigger.body.number }}"}
triggers:
  - {id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: a-secret-key}
"""


def measure(folder: Path, calls: int) -> dict[str, Any]:
    """Return the figures of so many calls, in milliseconds."""
    with serving(folder / "store") as server:
        headers = {"Content-Type": "application/x-yaml"}
        httpx.post(f"{server.url}/api/v1/flows", content=FLOW, headers=headers).raise_for_status()
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
            called = [_call(connection, number) for number in range(calls)]
        spans = sorted(until(partial(_first_task, server, execution)) - at for execution, at, _ in called)
        answers = sorted(answer for _, _, answer in called)
        return {"calls": calls, "to_first_task_ms": _figures(spans), "to_answer_ms": _figures(answers)}


def _call(connection: http.client.HTTPConnection, number: int) -> tuple[str, float, float]:
    """Call the webhook; return the execution's id, when it was called, and how long the answer took."""
    at = time.time()
    path = "/api/v1/executions/webhook/bench/hooked/a-secret-key"
    connection.request("POST", path, json.dumps({"number": number}), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {body}")
    return body["id"], at, time.time() - at


def _first_task(server: Server, execution: str) -> float:
    """Return when the first task of an execution began to run; 0 while it has not."""
    runs = httpx.get(f"{server.url}/api/v1/executions/{execution}", timeout=60).json()["taskRunList"]
    dates = [each["date"] for run in runs[:1] for each in run["state"]["histories"] if each["state"] == "RUNNING"]
    return datetime.fromisoformat(dates[0]).timestamp() if dates else 0.0


def _figures(spans: list[float]) -> dict[str, float]:
    p99 = spans[max(0, int(len(spans) * 0.99) - 1)]
    return {name: round(span * 1000, 2) for name, span in (("p50", statistics.median(spans)), ("p99", p99))}


def main() -> int:
    """Print the figures; return 1 where one is over its bar."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench webhook", description=__doc__)
    parser.add_argument("--calls", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.calls)
    print(json.dumps(found, indent=1))
    return int(found["to_first_task_ms"]["p99"] > P99_SECONDS * 1000)
