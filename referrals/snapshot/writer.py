"""A file, written beside the one in use and put in its place: who has the old one open goes on with it.

All of this blocks, and raises OSError when the disk refuses.
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
    """Writes a file beside the one in use, and puts it in its place when it is whole.

    `codes` is how many are counted already.
    """

    def __init__(self, folder: Path, codes: int = 0) -> None:
        self._path = folder / NAME
        self._new = folder / f"{NAME}.new"
        self._cutter = BlockSplitter(codes)
        self._fd = -1

    def begin(self) -> None:
        self._fd = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._write(HEADER)

    def add(self, lines: bytes) -> None:
        """Add lines, each with its newline, in the order of their keys."""
        self._write(self._cutter.add(lines))

    def copy(self, base: SnapshotFile, first: int, behind: int) -> None:
        """Add blocks of another file as they are."""
        if first >= behind:
            return
        start, end = base.blocks.edges[first], base.blocks.edges[behind]
        self._write(self._cutter.finish_block())
        self._cutter.note_copied(base.blocks, first, behind)
        while start < end:
            copied = os.sendfile(self._fd, base.fd, start, end - start)
            if copied == 0:
                raise OSError("the snapshot in use has become shorter")
            start += copied

    def replace(self, block: bytes, lines: bytes) -> None:
        """Add lines in the place of a block of another file, as a block or several of about the usual size."""
        parts = max(1, len(lines) // BLOCK_BYTES)
        before = self._cutter.finish_block()
        self._cutter.codes -= block.count(CODE_LINE)
        full = self._cutter.add(lines, len(lines) // parts + 1)
        self._write(before + full + self._cutter.finish_block())

    def finish(self, installation: str, version: int, taken_at: float, fields: str) -> None:
        """Put the file in its place, safe on disk."""
        self._write(self._cutter.finish_block())
        self._write(self._cutter.finish(installation, version, taken_at, fields))
        os.fsync(self._fd)
        self._new.rename(self._path)
        sync_folder(self._path.parent)
        self._close()

    def abandon(self) -> None:
        """Leave nothing behind, unless `finish` is done. Raises nothing."""
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
    """The right to write in a folder. It ends with `release`, with the process, or when nobody refers to it."""

    def __init__(self, fd: int) -> None:
        self.release = weakref.finalize(self, os.close, fd)


def take_lock(folder: Path) -> Lock | None:
    """Become the one who writes in a folder, made if need be; null when another process is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    lock = Lock(fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return lock
