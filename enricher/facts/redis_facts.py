"""Uniqueness, counts and guards from Redis, for a whole batch, within deadlines.

A batch asks Redis once for each thousand of its clicks and waits until a deadline each time, at most; after no answer
Redis is left alone for 5 s. Clicks that could not be judged say so, and the batch goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

import msgspec
import structlog
from redis.exceptions import RedisError, ResponseError

from enricher.click_facts import ClickFacts
from enricher.facts.redis_store import RedisStore
from enricher.facts.visits import read_visit
from enricher.metrics import EnricherMetrics
from quality.window_visits import Visit
from quality.windows import WindowBatch, judge_without_store
from runtime.breaker import Breaker
from runtime.outage_log import OutageLog
from runtime.redis_refusals import REFUSALS

log = structlog.get_logger()

PROBE_S: Final = 5.0
ROUND_CLICKS: Final = 1000
"""Redis takes some 10 ms for so many, and several times that on a busy machine."""
TICKS: Final = 10
"""A deadline in so many parts: of the time in which the event loop does not run, one part counts at most."""
AWAY: Final = (RedisError, OSError, TimeoutError)

T = TypeVar("T")


class TimeLimits(msgspec.Struct, frozen=True):
    """How long a batch waits for Redis, and how long Redis is left alone after it did not answer."""

    deadline_s: float
    probe_s: float = PROBE_S


class FindsProblem(Protocol):
    """Says what is wrong with Redis, for people."""

    def find_problem(self) -> str | None: ...


class RedisFacts:
    """`RemoteFacts` from Redis. `now` gives the time in seconds since 1970."""

    def __init__(
        self,
        store: RedisStore,
        metrics: EnricherMetrics,
        evictions: FindsProblem,
        limits: TimeLimits,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._evictions = evictions
        self._metrics = metrics
        self._now = now
        self._deadline_s = limits.deadline_s
        self._breaker = Breaker(time.monotonic, limits.probe_s)
        self._outage = OutageLog(log, "redis does not judge clicks", "redis judges clicks again")

    async def find_all(self, batch: Sequence[ClickFacts]) -> None:
        """Set the windows' facts of each click. Never raises; Redis that does not answer delays it by one deadline."""
        # In the order of the ids, so that rounds judge as one question would.
        clicks = sorted(((read_visit(facts), facts) for facts in batch), key=lambda click: click[0].packed_id)
        for start in range(0, len(clicks), ROUND_CLICKS):
            asked = clicks[start : start + ROUND_CLICKS]
            await self._find_round([visit for visit, _ in asked], [facts for _, facts in asked])

    async def _find_round(self, visits: Sequence[Visit], batch: Sequence[ClickFacts]) -> None:
        reason = await self._judge(batch, visits) if self._breaker.admits() else "skipped"
        if reason is None:
            return
        for facts, visit in zip(batch, visits, strict=True):
            facts.windows = judge_without_store(visit)
        self._metrics.not_judged.labels(reason).inc(len(batch))

    def find_problem(self) -> str | None:
        return self._evictions.find_problem()

    async def _judge(self, batch: Sequence[ClickFacts], visits: Sequence[Visit]) -> str | None:
        """Judge the batch; give why that was not possible, or null."""
        reason = None
        try:
            await self._ask(batch, visits)
        except ResponseError as error:
            # Redis answers, with an error: full, or not permitted. Asking again costs no time-out.
            reason = "refused"
            self._note(error)
        except AWAY as error:
            reason = "away"
            self._note(error)
        else:
            self._outage.end()
        self._breaker.record(answered=reason != "away")
        return reason

    async def _ask(self, batch: Sequence[ClickFacts], visits: Sequence[Visit]) -> None:
        deadline = Deadline(self._deadline_s)
        now_ms = int(self._now() * 1000)
        windows = WindowBatch(visits, now_ms)
        writes = windows.apply(await self._store.read(windows.plan(), now_ms, deadline.wait))
        while writes:
            writes = windows.confirm(await self._store.write(writes, deadline.wait))
        late = warming = 0
        for facts, found in zip(batch, windows.facts(), strict=True):
            facts.windows = found
            late += found.counts.status == "late"
            warming += found.unique.status == "warming"
        self._metrics.not_judged.labels("late").inc(late)
        self._metrics.not_judged.labels("warming").inc(warming)

    def _note(self, error: BaseException) -> None:
        REFUSALS.note(error)
        # redis-py quotes the whole script before the answer.
        answer = str(error).rpartition("caused error: ")[2]
        self._outage.fail(f"{type(error).__name__}: {answer}"[:200])


class Deadline:
    """Limits the time that is spent waiting, all waits together; computing between them does not count.

    It is counted in ticks of the event loop's timer. While the loop is kept busy, or the process has no processor,
    there are no ticks, and the answer that came meanwhile is read before the next one.
    """

    def __init__(self, seconds: float) -> None:
        self._tick_s = seconds / TICKS
        self._ticks = TICKS
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, work: Awaitable[T]) -> T:
        """Wait for the work. Raises TimeoutError when no time is left."""
        async with asyncio.timeout(None) as scope:
            self._start_tick(scope)
            try:
                return await work
            finally:
                if self._timer is not None:
                    self._timer.cancel()

    def _start_tick(self, scope: asyncio.Timeout) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._end_tick, scope)

    def _end_tick(self, scope: asyncio.Timeout) -> None:
        self._ticks -= 1
        if self._ticks > 0:
            self._start_tick(scope)
        else:
            scope.reschedule(asyncio.get_running_loop().time())
