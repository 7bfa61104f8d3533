"""A message that is lost for good: the sweep finds what stands still, and the execution comes to the same end."""

from __future__ import annotations

from typing import Any

import pytest

from crashes.places import MemoryPlace, Parsed
from crashes.test_golden_crashes import ID, execute, left, plain
from crashes.tripwires import Wire
from flows.histories import Golden, golden, names
from machine import Machine
from tiercel.model.messages import ExecutionEnded, decode_message
from tiercel.sweeping import PATIENCE, sweep

MOST = 12
"""Messages that are lost of each flow, one at a time, spread evenly."""


class Loser(Machine):
    """A machine that loses one message."""

    lost = 0
    seen = 0

    def deliver(self) -> bool:
        delivery = self.bus.receive(0)
        if delivery is None:
            return False
        if not isinstance(decode_message(delivery.body), ExecutionEnded):
            self.seen += 1
            if self.seen == self.lost:
                self.bus.acknowledge(delivery)
                return True
        self.pump.deliver(delivery)
        return True


def run(flow: Golden, parsed: Parsed, lost: int) -> tuple[dict[str, Any], int]:
    """Execute a flow and lose a message of it; return what is left, and how many messages there were."""
    machine = Loser(MemoryPlace(parsed).memory)
    machine.flows._parsed = parsed
    machine.lost = lost
    execute(machine, flow)
    for _ in range(6):
        machine.clock.advance(PATIENCE + 120)
        sweep(machine.lanes)
        machine.settle()
        if machine.header(ID).finished:
            break
    return left(machine, flow), machine.seen


LATE = {"loop_until_gives_up", "retry_random_until_too_long", "task_cache"}
"""They end differently when something of them is late, as they must: a time that they have is over."""


@pytest.mark.parametrize("name", sorted(set(names()) - LATE))
def test_a_lost_message_is_made_up_for(name: str) -> None:
    flow, parsed = golden(name), Parsed()
    wanted, _ = plain(flow, parsed)
    _, messages = run(flow, parsed, 0)
    for lost in range(1, messages + 1, max(1, messages // MOST)):
        assert run(flow, parsed, lost)[0] == wanted, f"message {lost} of {messages} was lost"


def test_a_sweep_of_what_is_in_order_sends_nothing() -> None:
    machine = MemoryPlace(Parsed()).begin(Wire())
    for name in ("pause_with_delay", "subflow", "foreach_two_at_a_time_failing"):
        flow = golden(name)
        machine.start(machine.deploy(*flow.sources), flow.inputs)
        machine.settle(timers=False)
    assert sweep(machine.lanes) == 0
