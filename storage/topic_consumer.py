"""A consumer without a group, for commands that read topics again; and what Kafka's errors mean for them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Final, TypeAlias

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, UnknownTopicOrPartitionError

from runtime.kafka.clients import METADATA_MS, AIOKafkaConsumer, stop_soon
from runtime.kafka.security import KafkaSecurity

Record: TypeAlias = ConsumerRecord[bytes | None, bytes]

ANSWER_S: Final = 20.0
"""How long Kafka may not answer, or not deliver although there are records, before reading ends with an error."""
FETCHED: Final = 5000
SKEW: Final = timedelta(minutes=5)
"""How much the clocks of ingest and Kafka may differ: Kafka may have taken a click before it happened."""


class TopicUnreadable(Exception):  # noqa: N818 - named after the condition
    """The records cannot be read from the topic. The message says why, and what to do."""


@asynccontextmanager
async def open_consumer(
    servers: Sequence[str], topics: Sequence[str], security: KafkaSecurity, client_id: str
) -> AsyncIterator[AIOKafkaConsumer]:
    """Connect to all partitions of these topics, without a group. Raises TopicUnreadable."""
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=list(servers),
        **security.options(),
        group_id=None,
        client_id=client_id,
        enable_auto_commit=False,
        auto_offset_reset="none",
        request_timeout_ms=5_000,
        metadata_max_age_ms=METADATA_MS,
    )
    try:
        with explain_errors(",".join(servers), ", ".join(topics)):
            async with asyncio.timeout(ANSWER_S):
                await consumer.start()
        yield consumer
    finally:
        await stop_soon(consumer.stop())


@contextmanager
def explain_errors(servers: str, topic: str, instead: str = "use --source table") -> Iterator[None]:
    """Turn Kafka's errors into TopicUnreadable, with what to do."""
    try:
        yield
    except UnknownTopicOrPartitionError:
        raise TopicUnreadable(f"there is no topic {topic}: CLICKRAIL_KAFKA_TOPIC_PREFIX is part of its name") from None
    except OffsetOutOfRangeError:
        raise TopicUnreadable(f"Kafka deleted records of {topic} while they were read: {instead}") from None
    except (KafkaError, OSError, TimeoutError) as error:
        raise TopicUnreadable(
            f"Kafka at {servers} does not answer ({type(error).__name__}). Is it running?"
            " CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS says where to look for it"
        ) from None
