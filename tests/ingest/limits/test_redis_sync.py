"""Several processes' limits, sharing a real Valkey: what holds between them, and what happens when it is away."""

import asyncio
import itertools
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable

import pytest
import redis.asyncio

from deploy.local.server import running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from ingest.limits.client_key import client_key
from ingest.limits.factory import name_keys, open_limits
from ingest.limits.limiter import WITHIN
from ingest.limits.limits import Limits, LimitSettings
from ingest.limits.metrics import LimitMetrics
from ingest.limits.policy import Admit
from ingest.limits.redis_sync import MAX_AT_ONCE, RedisSync
from runtime.breaker import Breaker
from runtime.redis import connect_redis
from tests.ingest.limits.builders import OFFICE, hash_keys, limit, limits
from tests.referrals.builders import Clock
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.servers

SLOW = limit(rate_per_s=0.5, burst=32)
"""So slow that the time a test takes adds next to nothing; two clicks are a sixteenth of it."""
LONGEST_MS = 4 * SLOW.tolerance_ns / 1e6 + 1_001


def as_text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


FROZEN_S = 2.0
"""How long a frozen Redis is waited for here; long enough for a busy machine to hear one that is not."""


class Process:
    """The limits of one process, synchronized by hand."""

    def __init__(self, client: redis.asyncio.Redis, prefix: str, breaker: Breaker) -> None:
        self.metrics = LimitMetrics()
        self.limits = limits(self.metrics, client=SLOW, code=SLOW, redis_url="shared", redis_prefix=prefix)
        names = name_keys(prefix, hash_keys)
        self.sync = RedisSync(client, self.limits.shared_meters, names, breaker, self.metrics, timeout_s=PATIENCE_S)

    def click(self, times: int) -> list[str]:
        now = time.perf_counter_ns()
        return [self.limits.check_client(OFFICE, now).verdict for _ in range(times)]

    def outcomes(self) -> dict[str, int]:
        return {outcome: count for outcome, count in self.metrics.exchanges.items() if count}


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def client(valkey: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = connect_redis(valkey, PATIENCE_S)
    yield client
    await client.aclose()


@pytest.fixture
def start(client: redis.asyncio.Redis, prefix: str) -> Callable[[], Process]:
    return lambda: Process(client, prefix, Breaker(time.monotonic, 1))


async def test_what_one_process_allowed_the_other_does_not_allow_again(start: Callable[[], Process]) -> None:
    one, two = start(), start()
    one.click(32)
    await one.sync.sync_some()
    two.click(3)
    await two.sync.sync_some()
    assert (two.click(1), two.outcomes()) == (["over"], {"ok": 1})


async def test_two_processes_together_allow_one_burst(start: Callable[[], Process]) -> None:
    one, two = start(), start()
    allowed = 0
    for _ in range(40):
        for process in (one, two):
            allowed += process.click(1).count("within")
            await process.sync.sync_some()
    # Two clicks of each are not told: they are within its sixteenth of the limit.
    assert allowed in range(32, 37)


async def test_ten_times_over_is_ten_times_over_for_both_together(start: Callable[[], Process]) -> None:
    one, two = start(), start()
    one.click(32 + 320)
    await one.sync.sync_some()
    two.click(3)
    await two.sync.sync_some()
    two.click(1)
    await two.sync.sync_some()
    assert two.click(1) == ["far_over"]


async def test_codes_are_shared_as_clients_are(start: Callable[[], Process]) -> None:
    one, two = start(), start()
    now = time.perf_counter_ns()
    for process, clicks in ((one, 32), (two, 3)):
        for _ in range(clicks):
            process.limits.admit("flag", process.limits.check_client(OFFICE, now), "abc", now)
        await process.sync.sync_some()
    assert two.limits.admit("flag", WITHIN, "abc", now) == Admit("code")


async def test_redis_sees_no_address_and_nothing_of_quiet_clients(
    start: Callable[[], Process], client: redis.asyncio.Redis, prefix: str
) -> None:
    one = start()
    one.click(2)
    before = await one.sync.sync_some(), await client.keys(f"{prefix}:*")
    one.click(60)
    await one.sync.sync_some()
    names = sorted(map(as_text, await client.keys(f"{prefix}:*")))
    assert before == (False, [])
    assert [re.sub("[0-9a-f]{32}$", "HASH", name) for name in names] == [
        f"{prefix}:limits:client:HASH",
        f"{prefix}:limits:client_excess:HASH",
    ]
    lives = [await client.pttl(name) for name in names]
    assert all(0 < life <= LONGEST_MS for life in lives)


async def test_what_redis_forgets_it_learns_again_from_those_who_know(
    start: Callable[[], Process], client: redis.asyncio.Redis, prefix: str
) -> None:
    one, two = start(), start()
    one.click(30)
    await one.sync.sync_some()
    await client.delete(*await client.keys(f"{prefix}:*"))
    one.click(1)
    await one.sync.sync_some()
    two.click(3)
    await two.sync.sync_some()
    assert two.click(1) == ["over"]


@pytest.mark.parametrize("rubbish", ["text", "-1", "1e300", "9" * 400, "nan", ""])
async def test_rubbish_in_redis_is_replaced_and_closes_nobody_for_long(
    start: Callable[[], Process], client: redis.asyncio.Redis, rubbish: str
) -> None:
    one = start()
    one.click(3)
    [name] = [entry.name for entry in one.sync._take_pending(1)]
    await client.set(name, rubbish)
    one.click(1)
    await one.sync.sync_some()
    assert (one.outcomes(), await client.pttl(name) <= LONGEST_MS) == ({"ok": 1}, True)


async def test_a_key_of_another_type_is_replaced(start: Callable[[], Process], client: redis.asyncio.Redis) -> None:
    one = start()
    one.click(3)
    [name] = [entry.name for entry in one.sync._take_pending(1)]
    await client.lpush(name, "a")
    one.click(1)
    await one.sync.sync_some()
    assert (one.outcomes(), await client.type(name)) == ({"ok": 1}, b"string")


async def test_an_exchange_takes_its_share_of_many_keys_and_says_that_more_wait(start: Callable[[], Process]) -> None:
    one = start()
    counts = one.limits.shared_meters[0].counts
    share = MAX_AT_ONCE // len(one.limits.shared_meters)
    for key in range(2 * share + 1):
        counts.add(key, 1_000_000)
    more = [await one.sync.sync_some() for _ in range(4)]
    assert (more, one.outcomes()) == ([True, True, False, False], {"ok": 3})


LATE_S = 0.02
EXCHANGES = 40


async def test_slow_exchanges_do_not_raise_what_everybody_believes(start: Callable[[], Process]) -> None:
    one = start()
    one.click(32)
    await one.sync.sync_some()
    shared = one.limits.shared_meters[0]
    key = client_key(OFFICE) or 0
    began = time.perf_counter_ns()
    before = shared.meter.level(key, began)
    for n in range(EXCHANGES):
        shared.counts.add(key, 0)
        # Every other exchange is late on its way to Redis.
        asyncio.get_running_loop().call_soon(time.sleep, n % 2 * LATE_S)
        await one.sync.sync_some()
    now = time.perf_counter_ns()
    # If each late exchange raised the level by its delay, that would be four times as much.
    assert shared.meter.level(key, now) <= before - (now - began) + EXCHANGES / 2 * LATE_S * 1e9 / 4


async def test_a_frozen_redis_stops_nobody_and_is_asked_again_in_time(own_settings: LocalSettings, prefix: str) -> None:
    clock = Clock()
    async with running(plan_valkey(own_settings)) as server:
        client = connect_redis(server.address, FROZEN_S)
        one = Process(client, prefix, Breaker(clock.time().now, 1))
        one.click(4)
        await one.sync.sync_some()
        server.freeze()
        one.click(1)
        seen: list[str] = []
        exchange = asyncio.create_task(one.sync.sync_some())
        exchange.add_done_callback(lambda _: seen.append("exchanged"))
        for _ in range(3):
            await asyncio.sleep(0)
            seen += one.click(1)
        async with asyncio.timeout(PATIENCE_S):
            await exchange
        one.click(1)
        await one.sync.sync_some()
        frozen = seen, one.outcomes()
        server.thaw()
        clock.pass_seconds(1)
        one.click(40)
        await one.sync.sync_some()
        await client.aclose()
    assert frozen == (["within"] * 3 + ["exchanged"], {"ok": 1, "away": 1, "skipped": 1})
    assert one.outcomes() == {"ok": 2, "away": 1, "skipped": 1}


async def test_a_redis_that_is_full_costs_nobody_anything(own_settings: LocalSettings, prefix: str) -> None:
    async with running(plan_valkey(own_settings)) as server:
        client = connect_redis(server.address, PATIENCE_S)
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", "1")
        one = Process(client, prefix, Breaker(time.monotonic, 1))
        seen = one.click(4)
        await one.sync.sync_some()
        seen += one.click(30)
        await client.aclose()
    assert (seen, one.outcomes()) == (["within"] * 32 + ["over"] * 2, {"refused": 1})


async def test_without_redis_each_process_limits_by_itself(prefix: str) -> None:
    metrics = LimitMetrics()
    away = LimitSettings(client=SLOW, redis_url="redis://127.0.0.1:1/0", redis_prefix=prefix)
    async with open_limits(away, hash_keys, metrics) as subject:
        verdicts = [subject.check_client(OFFICE, time.perf_counter_ns()).verdict for _ in range(40)]
        async with asyncio.timeout(PATIENCE_S):
            while not metrics.exchanges["away"]:
                await asyncio.sleep(0.01)
    assert verdicts == ["within"] * 32 + ["over"] * 8


async def test_without_a_redis_url_nothing_is_kept_for_others() -> None:
    async with open_limits(LimitSettings(client=SLOW), hash_keys, LimitMetrics()) as subject:
        assert subject.shared_meters == []


async def offer(processes: list[Limits], per_second: int, seconds: float) -> tuple[int, float]:
    """Send clicks of one client to the processes in turn; give how many were within, and how long it took."""
    began = time.perf_counter_ns()
    sent = within = 0
    passed = 0.0
    while passed < seconds:
        await asyncio.sleep(0.005)
        passed = (time.perf_counter_ns() - began) / 1e9
        while sent < per_second * passed:
            decision = processes[sent % len(processes)].check_client(OFFICE, time.perf_counter_ns())
            within += decision.verdict == "within"
            sent += 1
    return within, passed


async def two_processes(valkey: str, prefix: str, times_the_limit: float) -> float:
    """Give what two processes allow one client, who brings so many times the limit, as a share of one limit."""
    rate, burst = 400, 100
    settings = LimitSettings(client=limit(rate, burst), redis_url=valkey, redis_prefix=prefix)
    async with (
        open_limits(settings, hash_keys, LimitMetrics()) as one,
        open_limits(settings, hash_keys, LimitMetrics()) as two,
    ):
        within, seconds = await offer([one, two], int(rate * times_the_limit), 3)
    return within / (burst + rate * seconds)


async def test_two_processes_together_keep_one_limit(valkey: str, prefix: str) -> None:
    async def keep_it() -> bool:
        # Each alone would allow all of 1.8 times the limit, and both together twice the limit.
        slightly, far = await asyncio.gather(
            two_processes(valkey, f"{prefix}-slightly-{next(tries)}", 1.8),
            two_processes(valkey, f"{prefix}-far-{next(tries)}", 20),
        )
        return 0.85 <= slightly <= 1.5 and 0.85 <= far <= 1.5

    tries = itertools.count()
    # A machine that is too busy exchanges late. This is about one that has a few seconds for it.
    await eventually(keep_it)


async def test_one_process_is_exact_although_it_shares(valkey: str, prefix: str) -> None:
    async def is_exact() -> bool:
        settings = LimitSettings(client=limit(400, 100), redis_url=valkey, redis_prefix=f"{prefix}-{next(tries)}")
        async with open_limits(settings, hash_keys, LimitMetrics()) as one:
            within, seconds = await offer([one], 4_000, 1)
        return within == pytest.approx(100 + 400 * seconds, rel=0.02)

    tries = itertools.count()
    # A client who comes in breaths, as on a machine that is too busy, has less.
    await eventually(is_exact)
