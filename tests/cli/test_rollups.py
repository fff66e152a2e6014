"""`clickrail rollups`: how the counts are, whether they are right, and counting again."""

import asyncio
import json
from collections.abc import AsyncIterator

import asyncpg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from storage.rollups.roller import roll
from tests.storage.rollups.builders import TODAY, make_click, make_rows, make_writer, open_tables

pytestmark = pytest.mark.servers

CLICKS = 60


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        writer = make_writer(database_url)
        await writer.write(make_rows(make_click(n, TODAY) for n in range(CLICKS)))
        await writer.close()
        yield connection


async def call(database_url: str, *arguments: str) -> Result:
    environ = {"CLICKRAIL_DATABASE_URL": database_url}
    return await asyncio.to_thread(CliRunner().invoke, app, ["rollups", *arguments], env=environ)


async def test_the_status_says_what_waits_to_be_counted(tables: asyncpg.Connection, database_url: str) -> None:
    before = json.loads((await call(database_url, "status", "--json")).stdout)
    await roll(tables, wait=True)
    after = json.loads((await call(database_url, "status", "--json")).stdout)
    text = (await call(database_url, "status")).stdout

    assert (before["zone"], before["complete"], before["pending_clicks"]) == ("UTC", "yes", CLICKS)
    assert (after["pending_batches"], after["pending_clicks"]) == (0, 0)
    assert "pending clicks   0\n" in text


async def test_a_wrong_count_is_shown_and_counted_again_and_nothing_is_mended_in_silence(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await roll(tables, wait=True)
    right = await call(database_url, "verify")
    await tables.execute("UPDATE click_rollups SET bots = bots + 7 WHERE kind = 'p' AND dim = 0 AND grain = 'd'")
    wrong = [await call(database_url, "verify", "--json") for _ in range(2)]
    text = await call(database_url, "verify", "--from", str(TODAY.date()), "--to", str(TODAY.date()))
    rebuilt = await call(database_url, "rebuild")
    again = await call(database_url, "verify")

    assert (right.exit_code, right.stdout) == (0, "0 differences.\n")
    assert [one.exit_code for one in wrong] == [1, 1]
    differences = [json.loads(line) for line in wrong[1].stdout.splitlines()]
    assert {one["stored"]["bots"] - one["counted"]["bots"] for one in differences} == {7}
    assert "grain=d" in text.stdout
    assert " instead of " in text.stdout
    assert f"{TODAY.date()} counted (2 of 2)" in rebuilt.stdout
    assert (again.exit_code, again.stdout) == (0, "0 differences.\n")


async def test_another_zone_counts_everything_again(tables: asyncpg.Connection, database_url: str) -> None:
    await roll(tables, wait=True)
    done = await call(database_url, "rebuild", "--zone", "Asia/Kathmandu")

    assert done.exit_code == 0
    assert json.loads((await call(database_url, "status", "--json")).stdout)["zone"] == "Asia/Kathmandu"
    assert (await call(database_url, "verify")).stdout == "0 differences.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rebuild", "--zone", "Mars/Base"), "PostgreSQL knows no zone Mars/Base: use a name such as Europe/Berlin"),
        (("rebuild", "--zone", "UTC", "--from", "2026-11-01"), "--zone counts all days again"),
        (("verify", "--from", "yesterday"), "--from must be a day, such as 2026-09-01"),
    ],
)
@pytest.mark.usefixtures("tables")
async def test_a_wrong_option_is_one_line_and_exit_code_2(
    database_url: str, arguments: tuple[str, ...], message: str
) -> None:
    refused = await call(database_url, *arguments)

    assert refused.exit_code == 2
    assert message in refused.stderr
