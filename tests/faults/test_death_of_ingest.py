"""SIGKILL of ingest: a click that was answered is in the table, once, whatever else was away at that moment."""

import asyncio
import random
import signal
import time
from pathlib import Path

import pytest

from deploy.local.server import Server
from tests.faults.drill import Drill
from tests.faults.oracles import assert_bounded, assert_conserved, measure_recovery
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

RATE = 500
READY_S = 2.0


async def kill(pipeline: Pipeline) -> None:
    service = pipeline.services["ingest"]
    service.send(signal.SIGKILL)
    assert await service.stop() == -signal.SIGKILL


async def test_clicks_answered_while_kafka_was_frozen_survive_the_death_of_ingest(
    tmp_path: Path, freezable_kafka: Server, database_url: str, valkey: str, topic_prefix: str, drill: Drill
) -> None:
    pipeline = Pipeline(tmp_path, freezable_kafka.address, database_url, valkey, topic_prefix)
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        freezable_kafka.freeze()
        await visitors.click(1000)
        await kill(pipeline)
        freezable_kafka.thaw()
        await pipeline.start("ingest")

        assert visitors.statuses == {302: 1000}
        await assert_conserved(pipeline, visitors)
    drill.note("1", "SIGKILL of ingest with 1,000 clicks that Kafka has not got", "0 missing", "missing 0", met=True)


async def test_no_answered_click_is_lost_or_doubled_by_deaths_at_random_moments_under_traffic(
    pipeline: Pipeline, drill: Drill
) -> None:
    chance, deaths, ready_s = random.Random(1), int(drill.seconds(5, 100)), list[float]()
    rate = drill.clicks_per_s(RATE)
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        await visitors.click(100)
        async with assert_bounded(pipeline), visitors.visiting(rate):
            for _ in range(deaths):
                await asyncio.sleep(chance.uniform(0.05, 0.8))
                await kill(pipeline)
                started = time.monotonic()
                await pipeline.start("ingest")
                ready_s.append(time.monotonic() - started)
        took_s = await measure_recovery(pipeline, visitors)
        await assert_conserved(pipeline, visitors)

    assert visitors.statuses == {302: len(visitors.answered)}
    assert visitors.turned_away > 0
    worst_s = max(ready_s)
    what = f"SIGKILL of ingest, {deaths} times under {rate:.0f} clicks/s"
    drill.note("1", what, f"{len(visitors.answered)} answered, 0 missing, 0 doubled", "missing 0, doubled 0", met=True)
    drill.note("1", what, f"ready again after {worst_s:.1f} s at most", "<= 2 s", met=worst_s <= READY_S)
    drill.note("1", what, f"new clicks stored after {took_s:.1f} s", "<= 10 s", met=took_s <= 10)
