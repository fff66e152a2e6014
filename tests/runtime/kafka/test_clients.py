"""What is mended of aiokafka: late writes, on the event loop that the services run on too, and how a consumer ends."""

import asyncio
import gc
import time
import weakref
from typing import Any

import pytest
import uvloop
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from runtime.kafka.clients import (
    AT_A_TIME_S,
    AIOKafkaConsumer,
    AIOKafkaProducer,
    Connection,
    PoliteSender,
    compress,
)
from runtime.kafka.topics import apply_topics
from tests.runtime.kafka.test_topics import Spec
from tests.waiting import eventually

pytestmark = pytest.mark.servers


async def test_a_write_to_a_connection_that_is_gone_is_an_error_of_the_connection(kafka: str) -> None:
    async def write_too_late() -> None:
        client = AIOKafkaClient(bootstrap_servers=kafka)
        await client.bootstrap()
        try:
            connection = await client._get_conn(client.get_random_node())
            connection._writer.transport.abort()
            await asyncio.sleep(0)
            with pytest.raises(KafkaConnectionError, match="broken"):
                await connection.send(MetadataRequest([]))
            assert not connection.connected()
        finally:
            await client.close()

    await asyncio.to_thread(uvloop.run, write_too_late())


async def test_a_consumer_closes_its_connections_though_a_task_of_its_has_failed(kafka: str) -> None:
    async def fail() -> None:
        raise KeyError("none of Kafka's errors")

    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    await consumer.topics()
    connections = list(consumer._client._conns.values())
    consumer._fetcher._fetch_task.cancel()
    consumer._fetcher._fetch_task = asyncio.create_task(fail())
    await asyncio.sleep(0)

    with pytest.raises(KeyError):
        await consumer.stop()
    assert [connection.connected() for connection in connections] == [False] * len(connections)
    assert connections


async def test_a_client_whose_start_is_cancelled_leaves_no_connection_open(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Connection] = []
    asked = asyncio.Event()

    class Watched(Connection):
        def send(self, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT002 - its parent's
            made.append(self)
            if isinstance(request, MetadataRequest):
                asked.set()
            return super().send(request, expect_response)

    monkeypatch.setattr("aiokafka.conn.AIOKafkaConnection", Watched)
    client = AIOKafkaClient(bootstrap_servers=kafka)
    starting = asyncio.create_task(client.bootstrap())
    await asked.wait()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await client.close()

    assert starting.cancelled()
    assert [connection.connected() for connection in made] == [False] * len(made)


async def test_the_rest_of_a_batch_of_which_one_record_was_read_is_gone_at_once(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "batch"
    await apply_topics([kafka], [Spec(topic, 1, {})])
    producer = AIOKafkaProducer(bootstrap_servers=kafka, compression_type="zstd", linger_ms=200)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await producer.start()
    await consumer.start()
    try:
        await asyncio.gather(*[await producer.send(topic, str(number).encode()) for number in range(9)])
        read = await eventually(lambda: consumer.getmany(timeout_ms=500, max_records=1))
        (values,) = read.values()
        (fetched,) = consumer._fetcher._records.values()
        rest = weakref.ref(fetched._partition_records._records)
        del fetched
        gc.disable()
        consumer.seek(TopicPartition(topic, 0), 4)
        again = await eventually(lambda: consumer.getmany(timeout_ms=500))
        is_gone = rest() is None
    finally:
        gc.enable()
        await consumer.stop()
        await producer.stop()

    assert is_gone
    assert [record.value for record in values] == [b"0"]
    assert [[record.value for record in records] for records in again.values()] == [[b"4", b"5", b"6", b"7", b"8"]]


class Batch:
    """A batch that takes longer to compress than others should have to wait."""

    def __init__(self, happened: list[str]) -> None:
        self.happened = happened

    def get_data_buffer(self) -> bytes:
        self.happened.append("batch")
        time.sleep(2 * AT_A_TIME_S)
        return b""


async def test_others_have_a_turn_between_batches_that_take_long_to_compress() -> None:
    happened: list[str] = []
    async with asyncio.TaskGroup() as group:
        compressing = group.create_task(compress([Batch(happened) for _ in range(3)]))
        while not compressing.done():
            await asyncio.sleep(0)
            happened.append("other")

    assert happened[:6] == ["batch", "other"] * 3


async def test_a_producer_sends_through_the_polite_sender(kafka: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        assert isinstance(producer._sender, PoliteSender)
    finally:
        await producer.stop()
