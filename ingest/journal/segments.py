"""The files of a journal: numbered and append-only, each a sequence of frames. These functions block."""

import errno
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from ingest.journal.framing import LARGEST_FRAME, MARK

log = structlog.get_logger()

SEGMENT_NAME: Final = re.compile(r"\d{10}\.seg", re.ASCII)
CHUNK: Final = 256 * 1024
"""Bytes read at a time: more than the largest frame, few enough to scan on the event loop."""

SYNC: Final = getattr(os, "fdatasync", os.fsync)
"""macOS has no fdatasync."""

_PRIVATE: Final = 0o600
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_PROBE: Final = bytes(64 * 1024)

PAGE: Final = 4096
"""The smallest unit that a file system reads from a disk."""

assert CHUNK > LARGEST_FRAME  # noqa: S101 - otherwise a frame larger than a chunk could never be read


@dataclass(slots=True, eq=False)
class Segment:
    """One file and the state of its records.

    `written` counts its records, `buffered` those that are or were in memory, `acknowledged` those that Kafka has.
    `final`: it is neither written to nor read from any more. `size` counts bytes written, `synced` bytes known to be on
    disk; `read_to` is the offset up to which it was read back. `replayed`: an earlier process wrote it. `in_memory`:
    the disk refused it, and there is no file.
    """

    path: Path
    fd: int = -1
    opened_s: float = 0.0
    size: int = 0
    synced: int = 0
    written: int = 0
    buffered: int = 0
    acknowledged: int = 0
    read_to: int = 0
    final: bool = False
    replayed: bool = False
    in_memory: bool = False

    @property
    def has_unbuffered(self) -> bool:
        """Whether some clicks are only in the file and must be read back."""
        return self.buffered < self.written


Entry = tuple[bytes, bytes, Segment]
"""Key and payload of a record, and its segment."""


def segment_path(folder: Path, number: int) -> Path:
    return folder / f"{number:010}.seg"


def number_of(path: Path) -> int:
    return int(path.name[:10])


def list_segments(folder: Path) -> list[Path]:
    """Give the segments of a folder, oldest first; ignore other files. Raises OSError."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if is_segment(entry)]
    return [folder / name for name in sorted(names)]


def is_segment(entry: os.DirEntry[str]) -> bool:
    try:
        return SEGMENT_NAME.fullmatch(entry.name) is not None and entry.is_file(follow_symlinks=False)
    except OSError:
        return False


def create_segment(folder: Path, number: int) -> Segment:
    """Make a segment and sync its folder. Raises OSError when the disk refuses it, or has no room for its bytes."""
    path = segment_path(folder, number)
    fd = os.open(path, _FLAGS, _PRIVATE)
    try:
        probe(fd)
        os.fsync(fd)
        sync_folder(folder)
    except OSError:
        os.close(fd)
        with suppress(OSError):
            path.unlink()
        raise
    return Segment(path, fd)


def write_segment(folder: Path, number: int, frames: bytes) -> Path:
    """Write frames to a new segment, synced; give its path. On OSError it leaves no file."""
    segment = create_segment(folder, number)
    try:
        written = 0
        while written < len(frames):
            written += os.write(segment.fd, frames[written:])
        SYNC(segment.fd)
    except OSError:
        with suppress(OSError):
            segment.path.unlink()
        raise
    finally:
        os.close(segment.fd)
    return segment.path


def probe(fd: int) -> None:
    """Raise OSError unless there is room for a few frames: a full disk can still create empty files."""
    if os.write(fd, _PROBE) < len(_PROBE):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.ftruncate(fd, 0)


def sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


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


def quarantine(path: Path, damaged: Sequence[tuple[int, bytes]]) -> None:
    """Write damaged bytes to a sparse file at their original offsets. Idempotent. Raises OSError."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    try:
        for offset, data in damaged:
            os.pwrite(fd, data, offset)
    finally:
        os.close(fd)


def remove(path: Path) -> None:
    """Remove a finished segment. If that fails, the next process delivers it again; consumers ignore repeats."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("journal segment not removed", segment=str(path), error=str(error))
