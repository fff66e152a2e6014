"""A journal looked at from outside, while its workers run or when none does. Nothing is changed. All of this blocks."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ingest.journal.folder_lock import ASIDE, is_owned, list_folders
from ingest.journal.framing import Damaged, Good, scan
from ingest.journal.segments import CHUNK, list_segments, read_chunk


class NoJournal(Exception):  # noqa: N818 - it says what is the case
    """There is no such folder."""


class SegmentStatus(msgspec.Struct, frozen=True):
    """A file: its size in bytes, its intact clicks, and the bytes that are none, as offsets."""

    path: Path
    bytes: int
    clicks: int
    damaged: list[tuple[int, int]]


class FolderStatus(msgspec.Struct, frozen=True):
    """A worker's folder. `alive`: a process owns it. Its clicks wait for Kafka, or are in a file with one that does."""

    worker: str
    alive: bool
    segments: list[SegmentStatus]


def look(root: Path) -> Iterator[FolderStatus]:
    """Read every folder of a journal. Raises NoJournal; OSError when one of them cannot be read."""
    for folder in folders_of(root):
        alive = is_owned(folder)
        segments = [found for path in list_segments(folder) if (found := look_at(path))]
        yield FolderStatus(folder.name, alive, without_tail(segments) if alive else segments)


def export(root: Path) -> Iterator[bytes]:
    """Give every intact click of a journal, as it was written. Raises NoJournal; OSError as `look` does."""
    for folder in folders_of(root):
        for path in list_segments(folder):
            for found in read_frames(path):
                if isinstance(found, Good):
                    yield found.payload


def bytes_aside(root: Path) -> int:
    """Give the disk space of the bad bytes that were moved aside."""
    folder = root / ASIDE
    return sum(512 * path.stat().st_blocks for path in folder.iterdir()) if folder.is_dir() else 0


def folders_of(root: Path) -> list[Path]:
    if not root.is_dir():
        raise NoJournal(f"{root}: there is no journal")
    return list_folders(root)


def look_at(path: Path) -> SegmentStatus | None:
    """Read a segment; null when it is gone meanwhile."""
    clicks = end = 0
    damaged: list[tuple[int, int]] = []
    for found in read_frames(path):
        end = found.end
        if isinstance(found, Good):
            clicks += 1
        elif damaged and damaged[-1][1] == found.start:
            damaged[-1] = (damaged[-1][0], end)
        else:
            damaged.append((found.start, end))
    return SegmentStatus(path, end, clicks, damaged) if path.exists() else None


def without_tail(segments: list[SegmentStatus]) -> list[SegmentStatus]:
    """Leave out a frame that was just being written, at the end of the last file with anything in it."""
    last = max((at for at, segment in enumerate(segments) if segment.bytes), default=None)
    if last is None or not segments[last].damaged or segments[last].damaged[-1][1] != segments[last].bytes:
        return segments
    whole = msgspec.structs.replace(segments[last], damaged=segments[last].damaged[:-1])
    return [*segments[:last], whole, *segments[last + 1 :]]


def read_frames(path: Path) -> Iterator[Good | Damaged]:
    """Give what stands in a segment, with its offsets there; nothing when it is gone. Raises OSError."""
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
