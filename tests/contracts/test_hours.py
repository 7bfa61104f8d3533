"""Executions counted by the hour, on every store: each is read once when it has ended, and what changes is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from contracts.places import Place
from tiercel.archive import counted_anew, header_index
from tiercel.model.execution import Execution, encode, header_key
from tiercel.model.states import State
from tiercel.model.tallies import HOUR, Tallies, decode_hour, hour_key, hour_of
from tiercel.ports import Delete, Put, StateStore, Stored
from tiercel.statistics.hours import COSTLY, MOST, SETTLED, Counted, count_hours


class Watched:
    """A store that counts how many executions are read."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def query(self, kind: str, **given: Any) -> list[Stored]:
        found = self._store.query(kind, **given)
        if kind == "execution" and given.get("limit") != 1:
            self.read += len(found)
        return found

    def get(self, keys: Sequence[str]) -> list[Stored | None]:
        self.read += sum(key.startswith("execution/") for key in keys)
        return self._store.get(keys)


def stored(place: Place, name: str, created: float, state: State = State.SUCCESS, took: float = 10.0) -> Execution:
    history = [(State.CREATED, created), (State.RUNNING, created)]
    if state is not State.RUNNING:
        history.append((state, created + took))
    header = Execution(name, "team", "load", 1, history)
    place.store.commit([Put(header_key(name), encode(header), header_index(header))])
    return header


def now_of(place: Place) -> float:
    return place.clock.now().timestamp()


def counted(place: Place, hours: int = 24, most: int = MOST) -> tuple[Counted, int]:
    """Return what is counted of so many hours until now, and how many executions were read for it."""
    store: Any = Watched(place.store)
    now = now_of(place)
    return count_hours(store, now, now - hours * HOUR, now, most), store.read


