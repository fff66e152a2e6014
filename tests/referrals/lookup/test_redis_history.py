"""Which history of the database the values in Redis belong to."""

import pytest

from referrals.lookup.redis_history import History, advance_history, is_behind, pack_history, unpack_history
from tests.referrals.builders import get_signer

NAME = b"test:referrals:history"
HERE = History(b"0123456789ab", 40, b"here/1")


def test_a_record_comes_back_as_it_was() -> None:
    assert unpack_history(get_signer(), NAME, pack_history(get_signer(), NAME, HERE)) == HERE


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"rubbish",
        pack_history(get_signer(), b"elsewhere", HERE),
        pack_history(get_signer(), NAME, HERE).replace(b" 40 ", b" 10 "),
        b"A" * 22 + pack_history(get_signer(), NAME, HERE)[22:],
        pack_history(get_signer(), NAME, HERE) + b"\n",
    ],
)
def test_whatever_else_stands_there_is_none(data: object) -> None:
    assert unpack_history(get_signer(), NAME, data) is None


@pytest.mark.parametrize(
    ("history", "origin", "version", "expected"),
    [
        (None, b"here/1", 1, False),
        (HERE, b"here/1", 39, True),
        (HERE, b"here/1", 40, False),
        (HERE, b"there/1", 1, False),
    ],
)
def test_a_database_is_behind_when_more_was_seen_of_it(
    history: History | None, origin: bytes, version: int, *, expected: bool
) -> None:
    assert is_behind(history, origin, version) == expected


def test_the_highest_version_only_grows_and_the_epoch_stays() -> None:
    assert advance_history(HERE, b"here/1", 50, is_restored=False) == History(HERE.epoch, 50, b"here/1")
    assert advance_history(HERE, b"here/1", 30, is_restored=False) == HERE


@pytest.mark.parametrize(
    ("history", "origin", "is_restored"), [(None, b"here/1", False), (HERE, b"there/1", False), (HERE, b"here/1", True)]
)
def test_another_database_or_a_restored_one_starts_an_epoch(
    history: History | None, origin: bytes, *, is_restored: bool
) -> None:
    started = advance_history(history, origin, 7, is_restored=is_restored)

    assert (started.highest, started.origin) == (7, origin)
    assert started.epoch != HERE.epoch
