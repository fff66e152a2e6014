"""Counting a day of rejections by reason: all of it, or as much as there is time for."""

import itertools
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from console.clicks.reason_counts import ReasonCounts, count_reasons
from tests.console.builders import rejected_click, store

pytestmark = pytest.mark.servers

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


async def test_a_day_is_counted_once_over_all_windows(tables: asyncpg.Connection) -> None:
    ages = [n * HOUR / 4 for n in range(-1, 100)]
    reasons = ["R102", "R201", "R102"]
    events = [rejected_click(NOW - age, n, reason=reasons[n % 3]) for n, age in enumerate(ages)]
    await store(tables, events)

    # The clock stands still: there is time for everything.
    found = await count_reasons(tables, NOW, lambda: 0.0)

    of_the_day = [event.reason for event in events if event.rejected_at >= NOW - 24 * HOUR]
    assert found.reached is None
    assert {one.reason: one.count for one in found.counts} == {why: of_the_day.count(why) for why in set(reasons)}
    unknown = next(one for one in found.counts if one.reason == "R102")
    assert (unknown.latest_at, unknown.latest_id) == (NOW + HOUR / 4, events[0].rejection_id)
    assert sum(unknown.hours.values()) == of_the_day.count("R102")


async def test_nothing_rejected_is_nothing_counted(tables: asyncpg.Connection) -> None:
    assert await count_reasons(tables, NOW, lambda: 0.0) == ReasonCounts([], None)


async def test_where_a_day_takes_too_long_the_rest_is_left_out_and_said_to_be(tables: asyncpg.Connection) -> None:
    await store(tables, [rejected_click(NOW - n * HOUR, n) for n in range(24)])

    # Each window takes half a second by this clock: a minute is counted, and twice little more.
    found = await count_reasons(tables, NOW, itertools.count(step=0.5).__next__)

    assert found.reached is not None
    assert NOW - HOUR < found.reached < NOW
    assert [one.count for one in found.counts] == [1]