def totals(found: Mapping[float, Tallies]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for flows in found.values():
        for tally in flows.values():
            total.update({state: sums.number for state, sums in tally.items()})
    return dict(total)


def test_what_has_ended_is_read_once(place: Place) -> None:
    now = now_of(place)
    for number in range(12):
        stored(place, f"e{number}", now - 5 * HOUR + number * 600, State.FAILED if number % 3 == 0 else State.SUCCESS)
    first, read = counted(place)
    assert totals(first.hours) == {"FAILED": 4, "SUCCESS": 8}
    assert read == 12
    second, read = counted(place)
    assert second == first
    assert read == 0


def test_durations_are_kept_by_flow_and_state(place: Place) -> None:
    at = hour_of(now_of(place)) - 3 * HOUR
    stored(place, "a", at + 1, took=2.0)
    stored(place, "b", at + 2, took=6.0)
    stored(place, "c", at + 3, State.FAILED, took=100.0)
    for _ in range(2):
        sums = counted(place)[0].hours[at]["team/load"]
        assert (sums["SUCCESS"].number, sums["SUCCESS"].least, sums["SUCCESS"].most) == (2, 2.0, 6.0)
        assert (sums["SUCCESS"].total, sums["FAILED"].total) == (8.0, 100.0)


def test_one_that_goes_on_keeps_nothing_else_from_being_counted_for_good(place: Place) -> None:
    at = now_of(place) - 6 * HOUR
    for number in range(5):
        stored(place, f"e{number}", at + number)
    stored(place, "slow", at + 10, State.RUNNING)
    assert totals(counted(place)[0].hours) == {"SUCCESS": 5, "RUNNING": 1}
    found, read = counted(place)
    assert (totals(found.hours), read) == ({"SUCCESS": 5, "RUNNING": 1}, 1)
    stored(place, "slow", at + 10, State.PAUSED)
    assert totals(counted(place)[0].hours) == {"SUCCESS": 5, "PAUSED": 1}
    stored(place, "slow", at + 10, State.KILLED)
    assert totals(counted(place)[0].hours) == {"SUCCESS": 5, "KILLED": 1}
    assert counted(place)[1] == 0


def test_the_hour_that_goes_on_is_counted_live(place: Place) -> None:
    now = now_of(place)
    for number in range(60):
        stored(place, f"e{number:02}", now + number)
    place.clock.advance(SETTLED + 100)
    assert totals(counted(place, 1)[0].hours) == {"SUCCESS": 60}
    stored(place, "young", now_of(place) - 1, State.RUNNING)
    found, read = counted(place, 1)
    assert totals(found.hours) == {"SUCCESS": 60, "RUNNING": 1}
    assert read == 1  # the others were enough to be kept, though their hour is not over


def test_one_that_is_committed_late_is_counted(place: Place) -> None:
    now = now_of(place)
    stored(place, "first", now)
    for number in range(60):
        stored(place, f"e{number:02}", now - 100 + number)
    assert totals(counted(place, 1)[0].hours) == {"SUCCESS": 61}
    stored(place, "late", now - SETTLED + 1)
    assert totals(counted(place, 1)[0].hours) == {"SUCCESS": 62}


def test_what_is_removed_afterwards_stays_counted(place: Place) -> None:
    stored(place, "gone", now_of(place) - 5 * HOUR)
    stored(place, "kept", now_of(place) - 2 * HOUR)
    counted(place)
    place.store.commit([Delete(header_key("gone"))])
    assert totals(counted(place)[0].hours) == {"SUCCESS": 2}


def test_one_that_is_removed_before_its_end_was_seen_is_not_counted(place: Place) -> None:
    stored(place, "gone", now_of(place) - 5 * HOUR, State.RUNNING)
    assert totals(counted(place)[0].hours) == {"RUNNING": 1}
    place.store.commit([Delete(header_key("gone"))])
    assert totals(counted(place)[0].hours) == {}


def test_a_restart_has_its_hour_counted_anew(place: Place) -> None:
    at = now_of(place) - 5 * HOUR
    stored(place, "other", at)
    header = stored(place, "again", at + 1, State.FAILED)
    assert totals(counted(place)[0].hours) == {"SUCCESS": 1, "FAILED": 1}
    header.become(State.RESTARTED, now_of(place))
    place.store.commit([Put(header_key("again"), encode(header), header_index(header)), counted_anew(header)])
    assert totals(counted(place)[0].hours) == {"SUCCESS": 1, "RESTARTED": 1}
    header.become(State.SUCCESS, now_of(place) + 1)
    place.store.commit([Put(header_key("again"), encode(header), header_index(header))])
    assert totals(counted(place)[0].hours) == {"SUCCESS": 2}


def test_a_restart_while_its_hour_is_being_counted_is_not_lost(place: Place) -> None:
    header = stored(place, "again", now_of(place) - 5 * HOUR, State.FAILED)

    class Meanwhile(Watched):
        def commit(self, writes: Any, messages: Any = ()) -> Any:
            if header.state is State.FAILED:
                header.become(State.RESTARTED, now_of(place))
                mine = Put(header_key("again"), encode(header), header_index(header))
                place.store.commit([mine, counted_anew(header)])
            return place.store.commit(writes, messages)

    store: Any = Meanwhile(place.store)
    count_hours(store, now_of(place), now_of(place) - 24 * HOUR, now_of(place))
    assert totals(counted(place)[0].hours) == {"RESTARTED": 1}


def test_a_request_that_may_not_read_all_says_so_and_the_next_one_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel.statistics.hours.BATCH", 5)
    now = now_of(place)
    for number in range(40):
        stored(place, f"e{number:02}", now - 8 * HOUR + number * 500)
    found, number = counted(place, most=10)[0], 0
    seen = [sum(totals(found.hours).values())]
    while not found.complete and number < 10:
        found, number = counted(place, most=10)[0], number + 1
        seen.append(sum(totals(found.hours).values()))
    assert found.complete
    assert seen == sorted(seen)
    assert 3 <= number <= 5
    assert totals(found.hours) == {"SUCCESS": 40}


def test_hours_before_the_first_execution_are_not_stored(place: Place) -> None:
    counted(place, 24 * 30)
    assert place.store.count("stats") == 0
    at = now_of(place) - 10 * HOUR
    stored(place, "e", at)
    counted(place, 24 * 30)
    assert place.store.count("stats") == 9  # the tenth has just ended: executions of it may still be committed
    [record] = place.store.get([hour_key(hour_of(at))])
    assert record is not None
    assert decode_hour(record.body).closed


def test_an_expensive_look_holds_for_a_while(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.statistics.hours.COSTLY", 10)
    for number in range(20):
        stored(place, f"e{number:02}", now_of(place) - 4 * HOUR, State.RUNNING)
    assert counted(place)[1] == 20
    place.clock.advance(0.3)  # of 20 / 50 seconds
    assert counted(place) == (Counted(counted(place)[0].hours), 0)
    place.clock.advance(0.2)
    assert counted(place)[1] == 20


def test_a_costly_look_that_is_not_repeated_at_once_still_knows_the_youngest(place: Place) -> None:
    now = now_of(place)
    for number in range(COSTLY + 20):
        stored(place, f"e{number}", now - 1, State.SUCCESS)
    assert totals(counted(place, 1)[0].hours) == {"SUCCESS": COSTLY + 20}
    again, read = counted(place, 1)
    assert totals(again.hours) == {"SUCCESS": COSTLY + 20}
    assert read == 0
