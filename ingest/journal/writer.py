"""Writes frames to the active segment, keeps a spare segment ready, and handles refusals by the disk.

`write` runs on the event loop and makes one system call. Slow work runs in threads: making segments, and `fdatasync`
(`Syncer`). The spare segment is made in advance, so that rotation only switches to it.

When a write fails or is partial, the segment is retired as it is (a reader finds its intact frames), and the write is
tried once on the spare. If that fails too, no segment is active: the journal is degraded until `prepare` can make one.
"""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from ingest.journal.framing import LARGEST_FRAME
from ingest.journal.segments import Segment, create_segment, write_segment
from ingest.journal.syncer import Syncer, describe
from ingest.journal.threads import Threads

log = structlog.get_logger()


class Writer:
    """Writes frames. `on_retired` is called with each segment that is no longer written to.

    `problem` says why nothing can be written at present, `refused` why no segment can be made.
    """

    def __init__(self, segment_bytes: int, threads: Threads, on_retired: Callable[[Segment], None]) -> None:
        self.active: Segment | None = None
        self.problem: str | None = "not opened yet"
        self.refused: str | None = None
        self.syncer = Syncer(threads, lambda: self.active, self._on_sync_problem)
        self._unsynced = self.syncer.unsynced
        self.wants_spare = asyncio.Event()
        self._segment_bytes = segment_bytes
        self._threads = threads
        self._on_retired = on_retired
        self._spare: Segment | None = None
        self._number = 0

    def write(self, frame: bytes) -> Segment | None:
        """Write a frame in one call; give its segment, or null if it is in no file. Never raises."""
        if len(frame) > LARGEST_FRAME:
            return None
        if self._spare and self.active and self.active.size >= self._segment_bytes:
            self._switch_segment(None)
        while segment := self.active:
            try:
                count = os.write(segment.fd, frame)
            except OSError as error:
                problem = describe(error)
            else:
                segment.size += count
                self._unsynced.set()
                if count == len(frame):
                    return segment
                problem = "a write was partial"
            self._switch_segment(problem)
        return None

    def write_all(self, frames: bytes) -> Segment | None:
        """Write frames in one call; give their segment, or null if none of them is in a file. Never raises.

        On null the caller writes them one by one, which finds how many the disk accepts.
        """
        if self._spare and self.active and self.active.size >= self._segment_bytes:
            self._switch_segment(None)
        segment = self.active
        if segment is None:
            return None
        count = 0
        try:
            count = os.write(segment.fd, frames)
            if count < len(frames):
                os.ftruncate(segment.fd, segment.size)
                return None
        except OSError as error:
            if count:
                # The partial write could not be undone, so `size` is wrong from now on: retire the segment.
                self._switch_segment(describe(error))
            return None
        segment.size += count
        self._unsynced.set()
        return segment

    def rotate(self) -> None:
        """Retire the active segment so that it can be read back, unless the spare is still being made."""
        if self._spare or self.refused:
            self._switch_segment(self.refused)

    def rotate_by_age(self, seconds: float) -> None:
        """Retire the active segment after `seconds`, if it is not empty and there is a spare."""
        active = self.active
        if active and self._spare and active.size and time.monotonic() - active.opened_s >= seconds:
            self._switch_segment(None)

    async def prepare(self, folder: Path, first_number: int) -> None:
        """Make the spare segment if there is none; make it active if none is. Never raises."""
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
            self._switch_segment(None)
            log.info("journal open", folder=str(folder))

    async def store(self, folder: Path, first_number: int, frames: bytes) -> Path:
        """Write frames to a new segment, synced; give its path. Raises OSError."""
        self._number = max(self._number + 1, first_number)
        return await self._threads.run(write_segment, folder, self._number, frames)

    def refuse(self, problem: str) -> None:
        """Note why no segment can be made at present."""
        if self.refused != problem:
            log.warning("journal cannot make a segment", problem=problem)
        self.refused = problem
        if not self.active:
            self.problem = problem

    def retire_all(self, problem: str) -> None:
        """Retire all segments; `problem` says why."""
        for segment in filter(None, (self.active, self._spare)):
            self._retire(segment)
        self.active = self._spare = None
        self.problem = problem

    def _switch_segment(self, problem: str | None) -> None:
        """Replace the active segment by the spare; without a spare, `problem` says why nothing is active."""
        retired, self.active, self._spare = self.active, self._spare, None
        self.problem = None if self.active else problem
        self.wants_spare.set()
        if self.active:
            self.active.opened_s = time.monotonic()
        if retired:
            self._retire(retired)
        if problem:
            log.warning("journal retired a segment", problem=problem, degraded=self.active is None)

    def _retire(self, segment: Segment) -> None:
        self.syncer.retire(segment)
        self._on_retired(segment)

    def _on_sync_problem(self, segment: Segment | None, problem: str) -> None:
        if segment is self.active:
            self._switch_segment(problem)
