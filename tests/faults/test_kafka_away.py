"""Kafka down, frozen, or started again: visitors do not notice, memory does not grow, and every click arrives."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.kafka import plan_kafka
from deploy.local.server import Server, running
from deploy.local.settings import LocalSettings
from ingest.journal.journal import JournalLimits
from tests.faults.brokers import count_waiting, measure_drain_rate, wait_until_all_produce
from tests.faults.drill import Drill
from tests.faults.oracles import AS_OFTEN, assert_bounded, assert_conserved, measure_recovery
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, running_pipeline
from tests.servers import small_settings

pytestmark = [pytest.mark.xdist_group("broker"), pytest.mark.servers, pytest.mark.processes]

RATE = 300
PRODUCES_S = 10.0
MORE_MS = 5
LONG_REFERRER = f"https://news.example/{'x' * 980}"


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A Kafka of this module's own, to break. Each test leaves it running."""
    settings: LocalSettings = small_settings(tmp_path_factory.mktemp("broker"))
    async with running(await plan_kafka(settings)) as server:
        yield server


@pytest.fixture
def pipeline(tmp_path: Path, broker: Server, database_url: str, valkey: str, topic_prefix: str) -> Pipeline:
    return Pipeline(tmp_path, broker.address, database_url, valkey, topic_prefix)


async def test_kafka_down_changes_nothing_for_visitors_and_all_clicks_are_delivered_when_it_is_back(
    pipeline: Pipeline, broker: Server, drill: Drill
) -> None:
    # More than memory has room for, soon: each click has a long referrer.
    burst, load = int(drill.seconds(7_000, 60_000)), drill.clicks_per_s(RATE)
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline, fields={"Referer": LONG_REFERRER})
        await visitors.click(200)
        async with assert_bounded(pipeline) as bounds, visitors.visiting(load):
            await asyncio.sleep(drill.seconds(1, 30))
            usual = visitors.p99_ms()
            visitors.waits_ms.clear()
            await broker.kill()
            await asyncio.sleep(drill.seconds(4, 600))
            meanwhile = visitors.p99_ms()
            await visitors.click(burst)
            waited = await count_waiting(pipeline)
            on_disk = sum(path.stat().st_size for path in (pipeline.folder / "ingest").rglob("*.seg"))
            await broker.start()
            rate, took_s = await asyncio.gather(
                measure_drain_rate(pipeline, load), measure_recovery(pipeline, visitors)
            )
        await assert_conserved(pipeline, visitors)

    assert (visitors.statuses, visitors.unanswered) == ({302: len(visitors.answered)}, 0)
    assert waited > burst
    assert on_disk > JournalLimits().window_bytes
    what = f"Kafka down for {drill.seconds(4, 600):.0f} s under {load:.0f} clicks/s"
    drill.note("3", what, f"{len(visitors.answered)} answered, 0 missing", "missing 0", met=True)
    drill.note("3", what, f"p99 {usual:.1f} -> {meanwhile:.1f} ms", "<= +5 ms", met=meanwhile <= usual + MORE_MS)
    drill.note("3", what, f"ingest grew by {bounds.growth_mib:.0f} MiB", "<= 64 MiB", met=bounds.growth_mib <= 64)
    drill.note("3", what, f"drained at {rate:.0f} clicks/s", f">= {2 * load:.0f} clicks/s", met=rate >= 2 * load)
    stored = f"new clicks stored after {took_s:.1f} s, behind {waited:.0f} older ones"
    drill.note("3", what, stored, "<= 10 s", met=took_s <= 10)


async def test_an_ingest_that_is_started_while_kafka_is_down_redirects_and_delivers_later(
    pipeline: Pipeline, broker: Server
) -> None:
    async with running_pipeline(pipeline, "ingest"):
        assert await pipeline.services["ingest"].stop() == 0
        await broker.kill()
        await pipeline.start("ingest")
        visitors = Visitors(pipeline)
        await visitors.click(1000)
        assert (visitors.statuses, await count_waiting(pipeline)) == ({302: 1000}, 1000)
        await broker.start()
        await pipeline.start("enricher", "sink")
        await assert_conserved(pipeline, visitors)


async def test_a_frozen_kafka_changes_nothing_for_visitors_and_no_partition_stays_stuck(
    pipeline: Pipeline, broker: Server, drill: Drill
) -> None:
    # Longer than a delivery may take, so that producers are thrown away meanwhile; the long form than any time-out.
    frozen_s, load = drill.seconds(12, 120), drill.clicks_per_s(RATE)
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        await visitors.click(200)
        async with assert_bounded(pipeline) as bounds, visitors.visiting(load):
            broker.freeze()
            await asyncio.sleep(frozen_s)
            broker.thaw()
            produced_s, took_s = await asyncio.gather(
                wait_until_all_produce(pipeline, broker.address), measure_recovery(pipeline, visitors)
            )
        await assert_conserved(pipeline, visitors)

    assert (visitors.statuses, visitors.unanswered) == ({302: len(visitors.answered)}, 0)
    assert produced_s < AS_OFTEN * PRODUCES_S
    what = f"Kafka frozen for {frozen_s:.0f} s under {load:.0f} clicks/s"
    drill.note("4", what, f"{len(visitors.answered)} answered, 0 missing", "missing 0", met=True)
    drill.note("4", what, f"ingest grew by {bounds.growth_mib:.0f} MiB", "<= 64 MiB", met=bounds.growth_mib <= 64)
    drill.note("4", what, f"all partitions produce after {produced_s:.1f} s", "<= 10 s", met=produced_s <= PRODUCES_S)
    drill.note("4", what, f"new clicks stored after {took_s:.1f} s", "<= 10 s", met=took_s <= 10)


async def test_kafka_restarted_under_load_in_order_and_by_force_leaves_no_partition_stuck(
    pipeline: Pipeline, broker: Server, drill: Drill
) -> None:
    rounds, load = int(drill.seconds(1, 3)), drill.clicks_per_s(RATE)
    slowest_s = took_s = 0.0
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        await visitors.click(200)
        async with assert_bounded(pipeline), visitors.visiting(load):
            for _ in range(rounds):
                for end in (broker.stop, broker.kill):
                    await end()
                    await asyncio.sleep(drill.seconds(0, 60))
                    await broker.start()
                    slowest_s = max(slowest_s, await wait_until_all_produce(pipeline, broker.address))
                    took_s = max(took_s, await measure_recovery(pipeline, visitors))
        await assert_conserved(pipeline, visitors)

    assert (visitors.statuses, visitors.unanswered) == ({302: len(visitors.answered)}, 0)
    assert slowest_s < AS_OFTEN * PRODUCES_S
    what = f"Kafka stopped and killed {rounds} times each under {load:.0f} clicks/s"
    drill.note("6", what, f"{len(visitors.answered)} answered, 0 missing", "missing 0", met=True)
    drill.note("6", what, f"all partitions produce after {slowest_s:.1f} s", "<= 10 s", met=slowest_s <= PRODUCES_S)
    drill.note("6", what, f"new clicks stored after {took_s:.1f} s", "<= 10 s", met=took_s <= 10)
