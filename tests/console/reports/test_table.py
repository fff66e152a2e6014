"""The view of one group of a report: its clicks are those that the group counts."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from console.reports.table import narrow
from console.view.ranges import Today
from console.view.view import View
from storage.read.asking.answer import Key
from storage.read.asking.question import Moment, Range, locate

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = Today(datetime(2026, 11, 15, 15, 20, 30, tzinfo=UTC), BERLIN, date(2026, 3, 5))
WEEKS = Range(date(2026, 10, 19), date(2026, 11, 16))
HOURS = Range(datetime(2026, 11, 14, 16, tzinfo=UTC), datetime(2026, 11, 15, 16, tzinfo=UTC))
HALF = Range(datetime(2026, 11, 15, 9, 30, tzinfo=UTC), datetime(2026, 11, 15, 10, 30, tzinfo=UTC))
MIDNIGHT = datetime(2026, 11, 14, 23, tzinfo=UTC)
TEN = datetime(2026, 11, 15, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "unit", "key", "begin", "end"),
    [
        (WEEKS, "month", date(2026, 10, 1), date(2026, 10, 19), date(2026, 11, 1)),
        (WEEKS, "month", date(2026, 11, 1), date(2026, 11, 1), date(2026, 11, 16)),
        (WEEKS, "day", date(2026, 10, 25), date(2026, 10, 25), date(2026, 10, 26)),
        (HOURS, "day", date(2026, 11, 14), HOURS.begin, MIDNIGHT),
        (HOURS, "day", date(2026, 11, 15), MIDNIGHT, HOURS.end),
        (HALF, "hour", datetime(2026, 11, 15, 9, tzinfo=UTC), HALF.begin, TEN),
        (HALF, "hour", TEN, TEN, HALF.end),
    ],
)
def test_a_group_of_time_is_narrowed_to_what_the_range_has_of_it(
    asked: Range, unit: str, key: Key, begin: Moment, end: Moment
) -> None:
    one = narrow(View(range="28d", compare="previous"), (unit,), (key,), TODAY, locate(asked, BERLIN))

    assert (one.range, one.days, one.compare) == ("custom", Range(begin, end), None)
