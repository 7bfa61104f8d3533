"""What is too large for a document or a request: notes that are several, commits that are refused in words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions

from contracts.places import GcpPlace
from gcp.leftovers import send_left
from tiercel.adapters.gcp.firestore import LARGEST_EMULATED, FirestoreStore
from tiercel.adapters.gcp.outbox import PATIENCE
from tiercel.adapters.gcp.queries import due
from tiercel.adapters.gcp.trying import TRIES
from tiercel.errors import TiercelError, TransientError
from tiercel.ports import Create, Envelope, Refused

DOCUMENT = 850_000
"""Bytes of a body that a document takes, and that nothing makes shorter."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[GcpPlace]:
    found = GcpPlace(tmp_path)
    found.store._largest = LARGEST_EMULATED
    yield found
    found.close()


def noise(size: int, seed: int = 0) -> bytes:
    """Return bytes that cannot be compressed, the same each time."""
    return random.Random(seed).randbytes(size)


def notes(store: FirestoreStore) -> int:
    """Return how many notes stand in the outbox."""
    far = store.outbox.now() + 10 * PATIENCE
    return len(store._run(store._root, due(far, 100)))


def lose(place: GcpPlace) -> list[Envelope]:
    """Have the next messages not be sent, and later ones be kept in the list returned."""
    sent: list[Envelope] = []
    tries = iter([TransientError("busy")])

    def publish(messages: Any) -> None:
        for error in tries:
            raise error
        sent.extend(messages)

    place.store.outbox._publish = publish
    return sent


def test_large_messages_are_noted_in_several_documents_of_one_commit(place: GcpPlace) -> None:
    sent = lose(place)
    messages = [Envelope(f"m{number}", noise(400_000, number), works=number == 2) for number in range(4)]
    place.store.commit([Create("k/a", b"")], messages)
    assert notes(place.store) == 4  # 400 KB are 533 KB in Base64, and two of them no document takes
    place.clock.advance(PATIENCE + 1)
    assert send_left(place.store) == 4
    assert sorted(sent, key=lambda each: each.key) == messages
    assert notes(place.store) == 0


def test_a_message_that_no_document_takes_is_noted_all_the_same(place: GcpPlace) -> None:
    sent = lose(place)
    messages = [Envelope("large", noise(2_000_000)), Envelope("small", b"1")]
    place.store.commit([], messages)
    place.clock.advance(PATIENCE + 1)
    assert send_left(place.store) == 2
    assert sorted(sent, key=lambda each: each.key) == messages


def test_notes_are_removed_when_their_messages_were_sent(place: GcpPlace) -> None:
    place.store.commit([], [Envelope(f"m{number}", noise(600_000, number)) for number in range(3)])
    assert notes(place.store) == 3
    place.store.flush()
    assert notes(place.store) == 0


def test_small_messages_share_one_note(place: GcpPlace) -> None:
    lose(place)
    place.store.commit([], [Envelope(f"m{number}", b"x" * 500) for number in range(300)])
    assert notes(place.store) == 1


def test_a_commit_of_the_largest_size_is_taken(place: GcpPlace) -> None:
    place.store.commit([Create(f"k/{number}", noise(DOCUMENT, number)) for number in range(4)])
    assert place.store.get(["k/3"])[0] is not None


def test_a_commit_that_is_too_large_is_refused_for_good(place: GcpPlace) -> None:
    writes = [Create("k/small", b""), *(Create(f"k/{number}", noise(DOCUMENT + number)) for number in range(5))]
    with pytest.raises(TiercelError) as refused:
        place.store.commit(writes, [Envelope("m", b"")])
    assert not isinstance(refused.value, TransientError)  # it would come again and again
    text = str(refused.value)
    for said in ("7 writes", "3,670,016", "'k/4'", "keep large", "in files"):
        assert said in text
    assert place.store.get(["k/small", "k/0"]) == [None, None]
    assert notes(place.store) == 0


class Busy:
    """Firestore's client, whose next commits fail: before they are done, or after."""

    def __init__(self, real: Any) -> None:
        self.transport = real.transport
        self.batch_get_documents = real.batch_get_documents
        self.before: list[Exception] = []
        self.after: list[Exception] = []
        self.asked = 0
        self._real = real

    def commit(self, request: Any, **named: Any) -> Any:
        self.asked += 1
        if self.before:
            raise self.before.pop()
        answer = self._real.commit(request, **named)
        if self.after:
            raise self.after.pop()
        return answer


@pytest.fixture
def busy(place: GcpPlace, monkeypatch: pytest.MonkeyPatch) -> Busy:
    monkeypatch.setattr("tiercel.adapters.gcp.trying.time.sleep", lambda _: None)
    found = Busy(place.store._client)
    monkeypatch.setattr(place.store, "_client", found)
    return found


def test_a_commit_is_tried_again_while_the_service_is_busy(place: GcpPlace, busy: Busy) -> None:
    busy.before = [exceptions.ServiceUnavailable("x"), exceptions.Aborted("x"), exceptions.ResourceExhausted("x")]
    place.store.commit([Create("k/a", b"one")])
    assert busy.asked == TRIES


def test_a_commit_that_is_never_answered_comes_again(place: GcpPlace, busy: Busy) -> None:
    busy.before = [exceptions.DeadlineExceeded("x")] * TRIES
    with pytest.raises(TransientError, match="Firestore did not answer"):
        place.store.commit([Create("k/a", b"one")])
    assert busy.asked == TRIES


def test_a_commit_whose_answer_was_lost_is_not_taken_for_somebody_elses(place: GcpPlace, busy: Busy) -> None:
    busy.after = [exceptions.DeadlineExceeded("x")]
    (reply,) = place.store.commit([Create("k/a", b"one")])
    (stored,) = place.store.get(["k/a"])
    assert stored is not None
    assert (stored.body, stored.version) == (b"one", reply.version)


def test_a_refusal_after_an_abort_is_believed(place: GcpPlace, busy: Busy) -> None:
    place.store.commit([Create("k/a", b"one")])
    busy.before = [exceptions.Aborted("x")]
    with pytest.raises(Refused) as refused:
        place.store.commit([Create("k/a", b"two")])
    assert refused.value.key == "k/a"


def test_what_the_service_refuses_is_no_trouble_that_passes(place: GcpPlace, busy: Busy) -> None:
    busy.before = [exceptions.PermissionDenied("the account may not write")]
    with pytest.raises(TiercelError, match="Firestore refuses: the account may not write") as refused:
        place.store.commit([Create("k/a", b"one")])
    assert not isinstance(refused.value, TransientError)
    assert busy.asked == 1
