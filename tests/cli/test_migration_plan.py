"""`clickrail migrate --plan` says what an upgrade would do, and changes nothing."""

import asyncio
import json

import asyncpg
import msgspec
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from runtime.migration_files import find_migrations
from runtime.migrations import migrate

pytestmark = pytest.mark.servers


async def test_an_upgrade_is_shown_with_its_statements_and_who_waits_until_it_is_done(empty_url: str) -> None:
    connection = await asyncpg.connect(empty_url)
    storage = find_migrations("storage")
    missing = sum(one.number > 13 and one.directives.only != "timescaledb" for one in storage.migrations)
    older = msgspec.structs.replace(storage, migrations=storage.migrations[:13])
    await migrate(connection, [find_migrations("referrals"), older, find_migrations("console")])

    async def run(*arguments: str) -> Result:
        environ = {"CLICKRAIL_DATABASE_URL": empty_url}
        return await asyncio.to_thread(CliRunner().invoke, app, ["migrate", *arguments], env=environ)

    shown, as_json = await run("--plan"), await run("--plan", "--json")
    applied = await connection.fetchval("SELECT max(number) FROM schema_migrations WHERE package = 'sink'")
    await run()
    done = await run("--plan")
    await connection.close()

    lines = shown.output.splitlines()
    at = lines.index("storage/migrations/0014_rollups.sql, in one transaction")
    assert (shown.exit_code, applied, done.exit_code) == (1, 13, 0)
    assert lines[0] == f"Pending, in this order: {missing} migrations. This was a look: nothing has been changed."
    assert lines[at + 1].startswith("  clicks (about 0 rows, ")
    assert lines[at + 1].endswith("): reads and writes wait, WHILE ROWS ARE READ OR AN INDEX IS BUILT")
    assert "    3  ALTER TABLE clicks ADD COLUMN batch_id bigint" in lines
    assert "       SHARE on clicks, and reads its rows" in lines
    assert "storage/migrations/0020_hypertables.sql" in lines
    assert (as_json.exit_code, len(json.loads(as_json.stdout)["files"])) == (1, missing)
    assert done.output.splitlines() == [
        "The tables are up to date: nothing is pending.",
        "",
        "storage/migrations/0020_hypertables.sql",
        "  is skipped: it is for another engine",
    ]


async def test_of_an_empty_database_the_plan_is_all_files(empty_url: str) -> None:
    shown = await asyncio.to_thread(
        CliRunner().invoke, app, ["migrate", "--plan"], env={"CLICKRAIL_DATABASE_URL": empty_url}
    )
    assert shown.exit_code == 1
    assert "no write waits" in shown.output
    assert "reads and writes wait" not in shown.output
