"""How an installation on Google's services fares, on the emulators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from gcp.growth import Ticking
from tiercel.errors import TransientError
from tiercel.ports import Envelope


@pytest.fixture
def there() -> Iterator[Ticking]:
    found = Ticking()
    yield found
    found.close()


def _refuse(_messages: Sequence[Envelope]) -> None:
    raise TransientError("Pub/Sub is away")


def test_what_a_dead_process_left_is_seen_and_what_the_sweep_found_is_remembered(there: Ticking) -> None:
    store, vitals = there.ticked.store, there.ticked.vitals
    empty = vitals.read()
    assert (empty.outbox, empty.oldest, empty.swept, empty.ready) == (0, None, None, None)
    working, store.outbox._publish = store.outbox._publish, _refuse
    store.commit([], [Envelope("a", b"{}")])
    there.clock.advance(60)
    store.commit([], [Envelope("b", b"{}")])
    found = vitals.read()
    assert found.outbox == 2
    assert found.oldest == pytest.approx(there.clock.now().timestamp() - 60)
    store.outbox._publish = working
    there.clock.advance(60)
    there.ticked.tick()
    assert vitals.read().outbox == 0
    assert vitals.read().found == 2
    there.counts.clear()
    there.ticked.tick()
    assert there.counts.writes == 0
