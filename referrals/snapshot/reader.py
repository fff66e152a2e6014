"""The file, opened and read. All of this blocks.

It is read, not mapped: a file that somebody cuts short would end a process that had mapped it, and is a miss here.
"""

import os
import weakref
from bisect import bisect_right
from pathlib import Path
from typing import Final, Literal, TypeAlias
from zlib import crc32

import msgspec

from referrals.model import Key, Referral
from referrals.row_codec import read_value
from referrals.snapshot.blocks import (
    HEADER,
    TRAILER_BYTES,
    Blocks,
    Snapshot,
    find_index,
    find_value,
    read_index,
    text_of,
)

NAME: Final = "referrals.snapshot"

Untold: TypeAlias = Literal["untold"]
UNTOLD: Final = "untold"
"""Neither a value nor that there is none: what stands there cannot be read."""
Identity: TypeAlias = tuple[int, int, int, int]


class NoSnapshot(msgspec.Struct, frozen=True):
    """Why a file is none of ours, or none any more."""

    reason: str


class SnapshotFile:
    """A file with an index that is intact. Of its blocks, each is checked whenever it is read.

    It is open as long as anybody, in any thread, refers to it.
    """

    def __init__(self, fd: int, says: Snapshot, blocks: Blocks) -> None:
        self.fd = fd
        weakref.finalize(self, os.close, fd)
        self.identity = identify(os.fstat(fd))
        self.version = says.version
        # Not `says` itself: it would keep the whole index in memory.
        self.says = Snapshot(**{name: getattr(says, name) for name in Snapshot.__struct_fields__})
        self.blocks = blocks

    def find(self, key: Key) -> Referral | Untold | None:
        """Find a value by its key; null when there is none. Takes about ten microseconds; raises nothing."""
        text = text_of(key)
        number = bisect_right(self.blocks.firsts, text) - 1
        if number < 0:
            return None
        block = self.read_block(number)
        if block is None:
            return UNTOLD
        data = find_value(block, text.encode())
        return None if data is None else read_value(key, data) or UNTOLD

    def read_block(self, number: int) -> bytes | None:
        """Read a block; null when it is not intact, or cannot be read."""
        blocks = self.blocks
        try:
            block = os.pread(self.fd, blocks.lengths[number], blocks.edges[number])
        except OSError:
            return None
        return block if crc32(block) == blocks.crcs[number] else None


def open_snapshot(path: Path) -> SnapshotFile | NoSnapshot:
    """Open a file, or say what is wrong with it. Raises OSError."""
    # Not to wait for a writer, should somebody have put a pipe there.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    opened: SnapshotFile | NoSnapshot | None = None
    try:
        opened = read_file(fd)
    finally:
        if not isinstance(opened, SnapshotFile):
            os.close(fd)
    return opened


def read_file(fd: int) -> SnapshotFile | NoSnapshot:
    size = os.fstat(fd).st_size
    if os.pread(fd, len(HEADER), 0) != HEADER:
        return NoSnapshot("it is not a snapshot of referrals, or one of another version")
    place = find_index(os.pread(fd, TRAILER_BYTES, max(size - TRAILER_BYTES, 0)))
    if place is None:
        return NoSnapshot("its end is missing")
    start, crc = place
    length = size - TRAILER_BYTES - start
    index = read_index(os.pread(fd, length, start), start, crc) if length > 0 else None
    return SnapshotFile(fd, *index) if index else NoSnapshot("its index is damaged")


def identify(stat: os.stat_result) -> Identity:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def identify_path(path: Path) -> Identity | None:
    """Tell apart the files that stand at a path one after the other; null when there is none. Raises OSError."""
    try:
        return identify(path.stat())
    except FileNotFoundError:
        return None
