"""Reading segments back: frames are counted, and unreadable pages cost only themselves."""

from pathlib import Path

import pytest

from ingest.journal.framing import MARK, IntactFrame, scan
from ingest.journal.segment_reader import CHUNK, PAGE, count_marks, make_replayed_segment, read_chunk, read_whole
from tests.ingest.journal.builders import framed
from tests.ingest.journal.test_segments import BadDisk


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
    assert make_replayed_segment(tmp_path / "0000000001.seg").written == 0


def test_a_page_that_cannot_be_read_costs_its_own_clicks_and_no_others() -> None:
    data = framed(range(900))
    disk = BadDisk(data, 1, 5, 6)
    read = read_whole(disk.pread, 0, len(data))
    whole = set(range(PAGE)) | set(range(2 * PAGE, 5 * PAGE)) | set(range(7 * PAGE, len(data)))

    assert [(at, read[at]) for at in range(len(data)) if read[at] != (data[at] if at in whole else 0)] == []
    before, after = [list(scan(each, complete=True)) for each in (data, read)]
    untouched = [found for found in before if set(range(found.start, found.end)) <= whole]
    assert [found for found in after if isinstance(found, IntactFrame)] == untouched


def test_reading_goes_on_behind_a_read_that_ended_early() -> None:
    data = framed(range(100))
    assert read_whole(lambda size, offset: data[offset : offset + min(size, 7)], 0, len(data)) == data


def test_a_disk_that_gives_nothing_is_away() -> None:
    with pytest.raises(OSError, match="Input/output error"):
        read_whole(BadDisk(bytes(2 * PAGE), 0, 1).pread, 100, 2 * PAGE - 100)


def test_a_file_that_was_cut_meanwhile_ends_where_it_ends() -> None:
    assert read_whole(lambda size, offset: b"ab"[offset : offset + size], 0, 10) == b"ab"
