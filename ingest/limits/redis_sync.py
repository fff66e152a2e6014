"""What the processes tell each other, through Redis: off the hot path, a few times a second, of noisy keys only.

Redis holds one shared TAT a key, by its own clock, so that no two clocks have to agree. An exchange adds what this
process has counted since the last one and brings back the level of all of them together, and the process takes it for
its own. So what all of them allow is one limit, and what was allowed too much, because nobody knew yet, is paid back.

How exact that is: of N processes (up to 16) that exchange each d seconds, a key with rate R and burst B gets, in w
seconds, at most R*w + N*(B + R*d + 1): each process may be wrong by one burst in the first d seconds, and then by what
one exchange brings. When the bursts too many are paid back, after about N*B/R seconds, R*w + B + (N - 1)*(R*d + 1) are
left: with the defaults and four processes, 7 clicks more than from one. Alone, a process is exact. Without Redis it is
N limits, and with more than 16 processes a key that is quiet in each of them may get N/16 of the limit unnoticed.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
import redis.asyncio
from redis.exceptions import ResponseError

from ingest.limits.breaker import Breaker
from ingest.limits.gcra import SECOND_NS
from ingest.limits.limiter import SharedMeter
from ingest.limits.meter import Key
from ingest.limits.metrics import LimitMetrics
from referrals.lookup.redis_cache import AWAY, REQUEST_TIMEOUT_S
from referrals.lookup.redis_refusals import REFUSALS

PAUSE_S: Final = 0.25
BUSY_PAUSE_S: Final = 0.05
MOST_AT_ONCE: Final = 100
"""Keys: they take the event loop less than a millisecond."""
BOUND_NS: Final = int(REQUEST_TIMEOUT_S * 1e9)
KEPT_NS: Final = SECOND_NS
MOST_DEBT: Final = 4
"""Tolerances: a shared level is never higher, so that no clock that steps back can close a key for long."""

EXCHANGE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local since = now - ARGV[1]
local levels = {}
for i, key in ipairs(KEYS) do
    local used, level, most = tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3]), tonumber(ARGV[i * 3 + 1])
    local held = redis.pcall('GET', key)
    local tat = type(held) == 'string' and string.match(held, '^%d+$') and tonumber(held) or 0
    tat = math.min(math.max(math.max(tat, since) + used, now + level), now + most)
    levels[i] = math.max(tat - now, 0)
    redis.call('SET', key, string.format('%.0f', tat), 'PX', math.ceil(levels[i] / 1000) + 1000)
end
return levels
"""
"""In microseconds: how long ago this process had told everything, then for each key what it used since, its level, and
the most a level may be. The level is told so that Redis learns again what it may have forgotten. A key is kept a second
longer than it has a level: what others tell next may have been used before now."""


class Entry(msgspec.Struct, frozen=True):
    """One key of one account: its name in Redis, and what was used of it since the last exchange (ns)."""

    account: SharedMeter
    key: Key
    name: str
    used: int


class RedisSync:
    """Shares the accounts' keys. `name(account, key)` gives a key of Redis; it must not show an address."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        accounts: Sequence[SharedMeter],
        name: Callable[[str, Key], str],
        breaker: Breaker,
        metrics: LimitMetrics,
    ) -> None:
        self._accounts = accounts
        self._name = name
        self._breaker = breaker
        self._metrics = metrics
        self._script = client.register_script(EXCHANGE)
        self._told_at = time.perf_counter_ns()

    async def run(self) -> None:
        """Exchange until cancelled."""
        pause = PAUSE_S
        while True:
            await asyncio.sleep(pause)
            pause = BUSY_PAUSE_S if await self.exchange_some() else PAUSE_S

    async def exchange_some(self) -> bool:
        """Exchange at most 100 keys, in 55 ms at most; tell whether more are waiting. Raises nothing but bugs.

        What Redis does not take is forgotten: it may have counted it all the same, and nobody must be counted twice.
        """
        entries = list(self._draw(MOST_AT_ONCE // len(self._accounts)))
        since, sent = self._told_at, time.perf_counter_ns()
        if not any(account.ledger.owed for account in self._accounts):
            self._told_at = sent
        if not entries:
            return False
        if not self._breaker.admits():
            self._metrics.exchanges["skipped"] += 1
            return False
        levels = await self._ask(entries, since, sent)
        if levels is None:
            return False
        for entry, level_us in zip(entries, levels, strict=True):
            # Counted from when it was sent: a little too low, where "a little too high" would be told again next time,
            # and grow for ever. What was used while it was on its way is not in it yet.
            meanwhile = entry.account.ledger.owed.get(entry.key, 0)
            entry.account.meter.raise_to(entry.key, sent + level_us * 1000 + meanwhile)
        return any(account.ledger.owed for account in self._accounts)

    def _draw(self, most: int) -> Iterator[Entry]:
        for account in self._accounts:
            owed = account.ledger.owed
            for key in list(owed)[:most]:
                yield Entry(account, key, self._name(account.name, key), owed.pop(key))

    async def _ask(self, entries: Sequence[Entry], since: int, now: int) -> list[int] | None:
        answered, levels = False, None
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                levels = await self._script(keys=[entry.name for entry in entries], args=arrange(entries, since, now))
            answered = True
        except ResponseError as error:
            # It answers, if only with an error (full, or not permitted): asking again costs no time-out.
            answered = True
            REFUSALS.note(error)
        except AWAY as error:
            REFUSALS.note(error)
        self._breaker.record(answered=answered)
        self._metrics.exchanges["ok" if levels is not None else "refused" if answered else "away"] += 1
        return levels


def arrange(entries: Sequence[Entry], since: int, now: int) -> list[int]:
    """Give the script's arguments, for what was used from `since` to `now` (ns)."""
    arguments = [min(now - since, KEPT_NS) // 1000]
    for entry in entries:
        meter = entry.account.meter
        # Less what the way to Redis can take: otherwise each exchange that is slower than the one before would raise
        # what all of them believe.
        level = max(0, meter.level(entry.key, now) - BOUND_NS)
        arguments += (entry.used // 1000, level // 1000, meter.tolerance * MOST_DEBT // 1000)
    return arguments
