"""Inspects a journal from outside, while workers run or not. Changes nothing. These functions block."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ingest.journal.folder_lock import QUARANTINE, is_locked, list_folders
from ingest.journal.framing import DamagedBytes, IntactFrame, scan
from ingest.journal.segment_reader import CHUNK, read_chunk
from ingest.journal.segments import list_segments


class NoJournal(Exception):  # noqa: N818 - the name states the condition
    """There is no journal in this folder."""


class SegmentStatus(msgspec.Struct, frozen=True):
    """A file: its size in bytes, its intact clicks, and its damaged bytes as (start, end) offsets."""

    path: Path
    bytes: int
    clicks: int
    damaged: list[tuple[int, int]]


class FolderStatus(msgspec.Struct, frozen=True):
    """A worker's folder. `alive`: a process owns it. Each file holds at least one click that Kafka does not have."""

    worker: str
    alive: bool
    segments: list[SegmentStatus]


def inspect_journal(root: Path) -> Iterator[FolderStatus]:
    """Read every folder of a journal. Raises NoJournal; OSError when a folder cannot be read."""
    for folder in folders_of(root):
        if (paths := list_left(folder)) is None:
            continue
        alive = is_locked(folder)
        segments = [found for path in paths if (found := inspect_segment(path))]
        yield FolderStatus(folder.name, alive, drop_unfinished_tail(segments) if alive else segments)


def export(root: Path) -> Iterator[bytes]:
    """Give every intact click of a journal as written. Raises NoJournal; OSError when a folder cannot be read."""
    for folder in folders_of(root):
        for path in list_left(folder) or ():
            for found in read_frames(path):
                if isinstance(found, IntactFrame):
                    yield found.payload


def count_quarantined_bytes(root: Path) -> int:
    """Give the disk space of damaged bytes in quarantine."""
    folder = root / QUARANTINE
    return sum(512 * path.stat().st_blocks for path in folder.iterdir()) if folder.is_dir() else 0


def folders_of(root: Path) -> list[Path]:
    if not root.is_dir():
        raise NoJournal(f"{root}: there is no journal")
    return list_folders(root)


def list_left(folder: Path) -> list[Path] | None:
    """Give the segments of a folder; null when all are delivered and it has been removed since it was listed."""
    try:
        return list_segments(folder)
    except FileNotFoundError:
        return None


def inspect_segment(path: Path) -> SegmentStatus | None:
    """Read a segment; null when it has been removed since it was listed."""
    clicks = end = 0
    damaged: list[tuple[int, int]] = []
    for found in read_frames(path):
        end = found.end
        if isinstance(found, IntactFrame):
            clicks += 1
        elif damaged and damaged[-1][1] == found.start:
            damaged[-1] = (damaged[-1][0], end)
        else:
            damaged.append((found.start, end))
    return SegmentStatus(path, end, clicks, damaged) if path.exists() else None


def drop_unfinished_tail(segments: list[SegmentStatus]) -> list[SegmentStatus]:
    """Leave out an incomplete frame at the end of the last non-empty file: it may still be being written."""
    last = max((at for at, segment in enumerate(segments) if segment.bytes), default=None)
    if last is None or not segments[last].damaged or segments[last].damaged[-1][1] != segments[last].bytes:
        return segments
    whole = msgspec.structs.replace(segments[last], damaged=segments[last].damaged[:-1])
    return [*segments[:last], whole, *segments[last + 1 :]]


def read_frames(path: Path) -> Iterator[IntactFrame | DamagedBytes]:
    """Give the frames of a segment with their offsets; nothing when it has been removed. Raises OSError."""
    offset = 0
    is_last = False
    while not is_last:
        try:
            chunk = read_chunk(path, offset)
        except FileNotFoundError:
            return
        is_last = len(chunk) < CHUNK
        read = 0
        for found in scan(chunk, complete=is_last):
            read = found.end
            yield found._replace(start=offset + found.start, end=offset + read)
        offset += read
