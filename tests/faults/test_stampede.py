"""Many visitors at once of what is not held, or does not exist: Postgres hears little of it, the others nothing."""

import asyncio
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
import redis.asyncio

from deploy.local.server import running
from deploy.local.settings import LocalSettings
from tests.faults.drill import Drill
from tests.faults.load_burst import BurstResult, run_burst
from tests.faults.shop import VISITORS_READ, Shop, plan_telling_postgres, read_metric, second_process, statements
from tests.pipeline import Service, eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

RENEWED_S = 400
"""Longer than a process holds an entry without asking again, and shorter than twice as long."""
QUERIES_PER_S = 50
BURST = 10
VISITS_PER_S = 200
SCAN_PER_S = 10_000


async def visit_all_at_once(urls: list[str]) -> Counter[tuple[int, str | None]]:
    """Ask for these addresses, all at the same time, each on a connection of its own."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as browser:

        async def visit(url: str) -> tuple[int, str | None]:
            async with browser.get(url, allow_redirects=False) as answer:
                return answer.status, answer.headers.get("Location")

        return Counter(await asyncio.gather(*map(visit, urls)))


async def asked_postgres(ingest: Service) -> int:
    """Give how often this process has read from Postgres for visitors, answered or not."""
    return int(await read_metric(ingest.private_port, "clickrail_lookup_reads_total", store="postgres"))


async def test_a_thousand_visitors_of_a_code_nobody_holds_make_one_query_in_each_process(
    tmp_path: Path, own_settings: LocalSettings, kafka: str, valkey: str, topic_prefix: str, drill: Drill
) -> None:
    plan = await plan_telling_postgres(own_settings)
    async with running(plan) as postgres:
        shop = Shop(tmp_path, kafka, postgres.address, valkey, topic_prefix)
        shop.keep_no_snapshot()
        async with running_pipeline(shop, "ingest"), second_process(shop) as second:
            ports = (shop.port, int(second.environ["CLICKRAIL_INGEST_PORT"]))
            links = [f"http://127.0.0.1:{port}/ref/" for port in ports for _ in range(500)]
            answers = await visit_all_at_once([f"{link}c7" for link in links])
            answers += await visit_all_at_once([f"{link}unknown" for link in links])
            reads = [await asked_postgres(ingest) for ingest in (shop.services["ingest"], second)]
    assert answers == {(302, "https://shop.example/c7"): 1000, (404, None): 1000}
    known, unknown = (len(statements(plan, VISITORS_READ, f"{{{code}}}")) for code in ("c7", "unknown"))
    drill.note(
        "22", "1,000 visitors at once of a code nobody holds", f"{known} queries", "<= 2, of 2 processes", known <= 2
    )
    drill.note("22", "and of a code that does not exist", f"{unknown} queries", "<= 2, of 2 processes", unknown <= 2)
    assert (1 <= known <= 2, unknown, known + unknown) == (True, 2, sum(reads))


async def test_a_hot_code_that_vanishes_from_redis_under_load_is_not_asked_of_postgres(
    tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str, drill: Drill
) -> None:
    shop = Shop(tmp_path, kafka, database_url, valkey, topic_prefix)
    shop.codes = 1
    shop.keep_no_snapshot()
    async with running_pipeline(shop, "ingest"), redis.asyncio.Redis.from_url(valkey) as cache:
        links = [f"{shop.url}/ref/c0"] * 1000
        await visit_all_at_once(links)
        before = await asked_postgres(shop.services["ingest"])
        # For long enough that the process has its own copy renewed, too, while visitors are served.
        seconds = drill.seconds(2, RENEWED_S)
        visiting = asyncio.create_task(run_burst("visit", shop.port, seconds, VISITS_PER_S, 1))
        while not visiting.done():
            await cache.delete(
                *(f"{shop.prefix}:referrals:{key}" for key in ("code:c0", "program:shop", "affiliate:ann0"))
            )
            await asyncio.sleep(0.05)
        visits = await visiting
        answers = await visit_all_at_once(links)
        queries = await asked_postgres(shop.services["ingest"]) - before
    assert (visits.wrong, set(visits.statuses)) == (0, {302})
    assert answers == {(302, "https://shop.example/c0"): 1000}
    what = f"a hot code deleted from Redis again and again for {seconds:.0f} s, {VISITS_PER_S} visitors/s"
    drill.note("22", what, f"{queries} queries", "<= 1", queries <= 1)
    assert queries <= 1


async def test_ten_thousand_random_codes_a_second_reach_postgres_fifty_times_a_second_at_most(
    tmp_path: Path, own_settings: LocalSettings, kafka: str, valkey: str, topic_prefix: str, drill: Drill
) -> None:
    plan = await plan_telling_postgres(own_settings)
    async with running(plan) as postgres:
        shop = Shop(tmp_path, kafka, postgres.address, valkey, topic_prefix)
        shop.codes = 1000
        async with running_pipeline(shop, "ingest"):
            await eventually(lambda: knows_all(shop))
            seconds = drill.seconds(2, 20)
            calm = await run_burst("visit", shop.port, seconds, VISITS_PER_S, shop.codes)
            before = len(statements(plan, VISITORS_READ))
            scan, visits = await asyncio.gather(
                run_burst("scan", shop.port, seconds, SCAN_PER_S),
                run_burst("visit", shop.port, seconds, VISITS_PER_S, shop.codes),
            )
            queries = len(statements(plan, VISITORS_READ)) - before
    assert set(scan.statuses) == {404}
    assert [(flood.wrong, set(flood.statuses)) for flood in (calm, visits)] == [(0, {302})] * 2
    note_scan(drill, scan, calm, visits, queries)
    assert queries <= BURST + QUERIES_PER_S * scan.seconds


def note_scan(drill: Drill, scan: BurstResult, calm: BurstResult, visits: BurstResult, queries: int) -> None:
    what = f"{scan.per_second:,.0f} random codes/s, of {SCAN_PER_S:,} wanted, beside {VISITS_PER_S} visitors/s"
    rate, slower = queries / scan.seconds, visits.p99_ms - calm.p99_ms
    drill.note("23", what, f"{rate:.0f} queries/s", f"<= {QUERIES_PER_S}", rate <= QUERIES_PER_S)
    figure = f"p99 {visits.p99_ms:.1f} ms, {calm.p99_ms:.1f} without; p50 {visits.p50_ms:.1f} and {calm.p50_ms:.1f}"
    drill.note("23", "the same, valid codes", figure, "p99 <= 5 ms more", slower <= 5)


async def knows_all(shop: Shop) -> bool:
    return await shop.metric("clickrail_snapshot_codes") == shop.codes
