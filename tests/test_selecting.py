"""Which files with tests are read: every file is in one of the shares, however many there are."""

from argparse import ArgumentTypeError
from collections import Counter
from pathlib import Path

import pytest

from tests.selecting import is_of_share, is_unmarked, read_share

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("count", [1, 2, 3, 8, 65])
def test_every_file_is_of_one_share(count: int) -> None:
    shares = [(number, count) for number in range(1, count + 1)]

    assert dict.fromkeys(FILES, 1) == Counter(
        file for file in FILES for share in shares if is_of_share(file, ROOT, share)
    )


@pytest.mark.parametrize("count", [2, 3])
def test_the_shares_are_about_as_large(count: int) -> None:
    files = [sum(is_of_share(file, ROOT, (number, count)) for file in FILES) for number in range(1, count + 1)]

    assert min(files) > len(FILES) / count * 0.75


def test_a_share_is_read() -> None:
    assert read_share("2/3") == (2, 3)


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "a/b", "1/2/3"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no share: write 2/3 for the second of three"):
        read_share(text)


@pytest.mark.parametrize(
    ("fixtures", "marks", "is_wrong"),
    [
        (["tmp_path", "postgres", "database_url"], ["parametrize"], True),
        (["line", "third_kafka"], [], True),
        (["tmp_path", "postgres"], ["slow", "servers"], False),
        (["tmp_path", "offline_console"], [], False),
    ],
)
def test_what_asks_for_a_server_must_say_so(fixtures: list[str], marks: list[str], *, is_wrong: bool) -> None:
    assert is_unmarked(fixtures, marks) is is_wrong
