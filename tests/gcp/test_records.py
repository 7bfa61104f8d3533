"""The format of what is stored and sent: an execution as an earlier version left it is read, and goes on.

`records/*.json` holds what stood in the store and under way in the middle of an execution, as it was written then.
They are never rewritten: a field that is new has a value where it is missing, and one that is gone is read over.
`python -m gcp.test_records NAME` in this folder's parent adds another one of today.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from machine import Machine
from memory import Document, Letter, Memory
from tiercel.model.execution import decode_execution, decode_lane, decode_run
from tiercel.model.messages import decode_message
from tiercel.model.states import State
from tiercel.ports import Index

FOLDER = Path(__file__).parent / "records"
ID = "old"
FLOW = """
id: old
namespace: tests
labels: {team: a}
inputs:
  - {id: name, type: STRING, defaults: x}
tasks:
  - {id: first, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.001S}
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b, c]
    concurrencyLimit: 2
    tasks:
      - {id: work, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.001S}
      - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
  - id: all
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - {id: left, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.001S}
      - {id: right, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.001S}
  - {id: wait, type: io.kestra.plugin.core.flow.Pause, pauseDuration: PT1H}
  - {id: last, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.name }}{{ outputs.say['c'].value }}"}
"""
STEPS = (1, 4, 7, 12)
"""After so many messages an execution was written down."""


def taken(step: int) -> dict[str, Any]:
    """Return the store and the messages of an execution after so many messages."""
    machine = Machine(routed=True)
    machine.start(machine.deploy(FLOW), name=ID)
    for _ in range(step):
        machine.deliver()
    memory = machine.memory
    index = {key: each.index for key, each in memory.documents.items()}
    return {
        "now": memory.clock.now().timestamp(),
        "documents": {key: json.loads(each.body) for key, each in memory.documents.items()},
        "indexes": {key: _scalars(each) for key, each in index.items() if each is not None},
        "maps": {key: {name: json.loads(body) for name, body in each.items()} for key, each in memory.maps.items()},
        "messages": [{"key": each.key, "due": each.due, "body": json.loads(each.body)} for each in memory.letters],
    }


def _scalars(index: Index) -> list[object]:
    return [index.kind, index.namespace, index.flow_id, index.state, index.date, index.owner]


def restored(record: dict[str, Any]) -> Machine:
    """Return a process of today over what was written down."""
    memory = Memory()
    memory.clock.advance(record["now"] - memory.clock.now().timestamp())
    for key, body in record["documents"].items():
        scalars = record["indexes"].get(key)
        memory.documents[key] = Document(_json(body), 1, None if scalars is None else Index(*scalars))
    memory.maps = {key: {name: _json(body) for name, body in each.items()} for key, each in record["maps"].items()}
    memory.letters = [Letter(each["key"], _json(each["body"]), each["due"]) for each in record["messages"]]
    return Machine(memory, owner="today")


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


RECORDS = sorted(FOLDER.glob("*.json"))


def records(path: Path) -> dict[str, dict[str, Any]]:
    """Return what was written down, by the number of messages before it."""
    found: dict[str, dict[str, Any]] = json.loads(path.read_text())
    return found


def future(value: Any) -> Any:
    """Return a record with fields that nobody knows."""
    if isinstance(value, dict):
        return {**{name: future(each) for name, each in value.items()}, "fromTheFuture": [1]}
    return [future(each) for each in value] if isinstance(value, list) else value


def test_there_are_records() -> None:
    assert RECORDS


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
@pytest.mark.parametrize("step", STEPS)
def test_an_execution_of_an_earlier_version_goes_on(path: Path, step: int) -> None:
    machine = restored(records(path)[str(step)])
    machine.settle()
    assert not machine.poisons, machine.poisons
    assert machine.header(ID).state is State.SUCCESS
    runs = machine.runs(ID)
    assert machine.outputs(runs["last"]) == {"value": "xc"}
    assert all(len(run.attempts) <= 1 for run in runs.values())


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_fields_of_a_later_version_are_read_over(path: Path) -> None:
    for record in records(path).values():
        for key, body in record["documents"].items():
            kind = key.partition("/")[0]
            if kind == "execution":
                assert decode_execution(_json({**body, "fromTheFuture": 1})) == decode_execution(_json(body))
            elif kind == "lane":
                lane = {**body, "frames": future(body["frames"]), "fromTheFuture": 1}
                assert decode_lane(_json(lane)) == decode_lane(_json(body))
        for key, entries in record["maps"].items():
            for body in entries.values() if key.startswith("runs/") else ():
                assert decode_run(_json({**body, "fromTheFuture": 1})) == decode_run(_json(body))
        for each in record["messages"]:
            assert decode_message(_json({**each["body"], "fromTheFuture": 1})) == decode_message(_json(each["body"]))


if __name__ == "__main__":
    target = FOLDER / f"{sys.argv[1]}.json"
    assert not target.exists(), "what was written down is never rewritten"
    target.write_text(json.dumps({str(step): taken(step) for step in STEPS}, indent=1) + "\n")
