"""Backfill of real tables from a real Kafka: whatever was deleted is there again, each click once, as it was."""

import asyncio
from datetime import timedelta
from random import Random

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from schemas import CLICKS_ENRICHED, CLICKS_REJECTED, encode
from sink.settings import Settings
from storage.days import drop_day
from storage.rollups.batches import MINUTES_KEPT
from tests.console.builders import rejected_click
from tests.sink.builders import NOW, click
from tests.sink.test_service import prepared, rows_of, sinks, write
from tests.storage.test_writer import count
from tests.waiting import eventually

pytestmark = pytest.mark.servers

RANGE = ("--from", f"{(NOW - timedelta(days=1)).date()}", "--to", f"{(NOW + timedelta(days=1)).date()}")
CLICKS = [click(number, NOW + timedelta(seconds=number)) for number in range(300)]
POISON = click(777, NOW, code="poison")
REJECTIONS = [rejected_click(NOW, number) for number in range(40)]
OTHER_TIME = click(1, NOW - timedelta(days=3))
CONTENT = "SELECT to_jsonb(clicks) - '{stored_at,batch_id,enriched_at}'::text[] AS row FROM clicks ORDER BY click_id"


@pytest.fixture
async def settings(kafka: str, database_url: str, topic_prefix: str) -> Settings:
    made = await prepared(kafka, database_url, topic_prefix)
    await write(made, [encode(one) for one in CLICKS[:200]])
    # At least once: some records are in the topic twice, and one can never be read.
    await write(made, [encode(POISON), b'{"click', *(encode(one) for one in (*CLICKS[150:], OTHER_TIME))])
    await write(made, [encode(one) for one in REJECTIONS], CLICKS_REJECTED)
    return made


async def execute(settings: Settings, statements: str) -> None:
    connection = await asyncpg.connect(settings.database_url.reveal())
    await connection.execute(statements)
    await connection.close()


async def call(settings: Settings, *arguments: str) -> Result:
    environ = {
        "CLICKRAIL_DATABASE_URL": settings.database_url.reveal(),
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers[0],
        "CLICKRAIL_KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
    }
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environ)


def counted(result: Result) -> dict[str, list[int]]:
    assert result.exit_code == 0, result.stderr
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    return {name: [int(number) for number in numbers] for name, *numbers in lines[1:]}


async def has_rows(database_url: str, clicks: int, rejections: int, letters: int = 2) -> bool:
    tables = ("clicks", "rejected_clicks", "dead_letters")
    return [await count(database_url, table) for table in tables] == [clicks, rejections, letters]


async def test_after_poison_that_was_fixed_and_replayed_and_rows_that_were_lost_the_ledger_is_exact(
    settings: Settings, database_url: str
) -> None:
    await execute(settings, "ALTER TABLE clicks ADD CONSTRAINT poison CHECK (code <> 'poison')")
    async with sinks(settings, 1) as (sink,), sink.consuming(sink.store_unseen):
        await eventually(lambda: has_rows(database_url, 301, 40))
        await execute(settings, "ALTER TABLE clicks DROP CONSTRAINT poison")
        replayed = await call(settings, "dead", "replay", "--reason", "refused_by_database")
        assert "1 letter sent again" in replayed.stdout, replayed.stderr
        await eventually(lambda: has_rows(database_url, 302, 40))
    whole = await rows_of(settings, CONTENT)
    lost = Random(11).sample([one.click_id for one in (*CLICKS, POISON)], 60)
    await execute(
        settings,
        f"DELETE FROM clicks WHERE click_id IN ({', '.join(map(repr, lost))});"
        "DELETE FROM rejected_clicks WHERE rejection_id <> (SELECT max(rejection_id) FROM rejected_clicks)",
    )

    dry = await call(settings, "backfill", *RANGE, "--dry-run")
    assert await has_rows(database_url, 242, 1)
    done = await call(settings, "backfill", *RANGE)
    again = await call(settings, "backfill", *RANGE)

    assert [counted(dry)[table][0] for table in ("clicks", "rejected_clicks")] == [60, 39]
    # Of the topic's 352 records in this time, 50 are repeats and one is the poison at its first place.
    assert counted(done) == {"clicks": [60, 292], "rejected_clicks": [39, 1]}
    assert counted(again) == {"clicks": [0, 352], "rejected_clicks": [0, 40]}
    assert await rows_of(settings, CONTENT) == whole
    assert "394 records read, 1 of them of other times." in done.stderr
    assert "1 record not stored: not_json" in done.stderr
    assert f"{CLICKS_ENRICHED.name}/" in done.stderr


async def test_an_empty_table_is_filled_beside_a_running_sink(settings: Settings, database_url: str) -> None:
    async with sinks(settings, 1) as (sink,), sink.consuming(sink.store_unseen):
        filling = asyncio.create_task(call(settings, "backfill", *RANGE))
        await eventually(lambda: has_rows(database_url, 302, 40, 1))
        await filling
    whole = await rows_of(settings, CONTENT)
    await execute(settings, "TRUNCATE clicks, rejected_clicks, click_minutes, rollup_batches, stored_positions")

    done = await call(settings, "backfill", "--from", "2026-11-01", "--to", "2026-12-01")

    assert counted(done) == {"clicks": [302, 50], "rejected_clicks": [40, 0]}
    assert await rows_of(settings, CONTENT) == whole
    everything = "people + bots + app_fetches + prefetches + tests"
    minutes = await rows_of(settings, f"SELECT coalesce(sum({everything}), 0) FROM click_minutes")
    # Of the days for which minutes are kept, which are counted from today.
    since = f"now() - make_interval(days => {MINUTES_KEPT.days})"
    kept = await rows_of(settings, f"SELECT count(*) FROM clicks WHERE date_trunc('minute', clicked_at) >= {since}")
    assert minutes[0][0] == kept[0][0]


async def test_clicks_of_dropped_days_stay_dropped(settings: Settings, database_url: str) -> None:
    await call(settings, "backfill", *RANGE)
    connection = await asyncpg.connect(database_url)
    await drop_day(connection, NOW.date())
    await connection.close()

    dry = await call(settings, "backfill", *RANGE, "--dry-run")
    done = await call(settings, "backfill", *RANGE)

    assert await count(database_url) == 0
    for result in (dry, done):
        assert counted(result)["clicks"] == [0, 0]
        assert "351 clicks not stored: their days were dropped." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "2026-11-24", "--to", "2026-11-24"), "--to must be later than --from"),
        (("--from", "2026-11-24", "--kafka-bootstrap-servers", "127.0.0.1:9"), "Kafka at 127.0.0.1:9 does not answer"),
    ],
)
async def test_an_error_is_one_line_that_says_what_to_do(
    settings: Settings, arguments: tuple[str, ...], message: str
) -> None:
    result = await call(settings, "backfill", *arguments)

    assert (result.exit_code, message in result.stderr, len(result.stderr.splitlines())) == (2, True, 1), result.stderr
