import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from referrals.model import Key, key_of
from referrals.snapshot.reader import NAME, UNREADABLE, InvalidSnapshot, SnapshotFile, open_snapshot
from tests.referrals.snapshot.files import HERE, many_codes, open_file, write_file

ROWS = many_codes(500)
VALUES = {key_of(row): row for row in ROWS}
ABSENT: list[Key] = [("code", "c00000x"), ("code", "0"), ("code", "~"), ("affiliate", "aaa"), ("program", "zzz")]


def flip(data: bytearray, at: int, rng: random.Random) -> None:
    data[at] ^= 1 << rng.randrange(8)


def cut(data: bytearray, at: int, _: random.Random) -> None:
    del data[at:]


def leave_out(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.randrange(1, 3_000)]


def blank(data: bytearray, at: int, rng: random.Random) -> None:
    end = min(at + rng.randrange(1, 3_000), len(data))
    data[at:end] = bytes(end - at)


def repeat(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = data[at : at + rng.randrange(1, 3_000)]


DAMAGES: list[Callable[[bytearray, int, random.Random], None]] = [flip, cut, leave_out, blank, repeat]


def test_every_value_is_found_and_nothing_else(tmp_path: Path) -> None:
    file = write_file(tmp_path, ROWS)
    assert {key: file.find(key) for key in VALUES} == VALUES
    assert [file.find(key) for key in ABSENT] == [None] * len(ABSENT)
    assert (file.info.installation, file.version, file.info.codes) == (HERE, 10, 500)


def test_an_empty_set_is_one_too(tmp_path: Path) -> None:
    file = write_file(tmp_path, [])
    assert (file.find(("code", "c00001")), file.info.codes) == (None, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_file_gives_what_is_intact_and_nothing_wrong(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    write_file(tmp_path, ROWS)
    data = bytearray((tmp_path / NAME).read_bytes())
    rng.choice(DAMAGES)(data, rng.randrange(len(data)), rng)
    (tmp_path / NAME).write_bytes(data)
    file = open_snapshot(tmp_path / NAME)
    if isinstance(file, SnapshotFile):
        assert {file.find(key) for key in ABSENT} <= {None, UNREADABLE}
        assert [key for key, value in VALUES.items() if file.find(key) not in (value, UNREADABLE)] == []


def test_what_is_cut_off_while_it_is_in_use_is_untold(tmp_path: Path) -> None:
    file = write_file(tmp_path, ROWS)
    os.truncate(tmp_path / NAME, 10_000)
    assert (file.find(("affiliate", "ann")), file.find(("code", "c00499"))) == (VALUES["affiliate", "ann"], UNREADABLE)


def test_a_file_that_is_replaced_is_read_on_by_who_has_it_open(tmp_path: Path) -> None:
    file = write_file(tmp_path, ROWS)
    newer = write_file(tmp_path, ROWS[:2], version=11)
    assert (file.find(("code", "c00499")), newer.find(("code", "c00499"))) == (VALUES["code", "c00499"], None)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is not a snapshot of referrals, or has another format version"),
        (b"clickrail referrals 2\nprogram", "it is not a snapshot of referrals, or has another format version"),
        (b"clickrail referrals 1", "its end is missing"),
        (b"clickrail referrals 1\nindex 00000000000000000021 00000000\n", "its index is damaged"),
        (b"clickrail referrals 1\nindex 99999999999999999999 00000000\n", "its index is damaged"),
    ],
)
def test_what_is_none_of_ours_is_refused_with_a_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / NAME).write_bytes(data)
    assert InvalidSnapshot(reason) == open_snapshot(tmp_path / NAME)


def test_a_value_that_may_not_stand_there_is_untold(tmp_path: Path) -> None:
    write_file(tmp_path, ROWS)
    good = open_file(tmp_path)
    row = VALUES["code", "c00010"]
    unfit = [{"target_url": "javascript:alert(1)"}, {"status": "unheard of"}]
    found = []
    for changes in unfit:
        fields = {name: getattr(row, name) for name in row.__struct_fields__}
        found.append(write_file(tmp_path, [type(row)(**fields | changes)]).find(("code", "c00010")))
    assert (found, good.find(("code", "c00010"))) == ([UNREADABLE, UNREADABLE], row)
