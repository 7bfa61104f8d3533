"""What a tick on Google's services asks of them, counted on the emulators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from gcp.growth import Ticking, over_tick
from tiercel.adapters.gcp.names import DUE
from tiercel.adapters.gcp.outbox import PATIENCE
from tiercel.cloud.handling import DONE
from tiercel.errors import TiercelError, TransientError
from tiercel.ports import Envelope
from tiercel.triggerrecords import KIND

SCHEDULES = 500


@pytest.fixture
def there() -> Iterator[Ticking]:
    found = Ticking()
    yield found
    found.close()


def test_a_tick_reads_what_is_due(there: Ticking) -> None:
    there.schedule(SCHEDULES, due=10)
    there.ticked.tick()
    assert there.counts.messages == 10
    assert list(over_tick(there.counts, 10)) == []
    assert (there.counts.writes, there.counts.refused) == (1, 0)  # the note of its messages


def test_a_tick_in_which_nothing_is_due_asks_one_question(there: Ticking) -> None:
    there.schedule(5, due=0)
    there.ticked.tick()
    assert there.counts.reads == 1  # whether a trigger is due, or a dead process left messages
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


def test_one_question_finds_what_a_dead_process_left_beside_what_is_due(there: Ticking) -> None:
    there.schedule(5, due=2)
    store, sent = there.ticked.store, list[Envelope]()
    store.commit([], [Envelope("left", b"1", 0.0)])
    store.outbox.sent()  # the process dies before it removes its note
    there.clock.advance(PATIENCE + 1)
    store.outbox._publish = sent.extend
    there.counts.clear()
    there.ticked.tick()
    assert there.counts.reads == 3
    assert [each.key for each in sent if each.key == "left"] == ["left"]
    assert len(sent) == 3
    assert [each for due in store.due(10) for each in due.notes] == []


def test_what_is_due_is_read_page_by_page(there: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.adapters.gcp.firestore.PAGE", 4)
    there.schedule(20, due=10)
    there.ticked.tick()
    assert there.counts.messages == 10
    assert there.counts.reads == 10


def test_what_cannot_be_sent_again_holds_no_trigger_up(there: Ticking) -> None:
    there.schedule(3, due=1)
    store, sent = there.ticked.store, list[Envelope]()
    store.commit([], [Envelope("left", b"1", 0.0)])
    store.outbox.sent()
    there.clock.advance(PATIENCE + 1)

    def publish(messages: Sequence[Envelope]) -> None:
        if any(each.key == "left" for each in messages):
            raise TransientError("busy")
        sent.extend(messages)

    store.outbox._publish = publish
    with pytest.raises(TransientError):
        there.ticked.tick()
    assert len(sent) == 1
    assert sum(len(due.notes) for due in store.due(10)) == 1


def test_what_is_refused_for_good_stays_and_is_reported_while_all_else_is_sent(
    there: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    store, sent = there.ticked.store, list[str]()
    for name in ("one", "bad", "two"):
        store.commit([], [Envelope(name, b"1", 0.0)])
        store.outbox.sent()  # the process dies before it removes its note
    there.schedule(3, due=1)
    there.clock.advance(PATIENCE + 1)

    def publish(messages: Sequence[Envelope]) -> None:
        if any(each.key == "bad" for each in messages):
            raise TiercelError("too long for a task")
        sent.extend(each.key for each in messages)

    store.outbox._publish = publish
    for _ in range(2):
        assert there.ticked.tick() == DONE
    assert {"one", "two"} <= set(sent)
    assert [sent.count(name) for name in ("one", "two")] == [1, 1]
    assert sum(key.startswith("TriggerDue") for key in sent) >= 1
    assert [each.key for due in store.due(10) for note in due.notes for each in store.outbox.noted(note)] == ["bad"]
    reports = [record.getMessage() for record in caplog.records if "cannot be sent" in record.getMessage()]
    assert reports == ["the outbox keeps messages that cannot be sent (bad): too long for a task"] * 2


def test_notes_lie_where_the_question_looks() -> None:
    assert DUE == KIND
