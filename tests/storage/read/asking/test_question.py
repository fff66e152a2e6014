"""A bad question is a value that says what is wrong with it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from storage.read.asking.question import Filter, Problem, Question, Range, Span, check_question, locate, show_value

ZONE = ZoneInfo("Asia/Kathmandu")
DAYS = Range(date(2026, 11, 1), date(2026, 11, 3))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"range": Range(date(2026, 11, 3), date(2026, 11, 3))}, "ends before it begins"),
        ({"range": Range(datetime(2026, 11, 1), date(2026, 11, 3))}, "no zone"),  # noqa: DTZ001 - that is the point
        ({"range": Range(date(2000, 1, 1), date(2026, 1, 1))}, "longer than 3700 days"),
        ({"range": Range(date(2026, 1, 1), date(2026, 2, 1)), "by": ("minute",)}, "2 days at most"),
        ({"measures": ()}, "no measure"),
        ({"measures": ("people", "people")}, "twice"),
        ({"measures": ("visitors",)}, "visitors is no measure"),
        ({"by": ("city",)}, "city is nothing to group by"),
        ({"by": ("day", "hour")}, "one unit of time"),
        ({"by": ("country", "device", "os", "browser")}, "3 different things"),
        ({"by": ("country", "country")}, "3 different things"),
        ({"sort": "bots"}, "not among the measures"),
        ({"sort": "country"}, "not among the measures or groups"),
        ({"sort": "bot_rate", "measures": ("bots",)}, "not among the measures or groups"),
        ({"where": (Filter("city", ("Lisbon",)),)}, "city is nothing to filter by"),
        ({"where": (Filter("country", ()),)}, "1 to 200 values"),
        ({"where": (Filter("country", ("\x01",)),)}, "many values together"),
        ({"where": (Filter("country", ("D\0",)),)}, "NUL"),
        ({"where": (Filter("utm_source", ("x" * 151,)),)}, "150 characters"),
        ({"limit": 0}, "1 to 10,000 rows"),
        ({"offset": -1}, "begins at 0"),
        ({"offset": 3, "by": ("code", "day")}, "by day, all rows are given at once"),
    ],
)
def test_a_bad_question_says_why(changes: dict[str, Any], reason: str) -> None:
    problem = check_question(Question(**({"range": DAYS} | changes)), ZONE)

    assert isinstance(problem, Problem)
    assert reason in problem.reason


def test_days_are_those_of_the_reporting_zone() -> None:
    begin = datetime(2026, 10, 31, 18, 15, tzinfo=UTC)

    assert locate(DAYS, ZONE) == Span(begin, begin + timedelta(days=2))
    assert check_question(Question(range=DAYS, by=("day", "country", "device", "os"), sort="os"), ZONE) is None


def test_values_that_are_none_are_named() -> None:
    assert [show_value(value) for value in ("", "\x01", "DE")] == ["(unknown)", "(other)", "DE"]
