"""Personal columns of a day are emptied, also of clicks that come later; what clicks are counted by stays."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from schemas import Fraud, Signal, Uniqueness
from storage.columns import CLICK_COLUMNS
from storage.personal import PERSONAL, SUBS
from storage.removed import read_removed
from storage.retention.personal_days import empty_day, empty_range, mark_day, split
from storage.retention.removals import list_removals
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter
from tests.pipeline import DEMO
from tests.sink.builders import NOW, click, clicked
from tests.storage.test_partitions import TOMORROW, connected, tables
from tests.storage.test_writer import make_writer, rows_of

__all__ = ["tables"]
pytestmark = pytest.mark.servers

DAY = NOW.date()
START = NOW.replace(hour=0)
PERSONAL_CLICK: dict[str, Any] = {
    "target_url": "https://user:secret@shop.example/a/b?click=1#x",
    "query": "sub1=x",
    "fraud": Fraud(score=40, band="suspicious", signals=[Signal(name="client_rate", weight=0.4, detail="Firefox")]),
}


async def read_rows(connection: asyncpg.Connection) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT * FROM clicks ORDER BY click_id")
    return [{name: row[name] for name in CLICK_COLUMNS} for row in rows]


async def store(database_url: str, *clicks: Any) -> None:
    writer = make_writer(database_url)
    assert await writer.write(rows_of(clicked(*clicks))) == []
    await writer.close()


async def test_the_personal_columns_are_empty_and_every_other_one_is_as_before(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await store(database_url, click(1, **PERSONAL_CLICK), click(2, TOMORROW, **PERSONAL_CLICK))
    # The example has none of these.
    await tables.execute(
        "UPDATE clicks SET referrer_term = 'ana', client_hints_model = 'x', accept_language = 'pt',"
        " client_hints_platform_version = '1', client_hints_ua = 'b', client_hash = 'c', net_hash = 'n',"
        " external_id = 'e', geo_city = 'Faro'"
    )
    before = await read_rows(tables)

    assert await empty_day(tables, DAY) == 1

    emptied, other = await read_rows(tables)
    empty = dict.fromkeys(PERSONAL) | {"path": "", "query": "", "target_url": "https://shop.example"}
    empty["fraud_signals"] = '[{"name": "client_rate", "limit": null, "value": null, "weight": 0.4}]'
    assert emptied == before[0] | empty
    assert [name for name in PERSONAL if before[0][name] is None] == []
    assert other == before[1]


async def test_a_late_click_of_an_emptied_day_is_stored_without_them(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await store(database_url, click(1, **PERSONAL_CLICK))
    await empty_day(tables, DAY)

    await store(database_url, click(2, **PERSONAL_CLICK), click(3, TOMORROW, **PERSONAL_CLICK))

    first, late, other = await read_rows(tables)
    personal = (*PERSONAL, *SUBS)
    assert {name: late[name] for name in personal} == {name: first[name] for name in personal}
    assert late["geo_country"] == other["geo_country"] == "PT"
    assert other["user_agent"] is not None


async def test_sub_ids_go_only_where_the_program_says_that_they_are_personal(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await migrate(tables, [find_migrations("referrals")])
    await tables.execute(DEMO)
    await tables.execute("UPDATE programs SET subs_are_personal = true")
    subs = {name: f"{name} of ana" for name in SUBS}
    clicks = [click(1, program_id="shoes", **subs), click(2, program_id="hats", **subs)]
    await store(database_url, *clicks)

    await empty_day(tables, DAY)
    await store(
        database_url, *(msgspec.structs.replace(one, click_id=click(9 + n).click_id) for n, one in enumerate(clicks))
    )

    found = {(row["program_id"], *(row[name] for name in SUBS)) for row in await read_rows(tables)}
    assert found == {("shoes", *[None] * 5), ("hats", *subs.values())}


async def test_the_signals_of_settled_scores_lose_what_they_quote(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await store(database_url, click(1))
    fraud = Fraud(
        score=40,
        band="suspicious",
        signals=[Signal(name="x", weight=0.4, detail="Firefox")],
        rules="r",
        stage="settled",
    )
    scored = ScoredClick(click(1).click_id, NOW, fraud, Uniqueness())
    writer = ScoreWriter(tables)
    await writer.prepare([scored])
    await writer.write([scored])

    await empty_day(tables, DAY)

    assert "Firefox" not in await tables.fetchval("SELECT signals::text FROM click_scores")


async def test_a_day_is_emptied_in_parts_and_continues_where_it_ended(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await store(database_url, *(click(number, START + timedelta(hours=number)) for number in range(6)))
    noon = START + timedelta(hours=3)
    await mark_day(tables, DAY)
    assert await empty_range(tables, DAY, (START, noon), [], 0) == 3

    # The same part once more changes nothing: its place is not where the progress is.
    assert await empty_range(tables, DAY, (START, noon), [], 0) == 0
    assert await empty_day(tables, DAY, 5000) == 3
    assert await empty_day(tables, DAY, 5000) == 0

    (removal,) = await list_removals(tables, 10)
    assert (removal.what, removal.day, removal.rows, removal.bytes) == ("personal", DAY, 6, 5000)


async def test_a_click_that_says_nothing_personal_is_not_written_again(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await store(database_url, click(1))
    await empty_day(tables, DAY)
    await tables.execute("DELETE FROM personal_days")

    assert await empty_day(tables, DAY) == 0


async def test_a_batch_that_began_before_the_day_was_marked_is_waited_for(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await store(database_url, click(1))
    async with connected(database_url) as batch, batch.transaction():
        assert not (await read_removed(batch, [DAY])).emptied_days
        emptying = asyncio.create_task(empty_day(tables, DAY))
        await asyncio.wait({emptying}, timeout=0.5)
        assert not emptying.done()
        await batch.execute("UPDATE clicks SET user_agent = 'written by the batch'")
    assert await emptying == 1

    assert await tables.fetchval("SELECT count(user_agent) FROM clicks") == 0


@pytest.mark.parametrize(
    ("counts", "ends"),
    [
        ([], []),
        ([3000], []),
        ([3000, 2000], []),
        ([3000, 2001], [1]),
        ([9000, 9000], [1]),
        ([1, 9000, 1, 4999, 1], [1, 2, 4]),
    ],
)
def test_parts_of_a_day_have_some_thousand_clicks_and_whole_minutes(counts: list[int], ends: list[int]) -> None:
    def at(minute: int) -> datetime:
        return START + timedelta(minutes=minute)

    assert list(split([(at(place), count) for place, count in enumerate(counts)], at(1440))) == [
        *map(at, ends),
        at(1440),
    ]
