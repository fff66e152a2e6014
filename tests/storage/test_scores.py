"""Scores and verdicts: each score once, old ones kept, and a person's decision before them all."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from quality.evidence import NOTHING_LATER, LaterEvidence
from quality.rules import DEFAULT_RULES, make_rules
from quality.score import score_click
from schemas import EnrichedClick, Fraud
from storage.partitions import SCORES, drop_partition, make_partition
from storage.read.scores import find_verdict
from storage.scores import ScoredClick, ScoreWriter, add_verdict
from tests.console.builders import enriched_click, open_tables, store

pytestmark = pytest.mark.servers

CLICK = enriched_click()
STRICT = make_rules("strict", "1", {"twin_click_weight": 0.95})
TWIN = LaterEvidence(twin="hosting_network")


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        live = msgspec.structs.replace(CLICK, fraud=score_click(CLICK, DEFAULT_RULES))
        await store(connection, [live])
        yield connection


async def write(connection: asyncpg.Connection, *frauds: Fraud, click: EnrichedClick = CLICK) -> int:
    writer, written = ScoreWriter(connection), 0
    for fraud in frauds:
        scored = [ScoredClick(click.click_id, click.clicked_at, fraud)]
        await writer.prepare(scored)
        written += await writer.write(scored)
    return written


async def newest(connection: asyncpg.Connection) -> tuple[str, str | None, int | None, str | None]:
    """Give source, band, score and rules of the verdict that counts, as both the reader and the view say."""
    found = await find_verdict(connection, CLICK.click_id, CLICK.clicked_at)
    assert found is not None
    read = (found.source, found.newest.band, found.newest.score, found.newest.ivt_class, found.newest.rules)
    row = await connection.fetchrow(
        "SELECT source, band, score, ivt_class, rules FROM click_verdicts_now WHERE click_id = $1", CLICK.click_id
    )
    assert tuple(row) == read
    return read[0], read[1], read[2], read[4]


async def test_a_settled_score_comes_before_the_live_one(tables: asyncpg.Connection) -> None:
    settled = score_click(CLICK, DEFAULT_RULES, TWIN)
    before = await newest(tables)

    assert await write(tables, settled) == 1

    assert before == ("live", "clean", 0, DEFAULT_RULES.stamp)
    assert await newest(tables) == ("settled", "likely_invalid", 70, DEFAULT_RULES.stamp)
    found = await find_verdict(tables, CLICK.click_id, CLICK.clicked_at)
    assert found is not None
    assert [one.fraud for one in found.settled] == [settled]


async def test_a_score_written_twice_is_there_once_and_keeps_its_time(tables: asyncpg.Connection) -> None:
    settled = score_click(CLICK, DEFAULT_RULES, TWIN)
    await write(tables, settled)
    before = await tables.fetch("SELECT * FROM click_scores")

    assert await write(tables, settled, settled) == 0

    assert await tables.fetch("SELECT * FROM click_scores") == before


async def test_scores_of_other_rules_are_kept_and_the_newest_counts(tables: asyncpg.Connection) -> None:
    usual, strict = score_click(CLICK, DEFAULT_RULES, TWIN), score_click(CLICK, STRICT, TWIN)

    await write(tables, usual, strict)
    after_strict = await newest(tables)
    await write(tables, usual)

    assert after_strict == ("settled", "invalid", 95, STRICT.stamp)
    assert await newest(tables) == ("settled", "likely_invalid", 70, DEFAULT_RULES.stamp)
    assert await tables.fetchval("SELECT count(*) FROM click_scores") == 2


async def test_a_score_that_later_clicks_change_replaces_that_of_the_same_rules(tables: asyncpg.Connection) -> None:
    await write(tables, score_click(CLICK, DEFAULT_RULES, NOTHING_LATER), score_click(CLICK, DEFAULT_RULES, TWIN))

    assert await newest(tables) == ("settled", "likely_invalid", 70, DEFAULT_RULES.stamp)
    assert await tables.fetchval("SELECT count(*) FROM click_scores") == 1


async def test_a_persons_verdict_counts_until_it_is_withdrawn_and_all_are_kept(tables: asyncpg.Connection) -> None:
    await write(tables, score_click(CLICK, DEFAULT_RULES, TWIN))

    await add_verdict(tables, CLICK.click_id, CLICK.clicked_at, "valid", why="the customer called", who="ana")
    valid = await newest(tables)
    await write(tables, score_click(CLICK, STRICT, TWIN))
    still_valid = await newest(tables)
    await add_verdict(tables, CLICK.click_id, CLICK.clicked_at, "withdrawn", why="another customer", who="rui")

    assert valid == ("manual", "clean", 70, DEFAULT_RULES.stamp)
    assert still_valid == ("manual", "clean", 95, STRICT.stamp)
    assert await newest(tables) == ("settled", "invalid", 95, STRICT.stamp)
    found = await find_verdict(tables, CLICK.click_id, CLICK.clicked_at)
    assert found is not None
    assert [(one.verdict, one.why, one.who) for one in found.manual] == [
        ("withdrawn", "another customer", "rui"),
        ("valid", "the customer called", "ana"),
    ]


async def test_a_click_that_a_person_calls_invalid_is_sophisticated_invalid_traffic(
    tables: asyncpg.Connection,
) -> None:
    await add_verdict(tables, CLICK.click_id, CLICK.clicked_at, "invalid", why="the affiliate's own", who="ana")

    assert await newest(tables) == ("manual", "invalid", 0, DEFAULT_RULES.stamp)


async def test_a_click_that_is_not_there_has_no_verdict(tables: asyncpg.Connection) -> None:
    assert await find_verdict(tables, CLICK.click_id, CLICK.clicked_at + timedelta(days=1)) is None


async def test_scores_go_with_the_day_of_their_clicks(tables: asyncpg.Connection) -> None:
    await write(tables, score_click(CLICK, DEFAULT_RULES, TWIN))

    await drop_partition(tables, CLICK.clicked_at.date())

    assert await tables.fetchval("SELECT count(*) FROM click_scores") == 0
    assert await make_partition(tables, CLICK.clicked_at.date(), SCORES) == "dropped"
