"""Saved views of the console name nobody who was erased."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from console.clicks.log_address import NAMING
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from storage.erasure.erasing import erase
from storage.erasure.plan import NothingFound, plan_erasure
from storage.erasure.request import ErasureRequest
from storage.erasure.saved_views import HASH, IDS, Named
from tests.console.builders import enriched_click, store

ANA, BOB = "5b7c0ffee" * 3, "0ddba11" * 3
CLICK = enriched_click(ip_hash=ANA)
QUERIES = {
    "ana": f"range=7d&address={ANA}",
    "encoded": f"%61ddress={ANA}&outcome=accepted",
    "around": f"around={CLICK.click_id.lower()}",
    "bob": f"address={BOB}",
    "all": "f.country=is:DE&outcome=rejected",
    "network": f"network={ANA}",
}
ERASURE = ErasureRequest("ip_hash", ANA)


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    await migrate(connection, [find_migrations(package) for package in ("referrals", "storage", "console")])
    await connection.execute(
        "INSERT INTO users (id, login, name, role, created_at) VALUES ('eve', 'eve', 'Eve', 'viewer', now())"
    )
    rows = [(f"{number:026}", name, query) for number, (name, query) in enumerate(QUERIES.items())]
    await connection.executemany("INSERT INTO saved_views VALUES ($1, 'eve', $2, '/clicks', $3, false, now())", rows)
    await connection.execute(
        "INSERT INTO share_links (id, token_sha256, user_id, name, query, created_at, expires_at)"
        " VALUES ($1, sha256('x'), 'eve', 'old', $2, now(), now() + interval '1 day')",
        *(f"{0:026}", f"by=code,country&address={ANA}"),
    )
    yield connection
    await connection.close()


async def list_names(tables: asyncpg.Connection) -> set[str]:
    return {row["name"] for row in await tables.fetch("SELECT name FROM saved_views")}


def test_the_parameters_are_those_that_the_log_says_name_a_visitor() -> None:
    assert {HASH, *IDS, "network"} == set(NAMING)


def test_what_is_removed_from_a_query_is_the_parameter_that_names_somebody() -> None:
    named = Named({ANA})

    assert named.remove_from(f"range=7d&address={ANA}&f.code=is:a,b") == "range=7d&f.code=is:a,b"
    assert (named.is_in(f"address={BOB}"), named.is_in(f"f.code=is:{ANA}")) == (False, False)


@pytest.mark.servers
async def test_views_of_an_erased_hash_and_of_its_clicks_are_deleted_and_others_stay(
    tables: asyncpg.Connection,
) -> None:
    await store(tables, [CLICK])
    await erase(tables, ERASURE)

    assert await list_names(tables) == {"bob", "all", "network"}
    assert await tables.fetchval("SELECT query FROM share_links") == "by=code,country"


@pytest.mark.servers
async def test_a_hash_that_only_a_view_names_is_found_there(tables: asyncpg.Connection) -> None:
    plan = await plan_erasure(tables, ERASURE)
    await erase(tables, ERASURE)

    assert plan.clicks == 0
    assert await list_names(tables) == {"bob", "all", "network", "around"}
    with pytest.raises(NothingFound):
        await plan_erasure(tables, ERASURE)


@pytest.mark.servers
async def test_an_installation_without_a_console_is_erased_too(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await migrate(connection, [find_migrations("storage")])
    await store(connection, [CLICK])
    report = await erase(connection, ERASURE)
    await connection.close()

    assert report.clicks == 1
