"""Retention and erasure on hypertables, compressed chunks included."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from storage.days import list_days
from storage.erasure.erasing import erase
from storage.erasure.request import ErasureRequest
from storage.retention.plan import apply_retention, plan_retention
from storage.retention.policy import RetentionPolicy
from tests.sink.builders import NOW, click, clicked
from tests.storage.erasure.builders import ANA, FIRST, OF_ANA, OTHERS, SECOND, score
from tests.storage.erasure.searching import count_by_everything
from tests.storage.test_hypertables import store, tables, timescaledb_url

__all__ = ["tables", "timescaledb_url"]
pytestmark = [pytest.mark.servers, pytest.mark.slow]

TODAY = NOW.date()
COMPRESS = """
    ALTER TABLE {0} SET (timescaledb.compress, timescaledb.compress_segmentby = '{1}',
        timescaledb.compress_orderby = 'clicked_at');
    SELECT public.compress_chunk(chunk) FROM public.show_chunks('{0}') AS chunk
"""
POLICY = RetentionPolicy(clicks=2, personal=1)


async def compress(connection: asyncpg.Connection) -> None:
    for table, segment in (("clicks", "program_id"), ("click_scores", "band")):
        await connection.execute(COMPRESS.format(table, segment))


@pytest.mark.parametrize("is_compressed", [False, True], ids=["plain", "compressed"])
async def test_days_are_dropped_and_emptied(tables: asyncpg.Connection, is_compressed: bool) -> None:
    await store(tables, *clicked(*(click(number, NOW - timedelta(days=number // 2)) for number in range(8))))
    if is_compressed:
        await compress(tables)
    done: list[Any] = []

    plan = await plan_retention(tables, POLICY, TODAY)
    await apply_retention(tables, POLICY, TODAY, lambda *what: done.append(what))

    assert [one.day for one in plan.drop] == [TODAY - timedelta(days=3)]
    assert [one.day for one in plan.empty] == [TODAY - timedelta(days=2)]
    assert done == [("personal", 1, 2), ("clicks", 1, 2)]
    rows = await tables.fetch("SELECT clicked_at, user_agent FROM clicks ORDER BY clicked_at")
    assert [row["user_agent"] is None for row in rows] == [True, True, False, False, False, False]
    assert {one.is_compressed for one in await list_days(tables)} == {is_compressed}


async def test_days_go_out_of_a_chunk_that_is_longer(tables: asyncpg.Connection) -> None:
    await tables.execute("SELECT public.set_chunk_time_interval('clicks', INTERVAL '7 days')")
    await store(tables, *clicked(*(click(number, NOW - timedelta(days=number)) for number in range(6))))

    await apply_retention(tables, RetentionPolicy(clicks=1), TODAY, lambda *_: None)

    assert await tables.fetchval("SELECT min(clicked_at) FROM clicks") == NOW - timedelta(days=1)
    assert [one.day for one in (await plan_retention(tables, RetentionPolicy(clicks=1), TODAY)).drop] == []


@pytest.mark.parametrize("is_compressed", [False, True], ids=["plain", "compressed"])
async def test_a_visitor_is_erased(tables: asyncpg.Connection, is_compressed: bool) -> None:
    await store(tables, *clicked(*OF_ANA, *OTHERS))
    await score(tables, [FIRST, SECOND])
    if is_compressed:
        await compress(tables)
    before = await count_by_everything(tables)

    report = await erase(tables, ErasureRequest("visitor", SECOND.click_id))
    again = await store(tables, *clicked(*OF_ANA))

    assert (report.clicks, report.scores) == (4, 2)
    assert len(again.erased) == 4
    assert await count_by_everything(tables) == before
    named = f"{ANA.ip_hash}|ana|" + "|".join(one.click_id for one in OF_ANA)
    for table in ("clicks", "click_scores"):
        rows = await tables.fetch(f"SELECT row_to_json(one)::text AS text FROM {table} AS one")
        assert [row for row in rows if any(text in row["text"] for text in named.split("|"))] == []
