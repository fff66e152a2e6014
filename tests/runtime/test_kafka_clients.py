"""A connection that was reset is an error of Kafka's, on the event loop that the services run on too."""

import asyncio

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

import runtime.kafka_clients  # noqa: F401 - for what it does to all connections

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
