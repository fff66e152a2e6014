"""An analyst's login reads the views, and nothing else; it cannot write, and its statements end in time."""

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from cli.tables import bring_up_to_date
from storage.analysts.prepare import prepare_for_analysts
from storage.analysts.role import NO_ROLE, ROLE, add_login, make_verifier, prepare_role, remove_login
from storage.analysts.views import VIEWS
from tests.console.builders import NOW, enriched_click, rejected_click, store

pytestmark = pytest.mark.servers

PASSWORD = "Ab3-x" * 5


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    await bring_up_to_date(connection)
    await store(connection, [enriched_click(NOW, 1), rejected_click(NOW)])
    yield connection
    await connection.close()


@pytest.fixture
async def analyst(owner: asyncpg.Connection, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    name = f"analyst_{uuid.uuid4().hex[:8]}"
    await add_login(owner, name, make_verifier(PASSWORD, b"sixteen bytes .."), 1)
    connection = await asyncpg.connect(database_url.partition("?")[0], user=name, password=PASSWORD)
    yield connection
    await connection.close()
    assert await remove_login(owner, name)


async def test_the_views_are_read_without_a_right_on_the_tables(analyst: asyncpg.Connection) -> None:
    click = await analyst.fetchrow("SELECT * FROM analytics_clicks")
    rejection = await analyst.fetchrow("SELECT * FROM analytics_rejections")

    assert (click["geo_country"], click["referrer_host"], click["target_host"]) == (
        "PT",
        "www.google.com",
        "shop.example",
    )
    assert (rejection["reason"], rejection["referrer_host"]) == ("R102", "blog.example")
    assert await analyst.fetchval("SELECT count(*) FROM analytics_scores") == 0
    assert list(click.keys()) == list(VIEWS[0].all_columns())


async def test_tables_are_refused(analyst: asyncpg.Connection) -> None:
    for table in ("clicks", "clicks_now", "rejected_clicks", "dead_letters", "programs"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await analyst.fetch(f"SELECT * FROM {table}")


async def test_an_analyst_can_write_nothing(analyst: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await analyst.execute("CREATE TEMPORARY TABLE mine (a int)")
    await analyst.execute("SET default_transaction_read_only = off")
    for statement in (
        "DELETE FROM clicks",
        "UPDATE analytics_clicks SET code = 'x'",
        "DELETE FROM analytics_scores",
        "CREATE TABLE mine (a int)",
    ):
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError)):
            await analyst.execute(statement)


async def test_a_statement_ends_after_its_time(analyst: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.QueryCanceledError, match="statement timeout"):
        await analyst.execute("SELECT pg_sleep(30)")


async def test_an_account_that_may_not_create_roles_is_told_what_to_do(owner: asyncpg.Connection) -> None:
    plain = f"plain_{uuid.uuid4().hex[:8]}"
    change = owner.transaction()
    await change.start()
    await owner.execute(f"CREATE ROLE {plain}; ALTER ROLE {ROLE} RENAME TO {plain}_group; SET LOCAL ROLE {plain}")

    told = await prepare_role(owner)
    await change.rollback()

    assert told == NO_ROLE
    assert "`CREATE ROLE clickrail_analyst NOLOGIN`" in NO_ROLE


async def test_rights_that_were_taken_away_are_given_again(owner: asyncpg.Connection) -> None:
    await owner.execute("REVOKE SELECT ON analytics_clicks FROM clickrail_analyst")

    assert await prepare_for_analysts(owner) == []

    assert await owner.fetchval("SELECT has_table_privilege('clickrail_analyst', 'analytics_clicks', 'SELECT')")
