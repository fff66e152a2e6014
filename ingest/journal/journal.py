"""The journal as the redirect and the publisher use it: append, take, acknowledge.

Records are written to a file and kept in memory while there is room. When Kafka is away and memory is full, they are
only in their file, which is read back later; from the next file on, records are kept in memory again. Records that the
disk refuses are kept in memory and written later. If memory is full too, they are lost and counted.

All state changes on the event loop. Threads only run system calls that may block, and close the files they have synced.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ingest.journal.backlog import Backlog
from ingest.journal.disk import DiskSpace, measure_disk
from ingest.journal.folder_lock import QUARANTINE, JournalOwned
from ingest.journal.folders import Folders
from ingest.journal.framing import encode_frame
from ingest.journal.in_memory_segments import InMemorySegments
from ingest.journal.queues import Queues
from ingest.journal.segment_reader import make_replayed_segment
from ingest.journal.segment_registry import Lose, SegmentRegistry
from ingest.journal.segments import Entry, Segment
from ingest.journal.syncer import describe
from ingest.journal.threads import Threads
from ingest.journal.writer import Writer

log = structlog.get_logger()

TEND_S: Final = 1.0
ADOPT_S: Final = 5.0


class JournalLimits(msgspec.Struct, frozen=True):
    """Sizes in bytes, times in seconds.

    Memory holds `window_bytes` of clicks that are on disk, and `memory_bytes` of clicks that the disk refused.
    """

    segment_bytes: int = 64 * 1024 * 1024
    segment_s: float = 60.0
    memory_bytes: int = 32 * 1024 * 1024
    window_bytes: int = 8 * 1024 * 1024
    sync_s: float = 0.02


class Journal:
    """The clicks that Kafka does not have yet. `wake` is called when there may be something to `take`.

    `disk` is the space of its disk as `prepare` found it last; null before, and while the disk does not say.
    """

    def __init__(self, root: Path, worker: str, limits: JournalLimits, wake: Callable[[], None], lose: Lose) -> None:
        self.disk: DiskSpace | None = None
        self._root = root
        self._limits = limits
        self._wake = wake
        self._lose = lose
        self._threads = Threads()
        self._registry = SegmentRegistry(self._threads, lose)
        self._folders = Folders(root, worker, self._threads)
        self._writer = Writer(limits.segment_bytes, self._threads, self._on_retired)
        self._backlog = Backlog(self._threads, root / QUARANTINE, self._registry.finish_reading, wake)
        self._in_memory_segments = InMemorySegments(self._registry, self._threads)
        self._queues = Queues(limits.memory_bytes, limits.window_bytes, self._backlog)

    @property
    def problem(self) -> str | None:
        """Why clicks cannot be written to disk at present, or null."""
        return self._writer.problem

    @property
    def pending(self) -> int:
        """The number of unacknowledged clicks, with those of earlier processes once they are counted."""
        return self._registry.pending(self._writer.active)

    @property
    def replay_pending(self) -> int:
        """The number of unacknowledged clicks that earlier processes accepted."""
        return self._registry.replay_pending

    @property
    def damaged_records(self) -> int:
        return self._registry.damaged_records

    @property
    def unjournalled(self) -> int:
        """The number of clicks since the start that the disk refused at first."""
        return self._in_memory_segments.count

    @property
    def in_memory_alone(self) -> int:
        """The number of clicks that are only in memory now."""
        return self._in_memory_segments.pending

    @property
    def damaged_bytes(self) -> int:
        return self._backlog.damaged_bytes

    def append(self, key: bytes, payload: bytes) -> bool:
        """Write a click; false if neither disk nor memory has room: then it is lost and counted. Never raises."""
        frame = encode_frame(key, payload)
        segment = self._writer.write(frame) or self._in_memory_segments.open_segment()
        entry = (key, payload, segment)
        if not self._queues.put(entry, segment.size - len(frame)):
            self._lose("journal_failed", 1)
            return False
        if segment.in_memory:
            self._in_memory_segments.add(entry, len(frame))
        self._wake()
        return True

    def append_all(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Write clicks in one write; if that fails, write each with `append`."""
        if len(records) == 1 or not self._append_together(records):
            for key, payload in records:
                self.append(key, payload)

    def _append_together(self, records: Sequence[tuple[bytes, bytes]]) -> bool:
        frames = [encode_frame(key, payload) for key, payload in records]
        segment = self._writer.write_all(b"".join(frames))
        if segment is None:
            return False
        self._queues.put_all([(key, payload, segment) for key, payload in records], [*map(len, frames)])
        self._wake()
        return True

    async def take(self, most: int, seconds: float = inf) -> list[Entry]:
        """Give at most `most` clicks to deliver. Only one caller at a time.

        Each click is given once: the caller must deliver it, with retries, and acknowledge it. Old clicks are limited
        to a rate: as many as fit in `seconds`, the time since the last call.
        """
        taken = await self._queues.take(most, seconds)
        if self._has_unbuffered() and self._queues.has_room:
            self._writer.rotate()
        return taken

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these clicks, in any order. A file is removed when Kafka has all its clicks."""
        self._in_memory_segments.acknowledge(entries)
        self._registry.acknowledge(entries)

    async def run(self) -> None:
        """Keep the journal synced and a spare segment ready, and adopt ownerless folders; until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._writer.syncer.keep_synced(self._limits.sync_s))
            group.create_task(self._keep_ready())
            group.create_task(self._keep_adopting())

    async def sync(self) -> None:
        """Return when everything appended so far is synced to disk."""
        await self._writer.syncer.sync()

    async def prepare(self) -> None:
        """Lock the folder, make a segment, and write clicks that are only in memory, as far as the disk allows.

        Raises JournalOwned.
        """
        try:
            if not await self._folders.is_locked():
                self._writer.retire_all("this process has lost the lock of its folder")
                await self._folders.lock()
        except OSError as error:
            self._writer.refuse(describe(error))
        else:
            at = (self._folders.own, self._folders.first_number)
            await self._writer.prepare(*at)
            if self._writer.active:
                await self._in_memory_segments.flush(partial(self._writer.store, *at))
            if self._has_unbuffered():
                self._wake()
        self.disk = await self._threads.run(measure_disk, self._root)

    async def adopt(self) -> None:
        """Adopt folders of workers that have ended, and release adopted folders that are fully delivered."""
        await self._folders.adopt()
        while self._folders.unread:
            segment = await self._threads.run(make_replayed_segment, self._folders.unread[0])
            self._folders.unread.pop(0)
            self._registry.add(segment)
            self._backlog.add(segment)
            self._wake()
        await self._folders.release_done(self._registry.folders)

    async def close(self) -> None:
        """Sync everything and release the folders. Clicks that the disk still refuses are lost and counted."""
        await self._in_memory_segments.wait_for_flush()
        if self._in_memory_segments.pending:
            with suppress(JournalOwned):
                await self.prepare()
        self._writer.retire_all("closed")
        await self._writer.syncer.sync()
        if left := self._in_memory_segments.pending:
            self._lose("stopped", left)
        await self._threads.close()
        self._folders.release()

    def _has_unbuffered(self) -> bool:
        active = self._writer.active
        return active is not None and active.has_unbuffered

    async def _keep_ready(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TEND_S):
                    await self._writer.wants_spare.wait()
            if self.problem:
                # Retry a refusing disk once a second, not at every click.
                await asyncio.sleep(TEND_S)
            try:
                await self.prepare()
            except JournalOwned as error:
                self._writer.refuse(str(error))
            self._writer.rotate_by_age(self._limits.segment_s)

    async def _keep_adopting(self) -> None:
        while True:
            await self.adopt()
            await asyncio.sleep(ADOPT_S)

    def _on_retired(self, segment: Segment) -> None:
        self._registry.retire(segment)
        if segment.has_unbuffered:
            self._backlog.add(segment)
            self._wake()


@asynccontextmanager
async def open_journal(journal: Journal) -> AsyncIterator[None]:
    """Keep the journal open while the context is open; `run` it in between.

    If the disk refuses, the journal is degraded. Raises JournalOwned when another process owns the folder.
    """
    try:
        await journal.prepare()
        yield
    finally:
        await journal.close()
