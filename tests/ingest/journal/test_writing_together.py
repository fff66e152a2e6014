"""Clicks that come together stand in one write, and each goes where there is room when that write is refused."""

import fcntl
import os
import resource
from pathlib import Path

import pytest

from ingest.journal.journal import JournalLimits
from tests.ingest.journal.builders import drain, framed, limited, on_disk, opened, segments

pytestmark = pytest.mark.slow


async def test_clicks_that_come_together_stand_in_one_write(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        it.append_all(1, 2, 3)
        it.append_all(4)
        assert segments(tmp_path)[0].read_bytes() == framed([1, 2, 3, 4])
        assert await drain(it.journal) == [1, 2, 3, 4]


async def test_one_write_for_many_that_is_cut_short_leaves_nothing_of_it_and_each_goes_where_there_is_room(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        it.append(1)
        with limited(resource.RLIMIT_FSIZE, len(framed([1])) * 3 + 100):
            it.append_all(2, 3, 4, 5)
        assert (it.journal.problem, it.journal.pending, it.lost) == (None, 5, {})
        assert on_disk(tmp_path) == [1, 2, 3, 4, 5]
        assert await drain(it.journal) == [1, 2, 3, 4, 5]


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="only Linux has files that cannot be cut")
async def test_one_write_for_many_that_is_cut_short_and_cannot_be_undone_costs_no_click(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits(window_bytes=1)) as it:
        active = it.journal._writer.active
        assert active is not None
        uncut = os.memfd_create("segment", os.MFD_ALLOW_SEALING)
        fcntl.fcntl(uncut, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        os.dup2(uncut, active.fd)
        active.path.unlink()
        active.path.symlink_to(f"/proc/{os.getpid()}/fd/{uncut}")
        it.append(0, 1, 2)
        with limited(resource.RLIMIT_FSIZE, len(framed([0])) * 5 + 50):
            it.append_all(3, 4, 5, 6)
        assert (it.journal.problem, it.journal.pending) == (None, 7)
        assert sorted(set(await drain(it.journal))) == list(range(7))
        os.close(uncut)
    assert it.lost == {}


async def test_of_clicks_that_come_together_those_no_disk_takes_wait_in_memory(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits()) as it:
        with limited(resource.RLIMIT_FSIZE, 0):
            it.append_all(1, 2, 3)
        assert (it.journal.problem, it.journal.unjournalled, it.journal.pending) == ("File too large", 3, 3)
        assert await drain(it.journal) == [1, 2, 3]


async def test_clicks_that_come_together_are_read_back_when_memory_is_full(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=JournalLimits(window_bytes=2_000)) as it:
        for first in range(0, 40, 4):
            it.append_all(*range(first, first + 4))
        assert sorted(await drain(it.journal)) == list(range(40))
        assert it.lost == {}
