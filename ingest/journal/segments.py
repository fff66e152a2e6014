"""The files of a journal: numbered and append-only, each a sequence of frames. These functions block."""

import errno
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger()

SEGMENT_NAME: Final = re.compile(r"\d{10}\.seg", re.ASCII)

SYNC: Final = getattr(os, "fdatasync", os.fsync)
"""macOS has no fdatasync."""

_PRIVATE: Final = 0o600
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_PROBE: Final = bytes(64 * 1024)


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


def remove(path: Path) -> None:
    """Remove a finished segment. If that fails, the next process delivers it again; consumers ignore repeats."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("journal segment not removed", segment=str(path), error=str(error))


def quarantine(path: Path, damaged: Sequence[tuple[int, bytes]]) -> None:
    """Write damaged bytes to a sparse file at their original offsets. Idempotent. Raises OSError."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    try:
        for offset, data in damaged:
            os.pwrite(fd, data, offset)
    finally:
        os.close(fd)
