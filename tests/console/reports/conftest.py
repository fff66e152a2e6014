"""A console on PostgreSQL alone, logged in, with clicks of three weeks."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from runtime.secret import Secret
from tests.console.reports.world import fill
from tests.console.running import Console, make_settings, run_console


@pytest.fixture
async def filled(database_url: str, tables: asyncpg.Connection) -> AsyncIterator[Console]:
    await fill(tables)
    async with run_console(make_settings(database_url=Secret(database_url))) as console:
        await console.log_in()
        yield console
