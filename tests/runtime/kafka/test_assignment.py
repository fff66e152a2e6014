"""Epochs of an assignment."""

import asyncio

from aiokafka import TopicPartition

from runtime.kafka.assignment import Assignment

PLACE = TopicPartition("clicks.raw", 3)


async def test_a_rebalance_waits_for_the_batch_in_work_and_then_counts() -> None:
    assignment = Assignment()
    taken = assignment.taken_since()
    async with assignment.working():
        revoked = asyncio.create_task(assignment.on_partitions_revoked([]))
        await asyncio.sleep(0)
        assert assignment.busy
        assert not taken()
    await revoked

    assert taken()
    assert not assignment.taken_since()()


async def test_the_time_without_a_share_is_reported_but_not_the_wait_for_the_first_one() -> None:
    seconds: list[float] = []
    assignment = Assignment(seconds.append)
    await assignment.on_partitions_revoked([])
    await assignment.on_partitions_assigned([PLACE])
    assert seconds == []

    await assignment.on_partitions_revoked([PLACE])
    await asyncio.sleep(0.02)
    await assignment.on_partitions_assigned([])
    assert len(seconds) == 1
    assert seconds[0] >= 0.02


async def test_there_is_no_share_before_the_first_one_and_while_the_group_is_divided_anew() -> None:
    assignment = Assignment()
    shares = [assignment.partitions]
    await assignment.on_partitions_assigned([PLACE])
    shares.append(assignment.partitions)
    await assignment.on_partitions_revoked([PLACE])
    shares.append(assignment.partitions)
    await assignment.on_partitions_assigned([])
    shares.append(assignment.partitions)

    assert shares == [None, {PLACE}, None, set()]
