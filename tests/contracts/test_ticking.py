"""The tick on every store: it finds what is due, and nothing else."""

from __future__ import annotations

from contracts.places import Place
from tiercel.firing.ticking import tick
from tiercel.model.messages import PollDue, TriggerDue, decode_message
from tiercel.triggerrecords import NEVER, POLLED, SCHEDULE, TriggerState, state_write


def record(place: Place, name: str, following: float | None, **given: object) -> TriggerState:
    """Store the record of a trigger; return it."""
    fields = {"type": SCHEDULE, "revision": 1, "active": True, "timing": "x", "next": following, **given}
    state = TriggerState("team", "flow", name, **fields)  # type: ignore[arg-type]
    place.store.commit([state_write(state, 0)])
    return state


def test_a_tick_sends_a_message_for_each_trigger_that_is_due(place: Place) -> None:
    now = place.clock.now().timestamp()
    record(place, "past", now - 86400)
    record(place, "now", now)
    record(place, "poll", now - 1, type=POLLED[0])
    record(place, "later", now + 1)
    record(place, "locked", now - 5, execution="e", look=now + 900)
    record(place, "off", now - 5, disabled=True)
    record(place, "idle", None)
    assert record(place, "removed", now - 5, active=False).due == NEVER
    assert tick(place.store, now).sent == 3
    received = [place.bus.receive(5) for _ in range(3)]
    messages = [decode_message(delivery.body) for delivery in received if delivery is not None]
    names = {
        (type(each), each.trigger.rpartition("/")[2]) for each in messages if isinstance(each, TriggerDue | PollDue)
    }
    assert names == {(TriggerDue, "past"), (TriggerDue, "now"), (PollDue, "poll")}


def test_a_lock_is_looked_at_when_that_is_due(place: Place) -> None:
    now = place.clock.now().timestamp()
    record(place, "locked", now - 5000, execution="e", look=now - 1)
    assert tick(place.store, now).sent == 1
