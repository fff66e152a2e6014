"""An installation with a sink: topics, tables, and clicks that ingest numbered."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from console.settings import Settings as ConsoleSettings
from identity.ulid import make_ulid
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from schemas import CLICKS_ENRICHED, TOPICS, EnrichedClick, encode
from sink.service import serve
from sink.settings import Settings
from tests.console.builders import enriched_click
from tests.pipeline import Prefixed


async def make_all_topics(kafka: str, prefix: str) -> None:
    await apply_topics([kafka], [Prefixed(prefix, topic) for topic in TOPICS])


@asynccontextmanager
async def run_sink(settings: ConsoleSettings) -> AsyncIterator[None]:
    """Run a sink in this process, until the context ends."""
    stop = asyncio.Event()
    of_sink = Settings(
        kafka_bootstrap_servers=settings.kafka_bootstrap_servers,
        kafka_topic_prefix=settings.kafka_topic_prefix,
        database_url=settings.database_url,
        private_port=0,
    )
    task = asyncio.create_task(serve(of_sink, stop))
    try:
        yield
    finally:
        stop.set()
        await task


def make_process(started: datetime) -> str:
    return make_ulid(int(started.timestamp() * 1000), bytes(16))


def numbered_clicks(process: str, at: datetime, numbers: Iterable[int]) -> list[EnrichedClick]:
    clicks = [(number, enriched_click(at, number)) for number in numbers]
    return [
        msgspec.structs.replace(one, handled=msgspec.structs.replace(one.handled, process=process, sequence=number))
        for number, one in clicks
    ]


async def produce(settings: ConsoleSettings, clicks: Iterable[EnrichedClick]) -> None:
    """Write clicks to their topic, as the enricher does."""
    producer = RecordProducer(settings.kafka_bootstrap_servers, client_id="test")
    topic = settings.kafka_topic_prefix + CLICKS_ENRICHED.name
    await producer.deliver([OutRecord(topic, one.click_id.encode(), encode(one)) for one in clicks])
    await producer.close()
