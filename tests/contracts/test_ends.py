"""What has an end is hidden from then on, in every store; Firestore is told the end, so that it can remove it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.places import Place
from tiercel.adapters.gcp.bodies import UNTIL, Bodies
from tiercel.namespaces.keyvalues import ExpiredError
from tiercel.namespaces.storekeys import StoreKeyValues
from tiercel.ports import Index
from tiercel.taskcache import Kept, TaskCache

HOUR = timedelta(hours=1)


def test_a_key_is_hidden_when_its_time_is_over(place: Place) -> None:
    keys = StoreKeyValues(place.store, place.clock)
    keys.set("n", "short", 1, ttl=HOUR)
    keys.set("n", "long", 2)
    assert [each.key for each in keys.list("n")] == ["long", "short"]
    place.clock.advance(HOUR)
    assert [each.key for each in keys.list("n")] == ["long"]
    with pytest.raises(ExpiredError):
        keys.get("n", "short")
    assert keys.get("n", "short") is None


def test_a_result_is_not_given_when_its_time_is_over(place: Place) -> None:
    cache, now = TaskCache(place.store, place.clock), place.clock.now().timestamp()
    cache.keep("n", "short", Kept("e", "", now, now + 3600))
    cache.keep("n", "long", Kept("e", "", now))
    place.clock.advance(HOUR)
    assert cache.find("n", "short") is None
    assert cache.find("n", "long") is not None


def test_a_document_with_an_end_names_it_as_a_time_and_another_one_has_none() -> None:
    nowhere: Any = None  # no body is so long that it lies in an object
    bodies, end = Bodies("r", nowhere), datetime(2026, 1, 1, 12, tzinfo=UTC)
    fields = bodies.write_of("kv/x", b"", Index("kv", until=end.timestamp()), 1).update.fields
    assert fields[UNTIL].timestamp_value.ToDatetime(UTC) == end
    assert UNTIL not in bodies.write_of("kv/x", b"", Index("kv"), 1).update.fields
