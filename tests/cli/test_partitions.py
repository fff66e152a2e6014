"""`clickrail partitions`: days are listed, and dropped only when it is meant."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.main import app
from storage.days import prepare_days
from storage.engine import read_engine
from tests.storage.test_writer import prepare

pytestmark = pytest.mark.servers


async def test_whole_days_are_dropped_when_it_is_meant_and_never_today(database_url: str) -> None:
    await prepare(database_url)
    today = datetime.now(UTC).date()
    connection = await asyncpg.connect(database_url)
    days = [today - timedelta(days=number) for number in range(3)]
    await prepare_days(connection, await read_engine(connection), days)

    async def run(*arguments: str) -> tuple[int, str]:
        environ = {"CLICKRAIL_DATABASE_URL": database_url}
        done = await asyncio.to_thread(CliRunner().invoke, app, ["partitions", *arguments], env=environ)
        return done.exit_code, done.output

    listed = await run("list")
    asked = await run("drop", "--before", "2999-01-01")
    dropped = await run("drop", "--before", "2999-01-01", "--yes")
    left = await run("list")
    restored = [await run("restore", str(today - timedelta(days=number)), "--yes") for number in (0, 2)]
    asked_again = await run("restore", str(today - timedelta(days=1)))
    days = await connection.fetch("SELECT day FROM dropped_click_days ORDER BY day")
    await connection.close()

    assert (listed[0], len(listed[1].splitlines())) == (0, 4)
    assert asked[1].splitlines()[-1] == "2 partitions would be dropped: add --yes."
    assert dropped[1].splitlines()[-1] == "2 partitions dropped."
    assert left[1].splitlines()[1:][0].split()[0] == f"clicks_{today:%Y%m%d}"
    assert (restored[0][0], "was not dropped" in restored[0][1]) == (2, True)
    assert restored[1][1].splitlines() == [
        f"{today - timedelta(days=2)}: 0 clicks counted.",
        "1 day restored, without clicks: store them again with `clickrail backfill`.",
    ]
    assert asked_again[1].splitlines()[-1] == "1 day would be restored, without these counts: add --yes."
    assert [row["day"] for row in days] == [today - timedelta(days=1)]
