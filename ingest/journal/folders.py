"""The journal folders of a process: the one it writes to, and those it has adopted."""

from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

import structlog

from ingest.journal.folder_lock import FolderLock, adopt_folders, is_lock_of, lock_folder, release
from ingest.journal.segments import list_segments, number_of
from ingest.journal.threads import Threads

log = structlog.get_logger()


class Folders:
    """`unread` are the segments found when folders were locked, oldest first in each folder."""

    def __init__(self, root: Path, worker: str, threads: Threads) -> None:
        self.unread: list[Path] = []
        self.first_number = 1
        self._root = root
        self._worker = worker
        self._threads = threads
        self._own: FolderLock | None = None
        self._adopted: list[FolderLock] = []

    @property
    def own(self) -> Path:
        return self._root / self._worker

    async def is_locked(self) -> bool:
        """Tell whether this process still holds the lock of the worker's folder. Never raises."""
        if self._own is None:
            return False
        is_locked = await self._threads.run(is_lock_of, self.own, self._own.lock)
        if not is_locked:
            release(self._own)
            self._own = None
        return is_locked

    async def lock(self) -> None:
        """Lock the worker's folder. Raises JournalOwned, OSError."""
        self._own = await self._threads.run(lock_folder, self._root, self._worker)
        self.unread += self._own.segments
        self.first_number = number_of(self._own.segments[-1]) + 1 if self._own.segments else 1

    async def adopt(self) -> None:
        """Lock the folders of workers that have ended. Never raises."""
        for adopted in await self._threads.run(adopt_folders, self._root, self._worker):
            log.info("journal adopted", folder=str(adopted.folder), segments=len(adopted.segments))
            self._adopted.append(adopted)
            self.unread += adopted.segments

    async def release_done(self, in_use: AbstractSet[Path]) -> None:
        """Release adopted folders that are no longer in use. Never raises."""
        for adopted in [adopted for adopted in self._adopted if adopted.folder not in in_use]:
            # Keep a folder whose segments could not be removed: they would be adopted and delivered repeatedly.
            with suppress(OSError):
                if not await self._threads.run(list_segments, adopted.folder):
                    self._adopted.remove(adopted)
                    release(adopted)

    def release(self) -> None:
        """Release all folders."""
        for owned in (self._own, *self._adopted):
            if owned:
                release(owned)
        self._own = None
        self._adopted = []
