"""How a supervisor with its workers stops, as real processes."""

import time
from pathlib import Path

import pytest

from deploy.local.server import Server
from tests.ingest_supervisor.supervised import VISITORS, Supervised, answered, none_is_running
from tests.ingest_supervisor.traffic import coming, connect
from tests.pipeline import eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

FLUSH_S = 10
"""The default of CLICKRAIL_INGEST_FLUSH_S."""
KILLED = "worker killed: it did not stop in time"


async def test_stopped_under_traffic_it_ends_in_order_and_every_answered_click_is_in_the_topic(
    pipeline: Supervised,
) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        idle = await connect(pipeline.port)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(200)
            assert await pipeline.stop() == {"ingest": 0}
        await none_is_running(pipeline.workers())
        idle.close()
        clicks = await pipeline.clicks()
    assert sorted(answered(traffic)) == sorted(click.click_id for click in clicks)
    assert traffic.refused > 0, "nobody came after it had stopped"
    assert pipeline.events("worker gone") == []


async def test_with_a_frozen_kafka_all_workers_leave_at_once_and_what_they_have_is_delivered_later(
    tmp_path: Path, freezable_kafka: Server, database_url: str, valkey: str, topic_prefix: str
) -> None:
    pipeline = Supervised(tmp_path, freezable_kafka.address, database_url, valkey, topic_prefix)
    pipeline.environ["CLICKRAIL_INGEST_WORKERS"] = "3"
    del pipeline.environ["CLICKRAIL_INGEST_FLUSH_S"]
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        idle = [await connect(pipeline.port) for _ in range(9)]
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(200)
            freezable_kafka.freeze()
            await traffic.until(200)
            began = time.monotonic()
            assert await pipeline.stop() == {"ingest": 0}
            seconds = time.monotonic() - began
        await none_is_running(pipeline.workers())
        for connection in idle:
            connection.close()
        freezable_kafka.thaw()
        await pipeline.start("ingest")

        async def all_delivered() -> bool:
            return set(answered(traffic)) <= {click.click_id for click in await pipeline.clicks()}

        await eventually(all_delivered)
    assert pipeline.events(KILLED) == []
    assert seconds < 3 * FLUSH_S, "one after the other"
