"""The journal as a queue: append, take, acknowledge."""

import asyncio
import random
from pathlib import Path

import pytest

from ingest.journal.folder_lock import JournalOwned
from ingest.journal.journal import JournalLimits
from ingest.journal.segment_reader import CHUNK
from tests.ingest.journal.builders import (
    SMALL,
    WORKER,
    Opened,
    drain,
    framed,
    left_in,
    numbers,
    on_disk,
    open_journal,
    opened,
    payload,
    run,
    segments,
    until,
)

pytestmark = pytest.mark.slow


async def test_a_click_is_in_its_file_when_append_returns(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        assert it.append(1) == []
        assert segments(tmp_path)[0].read_bytes() == framed([1])


async def test_what_is_appended_is_given_once_and_in_order(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        it.append(*range(100))
        first, second = await it.journal.take(30), await it.journal.take(1000)
        assert numbers(first) + numbers(second) == list(range(100))
        assert await it.journal.take(10) == []
        assert it.journal.pending == 100


async def test_files_go_when_all_of_them_is_acknowledged_in_any_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        for click in range(300):
            it.append(click)
            await asyncio.sleep(0)
            await it.journal.prepare()
        entries = [entry for _ in range(10) for entry in await it.journal.take(300)]
        random.Random(1).shuffle(entries)
        for at in range(0, len(entries), 7):
            it.journal.acknowledge(entries[at : at + 7])
        assert (len(entries), it.journal.pending) == (300, 0)
    assert left_in(tmp_path) == []


async def test_a_file_with_one_click_left_stays_whole(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(1, 2, 3)
        first, second, _third = await it.journal.take(3)
        it.journal.acknowledge([second, first])
    assert on_disk(tmp_path) == [1, 2, 3]


async def test_after_a_stop_the_next_process_delivers_what_was_left(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(*range(40))
    async with opened(tmp_path) as it:
        assert (it.journal.pending, it.journal.replay_pending) == (40, 40)
        it.append(40)
        assert sorted(await drain(it.journal)) == list(range(41))
    assert left_in(tmp_path) == []


async def test_clicks_beyond_memory_are_read_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        for click in range(500):
            it.append(click)
            if click % 20 == 0:
                await it.journal.prepare()
        assert it.journal.pending == 500
        assert it.journal._queues.memory.weight < SMALL.window_bytes + 1000
        assert sorted(await drain(it.journal)) == list(range(500))
        assert it.lost == {}


async def test_memory_stays_small_however_long_nobody_takes(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits(segment_bytes=1_000_000, window_bytes=100_000)) as it:
        for click in range(10_000):
            it.append(click)
            if click % 500 == 0:
                await it.journal.prepare()
        assert (it.journal.pending, it.journal._queues.memory.weight < 101_000) == (10_000, True)
        assert sorted(await drain(it.journal, 500)) == list(range(10_000))


async def test_clicks_go_through_memory_again_when_the_backlog_is_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(*range(200))
        await it.journal.prepare()
        await drain(it.journal)
        await it.journal.prepare()
        it.append(200)
        assert len(it.journal._queues.memory) == 1


async def test_a_backlog_delays_no_new_click_and_new_clicks_delay_no_backlog(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(*range(100))
    async with opened(tmp_path) as it:
        it.append(*range(100, 200))
        taken = numbers(await it.journal.take(20))
        assert taken == [*range(100, 110), *range(10)]


async def test_a_backlog_alone_gets_whole_windows(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(*range(100))
    async with opened(tmp_path) as it:
        assert numbers(await it.journal.take(20)) == list(range(20))
        assert numbers(await it.journal.take(1000)) == list(range(20, 100))


async def test_a_take_given_up_takes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(*range(100))
    async with opened(tmp_path) as it:
        for steps in range(12):
            task = asyncio.create_task(it.journal.take(100))
            for _ in range(steps):
                await asyncio.sleep(0)
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            if not task.cancelled():
                it.journal.acknowledge(await task)
        await drain(it.journal)
        assert it.journal.pending == 0
    assert left_in(tmp_path) == []


async def test_clicks_wider_than_a_chunk_together_are_read_back(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits(window_bytes=0)) as it:
        it.append(*range(9), size=CHUNK // 3)
        assert await drain(it.journal) == list(range(9))


async def test_a_click_larger_than_any_is_delivered_from_memory(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        assert it.append(1, size=200_000) == []
        assert (it.journal.unjournalled, on_disk(tmp_path)) == (1, [])
        assert await drain(it.journal) == [1]


async def test_a_window_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        it.append(*range(100), size=100_000)
        taken = await it.journal.take(100)
        assert 0 < sum(len(click) for _, click, _ in taken) < 5_000_000


async def test_a_file_is_replaced_after_a_while_and_removed_once_delivered(tmp_path: Path) -> None:
    async with run(tmp_path, limits=JournalLimits(segment_s=0.01)) as it:
        it.append(1)
        await until(lambda: len(segments(tmp_path)) == 3)
        it.journal.acknowledge(await it.journal.take(10))
        await until(lambda: len(segments(tmp_path)) == 2)
        assert on_disk(tmp_path) == []


async def test_everything_is_on_the_disk_a_moment_later(tmp_path: Path) -> None:
    async with run(tmp_path) as it:
        it.append(*range(10))
        active = it.journal._writer.active
        assert active is not None
        await until(lambda: active.synced == active.size)
        assert active.size == len(framed(range(10)))


async def test_new_files_have_their_name_on_the_disk_and_are_for_their_owner_alone(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(1)
        modes = [path.stat().st_mode & 0o777 for path in (tmp_path / WORKER, *(tmp_path / WORKER).iterdir())]
        assert modes == [0o700, 0o600, 0o600, 0o600]


async def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(1)
        with pytest.raises(JournalOwned, match=WORKER):
            async with open_journal(tmp_path, WORKER, SMALL, it.some.set, it.lose):
                pytest.fail("two owners")
        it.append(2)
        assert await drain(it.journal) == [1, 2]


async def test_it_says_when_there_is_something_to_take(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.some.clear()
        it.append(1)
        assert it.some.is_set()


async def test_clicks_are_taken_while_the_tasks_run(tmp_path: Path) -> None:
    async with run(tmp_path) as it:
        taken: list[int] = []
        for click in range(1000):
            it.append(click)
            if click % 10 == 0:
                entries = await it.journal.take(15)
                taken += numbers(entries)
                it.journal.acknowledge(entries)
        taken += await drain(it.journal)
        assert sorted(taken) == list(range(1000))
        assert it.lost == {}


async def test_a_file_that_vanishes_while_it_waits_is_counted_as_lost(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits(segment_bytes=4_000, window_bytes=0)) as it:
        for click in range(40):
            it.append(click)
            await it.journal.prepare()
        gone = segments(tmp_path)[1]
        expected = [click for click in range(40) if payload(click) not in gone.read_bytes()]
        gone.unlink()
        assert await drain(it.journal) == expected
        assert it.lost == {"journal_damaged": 40 - len(expected)}


async def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(1)
        for path in (tmp_path / WORKER).iterdir():
            path.unlink()
        (tmp_path / WORKER).rmdir()
        await it.journal.prepare()
        it.append(2)
        assert on_disk(tmp_path) == [2]
        assert await drain(it.journal) == [1, 2]


def test_a_journal_that_was_never_opened_takes_clicks_in_memory(tmp_path: Path) -> None:
    it = Opened(tmp_path)
    assert it.append(*range(10)) == []
    assert (it.journal.problem, it.journal.pending, it.journal.unjournalled) == ("not opened yet", 10, 10)
