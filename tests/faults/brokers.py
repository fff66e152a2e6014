"""What the fault tests ask of Kafka, and of the ingest that waits for it."""

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
from tests.pipeline import PATIENCE_S, Pipeline

WAITING = "clickrail_clicks_waiting"
DRAINED_PER_S = 500
"""Old clicks that even a busy machine delivers in a second."""


class Line(NamedTuple):
    """A Kafka that all clients reach through a proxy, and its own address behind that."""

    proxy: Proxy
    kafka: str


@asynccontextmanager
async def kafka_behind_proxy(settings: LocalSettings) -> AsyncIterator[Line]:
    with Proxy("127.0.0.1", settings.kafka_port) as proxy:
        async with running(await plan_kafka(settings, advertised=proxy.address)) as server:
            yield Line(proxy, server.address)


async def waiting(pipeline: Pipeline) -> float:
    """Give how many clicks Kafka has not acknowledged."""
    return await read_metric(pipeline.services["ingest"].private_port, WAITING)


async def drain_rate(pipeline: Pipeline, arriving: float) -> float:
    """Wait until what waits for Kafka is gone, while more arrives; give how many clicks a second were delivered.

    The clock runs from the first delivery on, not while Kafka is being looked for.
    """
    most, began, left = await waiting(pipeline), time.monotonic(), 0.0
    async with asyncio.timeout(PATIENCE_S + most / DRAINED_PER_S):
        while (left := await waiting(pipeline)) > arriving / 2:
            if left >= most:
                most, began = left, time.monotonic()
            await asyncio.sleep(0.02)
    took_s = time.monotonic() - began
    return (most - left) / took_s + arriving


@asynccontextmanager
async def reading(kafka: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def all_produce_again(pipeline: Pipeline, kafka: str) -> float:
    """Wait until every partition of the raw clicks has grown; give the seconds from now."""
    began = time.monotonic()
    topic = pipeline.prefix + CLICKS_RAW.name
    places = [TopicPartition(topic, number) for number in range(CLICKS_RAW.partitions)]
    async with asyncio.timeout(PATIENCE_S), reading(kafka) as consumer:
        first = await consumer.end_offsets(places)
        while not all(end > first[place] for place, end in (await consumer.end_offsets(places)).items()):
            await asyncio.sleep(0.05)
    return time.monotonic() - began
