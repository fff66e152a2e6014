"""Files of frames: counted, read in chunks, made only where there is room."""

import resource
from pathlib import Path

import pytest

from ingest.journal.framing import MARK
from ingest.journal.segments import CHUNK, count_left, count_marks, create_segment, list_segments, read_chunk
from tests.ingest_journal.builders import framed, limited


@pytest.mark.parametrize("before_border", range(6))
def test_frames_across_the_border_of_chunks_are_counted_once(tmp_path: Path, before_border: int) -> None:
    path = tmp_path / "0000000001.seg"
    path.write_bytes(bytes(CHUNK - before_border) + MARK + bytes(2 * CHUNK) + MARK)
    assert count_marks(path) == 2


def test_frames_of_a_file_of_whole_chunks_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "0000000001.seg"
    path.write_bytes(bytes(CHUNK - 4) + MARK)
    assert (count_marks(path), read_chunk(path, CHUNK)) == (1, b"")


def test_a_file_that_cannot_be_counted_counts_none(tmp_path: Path) -> None:
    assert count_left(tmp_path / "0000000001.seg").written == 0


def test_a_file_is_not_made_where_its_bytes_would_find_no_room(tmp_path: Path) -> None:
    with limited(resource.RLIMIT_FSIZE, 10_000), pytest.raises(OSError, match="No space left on device"):
        create_segment(tmp_path, 1)
    assert list_segments(tmp_path) == []


def test_files_are_listed_in_the_order_they_were_written(tmp_path: Path) -> None:
    for number in (10, 9, 100):
        (tmp_path / f"{number:010}.seg").write_bytes(framed([number]))
    assert [path.name for path in list_segments(tmp_path)] == ["0000000009.seg", "0000000010.seg", "0000000100.seg"]
