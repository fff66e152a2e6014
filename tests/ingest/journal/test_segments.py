"""Segments are made only where there is room, and listed in the order they were written."""

import errno
import os
import resource
from pathlib import Path

import pytest

from ingest.journal.segment_reader import PAGE
from ingest.journal.segments import create_segment, list_segments
from tests.ingest.journal.builders import framed, limited


def test_a_file_is_not_made_where_its_bytes_would_find_no_room(tmp_path: Path) -> None:
    with limited(resource.RLIMIT_FSIZE, 10_000), pytest.raises(OSError, match="No space left on device"):
        create_segment(tmp_path, 1)
    assert list_segments(tmp_path) == []


class BadDisk:
    """A file of `data` in which some pages cannot be read. As the kernel's, a read ends before such a page."""

    def __init__(self, data: bytes, *bad: int) -> None:
        self.data, self.bad = data, bad

    def pread(self, size: int, offset: int) -> bytes:
        if offset // PAGE in self.bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        end = min([offset + size, *(page * PAGE for page in self.bad if page * PAGE > offset)])
        return self.data[offset:end]


def test_files_are_listed_in_the_order_they_were_written(tmp_path: Path) -> None:
    for number in (10, 9, 100):
        (tmp_path / f"{number:010}.seg").write_bytes(framed([number]))
    assert [path.name for path in list_segments(tmp_path)] == ["0000000009.seg", "0000000010.seg", "0000000100.seg"]
