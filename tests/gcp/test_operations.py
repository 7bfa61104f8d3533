"""What executions ask of Google's services, counted on the emulators: exact, so it belongs in the ordinary tests."""

from __future__ import annotations

import pytest

from gcp.operations import BRANCH, HOTTEST, MOVES, STAYS, WORKING, Workload, counted, dollars, over


@pytest.mark.parametrize("workload", [STAYS, BRANCH], ids=lambda workload: workload.title)
def test_no_bar_is_missed(workload: Workload) -> None:
    counts = counted(workload)
    assert list(over(workload, counts)) == []
    assert dollars(workload, counts) <= 4.20


def test_a_task_that_moves_is_over_its_bars_by_what_the_execution_itself_costs() -> None:
    counts = counted(MOVES)
    assert counts.writes <= 2 * 100 + 8  # three segments, the header three times, two notes
    assert counts.reads <= 10
    assert counts.messages <= 100 + 1


def test_a_branch_with_effects_is_claimed_for_each_of_them() -> None:
    counts = counted(WORKING)
    assert counts.writes <= 3100
    assert counts.reads <= 4200
    assert counts.messages <= 1020
    assert counts.refused == 0
    assert max(counts.written.values()) <= HOTTEST
