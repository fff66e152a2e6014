"""`clickrail storage`: what the database holds, for people and for scripts."""

import asyncio
import json
from datetime import timedelta

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.storage import write_size
from storage.days import drop_day, prepare_upcoming_days
from storage.partitions import DAYS_AHEAD
from tests.sink.builders import NOW, click, clicked
from tests.storage.test_writer import make_writer, prepare, rows_of


async def run(database_url: str, *arguments: str) -> str:
    environ = {"CLICKRAIL_DATABASE_URL": database_url}
    done = await asyncio.to_thread(CliRunner().invoke, app, ["storage", "status", *arguments], env=environ)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.servers
async def test_the_status_says_what_is_there_and_what_a_click_takes(database_url: str) -> None:
    await prepare(database_url)
    writer = make_writer(database_url)
    await writer.write(rows_of(clicked(*(click(number) for number in range(500)))))
    await writer.close()
    connection = await asyncpg.connect(database_url)
    await prepare_upcoming_days(connection)
    await drop_day(connection, NOW.date() - timedelta(days=3))
    await connection.execute("ANALYZE clicks")
    await connection.close()

    text = await run(database_url)
    found = json.loads(await run(database_url, "--json"))

    clicks = found["tables"][0]
    assert (clicks["name"], clicks["layout"], clicks["rows"]) == ("clicks", "native partitions", 500)
    assert (clicks["oldest_day"], clicks["days"] > 0, clicks["days_ahead"] >= DAYS_AHEAD) == (
        str(NOW.date()),
        True,
        True,
    )
    assert (found["timescaledb"], found["dropped_days"]) == (None, 1)
    assert text.splitlines()[0].endswith(" without TimescaleDB: clicks are in daily partitions.")
    assert text.splitlines()[-3:] == [
        f"A click takes {clicks['bytes_per_row']:,} bytes, indexes included.",
        f"Partitions are made for {clicks['days_ahead']} days after today.",
        f"1 day dropped, the newest {NOW.date() - timedelta(days=3)}: late clicks of them are not stored.",
    ]


def test_a_size_has_the_unit_that_keeps_it_below_a_thousand() -> None:
    sizes = [0, 999, 1000, 1_049_000, 2_500_000_000_000, 10**16]

    assert [write_size(size) for size in sizes] == ["0 bytes", "999 bytes", "1.0 kB", "1.0 MB", "2.5 TB", "10000.0 TB"]
