"""`clickrail analyst`: a login is made and removed, and an error says what to do."""

import asyncio
import uuid

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.tables import apply_migrations

pytestmark = pytest.mark.servers


def call(database_url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["analyst", *arguments], env={"CLICKRAIL_DATABASE_URL": database_url})


async def test_a_login_is_made_with_a_password_that_works_and_removed(empty_url: str) -> None:
    name = f"ana_{uuid.uuid4().hex[:8]}"
    await apply_migrations(empty_url)

    added = await asyncio.to_thread(call, empty_url, "add", name)
    connection = await asyncpg.connect(empty_url.partition("?")[0], user=name, password=added.stdout.strip())
    settings = [await connection.fetchval(f"SHOW {name}") for name in ("statement_timeout", "transaction_read_only")]
    counted = await connection.fetchval("SELECT count(*) FROM analytics_clicks")
    await connection.close()
    again = await asyncio.to_thread(call, empty_url, "add", name)
    removed = await asyncio.to_thread(call, empty_url, "remove", name)
    gone = await asyncio.to_thread(call, empty_url, "remove", name)

    assert (added.exit_code, counted, settings) == (0, 0, ["1min", "on"]), added.stderr
    assert (again.exit_code, again.stderr) == (2, f"clickrail: there is a role {name} already: choose another name\n")
    assert (removed.exit_code, removed.stderr) == (0, f"Login {name} is removed.\n")
    assert (gone.exit_code, gone.stderr) == (2, f"clickrail: there is no analyst {name}\n")


@pytest.mark.parametrize("name", ["clickrail_analyst", "pg_me", "Ana", 'a"b', ""])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    refused = call("postgresql://nobody@127.0.0.1:1/none", "add", name)

    assert (refused.exit_code, "is no name for a login" in refused.stderr) == (2, True)
