"""Segments to be read back, one after the other: what memory had no room for, and what earlier processes left.

A file is read in a thread, a chunk at a time; scanning a chunk takes the event loop less than a millisecond, where a
scanning thread would keep the interpreter for five. No file stays open.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from ingest.journal.entry_queue import EntryQueue
from ingest.journal.framing import Damaged, scan
from ingest.journal.segments import CHUNK, Entry, Segment, read_chunk, set_aside
from ingest.journal.threads import Threads
from runtime.outage_log import OutageLog

log = structlog.get_logger()

RETRY_S: Final = 1.0


class Backlog:
    """Hands out the records of segments. `on_read` is called with each segment that has been read to its end.

    `aside` is the folder for bad bytes, `damaged_bytes` how many there were. `wake` is called when a segment that
    could not be read is worth another try.
    """

    def __init__(
        self, threads: Threads, aside: Path, on_read: Callable[[Segment], None], wake: Callable[[], None]
    ) -> None:
        self.damaged_bytes = 0
        self._threads = threads
        self._aside = aside
        self._on_read = on_read
        self._wake = wake
        self._segments: deque[Segment] = deque()
        self._ready = EntryQueue()
        self._rests = False
        self._outage = OutageLog(log, "journal cannot be read back yet", "journal is read back again")

    def add(self, segment: Segment) -> None:
        """Have a segment read that is not written to any more, from its `read_to` on."""
        self._segments.append(segment)

    async def fill(self, most: int, most_weight: int) -> None:
        """Read until `take` can give so many records, of so much weight, or until nothing is left to read."""
        while self._segments and not self._rests and len(self._ready) < most and self._ready.weight < most_weight:
            segment = self._segments[0]
            try:
                chunk = await self._threads.run(read_chunk, segment.path, segment.read_to)
            except FileNotFoundError:
                chunk = b""
            except OSError as error:
                self._rest(error)
                return
            self._outage.end()
            damaged = self._read(segment, chunk)
            if damaged:
                await self._set_aside(segment, damaged)

    def take(self, most: int, most_weight: int) -> list[Entry]:
        return self._ready.take(most, most_weight)

    def _read(self, segment: Segment, chunk: bytes) -> list[tuple[int, bytes]]:
        """Put the records of a chunk on the shelf; give what else was in it, each with its offset."""
        damaged = []
        is_last = len(chunk) < CHUNK
        end = 0
        for found in scan(chunk, complete=is_last):
            end = found.end
            if isinstance(found, Damaged):
                damaged.append((segment.read_to + found.start, chunk[found.start : end]))
            else:
                segment.held += 1
                self._ready.put((found.key, found.payload, segment))
        segment.read_to += end
        if is_last:
            self._segments.popleft()
            self._on_read(segment)
        return damaged

    async def _set_aside(self, segment: Segment, damaged: list[tuple[int, bytes]]) -> None:
        size = sum(len(data) for _, data in damaged)
        self.damaged_bytes += size
        path = self._aside / f"{segment.path.parent.name}-{segment.path.name}"
        log.warning("journal damaged", segment=str(segment.path), bytes=size, aside=str(path))
        try:
            await self._threads.run(set_aside, path, damaged)
        except OSError as error:
            log.warning("damaged bytes are not kept", aside=str(path), error=str(error))

    def _rest(self, error: OSError) -> None:
        """Let the segment that cannot be read go to the end of the line, and try again in a while."""
        self._outage.fail(error.strerror or str(error), segment=str(self._segments[0].path))
        self._segments.rotate(-1)
        self._rests = True
        asyncio.get_running_loop().call_later(RETRY_S, self._go_on)

    def _go_on(self) -> None:
        self._rests = False
        self._wake()
