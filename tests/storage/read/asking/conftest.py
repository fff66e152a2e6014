"""Small worlds of clicks, one in each reporting zone, made once for all questions."""

from collections.abc import AsyncIterator

import pytest

from tests import servers
from tests.console.builders import open_tables
from tests.storage.read.asking.world import BEGIN, World, make_world


@pytest.fixture(scope="session", params=list(BEGIN))
async def world(request: pytest.FixtureRequest, postgres: str) -> AsyncIterator[World]:
    """A world whose tables nobody changes."""
    async with servers.empty_schema(postgres) as url, open_tables(url) as connection:
        yield await make_world(connection, request.param)


@pytest.fixture(scope="session")
async def berlin(postgres: str) -> AsyncIterator[World]:
    """A world in Berlin, whose tables nobody changes."""
    async with servers.empty_schema(postgres) as url, open_tables(url) as connection:
        yield await make_world(connection, "Europe/Berlin")
