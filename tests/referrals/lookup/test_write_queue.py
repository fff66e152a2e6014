"""The values that wait to be written to Redis."""

import asyncio

import pytest

from referrals.lookup.redis_codec import VersionedValue
from referrals.lookup.write_queue import Pending, WriteQueue
from referrals.model import Referral
from tests.referrals.builders import code
from tests.waiting import PATIENCE_S


def pending(value: Referral, as_of: int = 10, epoch: bytes | None = b"1", *, is_change: bool = False) -> Pending:
    return Pending(VersionedValue(value, as_of), epoch, is_change)


def test_the_value_that_has_waited_longest_is_taken_first() -> None:
    queue = WriteQueue()
    values = [pending(code(code=name)) for name in "cab"]
    assert [queue.add(value) for value in values] == [True] * 3
    assert [queue.take(2), queue.take(2), queue.take(2)] == [values[:2], values[2:], []]


OLD, CONFIRMED, NEW = pending(code(version=4), 10), pending(code(version=4), 11), pending(code(version=11), 11)


@pytest.mark.parametrize(("first", "second"), [(OLD, CONFIRMED), (CONFIRMED, NEW), (OLD, NEW)])
def test_of_one_key_the_newest_waits_in_whatever_order_they_come(first: Pending, second: Pending) -> None:
    for order in ((first, second), (second, first)):
        queue = WriteQueue()
        assert [queue.add(value) for value in order] == [True, True]
        assert queue.take(9) == [second]


def test_an_older_version_of_another_epoch_replaces_what_waits() -> None:
    queue = WriteQueue()
    restored = pending(code(version=2), 3, epoch=b"2")
    queue.add(NEW)
    queue.add(restored)
    assert queue.take(9) == [restored]


def test_a_full_queue_takes_only_what_replaces_a_value_that_waits() -> None:
    queue = WriteQueue(most=1)
    assert [queue.add(OLD), queue.add(pending(code(code="other"))), queue.add(NEW)] == [True, False, True]
    assert queue.take(9) == [NEW]


def test_changes_that_are_put_back_are_taken_first_unless_another_of_their_key_has_come() -> None:
    queue = WriteQueue()
    changes = [pending(code(code=name), is_change=True) for name in "ab"]
    for value in (*changes, pending(code(code="read"))):
        queue.add(value)
    queue.take(3)
    queue.add(latest := pending(code(code="latest")))
    # It is newer, whatever is known of the epochs: it came later.
    queue.add(newest := pending(code(code="a", version=11), 11, epoch=None))
    queue.put_back_changes()
    assert queue.take(9) == [newest, changes[1], latest]


def test_what_replaces_a_change_is_put_back_too() -> None:
    queue = WriteQueue()
    queue.add(pending(code(version=4), is_change=True))
    queue.add(NEW)
    taken = queue.take(9)
    queue.put_back_changes()
    assert queue.take(9) == taken


def test_what_was_under_way_when_all_was_forgotten_is_not_put_back() -> None:
    queue = WriteQueue()
    queue.add(pending(code(), is_change=True))
    queue.take(9)
    queue.clear()
    queue.put_back_changes()
    assert queue.take(9) == []


async def test_who_waits_goes_on_as_soon_as_a_value_waits_and_not_before() -> None:
    queue = WriteQueue()
    for empty in (lambda: queue.take(1), queue.clear):
        waiting = asyncio.create_task(queue.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.add(NEW)
        async with asyncio.timeout(PATIENCE_S):
            await waiting
        empty()
