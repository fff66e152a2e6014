"""Syncs segments to the disk in a thread, and closes those that are no longer written to.

The thread runs its own loop: starting it from the event loop 200 times a second would cost as much as the syncs.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from ingest.journal.segments import SYNC, Segment
from ingest.journal.threads import Threads

log = structlog.get_logger()

WAKE_S: Final = 1.0


class Syncer:
    """Syncs the segment that `find_active` gives, and retired ones; `on_problem` is called on the event loop.

    Set `unsynced` after each write.
    """

    def __init__(
        self,
        threads: Threads,
        find_active: Callable[[], Segment | None],
        on_problem: Callable[[Segment | None, str], None],
    ) -> None:
        self.unsynced = threading.Event()
        self._threads = threads
        self._find_active = find_active
        self._on_problem = on_problem
        self._retired: deque[Segment] = deque()
        self._syncs = threading.Lock()

    def retire(self, segment: Segment) -> None:
        """Sync a segment that is no longer written to, and close it."""
        self._retired.append(segment)
        self.unsynced.set()

    async def sync(self) -> None:
        """Sync everything written so far, and close retired segments. Never raises."""
        active, problem = await self._threads.run(self._sync_all)
        if problem:
            self._on_problem(active, problem)

    async def keep_synced(self, pause_s: float) -> None:
        """Sync `pause_s` after each write; until cancelled."""
        loop, ended = asyncio.get_running_loop(), threading.Event()

        def sync() -> None:
            while not ended.is_set():
                # With a timeout: another sync may clear the event that was set to end this thread.
                if self.unsynced.wait(WAKE_S) and not ended.wait(pause_s):
                    active, problem = self._sync_all()
                    if problem:
                        loop.call_soon_threadsafe(self._on_problem, active, problem)

        try:
            await self._threads.run(sync)
        finally:
            ended.set()
            self.unsynced.set()

    def _sync_all(self) -> tuple[Segment | None, str | None]:
        """Sync and close retired segments, and sync the active one; give that one, and its problem or null."""
        with self._syncs:
            self.unsynced.clear()
            while self._retired:
                retired = self._retired[0]
                if problem := sync_segment(retired):
                    log.error("journal segment may not be on the disk", segment=str(retired.path), problem=problem)
                with suppress(OSError):
                    os.close(retired.fd)
                self._retired.popleft()
            active = self._find_active()
            return active, sync_segment(active) if active else None


def sync_segment(segment: Segment) -> str | None:
    """Sync a segment; give the problem, or null. Blocks."""
    size = segment.size
    try:
        SYNC(segment.fd)
    except OSError as error:
        return f"fdatasync: {describe(error)}"
    segment.synced = size
    return None


def describe(error: OSError) -> str:
    return error.strerror or str(error)
