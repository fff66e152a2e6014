"""The segment in use, the one to come after it, and what happens when the disk refuses.

`write` runs on the event loop and is one system call. Whatever may take longer runs in a thread: making segments,
`fdatasync`. A spare segment is made ahead, so that rotation is no more than taking it into use.

The thread that syncs goes by itself: to have the event loop send it off and hear of its return, 200 times a second,
costs as much as the syncs.

When a write fails or is cut short, the segment is left as it is (a reader finds its intact frames) and the spare is
tried, once. When that fails too no segment is in use: the journal is degraded, until `prepare` could make one again.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from ingest.journal.framing import LARGEST_FRAME
from ingest.journal.segments import SYNC, Segment, create_segment, write_segment
from ingest.journal.threads import Threads

log = structlog.get_logger()

LOOK_S: Final = 1.0


class Writer:
    """Writes frames. `on_left` is called with each segment that will not be written to again.

    `problem` says why nothing can be written at present, `refused` why there can be no spare segment.
    """

    def __init__(self, segment_bytes: int, threads: Threads, on_left: Callable[[Segment], None]) -> None:
        self.active: Segment | None = None
        self.problem: str | None = "not opened yet"
        self.refused: str | None = None
        self._unsynced = threading.Event()
        self.wants_spare = asyncio.Event()
        self._segment_bytes = segment_bytes
        self._threads = threads
        self._on_left = on_left
        self._spare: Segment | None = None
        self._left: deque[Segment] = deque()
        self._syncs = threading.Lock()
        self._number = 0

    def write(self, data: bytes) -> Segment | None:
        """Write a frame in one call; give the segment it stands in, whole, or null: it stands nowhere. Never raises."""
        if len(data) > LARGEST_FRAME:
            return None
        if self._spare and self.active and self.active.size >= self._segment_bytes:
            self._succeed(None)
        while segment := self.active:
            try:
                count = os.write(segment.fd, data)
            except OSError as error:
                problem = describe(error)
            else:
                segment.size += count
                self._unsynced.set()
                if count == len(data):
                    return segment
                problem = "a write was cut short"
            self._succeed(problem)
        return None

    def write_together(self, data: bytes) -> Segment | None:
        """Write frames in one call; give the segment they stand in, all of them, or null: none does. Never raises.

        Whoever writes them one by one after that learns how far the disk goes, and why.
        """
        if self._spare and self.active and self.active.size >= self._segment_bytes:
            self._succeed(None)
        segment = self.active
        if segment is None:
            return None
        count = 0
        try:
            count = os.write(segment.fd, data)
            if count < len(data):
                os.ftruncate(segment.fd, segment.size)
                return None
        except OSError as error:
            if count:
                # Bytes of ours stay behind that are nobody's: nothing may be counted from this file's size any more.
                self._succeed(describe(error))
            return None
        segment.size += count
        self._unsynced.set()
        return segment

    def hand_over(self) -> None:
        """Leave the segment in use so that it can be read, unless its successor is still being made."""
        if self._spare or self.refused:
            self._succeed(self.refused)

    def rotate_by_age(self, seconds: float) -> None:
        """Leave a segment that has been in use for so long, if anything is in it and a spare is there."""
        active = self.active
        if active and self._spare and active.size and time.monotonic() - active.opened_s >= seconds:
            self._succeed(None)

    async def prepare(self, folder: Path, first_number: int) -> None:
        """Make the spare segment, unless there is one; take it into use at once when none is. Raises nothing."""
        self.wants_spare.clear()
        if not self._spare:
            self._number = max(self._number + 1, first_number)
            try:
                self._spare = await self._threads.run(create_segment, folder, self._number)
            except OSError as error:
                self.refuse(describe(error))
                return
            self.refused = None
        if not self.active:
            self._succeed(None)
            log.info("journal open", folder=str(folder))

    async def store(self, folder: Path, first_number: int, frames: bytes) -> Path:
        """Write frames to a segment of their own, safe on disk; give its path. Raises OSError."""
        self._number = max(self._number + 1, first_number)
        return await self._threads.run(write_segment, folder, self._number, frames)

    def refuse(self, problem: str) -> None:
        """Note why no segment can be made at present."""
        if self.refused != problem:
            log.warning("journal cannot make a segment", problem=problem)
        self.refused = problem
        if not self.active:
            self.problem = problem

    async def sync(self) -> None:
        """Have everything written so far on the disk, and the segments left closed. Raises nothing."""
        self._on_synced(*await self._threads.run(self._sync_all))

    async def keep_synced(self, pause_s: float) -> None:
        """Have whatever is written on the disk `pause_s` later; until it is cancelled."""
        loop, ended = asyncio.get_running_loop(), threading.Event()

        def sync() -> None:
            while not ended.is_set():
                # With a time-out: a sync elsewhere may clear what was set to wake this thread up for its end.
                if self._unsynced.wait(LOOK_S) and not ended.wait(pause_s):
                    active, problem = self._sync_all()
                    if problem:
                        loop.call_soon_threadsafe(self._on_synced, active, problem)

        try:
            await self._threads.run(sync)
        finally:
            ended.set()
            self._unsynced.set()

    def leave_all(self, problem: str) -> None:
        """Write no more to any segment; `problem` is why."""
        for segment in filter(None, (self.active, self._spare)):
            self._leave(segment)
        self.active = self._spare = None
        self.problem = problem

    def _succeed(self, problem: str | None) -> None:
        """Put the spare in the place of the segment in use; when there is no spare, `problem` is why."""
        left, self.active, self._spare = self.active, self._spare, None
        self.problem = None if self.active else problem
        self.wants_spare.set()
        if self.active:
            self.active.opened_s = time.monotonic()
        if left:
            self._leave(left)
        if problem:
            log.warning("journal left a segment", problem=problem, degraded=self.active is None)

    def _leave(self, segment: Segment) -> None:
        self._left.append(segment)
        self._unsynced.set()
        self._on_left(segment)

    def _sync_all(self) -> tuple[Segment | None, str | None]:
        """Sync and close the segments left, and sync the one in use: give that, and what went wrong with it."""
        with self._syncs:
            self._unsynced.clear()
            while self._left:
                left = self._left[0]
                if problem := sync_segment(left):
                    log.error("journal segment may not be on the disk", segment=str(left.path), problem=problem)
                with suppress(OSError):
                    os.close(left.fd)
                self._left.popleft()
            active = self.active
            return active, sync_segment(active) if active else None

    def _on_synced(self, segment: Segment | None, problem: str | None) -> None:
        if problem and segment is self.active:
            self._succeed(problem)


def sync_segment(segment: Segment) -> str | None:
    """Have a segment on the disk; give what went wrong. Blocks."""
    size = segment.size
    try:
        SYNC(segment.fd)
    except OSError as error:
        return f"fdatasync: {describe(error)}"
    segment.synced = size
    return None


def describe(error: OSError) -> str:
    return error.strerror or str(error)
