"""Numbered clicks, open journals, and the contents of their folders."""

import asyncio
import os
import resource
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from structlog.testing import capture_logs

from ingest.journal import journal as journals
from ingest.journal.framing import KEY_BYTES, IntactFrame, encode_frame, scan
from ingest.journal.journal import Journal, JournalLimits
from ingest.journal.segment_registry import Lose
from ingest.journal.segments import Entry, Segment, list_segments
from tests.waiting import PATIENCE_S

WORKER = "worker-1"
SMALL = JournalLimits(segment_bytes=20_000, memory_bytes=20_000, window_bytes=20_000, sync_s=0.001)


def key(number: int) -> bytes:
    return b"%0*d" % (KEY_BYTES, number)


def payload(number: int, size: int = 300) -> bytes:
    return b'{"click":%d,"more":"%s"}' % (number, b"x" * size)


def framed(numbers: Iterable[int], size: int = 300) -> bytes:
    return b"".join(encode_frame(key(number), payload(number, size)) for number in numbers)


def number_of(key_of_click: bytes) -> int:
    return int(key_of_click)


def numbers(entries: Iterable[Entry]) -> list[int]:
    """Give the numbers of clicks, and check that their payloads are as appended."""
    entries = list(entries)
    assert all(number_of(key) == int(payload[9 : payload.index(b",")]) for key, payload, _ in entries)
    return [number_of(key) for key, _, _ in entries]


def on_disk(root: Path) -> list[int]:
    """Give the numbers of all intact clicks in all folders."""
    found = []
    for path in sorted(root.glob("*/*.seg")):
        # A thread may remove a finished file at any time.
        with suppress(FileNotFoundError):
            found += [number_of(item.key) for item in scan(path.read_bytes()) if isinstance(item, IntactFrame)]
    return found


def left_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def segments(root: Path, worker: str = WORKER) -> list[Path]:
    return list_segments(root / worker)


class Opened:
    """A journal, and what it counted as lost."""

    def __init__(self, root: Path, worker: str = WORKER, limits: JournalLimits = SMALL) -> None:
        self.lost: Counter[str] = Counter()
        self.some = asyncio.Event()
        self.journal = Journal(root, worker, limits, self.some.set, self.lose)

    def lose(self, reason: str, count: int) -> None:
        self.lost[reason] += count

    def append(self, *clicks: int, size: int = 300) -> list[int]:
        """Append clicks; give those that were lost."""
        return [click for click in clicks if not self.journal.append(key(click), payload(click, size))]

    def append_all(self, *clicks: int, size: int = 300) -> None:
        self.journal.append_all([(key(click), payload(click, size)) for click in clicks])


@asynccontextmanager
async def open_journal(
    root: Path, worker: str, limits: JournalLimits, wake: Callable[[], None], lose: Lose
) -> AsyncIterator[Journal]:
    journal = Journal(root, worker, limits, wake, lose)
    async with journals.open_journal(journal):
        yield journal


@asynccontextmanager
async def opened(root: Path, worker: str = WORKER, limits: JournalLimits = SMALL) -> AsyncIterator[Opened]:
    """A journal that is ready, with a spare segment, and has adopted what there was."""
    it = Opened(root, worker, limits)
    try:
        await it.journal.prepare()
        await it.journal.prepare()
        await it.journal.adopt()
        yield it
    finally:
        await it.journal.close()


@asynccontextmanager
async def run(root: Path, worker: str = WORKER, limits: JournalLimits = SMALL) -> AsyncIterator[Opened]:
    """A journal as the service has it, its tasks running."""
    it = Opened(root, worker, limits)
    async with open_journal(root, worker, limits, it.some.set, it.lose) as it.journal:
        task = asyncio.create_task(it.journal.run())
        try:
            yield it
        finally:
            task.cancel()
            await asyncio.wait([task])


async def drain(journal: Journal, most: int = 50) -> list[int]:
    """Take and acknowledge until nothing is left."""
    taken: list[int] = []
    async with asyncio.timeout(PATIENCE_S):
        while entries := await journal.take(most) or journal.pending:
            if isinstance(entries, int):
                await asyncio.sleep(0.01)
                await journal.prepare()
                continue
            journal.acknowledge(entries)
            taken += numbers(entries)
    return taken


async def until(holds: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


@contextmanager
def limited(what: int, to: int) -> Iterator[None]:
    """Set a limit of the kernel for this process. Logs are captured, because pytest writes them to a file."""
    soft, hard = resource.getrlimit(what)
    with capture_logs():
        resource.setrlimit(what, (to, hard))
        try:
            yield
        finally:
            resource.setrlimit(what, (soft, hard))


async def die(it: Opened) -> list[Segment]:
    """Close a journal's files and locks, as the death of its process does. Give the segments that were open."""
    journal, writer = it.journal, it.journal._writer
    await journal._threads.close()
    still_open = [segment for segment in (writer.active, writer._spare, *writer.syncer._retired) if segment]
    for fd in [segment.fd for segment in still_open] + [
        held.lock for held in (journal._folders._own, *journal._folders._adopted) if held
    ]:
        os.close(fd)
    return still_open
