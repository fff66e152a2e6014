"""Reads the files of a journal back, as far as the disk allows. These functions block."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from ingest.journal.framing import LARGEST_FRAME, MARK
from ingest.journal.segments import Segment

log = structlog.get_logger()

CHUNK: Final = 256 * 1024
"""Bytes read at a time: more than the largest frame, few enough to scan on the event loop."""
PAGE: Final = 4096
"""The smallest unit that a file system reads from a disk."""

assert CHUNK > LARGEST_FRAME  # noqa: S101 - otherwise a frame larger than a chunk could never be read


def read_chunk(path: Path, offset: int) -> bytes:
    """Read CHUNK bytes, or fewer at the end of the file. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return read_whole(partial(os.pread, fd), offset, min(CHUNK, os.fstat(fd).st_size - offset))
    finally:
        os.close(fd)


def read_whole(pread: Callable[[int, int], bytes], offset: int, size: int) -> bytes:
    """Read `size` bytes with `pread(size, offset)`; replace single unreadable pages by zeros.

    Before a bad sector a read ends early, like at the end of the file; the next read fails. If no page can be read, the
    disk may be away only for now: that raises OSError.
    """
    data = bytearray()
    refusal, blank = None, 0
    while len(data) < size:
        at, left = offset + len(data), size - len(data)
        try:
            piece = pread(left, at)
        except OSError as error:
            refusal, piece = error, bytes(min(left, PAGE - at % PAGE))
            blank += len(piece)
        if not piece:
            break
        data += piece
    if refusal is not None:
        if blank == len(data):
            raise refusal
        log.warning("journal pages cannot be read", bytes=blank, error=str(refusal))
    return bytes(data)


def make_replayed_segment(path: Path) -> Segment:
    """Give a segment of an earlier process, with its frames counted. Never raises."""
    return Segment(path, written=count_marks(path), replayed=True)


def count_marks(path: Path) -> int:
    count = offset = 0
    with suppress(OSError):
        while chunk := read_chunk(path, offset):
            count += chunk.count(MARK)
            if len(chunk) < CHUNK:
                break
            # Overlap chunks by less than a mark, so that each mark is whole in exactly one of them.
            offset += len(chunk) - len(MARK) + 1
    return count
