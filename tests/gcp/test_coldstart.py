"""What a function's process loads before its first work: nothing but its own few lines."""

from __future__ import annotations

import statistics

import pytest

from bench.coldstart import imported, names

LOADED = {"main", "tiercel", "tiercel.cloud", "tiercel.cloud.process"}


@pytest.mark.parametrize("name", names())
def test_a_function_imports_nothing_before_its_first_request(name: str) -> None:
    rounds = [imported(name) for _ in range(3)]
    assert set(rounds[0][2]) == LOADED
    assert statistics.median(took for took, _, _ in rounds) < 0.1
    assert max(resident for _, resident, _ in rounds) < 100
