"""A database that already has clicks, brought to the newest tables."""

import re
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from runtime.migration_files import MigrationSet, find_migrations
from runtime.migrations import migrate
from storage.columns import CLICK_COLUMNS
from storage.read.counts import Totals, count_totals
from storage.read.finding import find_click
from storage.rows import click_row
from tests.console.builders import NOW, enriched_click, insert, ulid_at

pytestmark = pytest.mark.servers


def added_after_first(storage: MigrationSet) -> set[str]:
    sql = "\n".join(migration.sql for migration in storage.migrations[1:])
    return set(re.findall(r"ALTER TABLE clicks ADD COLUMN (\w+)", sql))


async def test_clicks_that_came_before_there_were_test_links_are_no_tests(empty_url: str) -> None:
    newest = find_migrations("storage")
    connection = await asyncpg.connect(empty_url)
    try:
        await migrate(connection, [msgspec.structs.replace(newest, migrations=newest.migrations[:1])])
        # Our code for days needs newer tables.
        await connection.execute(
            "CREATE TABLE clicks_then PARTITION OF clicks FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"
        )
        row = dict(zip(CLICK_COLUMNS, click_row(enriched_click(NOW, 1), NOW), strict=True))
        for column in set(row) & added_after_first(newest):
            del row[column]
        await insert(connection, "clicks", tuple(row), [tuple(row.values())])

        await migrate(connection, [newest])
        test = click_row(enriched_click(NOW, 2, is_test=True), NOW)
        await insert(connection, "clicks", CLICK_COLUMNS, [test])

        assert await count_totals(connection, NOW.replace(second=0), NOW + timedelta(minutes=1)) == Totals(1, 0, 0, 0)
        stored = await find_click(connection, ulid_at(NOW, 1))
        assert stored is not None
        assert stored.click.target_source is None
        assert stored.click.network.status == stored.click.unique.status == stored.click.counts.status == "not_judged"
        assert stored.click.fraud.score is None
    finally:
        await connection.close()
