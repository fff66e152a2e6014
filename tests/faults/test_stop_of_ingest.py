"""SIGTERM of ingest: who asked is answered, it ends soon whatever is frozen, and what Kafka has not got is kept."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from deploy.local.postgres import plan_postgres
from deploy.local.server import Server, running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from tests.faults.drill import Drill
from tests.faults.oracles import AS_OFTEN, assert_conserved
from tests.faults.shop import read_metric
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, Service, running_pipeline
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes]

RATE = 300
ENDS_S = 15.0


async def test_a_stop_with_everything_frozen_answers_who_is_there_ends_in_time_and_loses_nothing(
    tmp_path: Path, freezable_kafka: Server, own_settings: LocalSettings, topic_prefix: str, drill: Drill
) -> None:
    rate = drill.clicks_per_s(RATE)
    async with running(await plan_postgres(own_settings)) as postgres, running(plan_valkey(own_settings)) as valkey:
        pipeline = Pipeline(tmp_path, freezable_kafka.address, postgres.address, valkey.address, topic_prefix)
        async with running_pipeline(pipeline):
            visitors = Visitors(pipeline)
            await visitors.click(200)
            async with silent_visitors(pipeline, 50), visitors.visiting(rate):
                await asyncio.sleep(1)
                for server in (freezable_kafka, postgres, valkey):
                    server.freeze()
                await asyncio.sleep(3)
                ends_s, code = await stop(pipeline)
            for server in (freezable_kafka, postgres, valkey):
                server.thaw()
            await pipeline.start("ingest")
            await assert_conserved(pipeline, visitors)

    assert code == 0
    assert (visitors.statuses, visitors.unanswered) == ({302: len(visitors.answered)}, 0)
    assert visitors.turned_away > 0
    what = f"SIGTERM with Kafka, Postgres and Redis frozen under {rate:.0f} clicks/s"
    drill.note("2", what, f"ended after {ends_s:.1f} s", "<= 15 s", met=ends_s <= ENDS_S)
    drill.note("2", what, f"{len(visitors.answered)} answered, 0 without an answer", "in flight: all", met=True)
    drill.note("2", what, "0 missing after the next start", "missing 0", met=True)
    assert ends_s < AS_OFTEN * ENDS_S


async def test_a_stop_is_told_first_and_visitors_are_taken_for_a_while_and_metrics_are_there_to_the_end(
    tmp_path: Path, freezable_kafka: Server, database_url: str, valkey: str, topic_prefix: str
) -> None:
    pipeline = Pipeline(tmp_path, freezable_kafka.address, database_url, valkey, topic_prefix)
    pipeline.environ |= {"CLICKRAIL_INGEST_DRAIN_S": "4", "CLICKRAIL_INGEST_FLUSH_S": "5"}
    ingest = pipeline.services["ingest"]
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        await visitors.click(100)
        freezable_kafka.freeze()
        ingest.send(signal.SIGTERM)
        await eventually(lambda: says_that_it_stops(ingest))
        # Each on a connection of its own, made after it was told that nobody is to be sent here any more.
        for _ in range(20):
            await visitors.click(1)
        assert (visitors.statuses, visitors.turned_away) == ({302: 120}, 0)
        await eventually(lambda: turns_visitors_away(pipeline))
        assert await read_metric(ingest.private_port, "clickrail_clicks_waiting") >= 20
        assert await says_that_it_stops(ingest)
        assert await ingest.stop() == 0
        freezable_kafka.thaw()
        await pipeline.start("ingest")
        await assert_conserved(pipeline, visitors)


async def says_that_it_stops(service: Service) -> bool:
    url = f"http://127.0.0.1:{service.private_port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        said = await answer.json()
    return (answer.status, said["status"], said["wrong"]) == (503, "not ready", {"process": "stopping"})


async def turns_visitors_away(pipeline: Pipeline) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", pipeline.port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


@asynccontextmanager
async def silent_visitors(pipeline: Pipeline, count: int) -> AsyncIterator[None]:
    """Keep so many connections open that ask once and then no more; half of them begin to ask again."""
    visits = [await asyncio.open_connection("127.0.0.1", pipeline.port) for _ in range(count)]
    for number, (reader, writer) in enumerate(visits):
        writer.write(b"HEAD /ref/abc123 HTTP/1.1\r\nHost: go.shop.example\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        if number % 2:
            writer.write(b"GET /ref/abc")
    try:
        yield
    finally:
        for _, writer in visits:
            writer.close()


async def stop(pipeline: Pipeline) -> tuple[float, int]:
    """Send SIGTERM to ingest; give the seconds until it has ended, and its exit code."""
    began = time.monotonic()
    code = await pipeline.services["ingest"].stop()
    return time.monotonic() - began, code
