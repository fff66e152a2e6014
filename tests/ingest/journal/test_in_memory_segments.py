"""Clicks that the disk refused are written as soon as there is room, at the latest at the stop."""

import asyncio
import errno
import os
import resource
from collections.abc import Awaitable, Callable
from pathlib import Path

from structlog.testing import capture_logs

from ingest.journal.framing import IntactFrame, encode_frame, scan
from ingest.journal.in_memory_segments import InMemorySegments
from ingest.journal.journal import JournalLimits
from ingest.journal.segment_registry import SegmentRegistry
from ingest.journal.segments import Entry
from ingest.journal.threads import Threads
from tests.ingest.journal.builders import drain, key, left_in, limited, number_of, on_disk, opened, payload


async def nothing() -> None:
    pass


class Kept:
    """Clicks in memory in segments of two, and a disk with room for `room` segments.

    `while_storing` is awaited during each write.
    """

    def __init__(self, folder: Path, room: int) -> None:
        self.threads = Threads()
        self.registry = SegmentRegistry(self.threads, lambda *_: None)
        self.segments = InMemorySegments(
            self.registry, self.threads, segment_bytes=2 * len(encode_frame(key(0), payload(0)))
        )
        self.entries: list[Entry] = []
        self.while_storing: Callable[[], Awaitable[None]] = nothing
        self._folder = folder
        self._room = room

    def add(self, clicks: int) -> None:
        for click in range(clicks):
            entry = (key(click), payload(click), self.segments.open_segment())
            entry[2].buffered += 1
            entry[2].written += 1
            self.segments.add(entry, len(encode_frame(*entry[:2])))
            self.entries.append(entry)

    def acknowledge(self) -> None:
        self.segments.acknowledge(self.entries)
        self.registry.acknowledge(self.entries)
        self.entries = []

    async def flush(self) -> None:
        await self.segments.flush(self.store)

    async def store(self, frames: bytes) -> Path:
        await self.while_storing()
        stored = self.stored()
        if len(stored) >= self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        path = self._folder / f"{len(stored)}.seg"
        path.write_bytes(frames)
        return path

    def stored(self) -> list[list[int]]:
        files = sorted(self._folder.glob("*.seg"))
        return [
            [number_of(found.key) for found in scan(path.read_bytes()) if isinstance(found, IntactFrame)]
            for path in files
        ]


async def test_what_waited_in_memory_is_written_down_as_soon_as_there_is_room(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        it.append(1)
        with limited(resource.RLIMIT_FSIZE, 0):
            it.append(2, 3)
            await it.journal.prepare()
        assert (on_disk(tmp_path), it.journal.in_memory_alone) == ([1], 2)
        await it.journal.prepare()
        assert (sorted(on_disk(tmp_path)), it.journal.in_memory_alone) == ([1, 2, 3], 0)
        assert (it.journal.pending, it.journal.unjournalled, it.lost) == (3, 2, {})
        assert await drain(it.journal) == [1, 2, 3]
    assert left_in(tmp_path) == []


async def test_what_the_publisher_has_taken_is_written_too(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        with limited(resource.RLIMIT_FSIZE, 0):
            it.append(1, 2, 3)
            first, second = await it.journal.take(2)
        await it.journal.prepare()
        assert on_disk(tmp_path) == [1, 2, 3]
        it.journal.acknowledge([second, first])
        assert (it.journal.pending, on_disk(tmp_path)) == (1, [1, 2, 3])
        assert await drain(it.journal) == [3]
    assert left_in(tmp_path) == []


async def test_a_stop_writes_down_what_waits_and_the_next_process_delivers_it(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        with limited(resource.RLIMIT_FSIZE, 0):
            it.append(*range(100))
            taken = await it.journal.take(10)
            it.journal.acknowledge(taken[:5])
    assert it.lost == {}
    assert on_disk(tmp_path) == list(range(5, 100))
    async with opened(tmp_path) as it:
        assert sorted(await drain(it.journal)) == list(range(5, 100))
    assert left_in(tmp_path) == []


async def test_a_disk_with_little_room_takes_what_it_can(tmp_path: Path) -> None:
    kept = Kept(tmp_path, room=1)
    kept.add(5)
    await kept.flush()
    assert (kept.stored(), kept.segments.pending, kept.registry.pending(None)) == ([[0, 1]], 3, 5)


async def test_a_disk_that_refuses_again_and_again_is_said_once(tmp_path: Path) -> None:
    kept = Kept(tmp_path, room=0)
    kept.add(2)
    with capture_logs() as logs:
        for _ in range(3):
            await kept.flush()
    assert [(line["event"], line["clicks"], line["problem"]) for line in logs] == [
        ("clicks stay in memory: the disk refuses them", 2, "No space left on device")
    ]


async def test_what_kafka_acknowledges_while_it_is_written_leaves_no_file(tmp_path: Path) -> None:
    kept = Kept(tmp_path, room=9)
    kept.add(4)

    async def acknowledge() -> None:
        kept.acknowledge()

    kept.while_storing = acknowledge
    await kept.flush()
    await kept.threads.close()
    assert (kept.stored(), kept.segments.pending, kept.registry.pending(None)) == ([], 0, 0)


async def test_a_stop_while_it_is_written_writes_nothing_twice(tmp_path: Path) -> None:
    kept, begun, go_on = Kept(tmp_path, room=9), asyncio.Event(), asyncio.Event()
    kept.add(2)

    async def wait() -> None:
        begun.set()
        await go_on.wait()

    kept.while_storing = wait
    writing = asyncio.create_task(kept.flush())
    await begun.wait()
    writing.cancel()
    await asyncio.wait([writing])
    go_on.set()
    await kept.flush()
    await kept.flush()
    assert (kept.stored(), kept.segments.pending) == ([[0, 1]], 0)
