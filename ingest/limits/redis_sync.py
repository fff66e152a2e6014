"""Shares counts between processes through Redis: off the hot path, a few times a second, for busy keys only.

Redis holds one shared TAT per key, by its own clock, so the processes' clocks need not agree. An exchange adds what
this process has counted since the last one, and returns the level of all processes together, which this process adopts.
So all processes together enforce one limit, and clicks allowed too many between exchanges are paid back.

Accuracy: with N processes (up to 16) that exchange every d seconds, a key with rate R and burst B gets at most
R*w + N*(B + R*d + 1) clicks in w seconds: each process may allow one burst in the first d seconds, and then the clicks
of one exchange interval. After the extra bursts are paid back, in about N*B/R seconds, the bound is
R*w + B + (N - 1)*(R*d + 1): with the defaults and four processes, 7 clicks more than with one. One process alone is
exact. Without Redis each of N processes enforces the whole limit. With more than 16 processes, a key that stays below
its share in each of them may get N/16 of the limit unnoticed.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
import redis.asyncio
from redis.exceptions import ResponseError

from ingest.limits.gcra import SECOND_NS
from ingest.limits.limiter import SharedMeter
from ingest.limits.meter import Key
from ingest.limits.metrics import LimitMetrics
from referrals.lookup.redis_requests import AWAY, REQUEST_TIMEOUT_S
from runtime.breaker import Breaker
from runtime.redis_refusals import REFUSALS

PAUSE_S: Final = 0.25
BUSY_PAUSE_S: Final = 0.05
MAX_AT_ONCE: Final = 100
"""Keys per exchange: they take less than a millisecond of the event loop."""
TIMEOUT_NS: Final = int(REQUEST_TIMEOUT_S * 1e9)
KEPT_NS: Final = SECOND_NS
MAX_DEBT: Final = 4
"""In tolerances: a shared level is never higher, so that a clock that steps back cannot block a key for long."""

EXCHANGE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local since = now - ARGV[1]
local levels = {}
for i, key in ipairs(KEYS) do
    local used, level, most = tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3]), tonumber(ARGV[i * 3 + 1])
    local stored = redis.pcall('GET', key)
    local tat = type(stored) == 'string' and string.match(stored, '^%d+$') and tonumber(stored) or 0
    tat = math.min(math.max(math.max(tat, since) + used, now + level), now + most)
    levels[i] = math.max(tat - now, 0)
    redis.call('SET', key, string.format('%.0f', tat), 'PX', math.ceil(levels[i] / 1000) + 1000)
end
return levels
"""
"""Arguments in microseconds: how long ago this process had reported everything; then for each key what it used since,
its level, and the highest level allowed. The level restores what Redis may have lost. A key lives one second longer
than its level, because the next report of another process may contain earlier clicks."""


class Usage(msgspec.Struct, frozen=True):
    """The use of one key of a meter since the last exchange (ns), and the key's name in Redis."""

    shared: SharedMeter
    key: Key
    name: str
    used: int


class RedisSync:
    """Synchronizes shared meters. `name(meter, key)` gives a key's name in Redis, which must not show an address."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        shared_meters: Sequence[SharedMeter],
        name: Callable[[str, Key], str],
        breaker: Breaker,
        metrics: LimitMetrics,
        *,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self._timeout_s = timeout_s
        self._shared_meters = shared_meters
        self._name = name
        self._breaker = breaker
        self._metrics = metrics
        self._script = client.register_script(EXCHANGE)
        self._synced_at = time.perf_counter_ns()

    async def run(self) -> None:
        """Exchange until cancelled."""
        pause = PAUSE_S
        while True:
            await asyncio.sleep(pause)
            pause = BUSY_PAUSE_S if await self.sync_some() else PAUSE_S

    async def sync_some(self) -> bool:
        """Exchange at most 100 keys, in 55 ms at most; tell whether more are pending. Never raises.

        Counts whose exchange fails are dropped: Redis may have added them, and no click may count twice.
        """
        entries = list(self._take_pending(MAX_AT_ONCE // len(self._shared_meters)))
        since, sent = self._synced_at, time.perf_counter_ns()
        if not any(shared.counts.pending for shared in self._shared_meters):
            self._synced_at = sent
        if not entries:
            return False
        if not self._breaker.admits():
            self._metrics.exchanges["skipped"] += 1
            return False
        levels = await self._ask(entries, since, sent)
        if levels is None:
            return False
        for entry, level_us in zip(entries, levels, strict=True):
            # Count from the time of sending. That makes the level slightly too low; slightly too high would be reported
            # in the next exchange and grow for ever. Add what was used during the exchange.
            meanwhile = entry.shared.counts.pending.get(entry.key, 0)
            entry.shared.meter.raise_to(entry.key, sent + level_us * 1000 + meanwhile)
        return any(shared.counts.pending for shared in self._shared_meters)

    def _take_pending(self, most: int) -> Iterator[Usage]:
        for shared in self._shared_meters:
            pending = shared.counts.pending
            for key in list(pending)[:most]:
                yield Usage(shared, key, self._name(shared.name, key), pending.pop(key))

    async def _ask(self, entries: Sequence[Usage], since: int, now: int) -> list[int] | None:
        answered, levels = False, None
        try:
            async with asyncio.timeout(self._timeout_s):
                levels = await self._script(
                    keys=[entry.name for entry in entries], args=make_arguments(entries, since, now)
                )
            answered = True
        except ResponseError as error:
            # Redis answers with an error (full, or not permitted): asking again costs no time-out.
            answered = True
            REFUSALS.note(error)
        except AWAY as error:
            REFUSALS.note(error)
        self._breaker.record(answered=answered)
        self._metrics.exchanges["ok" if levels is not None else "refused" if answered else "away"] += 1
        return levels


def make_arguments(entries: Sequence[Usage], since: int, now: int) -> list[int]:
    """Make the script's arguments for what was used from `since` to `now` (ns)."""
    arguments = [min(now - since, KEPT_NS) // 1000]
    for entry in entries:
        meter = entry.shared.meter
        # Subtract the longest time an exchange can take; otherwise each exchange slower than the last one would raise
        # the shared level.
        level = max(0, meter.level(entry.key, now) - TIMEOUT_NS)
        arguments += (entry.used // 1000, level // 1000, meter.tolerance * MAX_DEBT // 1000)
    return arguments
