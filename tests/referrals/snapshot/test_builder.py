"""Merging. What comes from Postgres is in test_keeping."""

import os
import random
from pathlib import Path

import pytest

from referrals.model import Key, Referral, key_of
from referrals.snapshot.builder import DamagedSnapshot, can_merge, merge
from referrals.snapshot.reader import NAME, UNREADABLE, SnapshotFile
from referrals.snapshot.referral_set import ChangedValue
from referrals.snapshot.writer import SnapshotWriter
from tests.referrals.builders import code, program
from tests.referrals.snapshot.files import HERE, many_codes, open_file, write_file


def write_merged(folder: Path, base: SnapshotFile, changed: dict[Key, ChangedValue]) -> SnapshotFile:
    writer = SnapshotWriter(folder, base.info.codes)
    writer.begin()
    try:
        merge(writer, base, changed)
        writer.finish(HERE, base.version + 1, 1.0, base.info.fields)
    finally:
        writer.discard()
    return open_file(folder)


def change_some(rng: random.Random, version: int) -> dict[Key, ChangedValue]:
    changed: dict[Key, ChangedValue] = {}
    for _ in range(rng.choice([1, 3, 30, 300])):
        name = f"{rng.choice('abc')}{rng.randrange(3_000):05}"
        value = (
            None if rng.random() < 0.3 else code(code=name, version=version, status=rng.choice(["active", "paused"]))
        )
        changed["code", name] = ChangedValue(version, value)
    if rng.random() < 0.3:
        changed["program", "shop"] = ChangedValue(version, program(version=version))
    return changed


@pytest.mark.parametrize("start", [0, 1, 2_000])
def test_merging_again_and_again_gives_what_the_changes_say(tmp_path: Path, start: int) -> None:
    rng = random.Random(start)
    expected: dict[Key, Referral] = {key_of(row): row for row in many_codes(start)}
    file = write_file(tmp_path, expected.values())
    for version in range(11, 51):
        changed = change_some(rng, version)
        file = write_merged(tmp_path, file, changed)
        for key, change in changed.items():
            expected.pop(key, None)
            if change.value is not None and change.value != UNREADABLE:
                expected[key] = change.value
        gone = [key for key in changed if key not in expected]
        assert [file.find(key) for key in gone] == [None] * len(gone)
    assert {key: file.find(key) for key in expected} == expected
    assert file.info.codes == sum(kind == "code" for kind, _ in expected)
    # Blocks neither crumble nor grow without bound.
    sizes = [end - begin for begin, end in zip(file.blocks.edges, file.blocks.edges[1:], strict=False)]
    assert (max(sizes) <= 5_000, len(sizes) <= 3 * sum(sizes) / 2_048 + 2) == (True, True)


def test_a_merge_may_remove_every_row(tmp_path: Path) -> None:
    rows = many_codes(100)
    file = write_merged(tmp_path, write_file(tmp_path, rows), {key_of(row): ChangedValue(11, None) for row in rows})
    assert (file.info.codes, len(file.blocks.first_keys)) == (0, 0)


def test_a_damaged_block_that_is_to_be_changed_stops_the_merging(tmp_path: Path) -> None:
    base = write_file(tmp_path, many_codes(100))
    os.truncate(tmp_path / NAME, 3_000)
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(DamagedSnapshot):
        write_merged(tmp_path, base, {("code", "c00099"): ChangedValue(11, None)})
    with pytest.raises(OSError, match="truncated"):
        write_merged(tmp_path, base, {("affiliate", "ann"): ChangedValue(11, None)})
    assert ([path.name for path in tmp_path.iterdir()], (tmp_path / NAME).read_bytes()) == ([NAME], before)


def test_a_row_that_was_not_understood_cannot_be_merged() -> None:
    assert (
        can_merge({("code", "a"): ChangedValue(1, None)}),
        can_merge({("code", "a"): ChangedValue(1, UNREADABLE)}),
    ) == (
        True,
        False,
    )
