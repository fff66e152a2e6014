"""The tables of the login: one behaviour, in PostgreSQL and in memory."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from console.auth.login_tables import LoginTables, StoredSession
from console.auth.users import OWNER
from console.database import DatabaseAway, open_database
from runtime.migration_files import MigrationSet, find_migrations
from runtime.secret import Secret
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables

SESSION = StoredSession(b"s" * 32, b"proof", NOW, NOW + timedelta(hours=1), OWNER, "Firefox")
SUBJECT = b"c" * 16
MINUTE = timedelta(minutes=1)

Tables = LoginTables | MemoryTables

pytestmark = pytest.mark.servers


@pytest.fixture(params=["memory", "postgres"])
async def login_tables(
    request: pytest.FixtureRequest,
    database_url: str,
    tables: asyncpg.Connection,  # noqa: ARG001 - that there are tables is what is needed
) -> AsyncIterator[Tables]:
    if request.param == "memory":
        yield MemoryTables()
        return
    async with open_database(Secret(database_url), writable=True) as database:
        yield LoginTables(database)


async def test_a_session_is_found_until_it_is_removed(login_tables: Tables) -> None:
    assert await login_tables.find_session(SESSION.token_sha256) is None
    await login_tables.add_session(SESSION)
    assert await login_tables.find_session(SESSION.token_sha256) == SESSION
    await login_tables.remove_session(SESSION.token_sha256)
    assert await login_tables.find_session(SESSION.token_sha256) is None


async def test_guesses_are_charged_up_to_the_allowance_and_no_further(login_tables: Tables) -> None:
    charged = [await login_tables.charge(SUBJECT, NOW, MINUTE, 2 * MINUTE) for _ in range(4)]

    assert charged == [True, True, True, False]
    assert await login_tables.forgiven_at(SUBJECT) == NOW + 3 * MINUTE
    assert await login_tables.charge(SUBJECT, NOW + MINUTE, MINUTE, 2 * MINUTE)
    assert not await login_tables.charge(SUBJECT, NOW + MINUTE, MINUTE, 2 * MINUTE)


async def test_what_was_forgiven_long_ago_does_not_count(login_tables: Tables) -> None:
    await login_tables.charge(SUBJECT, NOW, MINUTE, MINUTE)
    await login_tables.charge(SUBJECT, NOW + timedelta(days=1), MINUTE, MINUTE)

    assert await login_tables.forgiven_at(SUBJECT) == NOW + timedelta(days=1) + MINUTE


async def test_guesses_are_forgiven_or_given_back_one_by_one(login_tables: Tables) -> None:
    for _ in range(3):
        await login_tables.charge(SUBJECT, NOW, MINUTE, timedelta(days=1))
    await login_tables.refund(SUBJECT, MINUTE)
    assert await login_tables.forgiven_at(SUBJECT) == NOW + 2 * MINUTE
    await login_tables.forgive(SUBJECT)
    assert await login_tables.forgiven_at(SUBJECT) is None
    await login_tables.refund(SUBJECT, MINUTE)
    assert await login_tables.forgiven_at(SUBJECT) is None


async def test_what_is_over_is_removed_and_nothing_else(login_tables: Tables) -> None:
    lasting = StoredSession(b"l" * 32, b"proof", NOW, NOW + timedelta(hours=2), OWNER)
    for session in (SESSION, lasting):
        await login_tables.add_session(session)
    await login_tables.charge(SUBJECT, NOW, MINUTE, MINUTE)
    await login_tables.charge(b"d" * 16, NOW, timedelta(hours=2), MINUTE)
    await login_tables.remove_outdated(SESSION.expires_at)

    found = [await login_tables.find_session(session.token_sha256) for session in (SESSION, lasting)]
    known = [await login_tables.forgiven_at(subject) for subject in (SUBJECT, b"d" * 16)]
    assert (found, known) == ([None, lasting], [None, NOW + timedelta(hours=2)])


@pytest.mark.usefixtures("tables")
async def test_only_the_login_can_write(database_url: str) -> None:
    async with open_database(Secret(database_url)) as database:
        with pytest.raises(DatabaseAway, match="PostgreSQL is read-only"):
            await LoginTables(database).add_session(SESSION)


def test_the_consoles_tables_are_the_consoles_own() -> None:
    migrations: MigrationSet = find_migrations("console")

    assert [migration.number for migration in migrations.migrations] == list(range(1, len(migrations.migrations) + 1))
