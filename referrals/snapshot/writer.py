"""Writes a snapshot beside the one in use and renames it into place. Processes that have the old one open keep it.

All functions block, and raise OSError when the disk fails.
"""

import fcntl
import os
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Final

from referrals.snapshot.blocks import BLOCK_BYTES, CODE_LINE, HEADER, BlockSplitter
from referrals.snapshot.reader import NAME, SnapshotFile

LOCK: Final = "referrals.lock"


class SnapshotWriter:
    """Writes a temporary file, and renames it into place when it is complete. `codes` is the initial count of codes."""

    def __init__(self, folder: Path, codes: int = 0) -> None:
        self._path = folder / NAME
        self._new = folder / f"{NAME}.new"
        self._splitter = BlockSplitter(codes)
        self._fd = -1

    def begin(self) -> None:
        self._fd = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._write(HEADER)

    def add(self, lines: bytes) -> None:
        """Add lines, each with its newline, in the order of their keys."""
        self._write(self._splitter.add(lines))

    def copy(self, base: SnapshotFile, first: int, stop: int) -> None:
        """Copy blocks of another file unchanged."""
        if first >= stop:
            return
        start, end = base.blocks.edges[first], base.blocks.edges[stop]
        self._write(self._splitter.finish_block())
        self._splitter.record_copied(base.blocks, first, stop)
        while start < end:
            copied = os.sendfile(self._fd, base.fd, start, end - start)
            if copied == 0:
                raise OSError("the snapshot in use was truncated while it was copied")
            start += copied

    def replace(self, block: bytes, lines: bytes) -> None:
        """Add lines that replace a block of another file, as one or more blocks of about the usual size."""
        parts = max(1, len(lines) // BLOCK_BYTES)
        before = self._splitter.finish_block()
        self._splitter.codes -= block.count(CODE_LINE)
        full = self._splitter.add(lines, len(lines) // parts + 1)
        self._write(before + full + self._splitter.finish_block())

    def finish(self, installation: str, version: int, taken_at: float, fields: str) -> None:
        """Sync the file to disk and rename it into place."""
        self._write(self._splitter.finish_block())
        self._write(self._splitter.finish(installation, version, taken_at, fields))
        os.fsync(self._fd)
        self._new.rename(self._path)
        sync_folder(self._path.parent)
        self._close()

    def discard(self) -> None:
        """Delete the temporary file, unless `finish` is done. Never raises."""
        if self._fd >= 0:
            with suppress(OSError):
                self._new.unlink(missing_ok=True)
            self._close()

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        os.close(fd)


def sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Lock:
    """The exclusive lock of a folder. It ends with `release`, with the process, or when it is garbage-collected."""

    def __init__(self, fd: int) -> None:
        self.release = weakref.finalize(self, os.close, fd)


def try_lock(folder: Path) -> Lock | None:
    """Lock a folder for writing, and create it if needed; null when another process has the lock."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    lock = Lock(fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return lock
