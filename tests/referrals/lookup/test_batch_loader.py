import asyncio
from collections.abc import Mapping, Sequence

import pytest

from referrals.lookup.batch_loader import BatchLoader, BatchPolicy
from runtime.task_scope import task_scope
from tests.waiting import PATIENCE_S

QUICK = BatchPolicy(max_keys=100, pause_s=0)


class Reads:
    """A read that answers with upper case, when let, and knows what it was asked for."""

    def __init__(self, policy: BatchPolicy = QUICK) -> None:
        self.asked: list[list[str]] = []
        self.let = asyncio.Event()
        self.let.set()
        self.batches: BatchLoader[str] = BatchLoader(self.read, "fallback", policy)

    async def read(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(list(keys))
        await self.let.wait()
        return {key: key.upper() for key in keys if key != "none"}


async def test_a_thousand_askers_of_one_key_make_one_read() -> None:
    reads = Reads()
    async with task_scope(reads.batches.run()):
        answers = await asyncio.gather(*(reads.batches.load("a") for _ in range(1000)))
    assert (answers, reads.asked) == (["A"] * 1000, [["a"]])


async def test_what_arrives_during_a_read_goes_into_the_next_one_together() -> None:
    reads = Reads()
    reads.let.clear()
    async with task_scope(reads.batches.run()):
        first = asyncio.create_task(reads.batches.load("a"))
        await until(lambda: reads.asked == [["a"]])
        others = [asyncio.create_task(reads.batches.load(key)) for key in ("b", "a", "c", "b")]
        await asyncio.sleep(0)
        reads.let.set()
        answers = await asyncio.gather(first, *others)
    assert (answers, reads.asked) == (["A", "B", "A", "C", "B"], [["a"], ["b", "c"]])


async def test_a_read_takes_no_more_keys_than_it_may() -> None:
    reads = Reads(BatchPolicy(max_keys=2, pause_s=0))
    async with task_scope(reads.batches.run()):
        await asyncio.gather(*(reads.batches.load(key) for key in "abcde"))
    assert reads.asked == [["a", "b"], ["c", "d"], ["e"]]


async def test_who_asks_after_a_rest_waits_for_nobody() -> None:
    reads = Reads(BatchPolicy(max_keys=100, pause_s=60, burst=3))
    async with asyncio.timeout(30), task_scope(reads.batches.run()):
        answers = [await reads.batches.load(key) for key in "abc"]
    assert answers == ["A", "B", "C"]


async def test_after_a_burst_reads_keep_their_pace() -> None:
    reads = Reads(BatchPolicy(max_keys=1, pause_s=60, burst=2))
    async with task_scope(reads.batches.run()):
        waiting = [asyncio.create_task(reads.batches.load(key)) for key in "abc"]
        await until(lambda: len(reads.asked) == 2)
        await asyncio.sleep(0.05)
        asked = list(reads.asked)
    assert (asked, await asyncio.gather(*waiting)) == ([["a"], ["b"]], ["A", "B", "fallback"])


async def test_a_key_without_an_answer_gets_the_fallback() -> None:
    reads = Reads()
    async with task_scope(reads.batches.run()):
        assert await reads.batches.load("none") == "fallback"


async def test_when_too_many_wait_the_next_one_gets_the_fallback_at_once() -> None:
    reads = Reads(BatchPolicy(max_keys=2, pause_s=0, max_queued=2))
    waiting = [asyncio.create_task(reads.batches.load(key)) for key in "ab"]
    await asyncio.sleep(0)
    assert await reads.batches.load("c") == "fallback"
    async with task_scope(reads.batches.run()):
        assert await asyncio.gather(*waiting) == ["A", "B"]


async def test_an_asker_who_leaves_does_not_take_the_answer_away() -> None:
    reads = Reads()
    reads.let.clear()
    async with task_scope(reads.batches.run()):
        leaving = asyncio.create_task(reads.batches.load("a"))
        staying = asyncio.create_task(reads.batches.load("a"))
        await until(lambda: reads.asked == [["a"]])
        leaving.cancel()
        reads.let.set()
        assert await staying == "A"


async def test_whoever_waits_at_the_end_gets_the_fallback() -> None:
    reads = Reads(BatchPolicy(max_keys=1, pause_s=0))
    reads.let.clear()
    async with task_scope(reads.batches.run()):
        waiting = [asyncio.create_task(reads.batches.load(key)) for key in "ab"]
        await until(lambda: reads.asked == [["a"]])
    assert await asyncio.gather(*waiting) == ["fallback", "fallback"]


async def test_a_read_that_fails_ends_the_work_and_still_answers() -> None:
    async def broken(_: Sequence[str]) -> Mapping[str, str]:
        raise ZeroDivisionError

    batches: BatchLoader[str] = BatchLoader(broken, "fallback", QUICK)

    async def load_and_go_on() -> None:
        async with task_scope(batches.run()):
            assert await batches.load("a") == "fallback"
            await asyncio.sleep(10)

    with pytest.raises(ZeroDivisionError):
        await load_and_go_on()


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0)
