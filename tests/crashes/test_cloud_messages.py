"""What may happen to messages between the functions: they come twice, in any order, to two at once, or never."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from crashes.cloudplaces import CloudMachine, CloudPlace, Letter, Line, RestlessMachine, Services
from crashes.places import Parsed
from crashes.test_cloud_crashes import EACH_BY_ITSELF
from crashes.test_golden_crashes import ID, execute, left, plain
from crashes.tripwires import Wire
from engine.test_lost_messages import LATE
from flows.histories import Golden, golden, names
from gcp.leftovers import send_left
from tiercel.model.messages import ExecutionEnded, decode_message
from tiercel.sweeping import PATIENCE, sweep

pytestmark = pytest.mark.usefixtures("with_effects")

SEEDS = int(os.environ.get("TIERCEL_CLOUD_SEEDS", "1"))
"""Orders of its messages in which each flow is executed."""

ON_TIME = sorted(set(names()) - LATE)

FORKED = [
    "dag",
    "effects_after_joins",
    "foreach_two_at_a_time_failing",
    "forked_loop_in_forked_loop",
    "loop_over_list",
    "parallel_of_six",
    "retry_constant",
    "subflow_failing_with_retry",
]


@pytest.mark.parametrize("name", ON_TIME)
@pytest.mark.parametrize("seconds", [EACH_BY_ITSELF, 324.0], ids=["each-by-itself", "running-on"])
def test_every_message_twice_and_in_any_order_changes_nothing(name: str, seconds: float) -> None:
    flow, parsed = golden(name), Parsed()
    wanted, _ = plain(flow, parsed)
    for seed in range(1, SEEDS + 1):
        machine = RestlessMachine(Services(), seed=seed, seconds=seconds)
        machine.flows._parsed = parsed
        execute(machine, flow)
        machine.sweep()
        assert left(machine, flow) == wanted, f"seed {seed}"


# ------------------------------------------------------------ two at once


class Meeting(Wire):
    """A wire on which the first commit of two processes begins at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self._own = threading.local()
        self._two = threading.Barrier(2)

    def begin(self) -> None:
        """Have this thread wait at its next commit for the other one."""
        self._own.waits = True

    def leave(self) -> None:
        """Wait no longer, and have nobody wait for this thread."""
        if getattr(self._own, "waits", False):
            self._own.waits = False
            self._meet()

    def call(self, real: Callable[..., Any], *args: Any, **named: Any) -> Any:
        if real.__name__ == "commit" and getattr(self._own, "waits", False):
            self._own.waits = False
            self._meet()
        return real(*args, **named)

    def _meet(self) -> None:
        self._two.wait(60)


class Pair:
    """Two processes that get every message at the same time."""

    def __init__(self, parsed: Parsed) -> None:
        self.services = Services()
        self.meeting = Meeting()
        self.machines = [
            CloudMachine(self.services, self.meeting, owner=name, seconds=EACH_BY_ITSELF) for name in ("one", "two")
        ]
        for machine in self.machines:
            machine.flows._parsed = parsed

    def run(self, flow: Golden) -> CloudMachine:
        """Execute a flow; return one of the two."""
        first, second = self.machines
        first.start(first.deploy(*flow.sources), flow.inputs, name=ID)
        second.deploy(*flow.sources)
        for _ in range(2000):
            letter = self.services.take(lambda count: 0)
            if letter is not None:
                self.services.land(letter, max(self._both(letter)))
                continue
            due = first.next_due()
            if due is None:
                return first
            first.clock.advance(max(0.0, due - self.services.now()) + 1e-6)
        raise AssertionError("no end")

    def _both(self, letter: Letter) -> list[int]:
        codes: list[int] = []
        errors: list[BaseException] = []

        def answer(machine: CloudMachine) -> None:
            self.meeting.begin()
            try:
                codes.append(machine.answer(letter))
            except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
                errors.append(error)
            finally:
                self.meeting.leave()

        threads = [threading.Thread(target=answer, args=(machine,)) for machine in self.machines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not errors, errors
        return codes


@pytest.mark.parametrize("name", ON_TIME)
def test_two_processes_with_the_same_message_change_nothing(name: str) -> None:
    flow, parsed = golden(name), Parsed()
    wanted, _ = plain(flow, parsed)
    pair = Pair(parsed)
    machine = pair.run(flow)
    machine.sweep()
    assert not [poison for each in pair.machines for poison in each.poisons]
    assert left(machine, flow) == wanted


# ------------------------------------------------------------ lost for good


def lose(flow: Golden, parsed: Parsed, lost: int) -> tuple[dict[str, Any], int]:
    """Execute a flow and lose a message of it; return what is left, and how many messages there were."""
    place = CloudPlace(parsed, seconds=EACH_BY_ITSELF)
    machine = place.begin(Line())
    seen = 0
    answer = machine.answer

    def losing(letter: Letter) -> int:
        nonlocal seen
        if not isinstance(decode_message(letter.envelope.body), ExecutionEnded):
            seen += 1
            if seen == lost:
                return 204
        return answer(letter)

    machine.answer = losing  # type: ignore[method-assign]
    execute(machine, flow)
    for _ in range(6):
        machine.clock.advance(PATIENCE + 120)
        send_left(machine.firestore)
        sweep(machine.lanes)
        machine.settle()
        if machine.header(ID).finished:
            break
    return left(machine, flow), seen


@pytest.mark.parametrize("name", FORKED)
def test_a_message_that_is_lost_for_good_is_made_up_for(name: str) -> None:
    flow, parsed = golden(name), Parsed()
    wanted, _ = plain(flow, parsed)
    _, messages = lose(flow, parsed, 0)
    for lost in range(1, messages + 1, max(1, messages // 6)):
        assert lose(flow, parsed, lost)[0] == wanted, f"message {lost} of {messages} was lost"
