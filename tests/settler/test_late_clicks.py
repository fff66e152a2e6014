"""Clicks that are stored late: each is settled, and other clicks than those around it keep their verdicts."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from quality.rules import DEFAULT_RULES, make_rules
from schemas import EnrichedClick
from storage.affiliate_quality import count_day
from storage.rescoring import rescore
from storage.retention.personal_days import empty_day
from storage.rollups.cells import KEY
from storage.rollups.roller import roll
from storage.settling import TablePass
from tests.console.builders import NOW, open_tables
from tests.settler.builders import CLICKED, click, everything, rounds_over, scores, store_at, sweep_at
from tests.storage.rollups.builders import make_rows, make_writer

pytestmark = pytest.mark.servers

DAY, TOMORROW = CLICKED.date(), NOW + timedelta(days=1)
KEPT = {
    "click_scores": "SELECT * FROM click_scores ORDER BY click_id, rules",
    "click_rollups": f"SELECT * FROM click_rollups ORDER BY {', '.join(KEY)}",
    "affiliate_quality": "SELECT * FROM affiliate_quality ORDER BY day, program_id, affiliate_id",
}
LENIENT = make_rules("lenient", "1", {"link_sweep_weight": 0.2})
FAR_APART = [click(-200_000 + 25_000 * n, n) for n in range(7)]


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


async def test_however_many_clicks_are_stored_late_each_is_settled(tables: asyncpg.Connection) -> None:
    rounds = rounds_over(tables, late_page=2)
    await rounds.run(DEFAULT_RULES, NOW)

    await store_at(tables, FAR_APART, NOW + timedelta(minutes=1))
    await rounds.run(DEFAULT_RULES, NOW + timedelta(minutes=20))

    assert [click_id for click_id, _, _ in await scores(tables)] == [one.click_id for one in FAR_APART]


async def test_late_clicks_that_a_stopped_settler_left_are_settled_by_the_next(tables: asyncpg.Connection) -> None:
    await rounds_over(tables).run(DEFAULT_RULES, NOW)
    await store_at(tables, FAR_APART, NOW + timedelta(minutes=1))

    settled = [0]
    for calls in range(2, 60, 3):
        left = iter(range(calls))
        minutes = timedelta(minutes=20 + 20 * calls)
        stopped = rounds_over(tables, page=2, late_page=2)
        await stopped.run(DEFAULT_RULES, NOW + minutes, lambda left=left: next(left, None) is None)
        settled.append(len(await scores(tables)))

    assert settled[-1] == len(FAR_APART)
    assert settled == sorted(settled)
    assert len(set(settled)) > 2


async def test_a_late_click_of_a_day_without_personal_columns_changes_nothing(
    tables: asyncpg.Connection, database_url: str
) -> None:
    rounds = rounds_over(tables)
    await store_and_roll(tables, database_url, [*sweep_at(0), click(300, 5, client_hash="reader")])
    for now in (NOW, TOMORROW):
        await rounds.run(DEFAULT_RULES, now)
    await empty_day(tables, DAY)
    before = await read_kept(tables)

    await store_and_roll(tables, database_url, [click(30, 6, program_id="another", client_hash="late")])
    await tables.execute("UPDATE clicks SET stored_at = $1 WHERE program_id = 'another'", TOMORROW)
    await rounds.run(DEFAULT_RULES, TOMORROW + timedelta(minutes=20))

    assert await read_kept(tables) == before
    assert [band for _, band, _ in await scores(tables)] == ["likely_invalid"] * 3 + ["clean"]


async def test_a_day_emptied_before_it_was_settled_keeps_its_live_verdicts(tables: asyncpg.Connection) -> None:
    await rounds_over(tables).run(DEFAULT_RULES, CLICKED)
    await store_at(tables, sweep_at(0), CLICKED + timedelta(minutes=1))
    await empty_day(tables, DAY)

    progress = await rounds_over(tables).run(DEFAULT_RULES, TOMORROW)

    assert (await scores(tables), await tables.fetchval("SELECT count(*) FROM affiliate_quality")) == ([], 0)
    assert progress.settled_until > NOW


async def test_a_day_without_personal_columns_is_not_counted_again(tables: asyncpg.Connection) -> None:
    await store_at(tables, sweep_at(0), CLICKED + timedelta(minutes=1))
    await count_day(tables, DAY)
    await empty_day(tables, DAY)
    before = await tables.fetch(KEPT["affiliate_quality"])

    await count_day(tables, DAY)

    assert await tables.fetch(KEPT["affiliate_quality"]) == before


async def test_clicks_between_late_ones_keep_the_verdict_of_newer_rules(tables: asyncpg.Connection) -> None:
    hour = 3600.0
    await store_at(tables, [*sweep_at(-5 * hour), *sweep_at(0)], CLICKED + timedelta(minutes=1))
    rounds = rounds_over(tables)
    await rounds.run(DEFAULT_RULES, NOW)
    await rescore(tables, TablePass(tables, LENIENT, NOW - timedelta(days=1)), LENIENT, NOW, write=True)
    before = await everything(tables), await read_bands(tables)

    await store_at(tables, [click(-10 * hour, 8), click(-0.1 * hour, 9)], NOW + timedelta(minutes=1))
    await rounds.run(DEFAULT_RULES, NOW + timedelta(minutes=20))

    late = [row for row in await everything(tables) if row not in before[0]]
    assert (before[1], await read_bands(tables)) == (["clean"] * 6, ["clean"] * 8)
    assert [row["clicked_at"] for row in late] == [click(at * hour).clicked_at for at in (-10, -0.1)]


async def store_and_roll(connection: asyncpg.Connection, database_url: str, clicks: list[EnrichedClick]) -> None:
    """Store clicks as the sink does, and count them."""
    writer = make_writer(database_url)
    assert await writer.write(make_rows(clicks)) == []
    await writer.close()
    ids = [one.click_id for one in clicks]
    await connection.execute("UPDATE clicks SET stored_at = clicked_at WHERE click_id = ANY($1)", ids)
    await roll(connection, wait=True)


async def read_kept(connection: asyncpg.Connection) -> dict[str, list[Any]]:
    """Read scores and counts, but those of the program `another`."""
    kept = {name: [dict(row) for row in await connection.fetch(query)] for name, query in KEPT.items()}
    return {name: [row for row in rows if row.get("program_id") != "another"] for name, rows in kept.items()}


async def read_bands(connection: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await connection.fetch("SELECT now_band FROM clicks_now ORDER BY click_id")]
