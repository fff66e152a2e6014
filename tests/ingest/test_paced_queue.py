"""Delivery while visitors wait too long: few clicks, none lost, and none kept back for ever."""

import asyncio
from collections.abc import Sequence
from math import inf
from pathlib import Path

import pytest

from ingest.journal.journal import JournalLimits
from ingest.journal.segments import Entry
from ingest.paced_queue import MOST_KEPT_BACK, SLOW_AT_ONCE, SLOW_PAUSE_S, PacedQueue
from ingest.publisher import MAX_AT_ONCE, Publisher
from runtime.task_scope import task_scope
from tests.ingest.builders import RAW, Topics
from tests.ingest.journal.builders import open_journal
from tests.waiting import eventually

KEY = b"01KAT301V8C3Q9GZ2F5B7N4M6P"


class FullQueue:
    """A queue with so many clicks. `asked` is how many were asked for at once, each time."""

    def __init__(self, pending: int) -> None:
        self.pending = pending
        self.asked: list[int] = []

    async def take(self, most: int, seconds: float) -> list[Entry]:
        self.asked.append(most)
        return []

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        self.pending -= len(entries)


async def take_from(queue: FullQueue, *, is_slow: bool, seconds: float = 1.0) -> tuple[int, float]:
    """Give how many clicks are asked for, and after how many seconds."""
    clock = asyncio.get_running_loop().time
    started = clock()
    await PacedQueue(queue, lambda: is_slow).take(MAX_AT_ONCE, seconds)
    return queue.asked[-1], clock() - started


@pytest.mark.slow
async def test_few_clicks_are_taken_and_late_while_visitors_wait() -> None:
    most, after = await take_from(FullQueue(MOST_KEPT_BACK - 1), is_slow=True)
    assert most == SLOW_AT_ONCE
    assert after >= SLOW_PAUSE_S


async def test_all_are_taken_at_once_where_nobody_waits_in_a_drain_and_from_a_full_journal() -> None:
    for queue, is_slow, seconds in (
        (FullQueue(1), False, 1.0),
        (FullQueue(1), True, inf),
        (FullQueue(MOST_KEPT_BACK), True, 1.0),
    ):
        most, after = await take_from(queue, is_slow=is_slow, seconds=seconds)
        assert most == MAX_AT_ONCE
        assert after < SLOW_PAUSE_S


async def test_a_pause_ends_when_nobody_waits_any_more() -> None:
    answers = iter([True, True, False, False])
    queue = FullQueue(1)
    await PacedQueue(queue, lambda: next(answers)).take(MAX_AT_ONCE, 1.0)
    assert queue.asked == [MAX_AT_ONCE]


@pytest.mark.slow
async def test_what_is_kept_back_is_delivered_afterwards_each_click_once(tmp_path: Path) -> None:
    topics, is_busy, clicks = Topics(), True, 3 * SLOW_AT_ONCE
    has_clicks = asyncio.Event()
    async with open_journal(tmp_path, "worker", JournalLimits(), has_clicks.set, lambda *_: None) as journal:
        publisher = Publisher(topics, PacedQueue(journal, lambda: is_busy), RAW, has_clicks)
        for number in range(clicks):
            assert journal.append(KEY, str(number).encode())
        async with task_scope(publisher.run()):
            await eventually(lambda: topics.records)
            assert len(topics.records) == SLOW_AT_ONCE
            assert journal.pending == clicks - SLOW_AT_ONCE
            is_busy = False
            await eventually(lambda: journal.pending == 0)
    assert [int(record.value) for record in topics.records] == list(range(clicks))
