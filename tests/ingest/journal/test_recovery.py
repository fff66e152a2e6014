"""Files damaged in many ways: the journal opens, and gives every intact click."""

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.journal.framing import encode_frame
from ingest.journal.segments import segment_path
from tests.faults.drill import Drill
from tests.ingest.journal.builders import (
    SMALL,
    drain,
    framed,
    key,
    left_in,
    number_of,
    on_disk,
    opened,
    payload,
    segments,
)
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

Files = dict[str, bytes]
CLICKS_EACH = 12


def undamaged() -> Files:
    return {f"{number:010}.seg": framed(range(number * 100, number * 100 + CLICKS_EACH), 60) for number in (1, 2, 3)}


def truncate(files: Files, name: str, chance: random.Random) -> None:
    files[name] = files[name][: -chance.randint(1, 600)]


def flip_bits(files: Files, name: str, chance: random.Random) -> None:
    data = bytearray(files[name])
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    files[name] = bytes(data)


def flip_length(files: Files, name: str, chance: random.Random) -> None:
    data = bytearray(files[name])
    size = len(data) // CLICKS_EACH
    data[size * chance.randrange(CLICKS_EACH) + 4 + chance.randrange(4)] ^= 1 << chance.randrange(8)
    files[name] = bytes(data)


def delete(files: Files, name: str, _chance: random.Random) -> None:
    del files[name]


def insert_garbage(files: Files, name: str, chance: random.Random) -> None:
    at = chance.randrange(len(files[name]))
    begun = encode_frame(key(9), payload(9))[: chance.randint(1, 200)]
    garbage = chance.choice([chance.randbytes(chance.randint(1, 700)), begun, b"\xffCR1" * 50])
    files[name] = files[name][:at] + garbage + files[name][at:]


def zero_a_block(files: Files, name: str, chance: random.Random) -> None:
    at, size = chance.randrange(len(files[name])), chance.randint(1, 512)
    data = files[name]
    files[name] = data[:at] + bytes(len(data[at : at + size])) + data[at + size :]


DAMAGES: list[Callable[[Files, str, random.Random], None]] = [
    truncate,
    flip_bits,
    flip_length,
    delete,
    insert_garbage,
    zero_a_block,
]


def intact(files: Files) -> list[int]:
    """Give the clicks whose frames are unchanged in the files."""
    return [
        click
        for name in sorted(undamaged())
        for click in range(int(name[:10]) * 100, int(name[:10]) * 100 + CLICKS_EACH)
        if framed([click], 60) in files.get(name, b"")
    ]


def write(folder: Path, files: Files) -> None:
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


async def recover(root: Path, seed: int) -> None:
    chance = random.Random(seed)
    files = undamaged()
    for _ in range(chance.randint(1, 3)):
        chance.choice(DAMAGES)(files, chance.choice(sorted(files)), chance)
        if not files:
            break
    write(root / "worker-0", files)
    async with opened(root) as it:
        assert it.append(1) == [], seed
        assert sorted(await drain(it.journal, 1000)) == [1, *intact(files)], seed
        assert (it.lost, it.journal.damaged_records >= 0) == ({}, True), seed
        kept = sum(len(frame) for frame in files.values()) - len(intact(files)) * len(framed([100], 60))
        assert it.journal.damaged_bytes == kept, seed
    assert on_disk(root) == [], seed


async def test_no_damage_costs_an_intact_click_or_a_start(memory_path: Path, drill: Drill) -> None:
    for first in range(0, 1000 if drill.long else 100, 20):
        await asyncio.gather(*(recover(memory_path / str(seed), seed) for seed in range(first, first + 20)))


async def test_bad_bytes_are_kept_where_they_stood(tmp_path: Path) -> None:
    good, bad = framed([1]), b"\xffCR1 and so on"
    write(tmp_path / "worker-0", {"0000000007.seg": good + bad + good})
    async with opened(tmp_path) as it:
        await drain(it.journal)
        assert (it.journal.damaged_bytes, it.journal.damaged_records) == (len(bad), 1)
    kept = tmp_path / "damaged" / "worker-0-0000000007.seg"
    assert kept.read_bytes() == bytes(len(good)) + bad


async def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "worker-0"
    write(folder, {"0000000001.seg": framed([1]), "0000000002.seg.bak": framed([2]), "notes.txt": b"", "1.seg": b"x"})
    (folder / "0000000003.seg").mkdir()
    (folder / "0000000004.seg").symlink_to(folder / "notes.txt")
    os.mkfifo(folder / "0000000005.seg")
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "file").write_text("not a folder")
    before = left_in(tmp_path)
    async with opened(tmp_path) as it:
        assert await drain(it.journal) == [1]
    assert set(before) - set(left_in(tmp_path)) == {"worker-0/0000000001.seg"}


async def test_empty_files_are_removed(tmp_path: Path) -> None:
    write(tmp_path / "worker-0", {"0000000001.seg": b"", "0000000002.seg": framed([1]), "0000000003.seg": b""})
    async with opened(tmp_path) as it:
        assert it.journal.replay_pending == 1
        assert await drain(it.journal) == [1]
    assert left_in(tmp_path) == []


async def test_a_file_that_vanishes_before_its_turn_is_no_failure(tmp_path: Path) -> None:
    write(tmp_path / "worker-0", {"0000000001.seg": framed([1]), "0000000002.seg": framed([2])})
    async with opened(tmp_path) as it:
        segment_path(tmp_path / "worker-0", 1).unlink()
        assert await drain(it.journal) == [2]
        assert (it.journal.damaged_records, it.lost) == (1, {})


async def test_a_file_that_cannot_be_read_waits_and_does_not_hold_up_the_others(tmp_path: Path) -> None:
    write(tmp_path / "worker-0", {"0000000001.seg": framed([1]), "0000000002.seg": framed([2])})
    async with opened(tmp_path) as it:
        path = segment_path(tmp_path / "worker-0", 1)
        path.rename(tmp_path / "aside")
        path.mkdir()
        it.some.clear()
        assert await it.journal.take(10) == []
        await asyncio.wait_for(it.some.wait(), PATIENCE_S)
        assert [number_of(key) for key, _, _ in await it.journal.take(10)] == [2]
        path.rmdir()
        (tmp_path / "aside").rename(path)
        it.some.clear()
        await asyncio.wait_for(it.some.wait(), PATIENCE_S)
        assert [number_of(key) for key, _, _ in await it.journal.take(10)] == [1]


async def test_a_file_with_more_in_it_than_was_counted_is_delivered_whole(tmp_path: Path) -> None:
    write(tmp_path / "worker-0", {"0000000001.seg": framed(range(3), 100_000)})
    async with opened(tmp_path) as it:
        with segment_path(tmp_path / "worker-0", 1).open("ab") as file:
            file.write(framed(range(3, 9), 100_000))
        it.journal.acknowledge(await it.journal.take(3))
        assert len(on_disk(tmp_path)) == 9
        assert await drain(it.journal) == list(range(3, 9))


async def test_recovered_numbers_are_not_used_again(tmp_path: Path) -> None:
    write(tmp_path / "worker-1", {"0000000041.seg": framed([1])})
    async with opened(tmp_path, limits=SMALL) as it:
        it.append(2)
        assert [path.name for path in segments(tmp_path)] == ["0000000041.seg", "0000000042.seg", "0000000043.seg"]
