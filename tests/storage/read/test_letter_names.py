"""The name of a dead letter: written, read back, and told apart."""

import msgspec
import pytest

from storage.read.letter_names import LetterName, distinct_names, parse_letter_name
from tests.console.builders import dead_letter


@pytest.mark.parametrize(
    "name",
    [LetterName("clicks.raw", 3, 42), LetterName("eu.clicks.raw", 0, 0, "9f"), LetterName("t", 1, 2, "a" * 64)],
)
def test_a_name_is_read_back_as_it_was_written(name: LetterName) -> None:
    assert parse_letter_name(str(name)) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "clicks.raw",
        "clicks.raw/3",
        "clicks.raw/3/42@",
        "clicks.raw/3/42@xy",
        "clicks.raw/3/42@9F",
        "clicks.raw/3/42@" + "a" * 65,
        "clicks.raw/3/9223372036854775808",
        "clicks.raw/2147483648/1",
        "clicks.raw/\u0663/42",
        "clicks.raw/3/42\n",
    ],
)
def test_what_is_no_name_is_said_to_be_none(text: str) -> None:
    assert parse_letter_name(text) is None


def test_letters_of_one_place_are_named_with_as_many_digits_as_tell_them_apart() -> None:
    letters = [msgspec.structs.replace(dead_letter(), digest=digest) for digest in ("a" * 64, "a" * 9 + "b" * 55)]

    assert [name.digest for name in distinct_names(letters)] == ["a" * 10, "a" * 9 + "b"]
    assert [name.digest for name in distinct_names(letters[:1])] == ["a" * 8]
