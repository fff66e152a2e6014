"""The writer when the disk refuses: clicks wait in memory, and are written when the disk works again.

The refusals are real: a limit on file size for full disks, a limit on open files, a file in place of a folder.
`test_tiny_disk.py` has a file system that is full.
"""

import os
import resource
from pathlib import Path

import pytest

from ingest.journal.folder_lock import LOCK, JournalOwned
from ingest.journal.journal import JournalLimits
from tests.ingest.journal.builders import (
    SMALL,
    WORKER,
    Opened,
    drain,
    framed,
    left_in,
    limited,
    numbers,
    on_disk,
    opened,
    run,
    segments,
    until,
)

pytestmark = pytest.mark.slow


async def test_a_write_cut_short_goes_whole_into_the_next_file(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        it.append(1)
        with limited(resource.RLIMIT_FSIZE, 500):
            assert it.append(2) == []
        assert it.journal.problem is None
        assert [path.stat().st_size for path in segments(tmp_path)] == [500, len(framed([2]))]
        assert on_disk(tmp_path) == [1, 2]
        assert await drain(it.journal) == [1, 2]


async def test_what_no_disk_takes_waits_in_memory(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        it.append(1)
        with limited(resource.RLIMIT_FSIZE, 0):
            assert it.append(2, 3) == []
        assert (it.journal.problem, it.journal.unjournalled, it.journal.pending) == ("File too large", 2, 3)
        assert on_disk(tmp_path) == [1]
        assert await drain(it.journal) == [1, 2, 3]
        assert it.lost == {}


async def test_what_neither_takes_is_lost_and_counted_exactly(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        with limited(resource.RLIMIT_FSIZE, 0):
            lost = it.append(*range(100))
        assert (0 < len(lost) < 100, it.lost) == (True, {"journal_failed": len(lost)})
        assert await drain(it.journal) == [click for click in range(100) if click not in lost]


async def test_what_no_disk_takes_to_the_end_is_lost_and_counted(tmp_path: Path) -> None:
    it = Opened(tmp_path)
    await it.journal.prepare()
    with limited(resource.RLIMIT_FSIZE, 0):
        it.append(1, 2, 3)
        it.journal.acknowledge(await it.journal.take(1))
        await it.journal.close()
    assert (it.lost, on_disk(tmp_path)) == ({"stopped": 2}, [])


async def test_it_recovers_when_the_disk_does(tmp_path: Path) -> None:
    async with run(tmp_path) as it:
        with limited(resource.RLIMIT_FSIZE, 0):
            it.append(1)
            await it.journal.prepare()
            assert it.journal.problem == "File too large"
        await until(lambda: it.journal.problem is None and it.journal.in_memory_alone == 0)
        it.append(2)
        assert sorted(on_disk(tmp_path)) == [1, 2]


async def test_a_disk_that_stays_full_is_asked_again_and_leaves_no_litter(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        with limited(resource.RLIMIT_FSIZE, 0):
            it.append(1)
            for _ in range(5):
                await it.journal.prepare()
            assert it.journal.problem == "File too large"
        await drain(it.journal)
    assert left_in(tmp_path) == []


async def test_without_open_files_left_the_segment_in_use_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits(segment_bytes=1000, window_bytes=0)) as it:
        lowest = os.open(tmp_path, os.O_RDONLY)
        os.close(lowest)
        with limited(resource.RLIMIT_NOFILE, lowest):
            for click in range(10):
                it.append(click)
                await it.journal.prepare()
            assert (it.journal.problem, on_disk_later := it.journal.pending) == (None, 10)
        await it.journal.prepare()
        assert len(on_disk(tmp_path)) == on_disk_later
        assert await drain(it.journal) == list(range(10))


async def test_delivery_goes_on_when_no_file_can_be_made(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits(segment_bytes=1000, window_bytes=2_000)) as it:
        lowest = os.open(tmp_path, os.O_RDONLY)
        os.close(lowest)
        with limited(resource.RLIMIT_NOFILE, lowest):
            taken: list[int] = []
            for click in range(30):
                it.append(click)
                await it.journal.prepare()
                if click > 20:
                    entries = await it.journal.take(10)
                    it.journal.acknowledge(entries)
                    taken += numbers(entries)
            assert max(taken) == 29
        it.some.clear()
        await until(it.some.is_set)
        taken += await drain(it.journal)
        assert (sorted(taken), it.lost) == (list(range(30)), {})


async def test_a_folder_that_another_process_has_locked_is_not_written_to(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(1)
        (tmp_path / WORKER / LOCK).unlink()
        async with opened(tmp_path) as other:
            with pytest.raises(JournalOwned):
                await it.journal.prepare()
            assert it.append(2) == []
            assert (it.journal.problem, it.journal.unjournalled) == ("this process has lost the lock of its folder", 1)
            assert await drain(other.journal) == [1]
        await it.journal.prepare()
        assert it.journal.problem is None
        assert await drain(it.journal) == [1, 2]


async def test_a_folder_that_cannot_be_made_is_a_problem_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in the way")
    async with run(tmp_path / "journal") as it:
        assert it.append(1) == []
        assert it.journal.problem is not None
        (tmp_path / "journal").unlink()
        await until(lambda: it.journal.problem is None and it.journal.in_memory_alone == 0)
        it.append(2)
        assert sorted(on_disk(tmp_path / "journal")) == [1, 2]
        assert await drain(it.journal) == [1, 2]


async def test_a_number_in_use_by_something_else_is_passed_over(tmp_path: Path) -> None:
    for number in range(1, 4):
        (tmp_path / WORKER / f"{number:010}.seg").mkdir(parents=True)
    async with opened(tmp_path, limits=SMALL) as it:
        for _ in range(4):
            await it.journal.prepare()
        it.append(1)
        assert [path.name for path in segments(tmp_path)] == ["0000000004.seg", "0000000005.seg"]
