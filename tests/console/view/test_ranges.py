"""Ranges by name, and their neighbours."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from console.view.ranges import NAMED, Today, is_running, shift_range
from storage.read.asking.question import Range

NEW_YORK = ZoneInfo("America/New_York")
TODAY = Today(datetime(2026, 11, 29, 3, 20, tzinfo=UTC), NEW_YORK, date(2026, 3, 5))
"""In New York it is still the 28th."""

DAYS = {
    "today": (date(2026, 11, 28), date(2026, 11, 29)),
    "yesterday": (date(2026, 11, 27), date(2026, 11, 28)),
    "24h": (datetime(2026, 11, 28, 4, tzinfo=UTC), datetime(2026, 11, 29, 4, tzinfo=UTC)),
    "7d": (date(2026, 11, 22), date(2026, 11, 29)),
    "last_week": (date(2026, 11, 16), date(2026, 11, 23)),
    "28d": (date(2026, 11, 1), date(2026, 11, 29)),
    "91d": (date(2026, 8, 30), date(2026, 11, 29)),
    "month": (date(2026, 11, 1), date(2026, 12, 1)),
    "last_month": (date(2026, 10, 1), date(2026, 11, 1)),
    "year": (date(2026, 1, 1), date(2027, 1, 1)),
    "12mo": (date(2025, 12, 1), date(2026, 12, 1)),
    "all": (date(2026, 3, 5), date(2026, 11, 29)),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_range_has_the_days_of_the_reporting_zone(name: str) -> None:
    assert NAMED[name].find(TODAY) == Range(*DAYS[name])


def test_each_range_has_a_key_of_its_own() -> None:
    assert len({one.key for one in NAMED.values()}) == len(NAMED)


@pytest.mark.parametrize(
    ("asked", "steps", "expected"),
    [
        (Range(date(2026, 11, 22), date(2026, 11, 29)), -1, Range(date(2026, 11, 15), date(2026, 11, 22))),
        (Range(date(2026, 11, 1), date(2026, 12, 1)), -1, Range(date(2026, 10, 1), date(2026, 11, 1))),
        (Range(date(2026, 1, 1), date(2027, 1, 1)), -1, Range(date(2025, 1, 1), date(2026, 1, 1))),
        (Range(date(2026, 1, 1), date(2026, 2, 1)), 1, Range(date(2026, 2, 1), date(2026, 3, 1))),
        (
            Range(datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)),
            1,
            Range(datetime(2026, 11, 2, 5, tzinfo=UTC), datetime(2026, 11, 3, 6, tzinfo=UTC)),
        ),
    ],
)
def test_the_next_range_is_as_long_and_months_stay_months(asked: Range, steps: int, expected: Range) -> None:
    assert shift_range(asked, steps, NEW_YORK) == expected


def test_a_range_runs_until_its_last_moment() -> None:
    assert is_running(NAMED["today"].find(TODAY), TODAY)
    assert not is_running(NAMED["yesterday"].find(TODAY), TODAY)
