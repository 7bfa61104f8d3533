"""Does a server keep up with a steady stream of executions? `python -m tests.bench load`.

So many executions of a flow of three tasks are begun each second through the API, at fixed moments, whether or not the
server is done with the former ones. What counts is the time from that moment to the end of the execution.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from bench.processes import cpu_seconds, resident_mb
from serving import Server, serving, until

P99_SECONDS = 1.0
"""The bar for the slowest of a hundred."""
CALLERS = 8
"""Connections that the executions are begun through."""

FLOW = """id: three
namespace: load
inputs:
  - {id: number, type: INT}
tasks:
  - {id: one, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.number }}"}
  - {id: two, type: io.kestra.plugin.core.log.Log, message: "number {{ outputs.one.value }}"}
  - {id: three, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.one.value + 1 }}"}
"""
BOUNDARY = "a-boundary"
PART = '--{0}\r\nContent-Disposition: form-data; name="number"\r\n\r\n{1}\r\n--{0}--\r\n'


class Callers:
    """Begins executions through a few connections; remembers when each was wanted, and how long its answer took."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._own = threading.local()
        self._opened: list[http.client.HTTPConnection] = []
        self.wanted: dict[str, float] = {}
        self.answers: list[float] = []

    def begin(self, number: int, wanted: float) -> None:
        """Begin an execution that was wanted at a time (seconds since the epoch)."""
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)
            self._opened.append(connection)
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        connection.request("POST", "/api/v1/main/executions/load/three", PART.format(BOUNDARY, number), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {body!r}")
        self.answers.append(time.time() - wanted)
        self.wanted[json.loads(body)["id"]] = wanted

    def close(self) -> None:
        """Close the connections."""
        for connection in self._opened:
            connection.close()


def measure(folder: Path, rate: float, seconds: float) -> dict[str, Any]:
    """Return the figures of a server that gets so many executions a second for so long."""
    with serving(folder / "store") as server:
        headers = {"Content-Type": "application/x-yaml"}
        httpx.post(f"{server.url}/api/v1/flows", content=FLOW, headers=headers).raise_for_status()
        callers, memory, processor = Callers(server), [], cpu_seconds(server.pid)
        with ThreadPoolExecutor(CALLERS) as threads:
            begun, sent = time.time(), []
            for number in range(int(rate * seconds)):
                wanted = begun + number / rate
                time.sleep(max(0.0, wanted - time.time()))
                sent.append(threads.submit(callers.begin, number, wanted))
                if number % int(rate * max(1.0, seconds / 12)) == 0:
                    memory.append(round(resident_mb(server.pid), 1))
            for each in sent:
                each.result()
        callers.close()
        until(lambda: _count(server, "SUCCESS") >= len(callers.wanted), 120)
        memory.append(round(resident_mb(server.pid), 1))
        spans = sorted(_spans(server, callers.wanted))
        return {
            "executions": len(spans),
            "lost": len(callers.wanted) - len(spans),
            "doubled": _count(server) - len(callers.wanted),
            "p50_ms": round(statistics.median(spans) * 1000, 1),
            "p99_ms": round(spans[int(len(spans) * 0.99) - 1] * 1000, 1),
            "max_ms": round(spans[-1] * 1000, 1),
            "answer_p99_ms": round(sorted(callers.answers)[int(len(spans) * 0.99) - 1] * 1000, 1),
            "processor_ms_each": round((cpu_seconds(server.pid) - processor) / len(spans) * 1000, 2),
            "memory_mb": memory,
        }


def _count(server: Server, state: str = "") -> int:
    query = f"&state={state}" if state else ""
    page = httpx.get(f"{server.url}/api/v1/executions/search?namespace=load&size=1{query}", timeout=60).json()
    return int(page["total"])


def _spans(server: Server, wanted: dict[str, float]) -> list[float]:
    """Return for each execution the seconds from when it was wanted to its end."""
    found, number = [], 0
    while True:
        number += 1
        query = f"namespace=load&state=SUCCESS&size=1000&page={number}&sort=state.startDate:asc"
        page = httpx.get(f"{server.url}/api/v1/executions/search?{query}", timeout=60).json()["results"]
        for each in page:
            if each["id"] in wanted:
                found.append(datetime.fromisoformat(each["state"]["endDate"]).timestamp() - wanted[each["id"]])
        if len(page) < 1000:
            return found


def main() -> int:
    """Print the figures; return 1 where one is over its bar."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench load", description=__doc__)
    parser.add_argument("--rate", type=float, default=50.0, help="executions begun each second")
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.rate, options.seconds)
    print(json.dumps(found, indent=1))
    return int(found["p99_ms"] > P99_SECONDS * 1000 or bool(found["lost"]) or bool(found["doubled"]))
