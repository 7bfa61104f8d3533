"""A sweep where nothing has happened costs two reads; nothing that was left or lost is passed over for it."""

from __future__ import annotations

from typing import Any

from engine.test_counts import chain
from machine import Machine
from tiercel.model.execution import header_key
from tiercel.model.states import State
from tiercel.ports import Delete, Stored
from tiercel.sweeping import MOST_SPARED, PATIENCE, Sweeper


class Read(Machine):
    """A machine that counts the documents that its queries give: one at least for each query."""

    def __init__(self) -> None:
        super().__init__()
        self.found = 0
        query = self.store.query

        def counted(kind: str, **wanted: Any) -> list[Stored]:
            answer = query(kind, **wanted)
            self.found += max(1, len(answer))
            return answer

        self.store.query = counted  # type: ignore[method-assign]


def reads(machine: Read, sweeper: Sweeper) -> int:
    """Sweep a while later; return what it read."""
    machine.clock.advance(600)
    machine.found = 0
    assert sweeper.sweep() == 0
    return machine.found


def idle(executions: int) -> tuple[Read, Sweeper, list[str]]:
    """Return a machine whose executions have all ended, and been looked at."""
    machine = Read()
    flow = machine.deploy(chain(1))
    found = [machine.start(flow) for _ in range(executions)]
    machine.settle()
    machine.clock.advance(PATIENCE)
    sweeper = Sweeper(machine.lanes)
    assert reads(machine, sweeper) >= executions
    return machine, sweeper, found


def test_where_nothing_has_happened_a_sweep_costs_two_reads() -> None:
    machine, sweeper, _ = idle(50)
    assert [reads(machine, sweeper) for _ in range(3)] == [2, 2, 2]
    assert [reads(machine, sweeper) for _ in range(MOST_SPARED)][-3] >= 50  # now and then it looks all the same


def test_it_looks_again_after_another_execution_until_that_is_old_enough_to_be_judged() -> None:
    machine, sweeper, _ = idle(5)
    machine.start(machine.flows.latest("tests", "chain"))
    machine.settle()
    found = [reads(machine, sweeper) for _ in range(4)]
    assert found[0] > 5
    assert found[-1] == 2


def test_an_execution_whose_start_is_lost_is_found_at_once_after_a_quiet_time() -> None:
    machine, sweeper, _ = idle(5)
    assert reads(machine, sweeper) == 2
    lost = machine.start(machine.flows.latest("tests", "chain"))
    machine.memory.letters.clear()
    machine.clock.advance(PATIENCE + 1)
    assert sweeper.sweep() == 1
    machine.settle()
    assert machine.header(lost).state is State.SUCCESS


def test_an_empty_store_is_quiet() -> None:
    machine, sweeper, executions = idle(1)
    machine.store.commit([Delete(header_key(each)) for each in executions])
    assert reads(machine, sweeper) <= 4
    assert reads(machine, sweeper) == 2
