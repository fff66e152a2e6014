"""The journal as the redirect and the publisher see it: append, take, acknowledge.

Records go through memory while there is room. When Kafka is away and memory is full they stay in their file alone;
that file is read back when its turn comes, and from the next file on records go through memory again. So there are two
queues, memory and backlog, and each `take` gives both their half: a backlog of days delays no click of now, nor is it
delayed by them. Records that no disk took wait in memory; when that is full too they are lost, and counted.

Everything is changed on the event loop; threads only make system calls that may take long.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ingest.journal.backlog import Backlog
from ingest.journal.claims import ASIDE, JournalOwned
from ingest.journal.folders import Folders
from ingest.journal.framing import frame
from ingest.journal.segments import Entry, Segment, count_left, remove
from ingest.journal.shelf import Shelf
from ingest.journal.threads import Threads
from ingest.journal.writer import Writer, describe

log = structlog.get_logger()

TEND_S: Final = 1.0
ADOPT_S: Final = 5.0
WINDOW_BYTES: Final = 4 * 1024 * 1024
SEGMENT_OF: Final = itemgetter(2)

Lose = Callable[[str, int], None]
"""Counts clicks as lost: `journal_failed` (neither disk nor memory took it), `journal_damaged` (it could not be read
back), `stopped` (it was in memory alone when the process ended)."""


class Limits(msgspec.Struct, frozen=True):
    """Sizes in bytes, times in seconds."""

    segment_bytes: int = 64 * 1024 * 1024
    segment_s: float = 60.0
    memory_bytes: int = 32 * 1024 * 1024
    sync_s: float = 0.005


class Journal:
    """The clicks that Kafka does not have yet. `wake` is called whenever there may be something to `take`."""

    def __init__(self, root: Path, worker: str, limits: Limits, wake: Callable[[], None], lose: Lose) -> None:
        self.damaged_records = 0
        self._limits = limits
        self._wake = wake
        self._lose = lose
        self._threads = Threads()
        self._folders = Folders(root, worker, self._threads)
        self._writer = Writer(limits.segment_bytes, self._threads, self._on_left)
        self._memory = Shelf()
        self._backlog = Backlog(self._threads, root / ASIDE, self._on_read, wake)
        self._nowhere = Segment(Path())
        self._segments = {self._nowhere}

    @property
    def problem(self) -> str | None:
        """Why clicks are not written down at present, or null."""
        return self._writer.problem

    @property
    def pending(self) -> int:
        """How many clicks Kafka has not acknowledged: those of earlier processes as soon as they are counted."""
        active = self._writer.active
        segments = self._segments | {active} if active else self._segments
        return sum(segment.written - segment.acknowledged for segment in segments)

    @property
    def replay_pending(self) -> int:
        """How many of them an earlier process accepted."""
        return sum(segment.written - segment.acknowledged for segment in self._segments if segment.replayed)

    @property
    def unjournalled(self) -> int:
        """How many clicks were in memory alone, since the start."""
        return self._nowhere.written

    @property
    def damaged_bytes(self) -> int:
        return self._backlog.damaged_bytes

    def append(self, key: bytes, payload: bytes) -> bool:
        """Take a click; false when neither disk nor memory could: then it is lost, and counted. Never raises."""
        data = frame(key, payload)
        segment = self._writer.write(data) or self._nowhere
        if not self._hold((key, payload, segment), segment.size - len(data)):
            return False
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
        entries = [(key, payload, segment) for key, payload in records]
        if not segment.spills and self._memory.weight < self._limits.memory_bytes:
            # The last of them may find no room any more: so few do no harm.
            self._memory.put_all(entries)
            segment.held += len(entries)
            segment.written += len(entries)
        else:
            place = segment.size - sum(map(len, frames))
            for entry, data in zip(entries, frames, strict=True):
                self._hold(entry, place)
                place += len(data)
        self._wake()

    def _hold(self, entry: Entry, place: int) -> bool:
        """Put a click in memory if there is room, and count it; `place` is where in its segment it stands."""
        segment = entry[2]
        if not segment.spills:
            if self._memory.weight < self._limits.memory_bytes:
                self._memory.put(entry)
                segment.held += 1
            elif segment is self._nowhere:
                self._lose("journal_failed", 1)
                return False
            else:
                # From here on this file's clicks are in it alone.
                segment.read_to = place
        segment.written += 1
        return True

    async def take(self, most: int) -> list[Entry]:
        """Give the next clicks to deliver, at most so many; none when there are none. For one caller at a time.

        Each is given once: whoever takes it delivers it, again and again if need be, and acknowledges it.
        """
        share = max((most + 1) // 2, most - len(self._memory))
        await self._backlog.fill(share, WINDOW_BYTES)
        replayed = self._backlog.take(share, WINDOW_BYTES)
        live = self._memory.take(most - len(replayed), WINDOW_BYTES)
        if self._spills() and self._memory.weight <= self._limits.memory_bytes // 2:
            self._writer.hand_over()
        return live + replayed

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these, in any order. A file goes when Kafka has all of it."""
        for segment, count in Counter(map(SEGMENT_OF, entries)).items():
            segment.acknowledged += count
            self._settle(segment)

    async def run(self) -> None:
        """Keep the journal synced, a spare segment ready, and folders without an owner adopted; for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_synced())
            group.create_task(self._keep_ready())
            group.create_task(self._keep_adopting())

    async def sync(self) -> None:
        """Return when what was appended before is on the disk."""
        await self._writer.sync()

    async def prepare(self) -> None:
        """Own the folder and have a segment to write to, if the disk allows. Raises JournalOwned."""
        try:
            if not await self._folders.is_held():
                self._writer.leave_all("its folder is not ours")
                await self._folders.claim()
        except OSError as error:
            self._writer.refuse(describe(error))
        else:
            await self._writer.prepare(self._folders.own, self._folders.first_number)
            if self._spills():
                self._wake()

    async def adopt(self) -> None:
        """Take over what workers that are no more have left, and let go of the folders that are done."""
        await self._folders.adopt()
        while self._folders.found:
            segment = await self._threads.run(count_left, self._folders.found[0])
            self._folders.found.pop(0)
            self._segments.add(segment)
            self._backlog.add(segment)
            self._wake()
        await self._folders.release_done({segment.path.parent for segment in self._segments})

    async def close(self) -> None:
        """Have everything on the disk and own nothing any more. What is in memory alone is lost, and counted."""
        self._writer.leave_all("closed")
        await self._writer.sync()
        if left := self._nowhere.written - self._nowhere.acknowledged:
            self._lose("stopped", left)
        await self._threads.close()
        self._folders.release()

    def _spills(self) -> bool:
        active = self._writer.active
        return active is not None and active.spills

    async def _keep_synced(self) -> None:
        while True:
            await self._writer.unsynced.wait()
            await asyncio.sleep(self._limits.sync_s)
            await self._writer.sync()

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
        self._segments.add(segment)
        if segment.spills:
            self._backlog.add(segment)
            self._wake()
        else:
            segment.final = True
            self._settle(segment)

    def _on_read(self, segment: Segment) -> None:
        missing = segment.written - segment.held
        if segment.replayed:
            # Frames begun: some may never have been whole, and their visitors not answered.
            self.damaged_records += missing
        elif missing > 0:
            # Fewer than none are missing when a write was cut short and could not be undone: those come twice.
            self._lose("journal_damaged", missing)
        segment.written = segment.held
        segment.final = True
        self._settle(segment)

    def _settle(self, segment: Segment) -> None:
        if segment.final and segment.acknowledged == segment.written and segment in self._segments:
            self._segments.remove(segment)
            self._threads.leave(remove, segment.path)


@asynccontextmanager
async def open_journal(
    root: Path, worker: str, limits: Limits, wake: Callable[[], None], lose: Lose
) -> AsyncIterator[Journal]:
    """Open the journal of one worker in `<root>/<worker>/`: `opened`, of a new one."""
    journal = Journal(root, worker, limits, wake, lose)
    async with opened(journal):
        yield journal


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
