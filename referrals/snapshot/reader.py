"""Opens a snapshot and finds values in it. All functions block.

The file is read with pread, not mapped: truncating a mapped file kills the process (SIGBUS); a failed read is a miss.
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
    format_key,
    read_index,
)

NAME: Final = "referrals.snapshot"

Unreadable: TypeAlias = Literal["untold"]
UNREADABLE: Final = "untold"
"""The answer when the place where the value would be is damaged: neither a value nor "there is none"."""
Identity: TypeAlias = tuple[int, int, int, int]


class InvalidSnapshot(msgspec.Struct, frozen=True):
    """Why a file cannot be used."""

    reason: str


class SnapshotFile:
    """An open file with an intact index. Each block is checked when it is read.

    The file is closed when no thread has a reference to it any more.
    """

    def __init__(self, fd: int, info: Snapshot, blocks: Blocks) -> None:
        self.fd = fd
        weakref.finalize(self, os.close, fd)
        self.identity = identify(os.fstat(fd))
        self.version = info.version
        # Not `info` itself: it would keep the whole index in memory.
        self.info = Snapshot(**{name: getattr(info, name) for name in Snapshot.__struct_fields__})
        self.blocks = blocks

    def find(self, key: Key) -> Referral | Unreadable | None:
        """Find a value by its key; null when there is none. Takes about ten microseconds. Never raises."""
        text = format_key(key)
        number = bisect_right(self.blocks.first_keys, text) - 1
        if number < 0:
            return None
        block = self.read_block(number)
        if block is None:
            return UNREADABLE
        data = find_value(block, text.encode())
        return None if data is None else read_value(key, data) or UNREADABLE

    def read_block(self, number: int) -> bytes | None:
        """Read a block; null when it is damaged or cannot be read."""
        blocks = self.blocks
        try:
            block = os.pread(self.fd, blocks.lengths[number], blocks.edges[number])
        except OSError:
            return None
        return block if crc32(block) == blocks.crcs[number] else None


def open_snapshot(path: Path) -> SnapshotFile | InvalidSnapshot:
    """Open a file, or say what is wrong with it. Raises OSError."""
    # O_NONBLOCK: opening a named pipe would otherwise wait for a writer.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    opened: SnapshotFile | InvalidSnapshot | None = None
    try:
        opened = read_file(fd)
    finally:
        if not isinstance(opened, SnapshotFile):
            os.close(fd)
    return opened


def read_file(fd: int) -> SnapshotFile | InvalidSnapshot:
    size = os.fstat(fd).st_size
    if os.pread(fd, len(HEADER), 0) != HEADER:
        return InvalidSnapshot("it is not a snapshot of referrals, or has another format version")
    place = find_index(os.pread(fd, TRAILER_BYTES, max(size - TRAILER_BYTES, 0)))
    if place is None:
        return InvalidSnapshot("its end is missing")
    start, crc = place
    length = size - TRAILER_BYTES - start
    index = read_index(os.pread(fd, length, start), start, crc) if length > 0 else None
    return SnapshotFile(fd, *index) if index else InvalidSnapshot("its index is damaged")


def identify(stat: os.stat_result) -> Identity:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def identify_path(path: Path) -> Identity | None:
    """Identify the file at a path, to notice when it is replaced; null when there is none. Raises OSError."""
    try:
        return identify(path.stat())
    except FileNotFoundError:
        return None
