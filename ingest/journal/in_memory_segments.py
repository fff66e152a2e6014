"""Clicks that the disk refused. They wait in memory, and are written to new files as soon as the disk has room.

They are kept in segments of 1 MiB, each written as a whole, so that a disk with little room accepts some of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from ingest.journal.framing import LARGEST_FRAME, encode_frame
from ingest.journal.segment_registry import SegmentRegistry
from ingest.journal.segments import Entry, Segment, remove
from ingest.journal.threads import Threads

log = structlog.get_logger()

SEGMENT_BYTES: Final = 1024 * 1024

Store = Callable[[bytes], Awaitable[Path]]
"""Writes frames to a new file, synced, and gives its path. On OSError it leaves no file."""


class InMemorySegments:
    """`count` is the number of clicks since the start that were only in memory, `pending` the number now."""

    def __init__(self, registry: SegmentRegistry, threads: Threads, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.count = 0
        self._registry = registry
        self._threads = threads
        self._segment_bytes = segment_bytes
        # The unacknowledged clicks of each segment, oldest segment first.
        self._segments: dict[Segment, dict[int, Entry]] = {}
        self._newest: Segment | None = None
        self._writing: asyncio.Task[None] | None = None
        self._refused: str | None = None

    @property
    def pending(self) -> int:
        return sum(map(len, self._segments.values()))

    def open_segment(self) -> Segment:
        """Give the segment for the next click; begin a new one if the newest is full."""
        if self._newest is None or self._newest.size >= self._segment_bytes:
            self._finish_newest()
            self._newest = Segment(Path(), in_memory=True)
            self._segments[self._newest] = {}
            self._registry.add(self._newest)
        return self._newest

    def add(self, entry: Entry, size: int) -> None:
        """Keep a click whose segment is `entry[2]` and whose frame has `size` bytes."""
        self.count += 1
        entry[2].size += size
        self._segments[entry[2]][id(entry)] = entry

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these clicks; ignores clicks of other segments."""
        for entry in entries if self._segments else ():
            if waiting := self._segments.get(entry[2]):
                waiting.pop(id(entry), None)

    async def flush(self, store: Store) -> None:
        """Write pending clicks to files, as far as the disk accepts them. Cancelling the caller does not stop it."""
        if self._writing is None and self.pending:
            self._writing = asyncio.create_task(self._flush(store))
        await self.wait_for_flush()

    async def wait_for_flush(self) -> None:
        """Wait until no writing is in progress."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None

    async def _flush(self, store: Store) -> None:
        self._finish_newest()
        written = 0
        for segment, waiting in list(self._segments.items()):
            frames = [encode_frame(key, payload) for key, payload, _ in waiting.values()]
            # A larger frame could not be read back. Clicks of ingest are never that large.
            if max(map(len, frames), default=0) <= LARGEST_FRAME:
                try:
                    await self._write(segment, b"".join(frames), store)
                except OSError as error:
                    self._refuse(error.strerror or str(error))
                    return
                written += len(frames)
        self._refused = None
        log.info("clicks from memory are written to the journal", clicks=written)

    async def _write(self, segment: Segment, frames: bytes, store: Store) -> None:
        path = await store(frames) if frames else None
        del self._segments[segment]
        if path is None:
            return
        if self._registry.has(segment):
            segment.path, segment.in_memory = path, False
            segment.size = segment.synced = len(frames)
        else:
            # Kafka acknowledged all of it during the writing.
            self._threads.submit(remove, path)

    def _finish_newest(self) -> None:
        newest, self._newest = self._newest, None
        if newest is not None:
            self._registry.finalize(newest)

    def _refuse(self, problem: str) -> None:
        if self._refused != problem:
            log.warning("clicks stay in memory: the disk refuses them", clicks=self.pending, problem=problem)
        self._refused = problem
