"""A segment that cannot be synced is left, and its clicks are delivered."""

import os
from pathlib import Path

import pytest

from tests.ingest.journal.builders import drain, on_disk, opened, run, until

pytestmark = pytest.mark.slow


async def test_a_file_that_cannot_be_synced_is_left_and_its_clicks_are_delivered(tmp_path: Path) -> None:
    async with run(tmp_path) as it:
        active = it.journal._writer.active
        assert active is not None
        read, write = os.pipe()
        os.dup2(write, active.fd)
        it.append(1)
        await until(lambda: it.journal._writer.active is not active)
        await until(lambda: it.journal.problem is None)
        it.append(2)
        assert on_disk(tmp_path) == [2]
        assert await drain(it.journal) == [1, 2]
        os.close(read)
        os.close(write)


async def test_a_sync_that_is_waited_for_and_fails_leaves_the_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(1)
        active = it.journal._writer.active
        assert active is not None
        reading, writing = os.pipe()  # takes bytes, and knows no disk
        os.dup2(writing, active.fd)
        it.append(2)
        await it.journal.sync()
        it.append(3)
        for fd in (reading, writing):
            os.close(fd)
        assert (it.journal.problem, on_disk(tmp_path)) == (None, [1, 3])
        assert await drain(it.journal) == [1, 2, 3]
