"""Whole numbers as texts."""

import pytest

from console.web.numbers import read_whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("200", 200),
        ("007", 7),
        ("0", None),
        ("201", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("²", None),
        # A check of the first digits alone would let this pass as 1.
        ("000000001999999", None),
        ("9" * 5000, None),
    ],
)
def test_only_digits_within_the_bounds_are_a_number(text: str, expected: int | None) -> None:
    assert read_whole(text, 1, 200) == expected
