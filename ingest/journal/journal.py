"""The journal as the redirect and the publisher see it: append, take, acknowledge.

Records go through memory while there is room. When Kafka is away and memory is full they stay in their file alone;
that file is read back when its turn comes, and from the next file on records go through memory again. Records that no
disk took wait in memory, and are written down as soon as there is room; when memory is full too they are lost, and
counted.

Everything is changed on the event loop; threads make system calls that may take long, and close what they have synced.
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
from ingest.journal.folder_lock import ASIDE, JournalOwned
from ingest.journal.folders import Folders
from ingest.journal.framing import frame
from ingest.journal.in_memory_segments import InMemorySegments
from ingest.journal.queues import Queues
from ingest.journal.segment_registry import Lose, SegmentRegistry
from ingest.journal.segments import Entry, Segment, count_left
from ingest.journal.threads import Threads
from ingest.journal.writer import Writer, describe

log = structlog.get_logger()

TEND_S: Final = 1.0
ADOPT_S: Final = 5.0


class Limits(msgspec.Struct, frozen=True):
    """Sizes in bytes, times in seconds.

    Memory has room for `window_bytes` of clicks, and for `memory_bytes` when no disk takes them.
    """

    segment_bytes: int = 64 * 1024 * 1024
    segment_s: float = 60.0
    memory_bytes: int = 32 * 1024 * 1024
    window_bytes: int = 8 * 1024 * 1024
    sync_s: float = 0.005


class Journal:
    """The clicks that Kafka does not have yet. `wake` is called whenever there may be something to `take`."""

    def __init__(self, root: Path, worker: str, limits: Limits, wake: Callable[[], None], lose: Lose) -> None:
        self._limits = limits
        self._wake = wake
        self._lose = lose
        self._threads = Threads()
        self._books = SegmentRegistry(self._threads, lose)
        self._folders = Folders(root, worker, self._threads)
        self._writer = Writer(limits.segment_bytes, self._threads, self._on_left)
        self._backlog = Backlog(self._threads, root / ASIDE, self._books.finish, wake)
        self._unwritten = InMemorySegments(self._books, self._threads)
        self._queues = Queues(limits.memory_bytes, limits.window_bytes, self._backlog)

    @property
    def problem(self) -> str | None:
        """Why clicks are not written down at present, or null."""
        return self._writer.problem

    @property
    def pending(self) -> int:
        """How many clicks Kafka has not acknowledged: those of earlier processes as soon as they are counted."""
        return self._books.pending(self._writer.active)

    @property
    def replay_pending(self) -> int:
        """How many of them an earlier process accepted."""
        return self._books.replay_pending

    @property
    def damaged_records(self) -> int:
        return self._books.damaged_records

    @property
    def unjournalled(self) -> int:
        """How many clicks were in memory alone, since the start."""
        return self._unwritten.count

    @property
    def in_memory_alone(self) -> int:
        """How many clicks are in memory alone now."""
        return self._unwritten.waiting

    @property
    def damaged_bytes(self) -> int:
        return self._backlog.damaged_bytes

    def append(self, key: bytes, payload: bytes) -> bool:
        """Take a click; false when neither disk nor memory could: then it is lost, and counted. Never raises."""
        data = frame(key, payload)
        segment = self._writer.write(data) or self._unwritten.segment()
        entry = (key, payload, segment)
        if not self._queues.hold(entry, segment.size - len(data)):
            self._lose("journal_failed", 1)
            return False
        if segment.in_memory:
            self._unwritten.add(entry, len(data))
        self._wake()
        return True

    def append_all(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Take clicks with one write, where it takes them all; else each as `append` does."""
        frames = [frame(key, payload) for key, payload in records]
        segment = self._writer.write_together(b"".join(frames)) if len(frames) > 1 else None
        if segment is None:
            for key, payload in records:
                self.append(key, payload)
            return
        self._queues.hold_all([(key, payload, segment) for key, payload in records], [*map(len, frames)])
        self._wake()

    async def take(self, most: int, seconds: float = inf) -> list[Entry]:
        """Give the next clicks to deliver, at most so many; none when there are none. For one caller at a time.

        Each is given once: whoever takes it delivers it, again and again if need be, and acknowledges it. Old ones are
        given at their pace: as many as fit in `seconds`, the time since the last were taken.
        """
        taken = await self._queues.take(most, seconds)
        if self._spills() and self._queues.has_room:
            self._writer.hand_over()
        return taken

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these, in any order. A file goes when Kafka has all of it."""
        self._unwritten.acknowledge(entries)
        self._books.acknowledge(entries)

    async def run(self) -> None:
        """Keep the journal synced, a spare segment ready, and folders without an owner adopted; for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._writer.keep_synced(self._limits.sync_s))
            group.create_task(self._keep_ready())
            group.create_task(self._keep_adopting())

    async def sync(self) -> None:
        """Return when what was appended before is on the disk."""
        await self._writer.sync()

    async def prepare(self) -> None:
        """Own the folder, have a segment to write to and no click in memory alone, if the disk allows.

        Raises JournalOwned.
        """
        try:
            if not await self._folders.is_held():
                self._writer.leave_all("its folder is not ours")
                await self._folders.claim()
        except OSError as error:
            self._writer.refuse(describe(error))
        else:
            at = (self._folders.own, self._folders.first_number)
            await self._writer.prepare(*at)
            if self._writer.active:
                await self._unwritten.write_down(partial(self._writer.store, *at))
            if self._spills():
                self._wake()

    async def adopt(self) -> None:
        """Take over what workers that are no more have left, and let go of the folders that are done."""
        await self._folders.adopt()
        while self._folders.found:
            segment = await self._threads.run(count_left, self._folders.found[0])
            self._folders.found.pop(0)
            self._books.add(segment)
            self._backlog.add(segment)
            self._wake()
        await self._folders.release_done(self._books.folders)

    async def close(self) -> None:
        """Have everything on the disk and own nothing any more. What no disk takes even now is lost, and counted."""
        await self._unwritten.settle()
        if self._unwritten.waiting:
            with suppress(JournalOwned):
                await self.prepare()
        self._writer.leave_all("closed")
        await self._writer.sync()
        if left := self._unwritten.waiting:
            self._lose("stopped", left)
        await self._threads.close()
        self._folders.release()

    def _spills(self) -> bool:
        active = self._writer.active
        return active is not None and active.spills

    async def _keep_ready(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TEND_S):
                    await self._writer.wants_spare.wait()
            if self.problem:
                # A disk that has refused is asked again once a second, not at every click.
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

    def _on_left(self, segment: Segment) -> None:
        self._books.leave(segment)
        if segment.spills:
            self._backlog.add(segment)
            self._wake()


@asynccontextmanager
async def opened(journal: Journal) -> AsyncIterator[None]:
    """Hold the journal open; `run` it meanwhile. Leaving closes it.

    A disk that refuses makes it degraded, not fail. Raises JournalOwned when another process has that folder.
    """
    try:
        await journal.prepare()
        yield
    finally:
        await journal.close()
