"""The space of the journal's disk, as it is exported."""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry

from ingest.journal.disk import measure_disk
from ingest.journal.metrics import JournalMetrics
from tests.ingest.journal.builders import Opened, opened

NAMES = ("size", "free", "available")


def exported(it: Opened) -> list[float | None]:
    registry = CollectorRegistry()
    JournalMetrics(registry, it.journal)
    return [registry.get_sample_value(f"clickrail_journal_disk_{name}_bytes") for name in NAMES]


async def test_the_size_of_the_disk_and_what_may_still_be_written_are_exported(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    async with opened(tmp_path) as it:
        size, free, available = exported(it)

    assert size == found.f_blocks * found.f_frsize
    assert free is not None
    assert available is not None
    assert 0 < available <= free < size


async def test_a_disk_that_was_not_measured_is_not_called_full(tmp_path: Path) -> None:
    assert exported(Opened(tmp_path / "nowhere")) == [None, None, None]
    assert measure_disk(tmp_path / "nowhere") is None


async def test_a_disk_that_is_full_is_exported_as_0(tmp_path: Path) -> None:
    """`/proc` is a file system without a byte, whoever asks."""
    space = measure_disk(Path("/proc"))

    assert space is not None
    assert (space.free, space.available) == (0, 0)
    it = Opened(tmp_path)
    it.journal.disk = space
    assert exported(it) == [0, 0, 0]
