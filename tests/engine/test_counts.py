"""What an execution costs: writes, reads, messages, bytes. A count is exact, so it belongs in the ordinary tests.

A write is one document written or one map merged into, as the store is billed; a read is one document or map.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

from machine import Machine
from planner.test_random_flows import effectful
from tiercel.model.states import State

CORE = "io.kestra.plugin.core"


def chain(length: int) -> str:
    """Return a flow of tasks in sequence, each with an expression that names the one before."""
    tasks = [{"id": "t0", "type": f"{CORE}.debug.Return", "format": "0"}]
    for number in range(1, length):
        text = f"{{{{ outputs.t{number - 1}.value | length }}}}"
        tasks.append({"id": f"t{number}", "type": f"{CORE}.debug.Return", "format": text})
    return json.dumps({"id": "chain", "namespace": "tests", "tasks": tasks})


def fan(ways: int, limit: int = 0) -> str:
    """Return a flow with a loop of two tasks."""
    inside = [
        {"id": "a", "type": f"{CORE}.debug.Return", "format": "{{ taskrun.value }}"},
        {"id": "b", "type": f"{CORE}.log.Log", "message": "{{ outputs.a[taskrun.value].value }}"},
    ]
    values = f"{{{{ range(1, {ways}) }}}}"
    loop = {"id": "each", "type": f"{CORE}.flow.ForEach", "values": values, "concurrencyLimit": limit, "tasks": inside}
    return json.dumps({"id": "fan", "namespace": "tests", "tasks": [loop]})


def cost(source: str, *, effects: bool) -> tuple[Counter[str], Machine]:
    """Return what an execution of a flow asked of the store, its deployment not counted."""
    machine = Machine()
    flow = machine.deploy(source)
    machine.memory.counts.clear()
    machine.memory.written.clear()
    machine.memory.largest = 0
    with effectful(effects):
        execution = machine.start(flow)
        machine.settle()
    counts = Counter(machine.memory.counts)
    assert machine.header(execution).state is State.SUCCESS
    return counts, machine


def test_a_chain_costs_a_write_a_task_and_no_read() -> None:
    counts, _ = cost(chain(1000), effects=True)
    assert counts["writes"] <= 1100
    assert counts["reads"] <= 100
    assert counts["messages"] <= 100
    assert counts["refused"] == 0


def test_tasks_without_effect_share_their_commits() -> None:
    counts, _ = cost(chain(1000), effects=False)
    assert counts["writes"] <= 100
    assert counts["reads"] <= 100


def test_a_task_costs_the_same_in_a_long_chain() -> None:
    few, _ = cost(chain(100), effects=True)
    many, machine = cost(chain(5000), effects=True)
    assert many["writes"] / 5000 <= 1.1 * few["writes"] / 100
    assert many["bytes"] / 5000 <= 1.1 * few["bytes"] / 100
    assert machine.memory.largest <= 64 * 1024


def test_a_branch_costs_a_write_and_hardly_a_read() -> None:
    counts, machine = cost(fan(1000), effects=False)
    assert counts["documents"] + counts["entries"] <= 1100
    assert counts["reads"] <= 100
    assert counts["messages"] <= 100
    assert max(machine.memory.written.values()) <= 100


def test_a_branch_with_effects_costs_its_claims_its_end_and_a_message() -> None:
    counts, machine = cost(fan(1000), effects=True)
    assert counts["writes"] <= 4100  # two tasks: each is claimed; the end stands in the leaf and in the lane
    assert counts["reads"] <= 4200  # header, fork and leaf to begin with; the loop's values for the expression
    assert counts["messages"] <= 1100
    assert max(machine.memory.written.values()) <= 100


def test_ten_thousand_ways_end_in_bounded_memory_and_time() -> None:
    code = f"""
import sys; sys.path.insert(0, {os.path.dirname(os.path.dirname(__file__))!r})
import pathlib, re, tempfile, time
from engine.test_counts import fan
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.runtime import embedded
with tempfile.TemporaryDirectory() as folder, embedded(pathlib.Path(folder)) as rt:
    began = time.monotonic()
    execution = rt.intake.accept(rt.flows.deploy(parse_flow(fan(10_000))), Request()).id
    assert rt.bus.wait_quiet(60, timers=True)
    took = time.monotonic() - began
    status = pathlib.Path("/proc/self/status").read_text()  # ru_maxrss would be the parent's at first
    peak = re.search(r"VmHWM:\\s+(\\d+)", status)[1]
    print(rt.view.header(execution).state, took, int(peak) / 1024)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    state, took, megabytes = found.stdout.split()
    assert state == "SUCCESS"
    assert float(took) < 10
    assert float(megabytes) < 400
