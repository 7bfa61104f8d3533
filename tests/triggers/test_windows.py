"""Time windows: where they lie, what they refuse, and what is gathered in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from tiercel.triggers.flow import Gathering
from tiercel.triggers.windows import TimeWindow
from tiercel.triggerstates import windows

NOW = "2024-05-15T14:37:12+00:00"

SPANS = [
    ({}, "2024-05-15T00:00:00", "2024-05-15T23:59:59.999"),
    ({"window": "P1D"}, "2024-05-15T00:00:00", "2024-05-15T23:59:59.999"),
    ({"window": "P2D"}, "2024-05-15T00:00:00", "2024-05-16T23:59:59.999"),
    ({"window": "PT1H"}, "2024-05-15T14:00:00", "2024-05-15T14:59:59.999"),
    ({"window": "PT15M"}, "2024-05-15T14:30:00", "2024-05-15T14:44:59.999"),
    ({"window": "PT15M", "windowAdvance": "PT5M"}, "2024-05-15T14:35:00", "2024-05-15T14:49:59.999"),
    ({"window": "P1D", "windowAdvance": "PT20H"}, "2024-05-14T20:00:00", "2024-05-15T19:59:59.999"),
    ({"window": "P1D", "windowAdvance": "-PT4H"}, "2024-05-14T20:00:00", "2024-05-15T19:59:59.999"),
    ({"window": "PT1H", "windowAdvance": "-PT4H"}, "2024-05-15T14:00:00", "2024-05-15T14:59:59.999"),
    ({"type": "SLIDING_WINDOW", "window": "PT1H"}, "2024-05-15T14:37:12", "2024-05-15T15:37:12"),
    ({"type": "SLIDING_WINDOW"}, "2024-05-15T14:37:12", "2024-05-16T14:37:12"),
    ({"type": "DAILY_TIME_DEADLINE", "deadline": "09:00:00"}, "2024-05-15T00:00:00", "2024-05-15T09:00:00"),
    (
        {"type": "DAILY_TIME_DEADLINE", "deadline": "23:00:00+10:00"},
        "2024-05-15T14:00:00",
        "2024-05-16T13:00:00",
    ),
    (
        {"type": "DAILY_TIME_WINDOW", "startTime": "06:00:00", "endTime": "18:00:00"},
        "2024-05-15T06:00:00",
        "2024-05-15T18:00:00",
    ),
    (
        {"type": "DAILY_TIME_WINDOW", "startTime": "06:00", "endTime": "18:00", "timezone": "Europe/Paris"},
        "2024-05-15T04:00:00",
        "2024-05-15T16:00:00",
    ),
]


@pytest.mark.parametrize(("properties", "first", "last"), SPANS)
def test_where_a_window_lies(properties: dict[str, Any], first: str, last: str) -> None:
    span = TimeWindow.model_validate(properties).span(datetime.fromisoformat(NOW))
    assert span == tuple(datetime.fromisoformat(f"{each}+00:00") for each in (first, last))


BAD = [
    ({"deadline": "09:00:00"}, "'deadline' does not go with DURATION_WINDOW"),
    ({"startTime": "09:00:00"}, "'startTime' does not go with DURATION_WINDOW"),
    ({"type": "SLIDING_WINDOW", "windowAdvance": "PT1H"}, "'windowAdvance' does not go with SLIDING_WINDOW"),
    ({"type": "DAILY_TIME_DEADLINE"}, "'deadline' is missing"),
    ({"type": "DAILY_TIME_DEADLINE", "deadline": "09:00:00", "window": "P1D"}, "'window' does not go with"),
    ({"type": "DAILY_TIME_WINDOW", "startTime": "09:00:00"}, "'endTime' is missing"),
    ({"type": "DAILY_TIME_WINDOW", "startTime": "9 o'clock", "endTime": "10:00"}, "is not a time"),
    ({"window": "PT0S"}, "must be a positive duration"),
    ({"timezone": "Mars/Olympus"}, "is not a valid time-zone ID"),
    ({"type": "WEEKLY"}, "DURATION_WINDOW"),
]


@pytest.mark.parametrize(("properties", "reason"), BAD)
def test_an_inconsistent_window_is_refused(properties: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        TimeWindow.model_validate(properties)


def gathering(**window: object) -> Gathering:
    """Return one of two entries."""
    return Gathering("g", TimeWindow.model_validate(window), True, {"a": lambda _: True, "b": lambda _: True})


def change(event: str, at: str, *entries: str, **outputs: object) -> windows.Change:
    """Return a change at a time of 2024-05-15."""
    when = datetime.fromisoformat(f"2024-05-15T{at}+00:00").timestamp()
    return windows.Change(event, when, set(entries), outputs or None)


def test_two_halves_within_a_window_are_a_whole() -> None:
    window, asked = windows.Window(), gathering()
    first, second = change("1", "10:00:00", "a", x=1, deep={"a": 1}), change("2", "20:00:00", "b", y=2, deep={"b": 2})
    windows.take_in(window, asked, first)
    assert not windows.is_complete(window, asked, first.when)
    windows.take_in(window, asked, second)
    assert windows.is_complete(window, asked, second.when)
    assert window.outputs == {"x": 1, "y": 2, "deep": {"a": 1, "b": 2}}
    assert window.events == ["1", "2"]


def test_a_new_window_begins_empty() -> None:
    window, asked = windows.Window(), gathering(window="PT1H")
    windows.take_in(window, asked, change("1", "10:59:59", "a"))
    late = change("2", "11:00:00", "b")
    windows.take_in(window, asked, late)
    assert not windows.is_complete(window, asked, late.when)
    assert window.held == ["b"]


def test_what_is_told_out_of_order_counts_in_a_sliding_window() -> None:
    window, asked = windows.Window(), gathering(type="SLIDING_WINDOW", window="PT1H")
    windows.take_in(window, asked, change("2", "10:30:00", "b"))
    early = change("1", "10:29:59", "a")
    windows.take_in(window, asked, early)
    assert windows.is_complete(window, asked, early.when)
    assert window.end == change("", "11:29:59").when


def test_what_is_told_after_its_window_has_passed_is_left_out() -> None:
    window, asked = windows.Window(), gathering(window="PT1H")
    windows.take_in(window, asked, change("2", "11:30:00", "b"))
    windows.take_in(window, asked, change("1", "10:30:00", "a"))
    assert window.held == ["b"]


def test_outside_of_the_times_of_the_day_nothing_is_gathered() -> None:
    window, asked = windows.Window(), gathering(type="DAILY_TIME_WINDOW", startTime="09:00", endTime="17:00")
    outside = change("1", "08:00:00", "a", "b")
    windows.take_in(window, asked, outside)
    assert not windows.is_complete(window, asked, outside.when)
    inside = change("2", "09:00:00", "a", "b")
    windows.take_in(window, asked, inside)
    assert windows.is_complete(window, asked, inside.when)


def test_an_emptied_window_still_knows_what_it_has_taken_in() -> None:
    window, asked = windows.Window(), gathering()
    both = change("1", "10:00:00", "a", "b")
    windows.take_in(window, asked, both)
    windows.empty(window)
    assert not windows.is_complete(window, asked, both.when)
    assert window.events == ["1"]


def test_a_window_remembers_so_many_changes_and_no_more() -> None:
    window, asked = windows.Window(), gathering()
    for number in range(windows.REMEMBERED + 5):
        windows.take_in(window, asked, change(str(number), "10:00:00", "a"))
    assert len(window.events) == windows.REMEMBERED
    assert window.events[-1] == str(windows.REMEMBERED + 4)
