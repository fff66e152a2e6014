"""Members of a consumer group, against a real broker: static ones, which keep their partitions when they die."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiokafka
import msgspec
import pytest

from runtime.kafka.assignment import Assignment
from runtime.kafka.groups import Group
from runtime.kafka.subscription import Subscription, asking_about, reading
from runtime.kafka.topics import apply_topics
from tests.runtime.kafka.test_topics import Spec
from tests.waiting import eventually

pytestmark = pytest.mark.servers


@pytest.fixture
async def subscription(kafka: str, topic_prefix: str) -> Subscription:
    name = f"{topic_prefix}in"
    await apply_topics([kafka], [Spec(name, 2, {})])
    return Subscription(bootstrap_servers=(kafka,), group=name, topics=(name,), client_id="test", instance="a")


@asynccontextmanager
async def member(subscription: Subscription) -> AsyncIterator[Assignment]:
    """Be a member of the group, with a share of it, for the duration of the block."""
    assignment = Assignment()
    async with reading(subscription, assignment) as consumer:
        await consumer.start()
        await eventually(lambda: assignment.partitions)
        yield assignment


async def die(subscription: Subscription) -> None:
    """Be a member, and go without a word: aiokafka's own consumer does, when it is a static member."""
    consumer = aiokafka.AIOKafkaConsumer(
        *subscription.topics,
        bootstrap_servers=list(subscription.bootstrap_servers),
        group_id=subscription.group,
        group_instance_id=subscription.instance,
        # Longer than this test may take.
        session_timeout_ms=60_000,
    )
    await consumer.start()
    await eventually(consumer.assignment)
    await consumer.stop()


async def describe(subscription: Subscription) -> Group:
    async with asking_about(subscription) as kafka:
        return await kafka.group()


async def test_a_static_member_that_stops_leaves_its_group_at_once(subscription: Subscription) -> None:
    async with member(subscription):
        joined = await describe(subscription)

    assert (joined.members, len(joined.assigned or ())) == (1, 2)
    assert await describe(subscription) == Group(0, frozenset())


async def test_a_static_member_that_died_has_its_partitions_back_and_the_others_go_on_meanwhile(
    subscription: Subscription,
) -> None:
    async with member(msgspec.structs.replace(subscription, instance="b")) as other:
        await die(subscription)
        await eventually(lambda: len(other.partitions or ()) == 1)
        epoch = other.epoch
        async with member(subscription) as again:
            assert len(again.partitions or ()) == 1
            assert (other.epoch, len(other.partitions or ())) == (epoch, 1)


async def test_of_two_members_with_one_name_one_goes_on_without_it(subscription: Subscription) -> None:
    async with member(subscription) as one, member(subscription) as other:
        await eventually(lambda: (len(one.partitions or ()), len(other.partitions or ())) == (1, 1))
        epochs = one.epoch, other.epoch
        # Three heartbeats: each would have lost its place by now.
        await asyncio.sleep(3)
        assert (one.epoch, other.epoch) == epochs
        assert (await describe(subscription)).members == 2
