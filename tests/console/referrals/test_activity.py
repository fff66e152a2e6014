"""The clicks of the last days, in days of the reporting zone."""

from datetime import UTC, datetime

import asyncpg
import pytest

from console.referrals.activity import read_activity
from console.referrals.consequences import count_people
from tests.console.builders import enriched_click, store

pytestmark = pytest.mark.servers

NOW = datetime(2026, 11, 24, 20, tzinfo=UTC)
CLICKED_AT = datetime(2026, 11, 24, 19, tzinfo=UTC)
"""In Tokyo both are of 25 November."""


async def test_a_click_of_today_counts_where_today_began_before_it_did_in_utc(tables: asyncpg.Connection) -> None:
    await tables.execute("UPDATE rollup_state SET zone = 'Asia/Tokyo'")
    first = datetime(2026, 11, 18, 15, tzinfo=UTC)
    await store(tables, [enriched_click(at, code="one") for at in (CLICKED_AT, first)])

    assert await count_people(tables, "code", ["one"], NOW) == 2
    found = await read_activity(tables, "code", ["one"], NOW)
    assert found is not None
    assert (found.zone, found.of("one").people, found.of("one").days) == ("Asia/Tokyo", 2, (1, 0, 0, 0, 0, 0, 1))
    assert found.of("one").last_at == CLICKED_AT
