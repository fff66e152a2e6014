"""What a stage reads, and its two clients for that: one that reads, and one that asks how far the other has come."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import msgspec

from runtime.kafka.assignment import Assignment
from runtime.kafka.clients import METADATA_MS, AIOKafkaConsumer, stop_soon
from runtime.kafka.groups import GroupClient, asking
from runtime.kafka.security import PLAINTEXT, KafkaSecurity

DAY_MS: Final = 24 * 3600 * 1000


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What to read, in which portions. `poll_ms` is how long the loop waits before it looks at `stop` again.

    The broker answers a fetch when it has `fetch_bytes`, or after `fetch_wait_ms` with what there is. If it answered as
    soon as there is a record, it would be asked a hundred times a second, for a few records each time, and each batch
    costs a delivery to 12 partitions or a transaction, and a commit.

    `instance` makes the member a static one: a process that died and is started again with the same name gets its
    partitions back, without a rebalance. No two members of a group may share one.
    """

    bootstrap_servers: tuple[str, ...]
    group: str
    topics: tuple[str, ...]
    client_id: str
    security: KafkaSecurity = PLAINTEXT
    instance: str | None = None
    max_records: int = 5000
    poll_ms: int = 200
    fetch_bytes: int = 1024 * 1024
    fetch_wait_ms: int = 250


@asynccontextmanager
async def reading(subscription: Subscription, assignment: Assignment) -> AsyncIterator[AIOKafkaConsumer]:
    """Give a consumer that is yet to be started, which waits for its share of the group, and leave the group after."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=list(subscription.bootstrap_servers),
        **subscription.security.options(),
        group_id=subscription.group,
        group_instance_id=subscription.instance,
        client_id=subscription.client_id,
        enable_auto_commit=False,
        # Neither the start of a group nor the loss of an offset is aiokafka's to decide: see the consume loop.
        auto_offset_reset="none",
        # A batch that waits for a database keeps its partitions; a loop that hangs is found by its own watch.
        max_poll_interval_ms=DAY_MS,
        session_timeout_ms=10_000,
        # A member hears of a rebalance by its next heartbeat, and until the last one has, the first ones do nothing.
        heartbeat_interval_ms=1_000,
        rebalance_timeout_ms=15_000,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        fetch_min_bytes=subscription.fetch_bytes,
        fetch_max_wait_ms=subscription.fetch_wait_ms,
        # Longer than a rebalance may take: the answer to a join comes when the group is complete.
        request_timeout_ms=20_000,
        metadata_max_age_ms=METADATA_MS,
    )
    consumer.subscribe(topics=list(subscription.topics), listener=assignment)
    try:
        yield consumer
    finally:
        # stop() talks to the coordinator.
        await stop_soon(consumer.stop())


def asking_about(subscription: Subscription) -> AbstractAsyncContextManager[GroupClient]:
    """Connect a client that asks about the group and its topics, and is no member. Raises KafkaError without answer."""
    return asking(
        subscription.bootstrap_servers, subscription.group, f"{subscription.client_id}-lag", subscription.security
    )
