"""Facts from a real Valkey, and what clicks say while it is away, frozen, far away, full or evicting."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import redis.asyncio
from prometheus_client import CollectorRegistry

from deploy.local.server import Server, running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from enricher.click_facts import ClickFacts
from enricher.environment import SOCKET_S
from enricher.facts.eviction_watch import EvictionWatch
from enricher.facts.redis_facts import ROUND_CLICKS, RedisFacts, TimeLimits
from enricher.facts.redis_store import RedisStore
from enricher.metrics import EnricherMetrics
from enricher.pipeline import LOCAL_STEPS, finish_click
from enricher.settings import DEFAULT_REDIS_DEADLINE_MS
from identity.ulid import make_ulid
from runtime.redis import connect_redis
from schemas import EnrichedClick, encode
from tests.enricher.builders import NOW, lookups, raw_click, seal
from tests.faults.proxy import Proxy
from tests.faults.shop import place_of
from tests.waiting import eventually

pytestmark = pytest.mark.servers

PROBE_S = 0.3
DEADLINE_S = DEFAULT_REDIS_DEADLINE_MS / 1000
MARGIN_S = 0.5
"""A busy machine runs a timer late."""


class Client:
    """The remote facts of an enricher with this Redis, and the clicks that it made."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self.redis = connect_redis(url, timeout_s + SOCKET_S)
        self.registry = CollectorRegistry()
        metrics = EnricherMetrics(self.registry)
        self.watch = EvictionWatch(self.redis, metrics)
        store = RedisStore(self.redis, f"t{uuid.uuid4().hex[:12]}")
        self.facts = RedisFacts(store, metrics, self.watch, TimeLimits(timeout_s, PROBE_S), NOW.timestamp)
        self.longest_s = 0.0

    async def enrich(self, batch: Sequence[ClickFacts]) -> list[EnrichedClick]:
        began = time.monotonic()
        await self.facts.find_all(batch)
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        return [finish_click(facts) for facts in batch]

    async def status(self) -> str:
        """Judge one new visitor."""
        (click,) = await self.enrich([click_of(uuid.uuid4().int % 2**16)])
        return click.unique.status

    def not_judged(self, reason: str) -> float:
        labels = {"reason": reason}
        return self.registry.get_sample_value("clickrail_enricher_not_judged_total", labels) or 0.0


@asynccontextmanager
async def connected(url: str, timeout_s: float = DEADLINE_S) -> AsyncIterator[Client]:
    client = Client(url, timeout_s)
    try:
        yield client
    finally:
        await client.redis.aclose()


@pytest.fixture
async def own_valkey(own_settings: LocalSettings) -> AsyncIterator[Server]:
    async with running(plan_valkey(own_settings)) as server:
        yield server


def click_of(visitor: int, at_ms: int = 0, **changes: Any) -> ClickFacts:
    """Give the facts of a click after the local steps."""
    at = NOW + timedelta(milliseconds=at_ms)
    click_id = make_ulid(int(at.timestamp() * 1000), uuid.uuid4().bytes)
    address = f"81.2.{visitor // 256 % 256}.{visitor % 256}"
    raw = raw_click(click_id=click_id, clicked_at=at, ip_sealed=seal(address, click_id), **changes)
    facts = ClickFacts(raw, published_at=at + timedelta(milliseconds=40))
    for step in LOCAL_STEPS:
        step(facts, lookups())
    return facts


async def test_three_clicks_of_a_visitor_are_one_unique_click(valkey: str) -> None:
    async with connected(valkey, 5) as client:
        clicks = await client.enrich([click_of(1, at) for at in (0, 1000, 2000)])
    assert [click.unique.is_unique for click in clicks] == [True, False, False]
    assert [click.counts.client_60s for click in clicks] == [1, 2, 3]
    assert {click.guards.status for click in clicks} == {"judged"}


async def test_a_batch_that_is_read_again_gives_the_same_bytes(valkey: str) -> None:
    async with connected(valkey, 5) as client:
        batch = [click_of(number % 7, number * 400) for number in range(100)]
        first = [encode(click) for click in await client.enrich(batch)]
        halves = [await client.enrich(half) for half in (batch[50:], batch[:50])]
    assert [encode(click) for click in (*halves[1], *halves[0])] == first


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_a_valkey_that_is_away_holds_no_batch_and_is_used_again_later(own_valkey: Server, fault: str) -> None:
    async with connected(own_valkey.address) as client:
        await eventually(client.status)
        await own_valkey.kill() if fault == "killed" else own_valkey.freeze()
        client.longest_s = 0.0
        statuses = [await client.status() for _ in range(20)]
        longest_s = client.longest_s
        await own_valkey.start() if fault == "killed" else own_valkey.thaw()

        async def is_judged() -> bool:
            return await client.status() != "no_store"

        await eventually(is_judged)
        (first, second) = await client.enrich([click_of(70_000), click_of(70_000, 10)])
    assert set(statuses) == {"no_store"}
    assert longest_s < DEADLINE_S + MARGIN_S
    assert client.not_judged("away") >= 1
    assert client.not_judged("skipped") >= 10
    # A process that was restarted may have lost claims.
    assert (first.unique.status, second.unique.is_unique) == ("warming", False)


