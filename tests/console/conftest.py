"""Fixtures of the console's tests: an application without servers, one with all of them, and a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Browser

from console.settings import Settings
from runtime.secret import Secret
from tests.browser import run_chromium
from tests.console.auth.oidc.fake_provider import FakeProvider, run_provider
from tests.console.auth.oidc.round_trip import VERA, run_oidc_console
from tests.console.builders import make_topics, open_tables
from tests.console.memory_tables import MemoryTables
from tests.console.running import Console, make_settings, run_console


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """The tests migrate, and find that it is done."""
    return migrated_url


@pytest.fixture
async def offline_console() -> AsyncIterator[Console]:
    """A console whose Kafka and PostgreSQL do not answer, but for its login, which finds its tables in memory."""
    async with run_console(make_settings(), MemoryTables()) as console:
        yield console


@pytest.fixture(scope="module")
async def lasting_console() -> AsyncIterator[Console]:
    """A console without servers for a whole module, whose many questions leave nothing behind. Nobody is logged in."""
    async with run_console(make_settings(), MemoryTables()) as console:
        yield console


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    """An OpenID Connect provider."""
    async with run_provider() as provider:
        yield provider


@pytest.fixture
async def oidc_console(provider: FakeProvider) -> AsyncIterator[Console]:
    """A console without servers but for that provider, to which Vera is invited."""
    async with run_oidc_console(provider, VERA) as console:
        yield console


@pytest.fixture
async def anonymous_client(offline_console: Console) -> TestClient:
    """Somebody who is not logged in, at a console without servers."""
    return offline_console.client


@pytest.fixture
async def logged_in_client(offline_console: Console) -> TestClient:
    """Somebody who is logged in, at a console without servers."""
    await offline_console.log_in()
    return offline_console.client


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the sink's tables, empty."""
    async with open_tables(database_url) as connection:
        yield connection


@pytest.fixture
async def console_settings(
    kafka: str,
    topic_prefix: str,
    database_url: str,
    tables: asyncpg.Connection,  # noqa: ARG001 - that there are tables is what is needed
) -> Settings:
    """Settings of a console on real servers, with topics and tables."""
    await make_topics(kafka, topic_prefix)
    return make_settings(
        kafka_bootstrap_servers=(kafka,), kafka_topic_prefix=topic_prefix, database_url=Secret(database_url)
    )


@pytest.fixture
async def console(console_settings: Settings) -> AsyncIterator[Console]:
    """A console on real servers, its live stream up, and somebody logged in."""
    async with run_console(console_settings) as console:
        await console.wait_until_live()
        await console.log_in()
        yield console


@pytest.fixture
async def tables_console(database_url: str, tables: asyncpg.Connection) -> AsyncIterator[Console]:  # noqa: ARG001 - that there are tables is what is needed
    """A console on PostgreSQL alone, for pages that need no Kafka, and somebody logged in."""
    async with run_console(make_settings(database_url=Secret(database_url))) as console:
        await console.log_in()
        yield console


@pytest.fixture(scope="session")
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    async with run_chromium(chromium_path) as browser:
        yield browser
