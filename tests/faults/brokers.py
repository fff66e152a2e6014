"""What the fault tests check in Kafka, and in the ingest that waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.kafka import plan_kafka
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from schemas import CLICKS_RAW
from tests.faults.proxy import Proxy
from tests.faults.shop import read_metric
from tests.pipeline import MOST_PARTITIONS, PATIENCE_S, Pipeline

WAITING = "clickrail_clicks_waiting"
DRAINED_PER_S = 500
"""Old clicks per second that even a busy machine delivers."""


class ProxiedKafka(NamedTuple):
    """A Kafka whose advertised address is a proxy, and its direct address."""

    proxy: Proxy
    kafka: str


@asynccontextmanager
async def kafka_behind_proxy(settings: LocalSettings) -> AsyncIterator[ProxiedKafka]:
    with Proxy("127.0.0.1", settings.kafka_port) as proxy:
        async with running(await plan_kafka(settings, advertised=proxy.address)) as server:
            yield ProxiedKafka(proxy, server.address)


async def count_waiting(pipeline: Pipeline) -> float:
    """Count the clicks that Kafka has not acknowledged."""
    return await read_metric(pipeline.services["ingest"].private_port, WAITING)


async def measure_drain_rate(pipeline: Pipeline, arriving: float) -> float:
    """Wait until the backlog is delivered while more clicks arrive; return the clicks delivered per second.

    Time is measured from the first delivery, not while ingest is reconnecting.
    """
    most, began, left = await count_waiting(pipeline), time.monotonic(), 0.0
    async with asyncio.timeout(PATIENCE_S + most / DRAINED_PER_S):
        while (left := await count_waiting(pipeline)) > arriving / 2:
            if left >= most:
                most, began = left, time.monotonic()
            await asyncio.sleep(0.02)
    took_s = time.monotonic() - began
    return (most - left) / took_s + arriving


@asynccontextmanager
async def open_consumer(kafka: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def wait_until_all_produce(pipeline: Pipeline, kafka: str) -> float:
    """Wait until every partition of the raw clicks has grown; return the seconds that took."""
    began = time.monotonic()
    topic = pipeline.prefix + CLICKS_RAW.name
    places = [TopicPartition(topic, number) for number in range(MOST_PARTITIONS)]
    async with asyncio.timeout(PATIENCE_S), open_consumer(kafka) as consumer:
        first = await consumer.end_offsets(places)
        while not all(end > first[place] for place, end in (await consumer.end_offsets(places)).items()):
            await asyncio.sleep(0.05)
    return time.monotonic() - began
