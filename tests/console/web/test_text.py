"""Texts of strangers: what hides or turns is shown by its number."""

import pytest

from console.web.text import cut, join, make_visible, read_bytes


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("safe\u202etxt.exe", "safe\\u202Etxt.exe"),
        ("a\u200bb", "a\\u200Bb"),
        ("\ufeffx", "\\uFEFFx"),
        ("a\x1b[31mb\x00", "a\\u001B[31mb\\u0000"),
        ("line\nfeed", "line\\u000Afeed"),
        ("no\u00a0break", "no\\u00A0break"),
        ("\U000e0041", "\\U000E0041"),
    ],
)
def test_what_cannot_be_seen_is_shown_by_its_number(hostile: str, shown: str) -> None:
    assert make_visible(hostile) == shown


@pytest.mark.parametrize("innocent", ["São Paulo", "日本語", "👨\u200d👩\u200d👧", "ك\u200cك", "<b>{{7*7}}</b>"])
def test_what_people_write_stays_as_it_is(innocent: str) -> None:
    assert make_visible(innocent) == innocent


def test_a_long_text_ends_in_an_ellipsis_at_its_length() -> None:
    assert cut("abcdefgh", 5) == "abcd…"
    assert cut("abcde", 5) == "abcde"


def test_bytes_that_are_no_text_are_shown_all_the_same() -> None:
    assert read_bytes(b'\xff{"a":\n1}\x00') == '\ufffd{"a":\n1}\\u0000'


def test_only_the_pieces_that_there_are_are_joined() -> None:
    assert join("a", None, "", "b") == "a · b"
