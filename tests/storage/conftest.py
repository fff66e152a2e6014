"""Fixtures of the tests of storage."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.errors import Unreachable
from deploy.local.settings import LocalSettings
from tests import servers
from tests.storage.timescaledb import run_timescaledb


@pytest.fixture(scope="session")
async def timescaledb_server(server_settings: LocalSettings) -> AsyncIterator[str]:
    """The URL of the server that was given, if it has TimescaleDB, else of the WASM build."""
    if servers.GIVEN_DATABASE is not None and await servers.has_timescaledb(servers.GIVEN_DATABASE):
        yield servers.GIVEN_DATABASE
        return
    try:
        async with run_timescaledb(server_settings) as url:
            yield url
    except Unreachable as error:
        pytest.skip(str(error))


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """The tests migrate, and find that it is done."""
    return migrated_url
