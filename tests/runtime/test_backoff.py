"""Waits between attempts."""

import asyncio
from itertools import islice

import pytest

from runtime.backoff import backoff_delays, grace_period, sleep_unless


def test_waits_double_up_to_the_longest_with_a_quarter_of_jitter() -> None:
    waits = list(islice(backoff_delays(first_s=1, most_s=4), 6))

    assert all(0.75 * base <= wait <= 1.25 * base for wait, base in zip(waits, (1, 2, 4, 4, 4, 4), strict=True))


async def test_a_sleep_ends_when_it_is_given_up() -> None:
    answers = iter([False, True])

    assert await sleep_unless(lambda: next(answers), 60)
    assert not await sleep_unless(lambda: False, 0.01)


def test_by_default_nobody_waits_longer_than_five_seconds() -> None:
    assert max(islice(backoff_delays(), 1000)) <= 5


async def test_what_is_still_running_so_long_after_the_stop_is_cut_off() -> None:
    stop = asyncio.Event()
    stop.set()
    reached = []
    async with grace_period(stop, 0.01):
        reached.append("start")
        await asyncio.sleep(60)
        reached.append("end")

    assert reached == ["start"]


async def test_what_ends_in_time_or_is_never_stopped_is_not_cut_off() -> None:
    stop = asyncio.Event()
    async with grace_period(stop, 0):
        await asyncio.sleep(0.01)
        stop.set()
    async with grace_period(stop, 60):
        await asyncio.sleep(0.01)


async def test_a_timeout_that_is_not_the_stops_is_told() -> None:
    with pytest.raises(TimeoutError):
        async with grace_period(asyncio.Event(), 60):
            raise TimeoutError
