"""Measures are the columns of the rollup tables, and every click is in one group."""

import asyncpg
import pytest

from cli.tables import apply_migrations
from storage.rollups.measures import DERIVED, MEASURES, count_measures

pytestmark = pytest.mark.servers

GROUPS = "people, bots, app_fetches, prefetches, tests"
EVERY_KIND_OF_CLICK = """
    SELECT is_bot, prefetch, is_test, bot_kind, true AS now_is_unique, 'clean' AS now_band,
        NULL::text AS now_ivt_class, NULL::text AS limited_by
    FROM (VALUES (true), (false)) AS a (is_bot), (VALUES (true), (false)) AS b (prefetch),
        (VALUES (true), (false)) AS c (is_test), (VALUES ('app_fetch'), ('crawler'), (NULL)) AS d (bot_kind)
"""


async def test_each_rollup_table_has_a_column_for_each_measure(database_url: str) -> None:
    await apply_migrations(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        for table in ("click_minutes", "click_rollups"):
            rows = await connection.fetch(f"SELECT {', '.join([*MEASURES, *DERIVED.values()])} FROM {table}")
            assert rows == []
    finally:
        await connection.close()


async def test_each_click_is_in_exactly_one_group(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            f"SELECT {GROUPS} FROM (SELECT row_number() OVER () AS n, * FROM ({EVERY_KIND_OF_CLICK}) AS kinds) AS one, "
            f"LATERAL (SELECT {count_measures()} FROM (SELECT one.*) AS click) AS counted"
        )
    finally:
        await connection.close()
    assert len(rows) == 24
    assert {sum(row.values()) for row in rows} == {1}