async def test_while_valkey_is_away_clicks_with_a_cookie_are_judged(own_valkey: Server) -> None:
    opener = make_ulid(int(NOW.timestamp() * 1000) - 5000, bytes(16))
    async with connected(own_valkey.address) as client:
        await own_valkey.kill()
        (click,) = await client.enrich([click_of(1, cookie_state="valid", lease_click_id=opener)])
    assert (click.unique.is_unique, click.unique.first_click_id) == (False, opener)
    assert (click.counts.status, click.guards.status) == ("no_store", "no_store")


async def test_a_valkey_that_is_far_away_is_given_up_at_the_deadline(valkey: str) -> None:
    with Proxy(*place_of(valkey)) as proxy:
        async with connected(f"redis://{proxy.address}/0") as client:
            await client.status()
            proxy.latency_s = 0.3
            client.longest_s = 0.0
            statuses = {await client.status() for _ in range(5)}
            assert client.longest_s < DEADLINE_S + MARGIN_S
            proxy.restore()
            await asyncio.sleep(PROBE_S)

            async def is_judged() -> bool:
                return await client.status() != "no_store"

            await eventually(is_judged)
            batch = await client.enrich([click_of(1), click_of(1, 5)])
    assert statuses == {"no_store"}
    # An answer to an earlier question is never read as one to this.
    assert [click.unique.is_unique for click in batch] == [True, False]


async def test_a_valkey_that_answers_a_busy_loop_is_not_called_away(valkey: str) -> None:
    with Proxy(*place_of(valkey)) as proxy:
        async with connected(f"redis://{proxy.address}/0") as client:
            await eventually(client.status)
            proxy.latency_s = DEADLINE_S / 20
            for _ in range(3):
                # The loop stands still while the answer comes, for longer than a batch may wait.
                asyncio.get_running_loop().call_later(DEADLINE_S / 50, time.sleep, 3 * DEADLINE_S)
                assert await client.status() != "no_store"
    assert client.longest_s > 3 * DEADLINE_S
    assert client.not_judged("away") == 0


async def test_each_thousand_clicks_of_a_batch_have_a_deadline_of_their_own(valkey: str) -> None:
    deadline_s = 1.0
    with Proxy(*place_of(valkey)) as proxy:
        async with connected(f"redis://{proxy.address}/0", deadline_s) as client:
            await eventually(client.status)
            # A round has two questions, and takes 0.6 s.
            proxy.latency_s = 0.15
            clicks = await client.enrich([click_of(number, number) for number in range(ROUND_CLICKS + 1)])
    assert client.longest_s > deadline_s
    assert {click.counts.status for click in clicks} == {"judged"}


async def test_a_frozen_valkey_holds_a_large_batch_for_one_deadline(own_valkey: Server) -> None:
    batch = [click_of(number, number) for number in range(2 * ROUND_CLICKS + 1)]
    async with connected(own_valkey.address) as client:
        await eventually(client.status)
        own_valkey.freeze()
        client.longest_s = 0.0
        began = time.process_time()
        clicks = await client.enrich(batch)
        computed_s = time.process_time() - began
        own_valkey.thaw()
    assert client.longest_s < DEADLINE_S + MARGIN_S + computed_s
    assert {click.counts.status for click in clicks} == {"no_store"}
    assert (client.not_judged("away"), client.not_judged("skipped")) == (ROUND_CLICKS, ROUND_CLICKS + 1)


async def test_a_full_valkey_refuses_and_is_asked_again_at_once(own_valkey: Server) -> None:
    async with connected(own_valkey.address, 5) as client:
        await configure(client.redis, "noeviction", 1)
        assert {await client.status() for _ in range(3)} == {"no_store"}
        assert client.not_judged("refused") == 3
        await configure(client.redis, "noeviction", 0)
        assert await client.status() == "warming"
        await client.watch.check()
        assert client.facts.find_problem() is None


async def test_evicted_keys_make_unique_clicks_uncertain_and_are_reported(own_valkey: Server) -> None:
    async with connected(own_valkey.address, 5) as client:
        old = click_of(1, -2 * 86_400_000)
        await client.watch.check()
        assert client.facts.find_problem() is None

        used = int((await client.redis.info("memory"))["used_memory"])
        await configure(client.redis, "allkeys-lru", used + 300_000)
        await client.watch.check()
        assert "allkeys-lru" in str(client.facts.find_problem())
        for number in range(20):
            await client.enrich([click_of(number * 200 + visitor) for visitor in range(200)])
        await configure(client.redis, "volatile-ttl", used + 10_000_000)
        await client.watch.check()

        assert "has evicted keys" in str(client.facts.find_problem())
        assert await client.status() == "warming"
        (click,) = await client.enrich([old])
    assert click.unique.status == "warming"
    assert (client.registry.get_sample_value("clickrail_enricher_redis_evicted_keys_total") or 0) > 0
    assert client.registry.get_sample_value("clickrail_enricher_redis_problem") == 1


async def configure(client: redis.asyncio.Redis, policy: str, maxmemory: int) -> None:
    await client.config_set("maxmemory-policy", policy)
    await client.config_set("maxmemory", maxmemory)


async def test_an_emptied_valkey_makes_unique_clicks_uncertain_and_repeats_stay_certain(valkey: str) -> None:
    async with connected(valkey, 5) as client:
        first, second = await client.enrich([click_of(1), click_of(1, 10)])
        assert (first.unique.status, second.unique.status) == ("warming", "judged")

        later = click_of(2, 2 * 86_400_000)
        (click,) = await client.enrich([later])
        assert click.unique.status == "judged"
