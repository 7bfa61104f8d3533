"""What executions ask of Google's services, counted on the emulators: exact, so it belongs in the ordinary tests."""

from __future__ import annotations

import pytest

from gcp.growth import counted_chain, further, over_length
from gcp.operations import (
    BRANCH,
    EACH,
    EACH_WORKING,
    HOTTEST,
    MOVES,
    PARALLEL,
    PARALLEL_WORKING,
    STAYS,
    WORKING,
    Workload,
    counted,
    dollars,
    over,
)
from gcp.prices import BAR, cost_of


@pytest.mark.parametrize("workload", [STAYS, BRANCH, EACH, PARALLEL], ids=lambda workload: workload.title)
def test_no_bar_is_missed(workload: Workload) -> None:
    counts = counted(workload)
    assert list(over(workload, counts)) == []
    assert dollars(workload, counts) <= BAR


def test_a_task_that_moves_is_over_its_bar_by_what_the_execution_itself_costs() -> None:
    counts = counted(MOVES)
    (missed,) = over(MOVES, counts)
    assert missed.startswith("a task that moves: 2.070 writes, the bar is 2.0 (200 of lane,")
    kinds = counts.written_by_kind()
    assert kinds == {"lane": 2 * 100, "execution": 3, "runs": 3, "trigger": 1}  # a note; docs/design.md, What it costs
    assert counts.reads <= 10
    assert counts.messages <= 100
    assert counts.refused == 0


def test_a_branch_with_two_effects_is_claimed_and_ended_in_a_write_each() -> None:
    counts = counted(WORKING)
    assert counts.writes <= 2100
    assert counts.reads <= 4200
    assert counts.messages <= 1020
    assert counts.refused == 0
    assert max(counts.written.values()) <= HOTTEST


@pytest.mark.parametrize("workload", [EACH_WORKING, PARALLEL_WORKING], ids=lambda workload: workload.title)
def test_a_branch_with_one_effect_is_claimed_ended_and_noted(workload: Workload) -> None:
    counts = counted(workload)
    kinds = counts.written_by_kind()
    assert kinds["lane"] <= 1000 + 3  # its claim; its end removes it
    assert kinds["leaf"] <= 1000 + 32  # its end, and that of each full leaf
    assert counts.deletes <= 1000 + 20  # and that of each note
    assert counts.reads <= 3150  # header and the fork's lane before it begins, the leaf after its claim
    assert counts.refused == 0
    assert max(counts.written.values()) <= HOTTEST


def test_a_further_task_costs_the_same_in_a_long_chain() -> None:
    chains = [(length, counted_chain(length)) for length in (10, 100, 1000)]
    assert list(over_length(chains)) == []
    assert all(1.0 < writes < 1.04 for writes in further(chains, "writes"))  # a commit, and a segment for each 32


def test_a_hand_over_is_billed_for_the_bytes_it_carries_and_its_time() -> None:
    stays, moves = (cost_of(counted(workload), 100) for workload in (STAYS, MOVES))
    assert moves.operations > stays.operations + 1.0
    assert moves.time > 9 * stays.time  # 100 ms each, where a task that stays takes ten
