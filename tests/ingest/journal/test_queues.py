"""How many clicks are taken from memory and from the backlog."""

import math
from pathlib import Path

import pytest

from ingest.journal.journal import JournalLimits
from ingest.journal.queues import OLD_PER_NEW, OLD_PER_S, allowance
from tests.ingest.journal.builders import drain, numbers, opened

WINDOW = JournalLimits(window_bytes=3_000, memory_bytes=30_000)
"""Memory for a few clicks; one file holds all of them."""


@pytest.mark.parametrize(
    ("seconds", "new", "expected"),
    [
        (0.02, 0, OLD_PER_S * 0.02),
        (1.0, 0, OLD_PER_S),
        (0.02, 1000, OLD_PER_NEW * 1000),
        (0.0, 0, 1),
        (math.inf, 0, math.inf),
    ],
)
def test_old_clicks_have_a_rate_of_their_own_or_twice_that_of_new_ones(
    seconds: float, new: int, expected: float
) -> None:
    assert allowance(seconds, new) == expected


async def test_old_clicks_are_given_at_their_pace(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(*range(200))
    async with opened(tmp_path) as it:
        assert numbers(await it.journal.take(1000, seconds=50 / OLD_PER_S)) == list(range(50))
        assert numbers(await it.journal.take(1000, seconds=0.0)) == [50]
        assert numbers(await it.journal.take(1000)) == list(range(51, 200))


async def test_new_clicks_wait_for_no_pace_and_hasten_the_old_ones(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.append(*range(100))
    async with opened(tmp_path) as it:
        it.append(*range(100, 110))
        taken = numbers(await it.journal.take(1000, seconds=0.0))
        assert taken == [*range(100, 110), *range(OLD_PER_NEW * 10)]


async def test_after_a_time_without_kafka_new_clicks_come_soon_however_many_wait(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=WINDOW) as it:
        it.append(*range(1000))
        first = await it.journal.take(100, seconds=0.0)
        assert numbers(first) == list(range(len(first)))
        assert len(first) < 10
        it.append(1000, 1001)
        second = await it.journal.take(100, seconds=0.0)
        assert numbers(second)[:2] == [1000, 1001]
        it.journal.acknowledge([*first, *second])
        assert sorted([*numbers([*first, *second]), *await drain(it.journal)]) == list(range(1002))


async def test_memory_holds_more_clicks_when_no_disk_takes_them(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=WINDOW) as it:
        it.append(*range(1000))
        buffered = len(it.journal._queues.memory)
        it.journal._writer.retire_all("for the test")
        refused = it.append(*range(1000, 1100))
        assert buffered < 10 < len(it.journal._queues.memory) < 60
        assert it.lost == {"journal_failed": len(refused)}
