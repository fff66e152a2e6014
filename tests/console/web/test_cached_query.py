"""An answer that is kept for a moment."""

import asyncio

import pytest

from console.web.cached_query import LEAST_S, TIMES_ITS_COST, CachedQuery
from runtime.errors import DependencyAway


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


class Question:
    """Costs some seconds of the clock, and counts how often it was asked."""

    def __init__(self, clock: Clock, cost_s: float = 0.0, failure: DependencyAway | None = None) -> None:
        self.asked = 0
        self._clock = clock
        self._cost_s = cost_s
        self._failure = failure

    async def __call__(self) -> int:
        self.asked += 1
        self._clock.time += self._cost_s
        await asyncio.sleep(0)
        if self._failure:
            raise self._failure
        return self.asked


async def test_many_who_ask_at_once_ask_once() -> None:
    clock = Clock()
    question = Question(clock)
    recall = CachedQuery(question, clock)

    assert await asyncio.gather(*(recall.get() for _ in range(50))) == [1] * 50


async def test_an_answer_is_asked_for_again_after_a_moment() -> None:
    clock = Clock()
    recall = CachedQuery(Question(clock), clock)
    await recall.get()
    clock.time = LEAST_S

    assert await recall.get() == 2


async def test_a_costly_answer_is_kept_for_many_times_its_cost() -> None:
    clock = Clock()
    recall = CachedQuery(Question(clock, cost_s=2), clock)
    await recall.get()
    clock.time = 2 + 2 * TIMES_ITS_COST - 0.1

    assert await recall.get() == 1


async def test_those_who_wait_for_a_dependency_that_is_away_do_not_each_ask_it() -> None:
    clock = Clock()
    question = Question(clock, failure=DependencyAway("PostgreSQL does not answer"))
    recall = CachedQuery(question, clock)
    for _ in range(3):
        with pytest.raises(DependencyAway):
            await recall.get()

    assert question.asked == 1
