"""Reads segments back one by one: clicks that memory had no room for, and clicks of earlier processes.

A thread reads a file chunk by chunk. The event loop scans a chunk in less than a millisecond; a scanning thread would
hold the interpreter lock for five. No file stays open.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from ingest.journal.entry_queue import EntryQueue
from ingest.journal.framing import DamagedBytes, scan
from ingest.journal.segment_reader import CHUNK, read_chunk
from ingest.journal.segments import Entry, Segment, quarantine
from ingest.journal.threads import Threads
from runtime.outage_log import OutageLog

log = structlog.get_logger()

RETRY_S: Final = 1.0


class Backlog:
    """Gives the records of segments. `on_read` is called with each segment that has been read to its end.

    Damaged bytes go to `quarantine_folder`; `damaged_bytes` counts them. `wake` is called when a segment that could not
    be read should be tried again.
    """

    def __init__(
        self, threads: Threads, quarantine_folder: Path, on_read: Callable[[Segment], None], wake: Callable[[], None]
    ) -> None:
        self.damaged_bytes = 0
        self._threads = threads
        self._quarantine_folder = quarantine_folder
        self._on_read = on_read
        self._wake = wake
        self._segments: deque[Segment] = deque()
        self._ready = EntryQueue()
        self._is_paused = False
        self._outage = OutageLog(log, "journal segment cannot be read", "journal segments are read again")

    def add(self, segment: Segment) -> None:
        """Add a segment that is no longer written to; it is read from its `read_to` on."""
        self._segments.append(segment)

    async def fill(self, most: int, most_weight: int) -> None:
        """Read until `take` can give `most` records or `most_weight`, or until everything is read."""
        while self._segments and not self._is_paused and len(self._ready) < most and self._ready.weight < most_weight:
            segment = self._segments[0]
            try:
                chunk = await self._threads.run(read_chunk, segment.path, segment.read_to)
            except FileNotFoundError:
                chunk = b""
            except OSError as error:
                self._pause(error)
                return
            self._outage.end()
            damaged = self._read(segment, chunk)
            if damaged:
                await self._quarantine(segment, damaged)

    def take(self, most: int, most_weight: int) -> list[Entry]:
        return self._ready.take(most, most_weight)

    def _read(self, segment: Segment, chunk: bytes) -> list[tuple[int, bytes]]:
        """Queue the records of a chunk; give its damaged bytes, each piece with its offset."""
        damaged = []
        is_last = len(chunk) < CHUNK
        end = 0
        for found in scan(chunk, complete=is_last):
            end = found.end
            if isinstance(found, DamagedBytes):
                damaged.append((segment.read_to + found.start, chunk[found.start : end]))
            else:
                segment.buffered += 1
                self._ready.put((found.key, found.payload, segment))
        segment.read_to += end
        if is_last:
            self._segments.popleft()
            self._on_read(segment)
        return damaged

    async def _quarantine(self, segment: Segment, damaged: list[tuple[int, bytes]]) -> None:
        size = sum(len(data) for _, data in damaged)
        self.damaged_bytes += size
        path = self._quarantine_folder / f"{segment.path.parent.name}-{segment.path.name}"
        log.warning("journal damaged", segment=str(segment.path), bytes=size, quarantine=str(path))
        try:
            await self._threads.run(quarantine, path, damaged)
        except OSError as error:
            log.warning("damaged bytes could not be kept", quarantine=str(path), error=str(error))

    def _pause(self, error: OSError) -> None:
        """Move the unreadable segment to the end of the queue, and retry after RETRY_S."""
        self._outage.fail(error.strerror or str(error), segment=str(self._segments[0].path))
        self._segments.rotate(-1)
        self._is_paused = True
        asyncio.get_running_loop().call_later(RETRY_S, self._resume)

    def _resume(self) -> None:
        self._is_paused = False
        self._wake()
