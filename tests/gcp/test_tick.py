"""What a tick on Google's services asks of them, counted on the emulators."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gcp.growth import Ticking, over_tick

SCHEDULES = 500


@pytest.fixture
def there() -> Iterator[Ticking]:
    found = Ticking()
    yield found
    found.close()


def test_a_tick_reads_what_is_due_and_looks_once_for_what_was_left(there: Ticking) -> None:
    there.schedule(SCHEDULES, due=10)
    there.ticked.tick()
    assert there.counts.messages == 10
    assert list(over_tick(there.counts, 10)) == []
    assert (there.counts.writes, there.counts.refused) == (1, 0)  # the note of its messages


def test_a_tick_in_which_nothing_is_due_asks_two_questions(there: Ticking) -> None:
    there.schedule(5, due=0)
    there.ticked.tick()
    assert there.counts.reads == 2  # whether a trigger is due, whether a dead process left messages
    assert (there.counts.messages, there.counts.writes, there.counts.deletes) == (0, 0, 0)


def test_the_next_tick_sends_nothing_again(there: Ticking) -> None:
    there.schedule(2, due=1)
    there.ticked.tick()
    assert there.counts.messages == 1
    there.put_off(0)
    there.clock.advance(60)
    there.counts.clear()
    there.ticked.tick()
    assert there.counts.messages == 0
