"""Fixtures of the referrals' tests: a schema with their tables, and a connection to it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from referrals.connections import connected
from runtime.migration_files import find_migrations
from runtime.migrations import migrate


@pytest.fixture
async def referrals_url(database_url: str) -> str:
    """The address of a schema with the tables of this package, empty."""
    async with connected(database_url) as connection:
        await migrate(connection, [find_migrations("referrals")])
    return database_url


@pytest.fixture
async def connection(referrals_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connected(referrals_url) as opened:
        yield opened
