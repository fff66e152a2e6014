"""Rounds of the settler: each click is settled once, 15 minutes later or when it comes, whatever interrupts it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import msgspec
import pytest

from quality.rules import DEFAULT_RULES, make_rules
from schemas import Uniqueness
from settler.rounds import AnotherSettler
from storage.affiliate_quality import list_marked
from storage.days import drop_day
from storage.rescoring import rescore
from storage.settling import Overtaken, TablePass
from tests.console.builders import NOW, open_tables
from tests.settler.builders import (
    CLICKED,
    HOSTING,
    another_connection,
    click,
    everything,
    rounds_over,
    scores,
    store_at,
    sweep_at,
)

pytestmark = pytest.mark.servers

TRAFFIC = [
    *sweep_at(0),
    click(5, 3, client_hash="reader"),
    *(click(100 + 45 * n, n, client_hash="slow bot") for n in range(7)),
    click(200, 8, client_hash="eva", net_hash="home", query="sub1=eva", sub1="eva"),
    click(212, 9, client_hash="twin", net_hash="cloud", query="sub1=eva", sub1="eva", network=HOSTING),
    *sweep_at(500, "other scanner"),
]


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


async def test_a_sweep_a_twin_and_a_rhythm_are_found_when_they_are_settled(tables: asyncpg.Connection) -> None:
    await store_at(tables, TRAFFIC, CLICKED + timedelta(minutes=10))

    progress = await rounds_over(tables).run(DEFAULT_RULES, NOW)

    bands = {click_id: band for click_id, band, _ in await scores(tables)}
    invalid = [one for one in TRAFFIC if bands[one.click_id] == "likely_invalid"]
    assert [one.client_hash for one in invalid] == [
        *["scanner"] * 3,
        *["slow bot"] * 2,
        "twin",
        *["other scanner"] * 3,
    ]
    assert len(bands) == len(TRAFFIC)
    assert progress.settled_until == NOW - timedelta(minutes=15)


async def test_a_click_is_not_settled_before_its_time(tables: asyncpg.Connection) -> None:
    await store_at(tables, TRAFFIC, CLICKED + timedelta(seconds=502))
    rounds, behind = rounds_over(tables), timedelta(minutes=15)

    await rounds.run(DEFAULT_RULES, CLICKED + behind + timedelta(seconds=3))
    first = [click_id for click_id, _, _ in await scores(tables)]
    await rounds.run(DEFAULT_RULES, CLICKED + behind + timedelta(seconds=1000))

    assert first == [one.click_id for one in TRAFFIC[:3]]
    assert len(await scores(tables)) == len(TRAFFIC)


async def test_a_settler_killed_after_any_page_is_continued_by_the_next_with_the_same_result(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await store_at(tables, TRAFFIC, CLICKED + timedelta(minutes=10))
    await rounds_over(tables).run(DEFAULT_RULES, NOW)
    whole = await everything(tables)
    await tables.execute("TRUNCATE click_scores, settling_progress")

    for pages in range(1, 9):
        async with another_connection(database_url) as connection:
            left = iter(range(pages))
            # Killed in the transaction of a page: the connection is gone before it is committed.
            interrupted = rounds_over(connection, page=2).run(
                DEFAULT_RULES, NOW, lambda left=left: next(left, None) is None
            )
            await interrupted
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("UPDATE settling_progress SET settled_until = now()")
            connection.terminate()
    await rounds_over(tables, page=3).run(DEFAULT_RULES, NOW)

    assert await everything(tables) == whole


async def test_a_second_settler_waits_until_the_first_is_gone(tables: asyncpg.Connection, database_url: str) -> None:
    async with another_connection(database_url) as first:
        await rounds_over(first).lock()
        with pytest.raises(AnotherSettler):
            await rounds_over(tables).lock()

    async with asyncio.timeout(30):
        while True:
            try:
                await rounds_over(tables).lock()
                break
            except AnotherSettler:
                await asyncio.sleep(0.05)


async def test_two_settlers_without_a_lock_write_what_one_would(tables: asyncpg.Connection, database_url: str) -> None:
    await store_at(tables, TRAFFIC, CLICKED + timedelta(minutes=10))
    await rounds_over(tables).run(DEFAULT_RULES, NOW)
    whole = await everything(tables)
    await tables.execute("TRUNCATE click_scores, settling_progress")

    async def settle() -> int:
        overtaken = 0
        async with another_connection(database_url) as connection:
            while True:
                try:
                    await rounds_over(connection, page=2).run(DEFAULT_RULES, NOW)
                except Overtaken:
                    overtaken += 1
                else:
                    return overtaken

    assert sum(await asyncio.gather(settle(), settle())) > 0
    assert await everything(tables) == whole


async def test_clicks_stored_late_are_settled_with_those_around_them(tables: asyncpg.Connection) -> None:
    first, second, third = sweep_at(0)
    await store_at(tables, [first, third], CLICKED + timedelta(minutes=1))
    rounds = rounds_over(tables)
    await rounds.run(DEFAULT_RULES, NOW)
    before = [band for _, band, _ in await scores(tables)]

    await store_at(tables, [second], NOW + timedelta(minutes=1))
    await rounds.run(DEFAULT_RULES, NOW + timedelta(minutes=20))

    assert before == ["clean", "clean"]
    assert [band for _, band, _ in await scores(tables)] == ["likely_invalid"] * 3


async def test_while_the_sink_is_behind_settling_waits_for_it(tables: asyncpg.Connection) -> None:
    await store_at(tables, sweep_at(0), NOW - timedelta(minutes=1))

    progress = await rounds_over(tables).run(DEFAULT_RULES, NOW)

    assert progress.settled_until < CLICKED
    assert (await rounds_over(tables).run(DEFAULT_RULES, NOW + timedelta(minutes=15))).settled_until > CLICKED


async def test_other_rules_score_the_clicks_from_then_on(tables: asyncpg.Connection) -> None:
    lenient = make_rules("lenient", "1", {"link_sweep_weight": 0.2})
    await store_at(tables, [*sweep_at(0), *sweep_at(2000)], CLICKED + timedelta(minutes=35))
    rounds = rounds_over(tables)

    await rounds.run(DEFAULT_RULES, CLICKED + timedelta(minutes=40))
    await rounds.run(lenient, NOW + timedelta(minutes=15))

    assert [band for _, band, _ in await scores(tables)] == ["likely_invalid"] * 3 + ["clean"] * 3


async def test_a_day_is_counted_per_affiliate_when_it_is_settled(tables: asyncpg.Connection) -> None:
    judged = Uniqueness(is_unique=False, basis="address", status="judged")
    clicks = [*sweep_at(0), click(300, 5, client_hash="b", network=HOSTING, unique=judged), click(400, 6, is_test=True)]
    await store_at(tables, clicks, CLICKED + timedelta(minutes=10))
    rounds = rounds_over(tables)

    await rounds.run(DEFAULT_RULES, NOW)
    early = await tables.fetch("SELECT * FROM affiliate_quality")
    await rounds.run(DEFAULT_RULES, NOW + timedelta(days=1))

    assert early == []
    row = await tables.fetchrow(
        "SELECT day, clicks, hosting_vpn_clicks, top_net_clicks, invalid_clicks, clients, night_clicks, judged_clicks,"
        " repeat_clicks FROM affiliate_quality WHERE affiliate_id = $1",
        clicks[0].affiliate_id,
    )
    assert tuple(row) == (CLICKED.date(), 4, 1, 4, 3, 2, 0, 1, 1)


async def test_a_day_that_was_dropped_is_passed_over(tables: asyncpg.Connection) -> None:
    await store_at(tables, sweep_at(0), CLICKED + timedelta(minutes=1))
    await drop_day(tables, CLICKED.date())

    await rounds_over(tables).run(DEFAULT_RULES, NOW)

    assert await scores(tables) == []


async def test_a_click_without_hashes_is_scored_by_itself(tables: asyncpg.Connection) -> None:
    anonymous = [msgspec.structs.replace(one, client_hash=None, net_hash=None) for one in sweep_at(0)]
    await store_at(tables, anonymous, CLICKED + timedelta(minutes=1))

    await rounds_over(tables).run(DEFAULT_RULES, NOW)

    assert [band for _, band, _ in await scores(tables)] == ["clean"] * 3


async def test_a_cookie_that_comes_back_on_another_day_counts_the_settled_day_again(tables: asyncpg.Connection) -> None:
    first = click(0, 1)
    judged = Uniqueness(is_unique=False, basis="address", first_click_id=first.click_id, status="judged")
    colleague = click(30, 2, unique=judged)
    await store_at(tables, [first, colleague], CLICKED + timedelta(minutes=1))
    rounds, day = rounds_over(tables), timedelta(days=1)
    for now in (NOW, NOW + day):
        await rounds.run(DEFAULT_RULES, now)
    before = await repeats(tables)

    cookie = {"cookie_state": "valid", "previous_click_id": colleague.click_id}
    back = click((NOW + day - CLICKED).total_seconds(), 3, client_hash="at home", **cookie)
    await store_at(tables, [back], back.clicked_at)
    await rounds_over(tables).run(DEFAULT_RULES, NOW + day + timedelta(minutes=30))

    assert (before, await repeats(tables)) == ({CLICKED.date(): 1}, {CLICKED.date(): 0})


async def test_a_day_whose_clicks_are_scored_again_is_counted_again_within_an_hour(tables: asyncpg.Connection) -> None:
    await store_at(tables, sweep_at(0), CLICKED + timedelta(minutes=1))
    rounds, tomorrow = rounds_over(tables), NOW + timedelta(days=1)
    for now in (NOW, tomorrow):
        await rounds.run(DEFAULT_RULES, now)
    invalid = [await invalid_clicks(tables)]

    lenient = make_rules("lenient", "1", {"link_sweep_weight": 0.2})
    await rescore(tables, TablePass(tables, lenient, CLICKED), lenient, NOW, write=True)
    for minutes in (30, 60):
        await rounds.run(DEFAULT_RULES, tomorrow + timedelta(minutes=minutes))
        invalid.append(await invalid_clicks(tables))

    assert invalid == [3, 3, 0]
    assert await list_marked(tables, tomorrow.date()) == []


async def repeats(connection: asyncpg.Connection) -> dict[date, int]:
    rows = await connection.fetch("SELECT day, repeat_clicks FROM affiliate_quality WHERE day = $1", CLICKED.date())
    return {row["day"]: row["repeat_clicks"] for row in rows}


async def invalid_clicks(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT sum(invalid_clicks) FROM affiliate_quality"))
