"""Referral codes."""

from string import ascii_letters, digits

import pytest

from urls.codes import decode_unreserved, is_code

UNRESERVED = f"{ascii_letters}{digits}-._~"


@pytest.mark.parametrize("text", ["a", "A-_9", "x" * 64])
def test_a_code_is_told_apart(text: str) -> None:
    assert is_code(text)


@pytest.mark.parametrize("text", ["", "a b", "a/b", "a\n", "é", "x" * 65, "a\0", "%61"])
def test_what_is_no_code_is_told_apart(text: str) -> None:
    assert not is_code(text)


def test_just_the_unreserved_characters_are_decoded() -> None:
    every = "".join(f"%{number:02X}%{number:02x}" for number in range(256))
    expected = "".join(
        chr(number) * 2 if number < 128 and chr(number) in UNRESERVED else f"%{number:02X}%{number:02x}"
        for number in range(256)
    )
    assert expected == decode_unreserved(every)


def test_nothing_is_decoded_twice() -> None:
    assert decode_unreserved("%2561%%361") == "%2561%61"
