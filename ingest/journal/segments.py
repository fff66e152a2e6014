"""The files of a journal: frames one after the other, numbered, only ever added to. All of this blocks."""

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
"""Bytes read at a time: more than the largest frame, and less than the event loop notices scanning."""

SYNC: Final = getattr(os, "fdatasync", os.fsync)
"""macOS has no fdatasync."""

_PRIVATE: Final = 0o600
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_PROBE: Final = bytes(64 * 1024)

PAGE: Final = 4096
"""What a file system reads from a disk at the least."""

assert CHUNK > LARGEST_FRAME  # noqa: S101 - or a chunk could end before its first frame does, for ever


@dataclass(slots=True, eq=False)
class Segment:
    """One file, and how far its records have come.

    Of the `written` ones, `held` are or have been in memory, and `acknowledged` are with Kafka. `final`: nothing more
    will be written to it or read from it. `size` and `synced` are bytes written and bytes known to be on the disk;
    `read_to` is the offset to which it has been read back. `replayed`: an earlier process wrote it. `in_memory`: no
    disk has taken it, and there is no file.
    """

    path: Path
    fd: int = -1
    opened_s: float = 0.0
    size: int = 0
    synced: int = 0
    written: int = 0
    held: int = 0
    acknowledged: int = 0
    read_to: int = 0
    final: bool = False
    replayed: bool = False
    in_memory: bool = False

    @property
    def spills(self) -> bool:
        """Whether clicks are in the file alone, and will be until it has been read back."""
        return self.held < self.written


Entry = tuple[bytes, bytes, Segment]
"""Key and payload of a record, and where it is written down."""


def segment_path(folder: Path, number: int) -> Path:
    return folder / f"{number:010}.seg"


def number_of(path: Path) -> int:
    return int(path.name[:10])


def list_segments(folder: Path) -> list[Path]:
    """Give the segments of a folder, oldest first; whatever else lies there is not ours. Raises OSError."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if is_segment(entry)]
    return [folder / name for name in sorted(names)]


def is_segment(entry: os.DirEntry[str]) -> bool:
    try:
        return SEGMENT_NAME.fullmatch(entry.name) is not None and entry.is_file(follow_symlinks=False)
    except OSError:
        return False


def create_segment(folder: Path, number: int) -> Segment:
    """Make a segment, its name on the disk too. Raises OSError when the disk refuses it, or would refuse its bytes."""
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
    """Make a segment of frames, safe on disk; give its path. Raises OSError, and then leaves no file."""
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
    """Raise OSError unless there is room for a few frames: a full disk still makes empty files."""
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
    """Read CHUNK bytes, fewer only at the end of the file. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return read_whole(partial(os.pread, fd), offset, min(CHUNK, os.fstat(fd).st_size - offset))
    finally:
        os.close(fd)


def read_whole(pread: Callable[[int, int], bytes], offset: int, size: int) -> bytes:
    """Read so many bytes by `pread(size, offset)`; a page the disk cannot give, among some it can, reads as zeros.

    At a bad sector a read ends early and looks like the end of the file; the next one is refused. Where no page at all
    can be read the disk is away, and what stands there may be had later: that raises OSError.
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


def count_left(path: Path) -> Segment:
    """Give a segment that another process left, with the frames begun in it counted. Raises nothing."""
    return Segment(path, written=count_marks(path), replayed=True)


def count_marks(path: Path) -> int:
    count = offset = 0
    with suppress(OSError):
        while chunk := read_chunk(path, offset):
            count += chunk.count(MARK)
            if len(chunk) < CHUNK:
                break
            # A mark across the border of two chunks is whole in the second one, and in no other.
            offset += len(chunk) - len(MARK) + 1
    return count


def set_aside(path: Path, damaged: Sequence[tuple[int, bytes]]) -> None:
    """Keep bad bytes in a sparse file, at the offsets where they stood: doing it twice changes nothing. OSError."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    try:
        for offset, data in damaged:
            os.pwrite(fd, data, offset)
    finally:
        os.close(fd)


def remove(path: Path) -> None:
    """Remove a segment that is done. One that stays is delivered again by whoever opens the journal next: harmless."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("journal segment not removed", segment=str(path), error=str(error))
