"""The recipes for data teams: their SQL runs as it stands in the page, as an analyst's and on a copy of the topic."""

import asyncio
import os
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from cli.tables import bring_up_to_date
from docs.generate import FOLDER
from schemas import EnrichedClick, encode
from storage.erasure.erasing import erase
from storage.erasure.request import ErasureRequest
from tests.console.builders import enriched_click, store
from tests.docs.duckdb_program import write_duckdb
from tests.docs.test_storage_page import export_to

pytestmark = pytest.mark.servers

PAGE: Final = (FOLDER / "data-teams.md").read_text(encoding="utf-8")
DUCKDB_PAGE: Final = (FOLDER / "consumers" / "duckdb.md").read_text(encoding="utf-8")
BLOCK: Final = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DAY: Final = datetime(2026, 11, 24, 9, 15, tzinfo=UTC)


def recipe(words: str) -> str:
    (found,) = [block for block in BLOCK.findall(PAGE) if words in block]
    return str(found)


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url, server_settings={"timezone": "Asia/Kolkata"})
    await bring_up_to_date(connection)
    yield connection
    await connection.close()


def judged(click: EnrichedClick, *, is_unique: bool, ivt_class: str | None = None) -> EnrichedClick:
    """Give the click with a live verdict."""
    unique = msgspec.structs.replace(click.unique, is_unique=is_unique, status="judged")
    fraud = msgspec.structs.replace(click.fraud, ivt_class=ivt_class)
    return msgspec.structs.replace(click, unique=unique, fraud=fraud)


async def test_verdicts_are_counted_by_affiliate_and_day_of_utc(tables: asyncpg.Connection) -> None:
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    await store(
        tables,
        [
            judged(enriched_click(DAY, 1), is_unique=True),
            judged(enriched_click(midnight, 2), is_unique=False),
            judged(enriched_click(midnight - timedelta(seconds=1), 3), is_unique=True),
            judged(enriched_click(midnight + timedelta(hours=23, minutes=59), 4), is_unique=True, ivt_class="sivt"),
            enriched_click(DAY, 5, prefetch=True),
            enriched_click(DAY, 6, is_test=True),
            judged(enriched_click(DAY, 7, affiliate_id="aff_porto"), is_unique=True),
        ],
    )

    rows = await tables.fetch(recipe("-- Gross, net and unique clicks"))

    day = date(2026, 11, 24)
    assert list(map(tuple, rows)) == [("aff_lisbon", day, 4, 2, 1), ("aff_porto", day, 1, 1, 1)]


async def test_orders_find_the_affiliate_of_their_click_within_its_window(tables: asyncpg.Connection) -> None:
    clicks = [
        enriched_click(DAY, 1),
        enriched_click(DAY, 2, affiliate_id="aff_porto"),
        enriched_click(DAY - timedelta(days=31), 3),
        enriched_click(DAY, 4, is_test=True),
    ]
    await store(tables, clicks)
    await tables.execute("CREATE TABLE orders (order_id int, ordered_at timestamptz, click_token text, amount numeric)")
    ordered = [(1, 0, 20), (2, 0, 30), (3, 1, 40), (4, 2, 50), (5, 3, 60)]
    rows = [
        (number, DAY + timedelta(hours=1), f"{clicks[of].click_id}.t1ABCDEFGHIJKLMNOP", amount)
        for number, of, amount in ordered
    ]
    await tables.executemany("INSERT INTO orders VALUES ($1, $2, $3, $4)", rows)

    found = await tables.fetch(recipe("-- Orders by affiliate"))

    assert list(map(tuple, found)) == [("aff_lisbon", 2, 50), ("aff_porto", 1, 40)]


async def test_a_late_click_tells_which_day_to_count_again(tables: asyncpg.Connection) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    late, known, old = (enriched_click(now - timedelta(days=days), days) for days in (12, 3, 80))
    await store(tables, [late, known, old])
    await tables.execute("UPDATE clicks SET stored_at = now() - interval '1 hour' WHERE click_id = $1", known.click_id)
    await tables.execute("UPDATE clicks SET stored_at = now() - interval '61 s' WHERE click_id <> $1", known.click_id)

    rows = await tables.fetch(recipe("-- Days to count again"), now)

    assert [row["day"] for row in rows] == [old.clicked_at.date(), late.clicked_at.date()]


async def test_a_copy_has_each_click_once_and_loses_what_was_erased(tables: asyncpg.Connection) -> None:
    clicks = [enriched_click(DAY, number) for number in range(3)]
    too_new = enriched_click(datetime.now(UTC), 4)
    values = [encode(click).decode() for click in (*clicks, *clicks[:2], too_new)]
    await store(tables, clicks)
    await tables.execute(recipe("CREATE TABLE my_clicks"))

    for _ in range(2):
        await tables.execute(recipe("INSERT INTO my_clicks"), values)
    before = await ids_of_copy(tables)
    await erase(tables, ErasureRequest("click", clicks[1].click_id, "asked by mail"))
    await tables.execute(recipe("DELETE FROM my_clicks"))

    assert before == sorted(click.click_id for click in (*clicks, too_new))
    assert await ids_of_copy(tables) == sorted([clicks[0].click_id, clicks[2].click_id, too_new.click_id])


async def test_duckdb_counts_an_export_by_hour_of_utc(tables: asyncpg.Connection, tmp_path: Path) -> None:
    last = datetime(2026, 11, 24, 23, 50, tzinfo=UTC)
    clicks = [
        enriched_click(DAY, 1),
        enriched_click(DAY, 2),
        enriched_click(last, 3),
        enriched_click(DAY, 4, is_test=True),
    ]
    await store(tables, clicks)
    await export_to(tables, tmp_path / "clicks", "parquet", [DAY.date()])
    (query,) = re.findall(r"^```sql\n(SELECT .*?)^```$", DUCKDB_PAGE, re.MULTILINE | re.DOTALL)
    write_duckdb(tmp_path)

    done = await asyncio.create_subprocess_exec(
        tmp_path / "duckdb", "-c", query, cwd=tmp_path, env=os.environ | {"TZ": "Asia/Kolkata"}, stdout=PIPE
    )
    output, _ = await done.communicate()

    assert output.decode().splitlines() == ["2026-11-24 09:00:00, spring-26, 2", "2026-11-24 23:00:00, spring-26, 1"]


async def ids_of_copy(connection: asyncpg.Connection) -> list[Any]:
    return [
        row["click_id"]
        for row in await connection.fetch('SELECT click_id FROM my_clicks ORDER BY click_id COLLATE "C"')
    ]
