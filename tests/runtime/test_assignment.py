"""Epochs of an assignment."""

import asyncio

from runtime.assignment import Assignment


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
