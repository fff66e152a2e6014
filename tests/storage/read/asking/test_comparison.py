"""A range is compared with one of the same weekdays, and while it runs, with the same part of it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from storage.read.asking.comparison import find_range, list_comparisons
from storage.read.asking.question import Compare, Moment, Question, Range

BERLIN = ZoneInfo("Europe/Berlin")
JANUARY = (date(2026, 1, 1), date(2026, 2, 1))
NOW = datetime(2026, 10, 27, 9, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("compare", "begin", "end", "expected"),
    [
        ("previous", date(2026, 10, 27), date(2026, 10, 28), (date(2026, 10, 20), date(2026, 10, 21))),
        ("previous", date(2026, 10, 1), date(2026, 11, 1), (date(2026, 8, 27), date(2026, 9, 27))),
        ("year", date(2024, 2, 29), date(2024, 3, 1), (date(2023, 2, 28), date(2023, 3, 1))),
        (Range(*JANUARY), date(2026, 2, 1), date(2026, 3, 1), JANUARY),
        (
            "previous",
            datetime(2026, 10, 27, 9, tzinfo=UTC),
            datetime(2026, 10, 27, 10, tzinfo=UTC),
            (datetime(2026, 10, 20, 8, tzinfo=UTC), datetime(2026, 10, 20, 9, tzinfo=UTC)),
        ),
    ],
)  # fmt: skip
def test_a_range_is_compared_with_an_earlier_one(
    compare: Compare, begin: Moment, end: Moment, expected: tuple[Moment, Moment]
) -> None:
    assert find_range(Question(range=Range(begin, end), compare=compare), BERLIN) == Range(*expected)


def test_a_running_day_is_compared_up_to_the_same_minute_on_the_clock_or_else_hour() -> None:
    question = Question(range=Range(date(2026, 10, 27), date(2026, 10, 28)), compare="previous")
    pairs = list(list_comparisons(question, NOW, BERLIN))

    assert [(one.range.end, other.range.end) for one, other in pairs] == [
        (datetime(2026, 10, 27, 9, 30, tzinfo=UTC), datetime(2026, 10, 20, 8, 30, tzinfo=UTC)),
        (datetime(2026, 10, 27, 9, 0, tzinfo=UTC), datetime(2026, 10, 20, 8, 0, tzinfo=UTC)),
    ]
    assert {one.compare for pair in pairs for one in pair} == {None}


@pytest.mark.parametrize(
    ("begin", "other", "end"),
    [
        (date(2026, 10, 1), Range(date(2026, 2, 1), date(2026, 2, 15)), datetime(2026, 2, 14, 23, tzinfo=UTC)),
        (date(2026, 10, 1), Range(date(2026, 2, 1), date(2026, 3, 1)), datetime(2026, 2, 27, 9, 30, tzinfo=UTC)),
    ],
)
def test_a_running_range_is_compared_with_no_more_than_a_given_one(begin: date, other: Range, end: datetime) -> None:
    question = Question(range=Range(begin, date(2026, 11, 1)), compare=other)

    one, before = next(list_comparisons(question, NOW, BERLIN))

    assert one.range.end == datetime(2026, 10, 27, 9, 30, tzinfo=UTC)
    assert before.range == Range(other.begin, end)


def test_a_range_that_is_over_is_compared_whole() -> None:
    question = Question(range=Range(date(2026, 10, 20), date(2026, 10, 27)), compare="previous")

    assert [other.range for _, other in list_comparisons(question, NOW, BERLIN)] == [
        Range(date(2026, 10, 13), date(2026, 10, 20))
    ]
