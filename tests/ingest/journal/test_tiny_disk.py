"""The journal on a file system of 256 KiB, which fills up and becomes read-only."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.journal.journal import JournalLimits
from tests.ingest.journal.builders import drain, on_disk, opened, run, until

pytestmark = pytest.mark.slow


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no permission to mount a file system")
    yield disk
    subprocess.run(["umount", disk], check=True)


async def test_a_full_disk_costs_no_click_that_memory_can_hold_and_is_used_again_when_there_is_room(
    tiny_disk: Path,
) -> None:
    async with run(tiny_disk, limits=JournalLimits(memory_bytes=1_000_000)) as it:
        assert it.append(*range(1000)) == []
        assert it.journal.problem is not None
        assert on_disk(tiny_disk) == list(range(len(on_disk(tiny_disk))))
        assert it.journal.unjournalled == 1000 - len(on_disk(tiny_disk))
        assert await drain(it.journal, 400) == list(range(1000))
        await until(lambda: it.journal.problem is None)
        it.append(1000)
        assert on_disk(tiny_disk) == [1000]


async def test_a_disk_that_becomes_read_only_is_left_and_used_again(tiny_disk: Path) -> None:
    async with opened(tiny_disk) as it:
        it.append(1)
        active = it.journal._writer.active
        assert active is not None
        # The kernel refuses a read-only remount while files are open, so the descriptor is made read-only.
        os.close(active.fd)
        active.fd = os.open(active.path, os.O_RDONLY)
        assert it.append(2) == []
        assert it.journal.problem is None
        assert on_disk(tiny_disk) == [1, 2]
    remount(tiny_disk, "ro")
    async with opened(tiny_disk) as it:
        assert (it.append(3), it.journal.problem) == ([], "Read-only file system")
        remount(tiny_disk, "rw")
        await it.journal.prepare()
        await it.journal.adopt()
        assert (it.journal.problem, it.journal.replay_pending) == (None, 2)
        assert sorted(await drain(it.journal)) == [1, 2, 3]
