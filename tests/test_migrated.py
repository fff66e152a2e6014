"""Copies of migrated databases are as migrated, and each is alone."""

import asyncpg
import pytest

from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from tests import migrated, servers

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(servers.GIVEN_DATABASE is not None, reason="a server that was given gets no copies"),
]


async def test_a_copy_needs_no_migration_and_keeps_its_rows_to_itself(postgres: str, template: str) -> None:
    async with migrated.copy_of(postgres, template) as one, migrated.copy_of(postgres, template) as other:
        first, second = await asyncpg.connect(one), await asyncpg.connect(other)
        assert await migrate(first, [find_migrations(package) for package in migrated.PACKAGES]) == []
        await first.execute("UPDATE rollup_state SET zone = 'Europe/Berlin'")
        zones = [await connection.fetchval("SELECT zone FROM rollup_state") for connection in (first, second)]
        await first.close()
        await second.close()

    assert zones == ["Europe/Berlin", "UTC"]
