"""Texts in patterns of LIKE."""

import pytest

from runtime.like import escape_like


@pytest.mark.parametrize(
    ("text", "expected"), [("100%", r"100\%"), ("a_b", r"a\_b"), ("a\\b", r"a\\b"), ("plain", "plain")]
)
def test_wildcards_stand_for_themselves(text: str, expected: str) -> None:
    assert escape_like(text) == expected
