"""Redis away, slow, flapping, full, or holding rubbish: a redirect never depends on it, and is never wrong for it."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import redis.asyncio
from redis.exceptions import BusyLoadingError, RedisError

from deploy.local.server import ServerPlan, running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from tests.faults.conftest import Drill
from tests.faults.crowd import Crowd, Visit, p99_ms, statuses
from tests.faults.proxy import Proxy
from tests.faults.shop import Shop, place_of
from tests.pipeline import eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

RATE = 150
HELD = 50
HELD_CODES = frozenset(f"c{n}" for n in range(HELD))
RUBBISH = (
    "",
    "rubbish",
    "\x00\xff",
    "9 9 {}",
    '1 1 {"code":"@","affiliate_id":"ann0"',
    '99 99 {"code":"@","affiliate_id":"ann0","program_id":"shop","status":"active","version":98}',
    '99 99 {"code":"other","affiliate_id":"ann0","program_id":"shop","status":"active","version":99}',
    '99 99 {"code":"@","affiliate_id":"ann0","program_id":"shop","status":"active","target_url":"//x","version":99}',
    None,
)
BAD_PROGRAM = '99 99 {"id":"shop","name":"Shop","status":"active","target_url":"javascript:x","version":99}'


class Choice:
    """Every second visitor asks for a code that is held, the others for one nobody asked for before, known or not."""

    def __init__(self, fresh: int = HELD) -> None:
        self._fresh = itertools.count(fresh)
        self._chance = random.Random(1)

    def __call__(self) -> str:
        kind = self._chance.randrange(4)
        if kind < 2:
            return f"c{self._chance.randrange(HELD)}"
        return f"c{next(self._fresh)}" if kind == 2 else f"unknown{next(self._fresh)}"


class StoredShop(Shop):
    """Each code is asked of the stores when its first visitor comes."""

    codes = 20_000


MakeShop = Callable[[str], StoredShop]


@asynccontextmanager
async def open_shop(shop: StoredShop) -> AsyncIterator[Crowd]:
    """Run ingest alone, with some codes held."""
    shop.keep_no_snapshot()
    async with running_pipeline(shop, "ingest"):
        crowd = Crowd(shop)
        # A first read of Postgres may come before there is a connection.
        await eventually(lambda: are_held(crowd))
        yield crowd


async def are_held(crowd: Crowd) -> bool:
    visits = await crowd.visit_all(f"c{n}" for n in range(HELD))
    crowd.visits.clear()
    return all(visit.is_right for visit in visits)


def check_answers(visits: list[Visit]) -> None:
    """Every known code was led to its place, every unknown one was told so, and nothing else was answered."""
    known = [visit for visit in visits if visit.code.startswith("c")]
    assert [visit for visit in known if not visit.is_right] == []
    assert set(statuses(visit for visit in visits if not visit.code.startswith("c"))) <= {404}
    assert len(known) > 100


async def reads(shop: Shop, outcome: str) -> float:
    return await shop.metric("clickrail_lookup_reads_total", store="redis", outcome=outcome)


async def until_used(shop: Shop) -> float:
    """Wait until Redis has been asked again and has answered; give the seconds that took. Visitors must be coming."""
    began, before = time.monotonic(), await reads(shop, "ok")

    async def is_used() -> bool:
        return await reads(shop, "ok") > before

    await eventually(is_used)
    return time.monotonic() - began


@pytest.fixture
def stored_shop(tmp_path: Path, kafka: str, database_url: str, topic_prefix: str) -> Callable[[str], StoredShop]:
    """Make a shop with that Redis."""
    return lambda redis_url: StoredShop(tmp_path, kafka, database_url, redis_url, topic_prefix)


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_redis_away_costs_no_visitor_the_redirect(
    own_settings: LocalSettings, stored_shop: MakeShop, drill: Drill, fault: str
) -> None:
    async with running(plan_valkey(own_settings)) as valkey:
        shop = stored_shop(valkey.address)
        async with open_shop(shop) as crowd, crowd.coming(RATE, Choice()):
            await asyncio.sleep(1)
            began = time.monotonic()
            await valkey.kill() if fault == "killed" else valkey.freeze()
            await asyncio.sleep(drill.seconds(3, 60))
            ended = time.monotonic()
            await valkey.start() if fault == "killed" else valkey.thaw()
            seconds = await until_used(shop)
    check_answers(crowd.visits)
    first, later = crowd.since(began, began + 1), crowd.since(began + 1, ended)
    note_p99(drill, "9", f"Redis {fault}, {RATE} visitors/s, in the first second", first, 60)
    note_p99(drill, "9", f"Redis {fault}, after that, codes that are held", filter(is_held, later), 10)
    # These wait for their turn with Postgres, which is asked 50 times a second at most.
    asked = (visit for visit in later if not is_held(visit))
    note_p99(drill, "9", f"Redis {fault}, after that, codes nobody asked for before", asked, 60)
    drill.note("9", f"Redis no longer {fault}", f"used again after {seconds:.1f} s", "", met=None)


async def test_a_redis_far_away_is_given_up_and_asked_once_a_second(
    valkey: str, stored_shop: MakeShop, drill: Drill
) -> None:
    with Proxy(*place_of(valkey)) as proxy:
        shop = stored_shop(f"redis://{proxy.address}/0")
        async with open_shop(shop) as crowd, crowd.coming(RATE, Choice()):
            await asyncio.sleep(0.5)
            before, began = await reads(shop, "away"), time.monotonic()
            proxy.latency_s = 0.2
            await asyncio.sleep(drill.seconds(4, 60))
            probes, ended = await reads(shop, "away") - before, time.monotonic()
            proxy.restore()
            await until_used(shop)
    check_answers(crowd.visits)
    seconds = ended - began
    note_p99(drill, "10", f"Redis 200 ms away, {RATE} visitors/s", crowd.since(began, ended), 60)
    drill.note("10", "the same", f"asked {probes:.0f} times in {seconds:.1f} s", "once a second", probes <= seconds + 2)
    assert 1 <= probes <= seconds + 2


async def test_a_flapping_redis_misleads_and_holds_up_nobody(valkey: str, stored_shop: MakeShop, drill: Drill) -> None:
    with Proxy(*place_of(valkey)) as proxy:
        shop = stored_shop(f"redis://{proxy.address}/0")
        async with open_shop(shop) as crowd, crowd.coming(RATE, Choice()):
            began, pause = time.monotonic(), drill.seconds(0.4, 2)
            for number in range(round(drill.seconds(6, 60) / pause)):
                await asyncio.sleep(pause)
                (proxy.restore, proxy.cut, proxy.restore, proxy.blackhole, proxy.restore, proxy.reset)[number % 6]()
            ended = time.monotonic()
            proxy.restore()
            await until_used(shop)
    check_answers(crowd.visits)
    note_p99(drill, "10", f"Redis cut off, silent and reset every {pause} s", crowd.since(began, ended), 60)


async def test_a_redis_that_is_full_of_rubbish_or_refuses_is_a_miss(
    own_settings: LocalSettings, stored_shop: MakeShop, drill: Drill
) -> None:
    async with running(plan_valkey(own_settings)) as server:
        shop = stored_shop(server.address)
        async with open_shop(shop) as crowd, redis.asyncio.Redis.from_url(server.address) as cache:
            await spoil(cache, f"{shop.prefix}:referrals", drill.seconds(600, 15_000))
            # Begun anew, it holds nothing and asks Redis for the program and the affiliate, too.
            await shop.services["ingest"].stop()
            await shop.services["ingest"].start()
            choice, began = Choice(), time.monotonic()
            for fault in (nothing, fill, refuse_reading, lose_master):
                async with crowd.coming(RATE, choice):
                    await fault(cache)
                    await asyncio.sleep(drill.seconds(1, 20))
            ended = time.monotonic()
            written = await shop.metric("clickrail_lookup_redis_writes_total", outcome="away")
    check_answers(crowd.visits)
    note_p99(drill, "11", "Redis full, of rubbish, of wrong types, refusing", crowd.since(began, ended), 60)
    assert written > 0


async def test_a_redis_that_is_loading_is_a_miss(
    own_settings: LocalSettings, stored_shop: MakeShop, drill: Drill
) -> None:
    async with running(slow_to_load(plan_valkey(own_settings))) as server:
        shop = stored_shop(server.address)
        async with open_shop(shop) as crowd, crowd.coming(RATE, Choice()):
            await fill_for_loading(server.address, drill.seconds(3, 30))
            await server.kill()
            loading = asyncio.create_task(server.start())
            refused = 0
            while not loading.done():
                refused += await is_loading(server.address)
                await asyncio.sleep(0.05)
            await loading
            await until_used(shop)
    check_answers(crowd.visits)
    note_p99(drill, "11", "Redis loading its data", crowd.visits, 60)
    assert refused > 0


def is_held(visit: Visit) -> bool:
    return visit.code in HELD_CODES


def note_p99(drill: Drill, row: str, what: str, visits: Iterable[Visit], target_ms: float) -> None:
    figure = p99_ms(visits)
    drill.note(row, what, f"p99 {figure:.1f} ms", f"<= {target_ms} ms", figure <= target_ms)


async def spoil(cache: redis.asyncio.Redis, prefix: str, codes: float) -> None:
    """Have rubbish stand where the lookup will look."""
    chance = random.Random(11)
    async with cache.pipeline(transaction=False) as pipeline:
        for code in (f"{kind}{n}" for n in range(round(codes)) for kind in ("c", "unknown")):
            key, rubbish = f"{prefix}:code:{code}", chance.choice(RUBBISH)
            pipeline.delete(key)
            pipeline.rpush(key, "a list") if rubbish is None else pipeline.set(key, rubbish.replace("@", code))
        pipeline.set(f"{prefix}:program:shop", BAD_PROGRAM)
        pipeline.delete(f"{prefix}:affiliate:ann0").rpush(f"{prefix}:affiliate:ann0", "a list")
        await pipeline.execute()


async def nothing(_: redis.asyncio.Redis) -> None:
    """Let there be rubbish, and nothing else."""


async def fill(cache: redis.asyncio.Redis) -> None:
    await cache.config_set("maxmemory-policy", "noeviction")
    await cache.config_set("maxmemory", 1)


async def refuse_reading(cache: redis.asyncio.Redis) -> None:
    await cache.config_set("maxmemory", 0)
    await cache.execute_command("ACL", "SETUSER", "default", "-mget", "-evalsha")


async def lose_master(cache: redis.asyncio.Redis) -> None:
    await cache.execute_command("ACL", "SETUSER", "default", "+@all")
    await cache.config_set("replica-serve-stale-data", "no")
    await cache.replicaof("127.0.0.1", 1)


def slow_to_load(plan: ServerPlan) -> ServerPlan:
    """Have it answer -LOADING for a while after a start: each key takes a millisecond."""
    options = ("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
    return msgspec.structs.replace(plan, command=(*plan.command, *options))


async def fill_for_loading(address: str, seconds: float) -> None:
    async with redis.asyncio.Redis.from_url(address) as cache:
        await cache.mset({f"filling{n}": "x" * 100 for n in range(round(seconds * 1000))})
        # As a snapshot, between whose keys it listens; a log would be read without a pause.
        await cache.bgrewriteaof()
        while (await cache.info("persistence"))["aof_rewrite_in_progress"]:
            await asyncio.sleep(0.02)


async def is_loading(address: str) -> bool:
    with suppress(RedisError, OSError):
        async with redis.asyncio.Redis.from_url(address, socket_timeout=1) as cache:
            try:
                await cache.get("any")
            except BusyLoadingError:
                return True
    return False
