"""`clickrail retention`: what would be removed, what is, and what was."""

import asyncio
import json

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.main import app
from storage.retention.job import SESSION, only_one
from tests.storage.retention.test_job import Retention
from tests.storage.test_partitions import tables

__all__ = ["tables"]
pytestmark = pytest.mark.servers


@pytest.fixture
async def environ(tables: asyncpg.Connection, database_url: str) -> dict[str, str]:
    """Fill the tables with days of long ago: the command goes by the clock."""
    await tables.execute("SET TimeZone = 'UTC'")
    retention = Retention(database_url)
    await retention.fill()
    await retention.close()
    return {"CLICKRAIL_DATABASE_URL": database_url}


async def call(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = await asyncio.to_thread(CliRunner().invoke, app, ["retention", *arguments], env=environ)
    return done.exit_code, done.output


async def clicks_and_agents(tables: asyncpg.Connection) -> tuple[int, int]:
    row = await tables.fetchrow("SELECT count(*), count(user_agent) FROM clicks")
    return row[0], row[1]


async def test_a_dry_run_says_what_would_go(tables: asyncpg.Connection, environ: dict[str, str]) -> None:
    long_ago = environ | {"CLICKRAIL_SINK_RETENTION_DAYS": "1", "CLICKRAIL_SINK_REJECTED_DAYS": "1"}
    await tables.execute("ANALYZE clicks_20261120")

    code, said = await call(long_ago, "run", "--dry-run")

    assert code == 0
    assert "drop\t2026-11-20\t2\t" in said
    assert "To delete: " in said
    assert await clicks_and_agents(tables) == (10, 10)


async def test_what_is_old_goes_and_the_status_tells_of_it(tables: asyncpg.Connection, environ: dict[str, str]) -> None:
    for_ever = await call(environ, "run")
    emptied = await call(environ, "run", "--personal-days", "1")
    after_emptying = await clicks_and_agents(tables)
    dropped = await call(environ, "run", "--days", "1", "--json")
    code, said = await call(environ, "status", "--json")

    assert for_ever == (0, "Nothing was old enough to be removed.\n")
    assert emptied[1].splitlines() == ["personal: 2 rows, 1 day"] * 5
    assert after_emptying == (10, 0)
    assert [one["rows"] for one in json.loads(dropped[1])] == [2] * 5
    assert await clicks_and_agents(tables) == (0, 0)
    assert code == 0
    removed = {one["what"]: (one["days"], one["rows"]) for one in json.loads(said)["removed"]}
    assert removed == {"clicks": (5, 10), "personal": (5, 10)}


async def test_the_status_of_an_installation_that_keeps_everything(environ: dict[str, str]) -> None:
    code, said = await call(environ, "status")

    assert code == 0
    assert "Kept: clicks for ever" in said
    assert "Nothing was removed yet." in said


async def test_it_waits_for_nobody_who_is_removing(environ: dict[str, str]) -> None:
    async with only_one(environ["CLICKRAIL_DATABASE_URL"], SESSION):
        code, said = await call(environ, "run", "--days", "1")

    assert code == 2
    assert "is removing rows now" in said
