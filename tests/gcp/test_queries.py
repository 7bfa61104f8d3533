"""Every query that the library puts to the store, with each of the arguments that may be left out, on the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gcp.counted import Installation
from infra.asking import Call, calls
from tiercel.ports import Index, Put, StateStore, Where

KINDS = sorted({call.kind for call in calls()})


@pytest.fixture(scope="module")
def store() -> Iterator[StateStore]:
    """Give a store with one document of each kind, which each query must find."""
    there = Installation()
    found = there.cloud.store
    found.commit([Put(f"{kind}/x", b"", Index(kind, "x", "x", "A", 5.0, "x")) for kind in KINDS])
    yield found
    there.close()


@pytest.mark.parametrize("kind", KINDS)
def test_firestore_answers_what_the_library_asks(store: StateStore, kind: str) -> None:
    asked = {_unordered(call) for call in calls() if call.kind == kind}
    for call in asked:
        for values in call.arguments():
            if call.counts:
                assert store.count(kind, **values) == 1, values
            for newest in call.newest_first:
                where: Where = {**values, "until": 6.0}
                found = store.query(kind, newest_first=newest, limit=2, **where)
                assert [each.key for each in found] == [f"{kind}/x"], values


def _unordered(call: Call) -> Call:
    return call._replace(scalars=tuple(sorted(call.scalars)))
