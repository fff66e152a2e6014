"""An erased visitor is in no table any more, every count is as before, and nothing of it can come back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from identity.ulid_time import ulid_time
from quality.rules import DEFAULT_RULES
from referrals.connections import connected as connected_as_the_command
from storage.erasure.erasing import erase, split
from storage.erasure.plan import NothingFound, plan_erasure
from storage.erasure.request import ErasureReport, ErasureRequest
from storage.personal import ERASED
from storage.read.erasures import find_erased_at
from storage.read.finding import find_click
from storage.settling import TablePass
from tests.pooler import needs_pgbouncer, own_database, pooled
from tests.sink.builders import NOW, clicked
from tests.storage.erasure.builders import ANA, DAY, FIRST, FOURTH, OF_ANA, OTHERS, THIRD, score
from tests.storage.erasure.searching import count_by_everything, find_texts, read_everything
from tests.storage.erasure.stored import LETTER, RECORDS, TEXTS, VISITOR, fill
from tests.storage.test_partitions import connected, tables
from tests.storage.test_writer import make_writer, prepare, rows_of

__all__ = ["tables"]
pytestmark = pytest.mark.servers


async def test_nothing_of_the_visitor_is_left_and_every_count_is_as_before(filled: asyncpg.Connection) -> None:
    before = await count_by_everything(filled)
    others = await read_others(filled)
    assert {text for _, text in await find_texts(filled, TEXTS)} == set(TEXTS)

    report = await erase(filled, VISITOR)

    assert await find_texts(filled, TEXTS) == []
    assert await count_by_everything(filled) == before
    assert await read_others(filled) == others
    assert (report.clicks, report.scores, report.verdicts, report.letters, report.rejections) == (4, 3, 1, 2, 1)
    assert list(report.days.items()) == [(f"{NOW - back * DAY:%Y-%m-%d}", 1) for back in (3, 2, 1, 0)]


async def read_others(connection: asyncpg.Connection) -> list[tuple[Any, ...]]:
    rows = await connection.fetch("SELECT * FROM clicks WHERE erased_at IS NULL ORDER BY click_id")
    return [tuple(row) for row in rows if row["click_id"] in {one.click_id for one in OTHERS}]


async def test_an_erased_row_holds_what_is_left_and_has_a_new_id_of_the_same_minute(filled: asyncpg.Connection) -> None:
    await erase(filled, VISITOR)

    rows = await filled.fetch("SELECT * FROM clicks WHERE erased_at IS NOT NULL ORDER BY clicked_at")
    empty = {name: sql for name, sql in ERASED.items() if sql == "NULL"}
    assert [{name: row[name] for name in empty} for row in rows] == [dict.fromkeys(empty)] * 4
    assert {row["target_url"] for row in rows} == {"https://shop.example"}
    for row, one in zip(rows, OF_ANA, strict=True):
        assert row["clicked_at"].replace(second=0, microsecond=0) == one.clicked_at
        assert ulid_time(row["click_id"]) == row["clicked_at"]
        assert row["published_at"] >= row["clicked_at"]
        stored = await find_click(filled, row["click_id"])
        assert stored is not None
        assert stored.click.referrer.host == "forum.example"
    # Of a unique click the first one is itself.
    assert [row["first_click_id"] == row["click_id"] for row in rows] == [True, False, False, True]
    scored = await filled.fetch("SELECT click_id, clicked_at FROM click_scores ORDER BY clicked_at")
    assert {(row["click_id"], row["clicked_at"]) for row in rows[:3]} < {tuple(row) for row in scored}
    verdict = await filled.fetchrow("SELECT click_id, verdict, why, who FROM click_verdicts")
    assert tuple(verdict) == (rows[0]["click_id"], "invalid", "", "bob")


async def test_a_second_run_changes_nothing(filled: asyncpg.Connection) -> None:
    await erase(filled, VISITOR)
    before = await read_everything(filled)

    again = await erase(filled, VISITOR)
    anonymous = await filled.fetchval("SELECT click_id FROM clicks WHERE erased_at IS NOT NULL LIMIT 1")
    by_new_id = await erase(filled, ErasureRequest("click", anonymous))

    assert again.erased_at is not None
    assert by_new_id.erased_at is not None
    assert again == ErasureReport(erased_at=again.erased_at)
    assert await read_everything(filled) == before


async def test_one_click_alone_is_erased_and_the_others_forget_it(filled: asyncpg.Connection) -> None:
    report = await erase(filled, ErasureRequest("click", FIRST.click_id))

    assert (report.clicks, report.rejections, report.letters) == (1, 0, 0)
    # The second click and its score named it.
    assert report.links == 2
    assert await find_texts(filled, [FIRST.click_id]) == []
    assert await filled.fetchval("SELECT count(*) FROM clicks WHERE user_agent LIKE '%ana-lima%'") == 3


async def test_by_the_hash_of_the_address_all_of_it_is_erased(filled: asyncpg.Connection) -> None:
    plan = await plan_erasure(filled, ErasureRequest("ip_hash", ANA.ip_hash))
    report = await erase(filled, ErasureRequest("ip_hash", ANA.ip_hash))

    assert (plan.clicks, plan.rejections) == (report.clicks, report.rejections) == (3, 1)
    assert await find_texts(filled, [ANA.ip_hash]) == []
    with pytest.raises(NothingFound):
        await erase(filled, ErasureRequest("ip_hash", ANA.ip_hash))


async def test_what_was_erased_cannot_come_back(filled: asyncpg.Connection, database_url: str) -> None:
    await erase(filled, VISITOR)
    before = await read_everything(filled)

    writer = make_writer(database_url)
    assert await writer.write(rows_of(RECORDS)) == []
    await writer.close()
    await score(filled, OF_ANA, "invalid")

    after = await read_everything(filled)
    # The ledger notes the numbers of whatever comes: they name nobody, and without them a click would look lost.
    assert {name for name in after if after[name] != before.get(name, "")} == {"ledger_arrivals"}


async def test_an_erased_click_is_not_settled_again(filled: asyncpg.Connection) -> None:
    await erase(filled, VISITOR)

    step = await TablePass(filled, DEFAULT_RULES, NOW - 4 * DAY).step(NOW + DAY)

    assert {one.click.click_id for one in step.settled} == {one.click_id for one in OTHERS}


async def test_the_report_says_until_when_kafka_has_its_copies(filled: asyncpg.Connection) -> None:
    report = await erase(filled, VISITOR)

    assert report.copies["clicks.raw"] == FOURTH.published_at + timedelta(hours=72)
    assert report.copies["clicks.enriched"] == NOW + timedelta(days=7)
    assert set(report.copies) == {"clicks.raw", "clicks.enriched", "clicks.rejected", "clicks.dead"}


async def test_a_click_that_only_a_letter_has_is_refused_when_it_comes(
    tables: asyncpg.Connection, database_url: str
) -> None:
    writer = make_writer(database_url)
    await writer.write(rows_of([LETTER]))

    report = await erase(tables, ErasureRequest("click", THIRD.click_id))
    await writer.write(rows_of(clicked(THIRD)))
    await writer.close()

    assert (report.clicks, report.letters) == (0, 1)
    assert await tables.fetchval("SELECT count(*) FROM clicks") == 0
    assert await find_erased_at(tables, THIRD.click_id) is not None


@needs_pgbouncer
async def test_through_a_pooler_the_same_is_erased(postgres: str, tmp_path: Path) -> None:
    async with own_database(postgres) as direct, pooled(direct, tmp_path, "transaction") as through:
        await prepare(direct)
        async with connected(direct) as connection:
            await fill(connection, through)
            async with connected_as_the_command(through) as pooler:
                report = await erase(pooler, VISITOR)
            assert (report.clicks, report.scores, report.letters, report.rejections) == (4, 3, 2, 1)
            assert await find_texts(connection, TEXTS) == []


async def test_clicks_of_a_batch_that_is_not_rolled_stay_between_its_times(filled: asyncpg.Connection) -> None:
    await filled.execute("DELETE FROM rollup_batches")
    batch = await filled.fetchval(
        "INSERT INTO rollup_batches (clicks, first_at, last_at) VALUES (1, $1, $1) RETURNING batch_id", NOW
    )
    await filled.execute("UPDATE clicks SET batch_id = $1 WHERE click_id = $2", batch, FOURTH.click_id)

    await erase(filled, ErasureRequest("click", FOURTH.click_id))

    assert await filled.fetchval(
        "SELECT clicked_at BETWEEN first_at AND last_at FROM clicks JOIN rollup_batches USING (batch_id)"
    )


def test_work_is_split_into_days_and_parts_of_them() -> None:
    keys = [(f"{number}", NOW + DAY * (number // 300)) for number in range(500)]

    assert [len(part) for part in split(keys)] == [200, 100, 200]
