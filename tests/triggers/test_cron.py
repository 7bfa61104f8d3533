"""Cron expressions: what is refused, which dates they name, and what a change of clocks does to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped]
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tiercel.triggers.cron import parse_cron

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"

SPRING_AND_AUTUMN = [
    # a chosen hour: a skipped time moves to the next valid one, a doubled one is taken once
    (BERLIN, "30 2 * * *", "2024-03-30T12:00", ["2024-03-31T03:00+02:00", "2024-04-01T02:30+02:00"]),
    (BERLIN, "30 2 * * *", "2024-10-26T12:00", ["2024-10-27T02:30+02:00", "2024-10-28T02:30+01:00"]),
    (NEW_YORK, "30 2 * * *", "2024-03-09T12:00", ["2024-03-10T03:00-04:00", "2024-03-11T02:30-04:00"]),
    (NEW_YORK, "30 1 * * *", "2024-11-02T12:00", ["2024-11-03T01:30-04:00", "2024-11-04T01:30-05:00"]),
    # two skipped times become one date, and the date that is there anyway is not doubled
    (BERLIN, "0,30 2,3 * * *", "2024-03-30T12:00", ["2024-03-31T03:00+02:00", "2024-03-31T03:30+02:00"]),
    (NEW_YORK, "15,45 1-3 * * *", "2024-03-10T01:20", ["2024-03-10T01:45-05:00", "2024-03-10T03:00-04:00"]),
    (BERLIN, "15,45 2 * * *", "2024-10-27T01:00", ["2024-10-27T02:15+02:00", "2024-10-27T02:45+02:00"]),
    (BERLIN, "0 */2 * * *", "2024-10-27T01:00", ["2024-10-27T02:00+02:00", "2024-10-27T04:00+01:00"]),
    # every hour: time is followed as it passes
    (BERLIN, "30 * * * *", "2024-03-31T01:00", ["2024-03-31T01:30+01:00", "2024-03-31T03:30+02:00"]),
    (BERLIN, "30 * * * *", "2024-10-27T02:00", ["2024-10-27T02:30+02:00", "2024-10-27T02:30+01:00"]),
    (NEW_YORK, "30 * * * *", "2024-11-03T01:00", ["2024-11-03T01:30-04:00", "2024-11-03T01:30-05:00"]),
    (NEW_YORK, "*/30 * * * *", "2024-03-10T01:20", ["2024-03-10T01:30-05:00", "2024-03-10T03:00-04:00"]),
    # a change of half an hour
    (LORD_HOWE, "30 * * * *", "2024-04-07T01:00", ["2024-04-07T01:30+11:00", "2024-04-07T01:30+10:30"]),
    (LORD_HOWE, "0 2 * * *", "2024-10-05T12:00", ["2024-10-06T02:30+11:00", "2024-10-07T02:00+11:00"]),
]


@pytest.mark.parametrize(("zone", "expression", "start", "wanted"), SPRING_AND_AUTUMN)
def test_a_change_of_clocks_neither_loses_nor_doubles_a_date(
    zone: str, expression: str, start: str, wanted: list[str]
) -> None:
    cron = parse_cron(expression, ZoneInfo(zone))
    at = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    found = []
    for _ in wanted:
        following = cron.next(at)
        assert following is not None
        found.append(following)
        at = following
    assert [each.isoformat(timespec="minutes") for each in found] == wanted
    back = cron.previous(at)
    assert back is not None
    assert back.isoformat(timespec="minutes") == wanted[-2]


DATES = [
    ("* * * * *", "2024-01-01T00:00:30", "2024-01-01T00:01:00"),
    ("*/15 9-10 * * *", "2024-01-01T10:45:00", "2024-01-02T09:00:00"),
    ("0 0 29 2 *", "2024-02-29T00:00:00", "2028-02-29T00:00:00"),
    ("0 0 13 * FRI", "2024-01-01T00:00:00", "2024-01-05T00:00:00"),  # either day field is enough
    ("0 0 * * 7", "2024-01-01T00:00:00", "2024-01-07T00:00:00"),
    ("0 0 * * sun", "2024-01-01T00:00:00", "2024-01-07T00:00:00"),
    ("0 12 1 jan-mar *", "2024-03-01T12:00:00", "2025-01-01T12:00:00"),
    ("@yearly", "2024-01-01T00:00:00", "2025-01-01T00:00:00"),
    ("@annually", "2024-01-01T00:00:00", "2025-01-01T00:00:00"),
    ("@monthly", "2024-01-01T00:00:00", "2024-02-01T00:00:00"),
    ("@weekly", "2024-01-01T00:00:00", "2024-01-07T00:00:00"),
    ("@daily", "2024-01-01T00:00:00", "2024-01-02T00:00:00"),
    ("@midnight", "2024-01-01T00:00:00", "2024-01-02T00:00:00"),
    ("@hourly", "2024-01-01T00:00:00", "2024-01-01T01:00:00"),
]


@pytest.mark.parametrize(("expression", "start", "wanted"), DATES)
def test_the_next_date_comes_after_the_start(expression: str, start: str, wanted: str) -> None:
    at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert parse_cron(expression).next(at) == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


def test_seconds_come_first() -> None:
    cron = parse_cron("*/20 * * * * *", with_seconds=True)
    at = datetime(2024, 1, 1, 0, 0, 41, tzinfo=UTC)
    assert cron.next(at) == datetime(2024, 1, 1, 0, 1, tzinfo=UTC)
    assert cron.previous(at) == datetime(2024, 1, 1, 0, 0, 40, tzinfo=UTC)


def test_a_nickname_goes_with_seconds_too() -> None:
    cron = parse_cron("@hourly", with_seconds=True)
    assert cron.next(datetime(2024, 1, 1, tzinfo=UTC)) == datetime(2024, 1, 1, 1, tzinfo=UTC)


def test_the_previous_date_lies_before_even_by_a_microsecond() -> None:
    cron = parse_cron("0 * * * *")
    hour = datetime(2024, 1, 1, 5, tzinfo=UTC)
    assert cron.previous(hour) == hour - timedelta(hours=1)
    assert cron.previous(hour + timedelta(microseconds=1)) == hour


def test_a_date_that_never_comes_is_none() -> None:
    cron = parse_cron("0 0 31 2 *")
    assert cron.next(datetime(2024, 1, 1, tzinfo=UTC)) is None
    assert cron.previous(datetime(2024, 1, 1, tzinfo=UTC)) is None


def test_the_end_of_the_calendar_is_no_failure() -> None:
    assert parse_cron("0 0 * * *").next(datetime(9999, 12, 31, 23, tzinfo=UTC)) is None


BAD = [
    ("x", "1 fields, wanted are 5"),
    ("", "0 fields"),
    ("* * * *", "4 fields"),
    ("* * * * * *", "6 fields, wanted are 5"),
    ("60 * * * *", "the minute 60 is not in 0 to 59"),
    ("* 24 * * *", "the hour 24"),
    ("0 0 0 * *", "the day of month 0"),
    ("0 0 * 13 *", "the month 13"),
    ("* * * * 8", "the day of week 8"),
    ("5-1 * * * *", "goes down"),
    ("0 0 * * fri-mon", "goes down"),
    ("*/0 * * * *", "step"),
    ("1,,2 * * * *", "the minute ''"),
    ("0 0 L * *", "the day of month 'L'"),
    ("0 0 * * MON#2", "MON#2"),
    ("H * * * *", "the minute 'H'"),
    ("R * * * *", "the minute 'R'"),
    ("0 0 ? * MON", "'?'"),
    ("0 0 * FOO *", "names are JAN"),
    ("MON * * * *", "takes numbers only"),
    ("@reboot", "@hourly"),
]


@pytest.mark.parametrize(("expression", "reason"), BAD)
def test_a_bad_expression_is_refused_with_the_reason(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match="invalid cron expression") as caught:
        parse_cron(expression)
    assert reason in str(caught.value)


def test_seconds_are_six_fields_only_where_they_are_asked_for() -> None:
    with pytest.raises(ValueError, match="5 fields, wanted are 6"):
        parse_cron("* * * * *", with_seconds=True)


FIELD = st.sampled_from
EXPRESSIONS = st.tuples(
    FIELD(["*", "0", "*/7", "5,50", "10-20"]),
    FIELD(["*", "0", "2", "1-3", "*/5", "23"]),
    FIELD(["*", "*", "1", "31", "10-12"]),
    FIELD(["*", "*", "3", "FEB", "10-11"]),
    FIELD(["*", "*", "0", "MON-FRI", "7"]),
).map(" ".join)
MOMENTS = st.datetimes(datetime(2023, 1, 1), datetime(2026, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@settings(deadline=None, max_examples=60)
@given(EXPRESSIONS, MOMENTS)
def test_in_utc_the_dates_are_those_of_croniter(expression: str, at: datetime) -> None:
    cron = parse_cron(expression)
    oracle: Any = croniter(expression, at)
    try:
        wanted = oracle.get_next(datetime)
    except CroniterBadDateError:
        assert (cron.next(at), cron.previous(at)) == (None, None)
        return
    assert cron.next(at) == wanted
    oracle = croniter(expression, at)
    assert cron.previous(at) == oracle.get_prev(datetime)


@settings(deadline=None, max_examples=60)
@given(EXPRESSIONS, MOMENTS, FIELD([BERLIN, NEW_YORK, LORD_HOWE]))
def test_going_back_leads_to_where_one_came_from(expression: str, at: datetime, zone: str) -> None:
    cron = parse_cron(expression, ZoneInfo(zone))
    first = cron.next(at)
    assume(first is not None)  # 31 February
    assert first is not None
    assert first > at
    second = cron.next(first)
    assert second is not None
    assert second > first
    assert cron.previous(second) == first
    assert cron.next(second.astimezone(UTC) - timedelta(seconds=1)) == second  # not on the local clock, which has gaps
