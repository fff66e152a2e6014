"""From an accepted click to Kafka: CPU a click, against the plain way of awaiting a send for each."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from aiokafka import AIOKafkaProducer

from bench.report import Figure
from bench.stack import Bench
from bench.steps import make_records
from ingest.journal.journal import Journal, JournalLimits, open_journal
from ingest.publisher import Publisher
from runtime.kafka.partitioner import StickyPartitioner
from runtime.kafka.producer import RecordProducer
from runtime.task_scope import task_scope
from schemas import CLICKS_RAW

CLICKS = 20_000
TOGETHER = 16
"""Clicks that arrive in one turn of the loop."""
CONCURRENT = 500
ROUNDS = 3
TARGET = 0.25

Records = list[tuple[bytes, bytes]]


async def measure_publishing(bench: Bench) -> list[Figure]:
    """Measure journal and publisher together, and `await producer.send()` by many tasks, in turns."""
    some = make_records()
    records = (some * (CLICKS // len(some) + 1))[:CLICKS]
    rounds = [[await cost_of_sends(bench, records), await cost_of_ours(bench, records)] for _ in range(ROUNDS)]
    ratio = statistics.median(ours / sends for sends, ours in rounds)
    sends, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    return [
        Figure(
            "publish: CPU a click / await producer.send()",
            f"{ratio:.2f}  ({ours:.0f} / {sends:.0f} us)",
            f"<= {TARGET}",
            ratio <= TARGET,
        )
    ]


async def cost_of_ours(bench: Bench, records: Records) -> float:
    """Give microseconds a click: journalled, published, acknowledged."""
    some = asyncio.Event()
    producer = RecordProducer((bench.addresses.kafka,), client_id="bench", partitioner=StickyPartitioner())
    with tempfile.TemporaryDirectory(prefix="clickrail-publishing-") as folder:
        journal = Journal(Path(folder), "bench", JournalLimits(), some.set, lambda _, __: None)
        async with open_journal(journal):
            publisher = Publisher(producer, journal, CLICKS_RAW.name, some)
            async with task_scope(journal.run(), publisher.run()):
                journal.append_all(records[:TOGETHER])
                await publisher.drain(30)
                before = time.process_time()
                for first in range(0, len(records), TOGETHER):
                    journal.append_all(records[first : first + TOGETHER])
                    # As fast as one worker answers: faster, batches would be larger than they are.
                    await asyncio.sleep(0.001)
                await publisher.drain(60)
                spent = time.process_time() - before
    await producer.close()
    return (spent - await cost_of_pacing(records)) / len(records) * 1e6


async def cost_of_pacing(records: Records) -> float:
    """Give seconds: what it costs this bench to let clicks arrive as they do."""
    before = time.process_time()
    for _ in range(0, len(records), TOGETHER):
        await asyncio.sleep(0.001)
    return time.process_time() - before


async def cost_of_sends(bench: Bench, records: Records) -> float:
    """Give microseconds a click, with as many tasks as a busy server has handlers."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bench.addresses.kafka, acks="all", enable_idempotence=True, compression_type="zstd"
    )
    await producer.start()
    waiting = iter(records)

    async def handle() -> None:
        for key, value in waiting:
            await producer.send_and_wait(CLICKS_RAW.name, value, key)

    try:
        await producer.send_and_wait(CLICKS_RAW.name, *reversed(records[0]))
        before = time.process_time()
        await asyncio.gather(*(handle() for _ in range(CONCURRENT)))
        return (time.process_time() - before) / len(records) * 1e6
    finally:
        await producer.stop()
