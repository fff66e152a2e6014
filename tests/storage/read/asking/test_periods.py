"""Periods are cut as PostgreSQL cuts them, in every zone and over every change of clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from storage.read.asking.periods import (
    ceil_period,
    floor_period,
    is_edge,
    list_days,
    list_periods,
    name_period,
    start_of_day,
)

ZONES = (
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "America/Havana",
    "Asia/Beirut",
)
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


@pytest.mark.servers
async def test_periods_have_the_names_that_postgresql_gives_them(postgres: str) -> None:
    changes = [
        datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 8), (3, 28), (4, 4), (10, 3), (10, 24), (11, 1))
    ]
    times = [at + timedelta(minutes=15 * number, seconds=1) for at in changes for number in range(130)]
    connection = await asyncpg.connect(postgres)
    try:
        for zone in ZONES:
            rows = await connection.fetch(
                """
                SELECT date_trunc('hour', at, $2), (at AT TIME ZONE $2)::date,
                    date_trunc('month', at AT TIME ZONE $2)::date, date_trunc('minute', at, 'UTC')
                FROM unnest($1::timestamptz[]) WITH ORDINALITY AS t (at, n) ORDER BY n
                """,
                times,
                zone,
            )
            named = [
                [name_period(at, unit, ZoneInfo(zone)) for unit in ("hour", "day", "month", "minute")] for at in times
            ]
            assert named == [list(row) for row in rows], zone
    finally:
        await connection.close()


@pytest.mark.parametrize("zone", ZONES)
def test_a_time_lies_between_the_beginning_of_its_period_and_the_next(zone: str) -> None:
    place = ZoneInfo(zone)
    for number in range(0, 200 * 96, 7):
        at = datetime(2026, 3, 1, 0, 1, tzinfo=UTC) + timedelta(minutes=15 * number)
        for unit in ("hour", "day"):
            begin, end = floor_period(at, unit, place), ceil_period(at, unit, place)
            assert begin <= at <= end
            assert is_edge(begin, unit, place)
            assert is_edge(end, unit, place)
            assert name_period(begin, unit, place) == name_period(at, unit, place)


def test_a_day_may_have_23_or_25_hours() -> None:
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)):
        begin, end = start_of_day(day, BERLIN), start_of_day(day + timedelta(days=1), BERLIN)
        assert len(list_periods(begin, end, "hour", BERLIN)) == hours


def test_clocks_that_go_back_half_an_hour_make_a_period_of_half_an_hour() -> None:
    begin = datetime(2026, 4, 4, 14, tzinfo=UTC)

    assert list_periods(begin, begin + timedelta(minutes=120), "hour", LORD_HOWE) == [
        begin, begin + timedelta(minutes=30), begin + timedelta(minutes=90),
    ]  # fmt: skip
    assert ceil_period(begin + timedelta(minutes=61), "hour", LORD_HOWE) == begin + timedelta(minutes=90)


def test_days_follow_each_other_without_a_gap() -> None:
    days = list_days(datetime(2026, 10, 23, 12, tzinfo=UTC), datetime(2026, 10, 27, tzinfo=UTC), BERLIN)

    assert [day for day, _, _ in days] == [date(2026, 10, number) for number in (23, 24, 25, 26, 27)]
    assert all(one[2] == other[1] for one, other in pairwise(days))
