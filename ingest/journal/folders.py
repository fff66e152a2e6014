"""The folders a process has: the one it writes to, and those it has adopted."""

from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

import structlog

from ingest.journal.folder_lock import Claim, adopt, claim, is_lock_of, release
from ingest.journal.segments import list_segments, number_of
from ingest.journal.threads import Threads

log = structlog.get_logger()


class Folders:
    """`found` are the segments of others that are still to be looked into, oldest first in each folder."""

    def __init__(self, root: Path, worker: str, threads: Threads) -> None:
        self.found: list[Path] = []
        self.first_number = 1
        self._root = root
        self._worker = worker
        self._threads = threads
        self._own: Claim | None = None
        self._adopted: list[Claim] = []

    @property
    def own(self) -> Path:
        return self._root / self._worker

    async def is_held(self) -> bool:
        """Tell whether the worker's folder is ours, and still there. Raises nothing."""
        if self._own is None:
            return False
        held = await self._threads.run(is_lock_of, self.own, self._own.lock)
        if not held:
            release(self._own)
            self._own = None
        return held

    async def claim(self) -> None:
        """Own the worker's folder. Raises JournalOwned, OSError."""
        self._own = await self._threads.run(claim, self._root, self._worker)
        self.found += self._own.segments
        self.first_number = number_of(self._own.segments[-1]) + 1 if self._own.segments else 1

    async def adopt(self) -> None:
        """Own what workers that are no more have left. Raises nothing."""
        for adopted in await self._threads.run(adopt, self._root, self._worker):
            log.info("journal adopted", folder=str(adopted.folder), segments=len(adopted.segments))
            self._adopted.append(adopted)
            self.found += adopted.segments

    async def release_done(self, in_use: AbstractSet[Path]) -> None:
        """Let go of adopted folders that are not in use any more. Raises nothing."""
        for adopted in [adopted for adopted in self._adopted if adopted.folder not in in_use]:
            # A segment that could not be removed would be adopted, and delivered, again and again.
            with suppress(OSError):
                if not await self._threads.run(list_segments, adopted.folder):
                    self._adopted.remove(adopted)
                    release(adopted)

    def release(self) -> None:
        """Let go of all of them."""
        for owned in (self._own, *self._adopted):
            if owned:
                release(owned)
        self._own = None
        self._adopted = []
