"""Clicks that no disk took: they wait in memory, and are written to files of their own as soon as there is room.

They wait in segments of a MiB, and each is written as a whole: a disk with little room takes some of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from ingest.journal.framing import LARGEST_FRAME, frame
from ingest.journal.segment_registry import SegmentRegistry
from ingest.journal.segments import Entry, Segment, remove
from ingest.journal.threads import Threads

log = structlog.get_logger()

SEGMENT_BYTES: Final = 1024 * 1024

Store = Callable[[bytes], Awaitable[Path]]
"""Writes frames to a new file, safe on disk, and gives its path. Raises OSError, and then leaves no file."""


class InMemorySegments:
    """`count` is how many clicks were in memory alone since the start, `waiting` how many are now."""

    def __init__(self, books: SegmentRegistry, threads: Threads, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.count = 0
        self._books = books
        self._threads = threads
        self._segment_bytes = segment_bytes
        # Of each segment, the oldest first, the clicks that Kafka does not have.
        self._segments: dict[Segment, dict[int, Entry]] = {}
        self._newest: Segment | None = None
        self._writing: asyncio.Task[None] | None = None
        self._refused: str | None = None

    @property
    def waiting(self) -> int:
        return sum(map(len, self._segments.values()))

    def segment(self) -> Segment:
        """Give the segment that the next click belongs to."""
        if self._newest is None or self._newest.size >= self._segment_bytes:
            self._finish_newest()
            self._newest = Segment(Path(), in_memory=True)
            self._segments[self._newest] = {}
            self._books.add(self._newest)
        return self._newest

    def add(self, entry: Entry, size: int) -> None:
        """Keep a click of such a segment, whose frame has so many bytes."""
        self.count += 1
        entry[2].size += size
        self._segments[entry[2]][id(entry)] = entry

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these; whichever are written down anyway are passed over."""
        for entry in entries if self._segments else ():
            if waiting := self._segments.get(entry[2]):
                waiting.pop(id(entry), None)

    async def write_down(self, store: Store) -> None:
        """Have what waits in files, as far as the disk takes it. Cancelled, it still ends in its own time."""
        if self._writing is None and self.waiting:
            self._writing = asyncio.create_task(self._write_down(store))
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is being written."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None

    async def _write_down(self, store: Store) -> None:
        self._finish_newest()
        written = 0
        for segment, waiting in list(self._segments.items()):
            frames = [frame(key, payload) for key, payload, _ in waiting.values()]
            # None of ours is larger, and it could not be read back.
            if max(map(len, frames), default=0) <= LARGEST_FRAME:
                try:
                    await self._write(segment, b"".join(frames), store)
                except OSError as error:
                    self._refuse(error.strerror or str(error))
                    return
                written += len(frames)
        self._refused = None
        log.info("journal has what waited in memory", clicks=written)

    async def _write(self, segment: Segment, frames: bytes, store: Store) -> None:
        path = await store(frames) if frames else None
        del self._segments[segment]
        if path is None:
            return
        if self._books.has(segment):
            segment.path, segment.in_memory = path, False
            segment.size = segment.synced = len(frames)
        else:
            # Meanwhile Kafka has acknowledged all of it.
            self._threads.leave(remove, path)

    def _finish_newest(self) -> None:
        newest, self._newest = self._newest, None
        if newest is not None:
            self._books.end(newest)

    def _refuse(self, problem: str) -> None:
        if self._refused != problem:
            log.warning("clicks go on waiting in memory", clicks=self.waiting, problem=problem)
        self._refused = problem
