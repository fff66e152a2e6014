"""Times and durations in words."""

from datetime import timedelta

import pytest

from console.web.times import describe_age, describe_duration, describe_exactly
from tests.console.builders import NOW


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "now"),
        (0.9, "now"),
        (1, "1 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (7200, "2 h ago"),
        (172_800, "2 d ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert describe_age(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (0, "0 µs"),
        (999, "999 µs"),
        (1200, "1.2 ms"),
        (230_400, "230 ms"),
        (3_400_000, "3.4 s"),
        (7_200_000_000, "7,200 s"),
        (-1500, "−1.5 ms"),  # noqa: RUF001 - a minus sign is what is meant
    ],
)
def test_a_duration_is_told_in_the_unit_that_suits_it(microseconds: int, words: str) -> None:
    assert describe_duration(microseconds) == words


def test_an_exact_time_is_told_in_utc_to_the_millisecond() -> None:
    assert describe_exactly(NOW) == "2026-11-24 09:30:12.500 UTC"
