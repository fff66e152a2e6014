"""Sanitizing hostile texts."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.request.sanitizer import TextSanitizer, clean
from tests.ingest.builders import MODEST

anything = st.text(st.characters(codec=None), max_size=80)


@MODEST
@given(anything, st.integers(0, 60))
@example("\ud800\udfff", 60)
@example("\x9b31mred\x85", 60)
@example("a\0b\x7fc", 2)
def test_a_cleaned_text_is_unicode_without_control_characters_within_its_cap(text: str, cap: int) -> None:
    cleaned, _ = clean(text, cap)
    assert len(cleaned) <= cap
    assert cleaned.encode().decode() == cleaned
    assert [character for character in cleaned if unicodedata.category(character) in ("Cc", "Cs")] == []


@MODEST
@given(anything, st.integers(0, 60))
def test_cleaning_twice_changes_nothing_more(text: str, cap: int) -> None:
    cleaned, _ = clean(text, cap)
    assert clean(cleaned, cap) == (cleaned, False)


@MODEST
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=80), st.integers(0, 60))
def test_a_harmless_text_is_kept_and_only_cut(text: str, cap: int) -> None:
    assert clean(text, cap) == (text[:cap], len(text) > cap)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("x\0y", "xy"),
        ("a\r\nSet-Cookie: b\t", "aSet-Cookie: b"),
        ("\udcff\udcfe", "\ufffd\ufffd"),
        ("Zürich 東京 👍", "Zürich 東京 👍"),
        ("\u202egnirts\ufeff", "\u202egnirts\ufeff"),
    ],
)
def test_a_text_loses_what_harms_and_nothing_else(text: str, cleaned: str) -> None:
    assert clean(text, 100) == (cleaned, False)


def test_the_cap_counts_characters_after_cleaning() -> None:
    assert clean("\0" * 100 + "ü" * 10, 10) == ("ü" * 10, False)
    assert clean("ü" * 11, 10) == ("ü" * 10, True)


def test_a_sanitizer_remembers_each_field_it_cut_once_after_those_cut_before() -> None:
    sanitizer = TextSanitizer(["sub1"])
    assert sanitizer.sanitize("host", "short", 5) == "short"
    assert sanitizer.sanitize("query", "too long", 3) == "too"
    assert sanitizer.sanitize("query", "too long again", 3) == "too"
    assert sanitizer.sanitize("sub1", "too long", 3) == "too"
    assert sanitizer.sanitize("referrer", None, 3) is None
    assert sanitizer.truncated == ["sub1", "query"]


def test_a_sanitizer_cleans_a_short_text_too() -> None:
    assert TextSanitizer().sanitize("user_agent", "a\0\x9b\udcff", 10) == "a\ufffd"
