"""Counts, rates and changes in the words of the page."""

import pytest

from console.reports.numbers import find_change, find_tone, write_change, write_number


def test_numbers_have_separators_rates_are_percent_and_nothing_is_a_dash() -> None:
    assert write_number(12345, is_rate=False) == "12,345"
    assert write_number(0.1234, is_rate=True) == "12.3%"
    assert write_number(None, is_rate=True) == "–"  # noqa: RUF001 - an en dash


@pytest.mark.parametrize(
    ("value", "before", "is_rate", "words"),
    [
        (112, 100, False, "+12%"),
        (1034, 1000, False, "+3.4%"),
        (90, 100, False, "−10%"),  # noqa: RUF001 - a minus sign
        (100, 100, False, "0%"),
        (5, 0, False, "new"),
        (0, 0, False, ""),
        (0, 7, False, "−100%"),  # noqa: RUF001 - a minus sign
        (5000, 100, False, "×50"),  # noqa: RUF001 - a multiplication sign
        (0.15, 0.1, True, "+5 pp"),
        (None, 0.1, True, ""),
    ],
)
def test_a_change_is_told(value: float | None, before: float, is_rate: bool, words: str) -> None:
    assert write_change(value, before, is_rate=is_rate) == words


def test_more_is_welcome_where_more_is_better() -> None:
    assert [find_tone(5.0, is_good=good) for good in (True, False, None)] == ["up", "down", ""]
    assert [find_tone(-5.0, is_good=good) for good in (True, False)] == ["down", "up"]
    assert find_tone(find_change(1, 1, is_rate=False), is_good=True) == ""
