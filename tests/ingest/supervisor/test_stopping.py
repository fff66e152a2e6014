"""How a supervisor with its workers stops, as real processes."""

import os
import signal
import time
from pathlib import Path

import pytest

from deploy.local.server import Server
from tests.ingest.supervisor.supervised import VISITORS, Supervised, answered, none_is_running
from tests.ingest.supervisor.traffic import coming, connect
from tests.pipeline import eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

FLUSH_S = 10
"""The default of CLICKRAIL_INGEST_FLUSH_S."""
DRAIN_S = 6
WORKERS = 3
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


@pytest.mark.parametrize("who", ["the supervisor", "all of them"])
async def test_a_stop_is_told_first_and_visitors_are_taken_for_a_while(pipeline: Supervised, who: str) -> None:
    pipeline.environ["CLICKRAIL_INGEST_DRAIN_S"] = str(DRAIN_S)
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        workers = pipeline.workers()
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(200)
            began = time.monotonic()
            # Service managers signal every process of a group, and a terminal does so too.
            for process in (pipeline.pid, *(workers if who == "all of them" else ())):
                os.kill(process, signal.SIGTERM)
            stopping = (503, {"worker 0": "stopping", "worker 1": "stopping"})

            async def says_that_it_stops() -> bool:
                return await pipeline.readiness() == stopping

            await eventually(says_that_it_stops)
            told = len(traffic.answers)
            assert await pipeline.stop() == {"ingest": 0}
        await none_is_running(pipeline.workers())
        clicks = await pipeline.clicks()
    assert sorted(answered(traffic)) == sorted(click.click_id for click in clicks)
    assert len(traffic.answers) > told
    assert traffic.failed_at is None or traffic.failed_at >= began + DRAIN_S
    assert pipeline.workers() == workers
    assert pipeline.events("worker gone") == []
    assert pipeline.events(KILLED) == []


async def test_a_worker_that_is_stopped_alone_goes_on_for_a_while_and_is_replaced(pipeline: Supervised) -> None:
    pipeline.environ["CLICKRAIL_INGEST_DRAIN_S"] = "2"
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(100)
            os.kill(pipeline.workers()[0], signal.SIGTERM)
            await eventually(lambda: len(pipeline.workers()) == 3)
            await eventually(pipeline.all_ready)
            await traffic.until(100)
        assert await pipeline.stop() == {"ingest": 0}
        clicks = await pipeline.clicks()
    assert (traffic.refused, traffic.unanswered) == (0, 0)
    assert sorted(answered(traffic)) == sorted(click.click_id for click in clicks)


async def test_with_a_frozen_kafka_all_workers_leave_at_once_and_what_they_have_is_delivered_later(
    tmp_path: Path, freezable_kafka: Server, database_url: str, valkey: str, topic_prefix: str
) -> None:
    pipeline = Supervised(tmp_path, freezable_kafka.address, database_url, valkey, topic_prefix)
    pipeline.environ["CLICKRAIL_INGEST_WORKERS"] = str(WORKERS)
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
    # Each waits FLUSH_S for Kafka.
    assert seconds < WORKERS * FLUSH_S, "one after the other"
