"""Tables with what is stored before an erasure."""

import asyncpg
import pytest

from tests.storage.erasure.stored import fill


@pytest.fixture
async def filled(tables: asyncpg.Connection, database_url: str) -> asyncpg.Connection:
    await fill(tables, database_url)
    return tables
