"""Scores and verdicts: each score once, old ones kept, and a person's decision before them all."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from quality.evidence import NOTHING_LATER, LaterEvidence
from quality.rules import DEFAULT_RULES, make_rules
from quality.score import score_click
from schemas import EnrichedClick, Fraud, Uniqueness
from storage.affiliate_quality import count_day, list_marked
from storage.days import drop_day, prepare_days
from storage.engine import SCORES, read_engine
from storage.read.scores import find_verdict
from storage.retention.personal_days import empty_day
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter, add_verdict
from tests.console.builders import NOW, enriched_click, open_tables, store, ulid_at
from tests.storage.test_partitions import connected

pytestmark = pytest.mark.servers

CLICK = enriched_click()
STRICT = make_rules("strict", "1", {"twin_click_weight": 0.95})
NOT_JUDGED = Uniqueness()
FIRST, COLLEAGUE = ulid_at(NOW - timedelta(minutes=5)), ulid_at(NOW - timedelta(seconds=1))
TWIN = LaterEvidence(twin="hosting_network")


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        live = msgspec.structs.replace(CLICK, fraud=score_click(CLICK, DEFAULT_RULES))
        await store(connection, [live])
        yield connection


async def write(
    connection: asyncpg.Connection,
    *frauds: Fraud,
    click: EnrichedClick = CLICK,
    unique: Uniqueness = NOT_JUDGED,
    returned: str | None = None,
) -> int:
    writer, written = ScoreWriter(connection), 0
    for fraud in frauds:
        changes = unique.is_unique is not click.unique.is_unique
        scored = [ScoredClick(click.click_id, click.clicked_at, fraud, unique, returned, changes)]
        await writer.prepare(scored)
        written += await writer.write(scored)
    return written


async def newest(connection: asyncpg.Connection) -> tuple[str, str | None, int | None, str | None]:
    """Give source, band, score and rules of the verdict that counts, as both the reader and the view say."""
    found = await find_verdict(connection, CLICK.click_id, CLICK.clicked_at)
    assert found is not None
    read = (found.source, found.newest.band, found.newest.score, found.newest.ivt_class, found.newest.rules)
    unique = found.unique
    row = await connection.fetchrow(
        "SELECT source, band, score, ivt_class, rules, is_unique, unique_basis, first_click_id, unique_status"
        " FROM click_verdicts_now WHERE click_id = $1",
        CLICK.click_id,
    )
    assert tuple(row) == (*read, unique.is_unique, unique.basis, unique.first_click_id, unique.status)
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

    await add_verdict(tables, (CLICK.click_id, CLICK.clicked_at), "valid", why="the customer called", who="ana")
    valid = await newest(tables)
    await write(tables, score_click(CLICK, STRICT, TWIN))
    still_valid = await newest(tables)
    await add_verdict(tables, (CLICK.click_id, CLICK.clicked_at), "withdrawn", why="another customer", who="rui")

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
    await add_verdict(tables, (CLICK.click_id, CLICK.clicked_at), "invalid", why="the affiliate's own", who="ana")

    assert await newest(tables) == ("manual", "invalid", 0, DEFAULT_RULES.stamp)


async def test_the_affiliates_day_is_counted_again_after_a_persons_verdict(tables: asyncpg.Connection) -> None:
    day = CLICK.clicked_at.date()
    await count_day(tables, day)
    counted = await tables.fetchval("SELECT invalid_clicks FROM affiliate_quality")
    await add_verdict(tables, (CLICK.click_id, CLICK.clicked_at), "invalid", why="the affiliate's own", who="ana")
    marked = await list_marked(tables, day + timedelta(days=1))
    await count_day(tables, day)

    assert (counted, marked) == (0, [day])
    assert await tables.fetchval("SELECT invalid_clicks FROM affiliate_quality") == 1
    assert await list_marked(tables, day + timedelta(days=1)) == []


@pytest.mark.parametrize("was_counted", [False, True])
async def test_a_verdict_that_is_given_while_its_day_is_counted_marks_the_day(
    tables: asyncpg.Connection, database_url: str, was_counted: bool
) -> None:
    day = CLICK.clicked_at.date()
    if was_counted:
        await count_day(tables, day)
    async with connected(database_url) as other, other.transaction():
        # It sees the day as it is before the verdict, and ends after it.
        await count_day(other, day)
        await add_verdict(tables, (CLICK.click_id, CLICK.clicked_at), "invalid", why="the affiliate's own", who="ana")

    before = await tables.fetchval("SELECT invalid_clicks FROM affiliate_quality")
    marked = await list_marked(tables, day + timedelta(days=1))
    await count_day(tables, day)

    assert (before, marked) == (0, [day])
    assert await tables.fetchval("SELECT invalid_clicks FROM affiliate_quality") == 1
    assert await list_marked(tables, day + timedelta(days=1)) == []


async def test_a_click_that_is_not_there_has_no_verdict(tables: asyncpg.Connection) -> None:
    assert await find_verdict(tables, CLICK.click_id, CLICK.clicked_at + timedelta(days=1)) is None


async def test_scores_go_with_the_day_of_their_clicks(tables: asyncpg.Connection) -> None:
    await write(tables, score_click(CLICK, DEFAULT_RULES, TWIN))

    await drop_day(tables, CLICK.clicked_at.date())

    assert await tables.fetchval("SELECT count(*) FROM click_scores") == 0
    day = CLICK.clicked_at.date()
    assert await prepare_days(tables, await read_engine(tables), [day], SCORES) == {day: "dropped"}


async def test_clicks_of_a_day_without_personal_columns_keep_the_scores_they_have(tables: asyncpg.Connection) -> None:
    await write(tables, score_click(CLICK, DEFAULT_RULES, TWIN))
    await empty_day(tables, CLICK.clicked_at.date())
    before = await tables.fetch("SELECT * FROM click_scores")

    other = make_rules("other", "1", {})
    assert await write(tables, score_click(CLICK, other, TWIN), score_click(CLICK, DEFAULT_RULES, TWIN)) == 0

    assert await tables.fetch("SELECT * FROM click_scores") == before


def repeat_of(first: str) -> Uniqueness:
    return Uniqueness(is_unique=False, basis="address", first_click_id=first, status="judged")


async def unique_now(connection: asyncpg.Connection) -> tuple[bool | None, str]:
    """Give uniqueness and status of the verdict that counts, as both the reader and the view say."""
    await newest(connection)
    found = await find_verdict(connection, CLICK.click_id, CLICK.clicked_at)
    assert found is not None
    return found.unique.is_unique, found.unique.status


async def test_the_newest_settled_uniqueness_counts_and_no_persons_verdict_changes_it(
    tables: asyncpg.Connection,
) -> None:
    before = await unique_now(tables)
    await write(tables, score_click(CLICK, DEFAULT_RULES, TWIN), unique=repeat_of(FIRST))
    settled = await unique_now(tables)
    await write(tables, score_click(CLICK, STRICT, TWIN), unique=Uniqueness(is_unique=True, status="judged"))
    await add_verdict(tables, (CLICK.click_id, CLICK.clicked_at), "invalid", why="a test", who="ana")

    assert before == (None, "not_judged")
    assert settled == (False, "judged")
    assert await unique_now(tables) == (True, "judged")


async def test_a_score_of_before_there_was_settled_uniqueness_leaves_the_live_one(tables: asyncpg.Connection) -> None:
    await write(tables, score_click(CLICK, DEFAULT_RULES, TWIN), unique=repeat_of(FIRST))
    await tables.execute(
        "UPDATE click_scores SET is_unique = NULL, unique_basis = NULL, first_click_id = NULL, unique_status = NULL"
    )

    assert await unique_now(tables) == (None, "not_judged")


async def come_back(connection: asyncpg.Connection, after: timedelta) -> int:
    """Write the click of the visitor whose cookie `CLICK` had set."""
    later = enriched_click(CLICK.clicked_at + after, 2)
    return await write(connection, score_click(later, DEFAULT_RULES, TWIN), click=later, returned=CLICK.click_id)


async def test_a_cookie_that_comes_back_makes_a_repeat_unique_in_all_scores_and_for_good(
    tables: asyncpg.Connection,
) -> None:
    usual, strict = score_click(CLICK, DEFAULT_RULES, TWIN), score_click(CLICK, STRICT, TWIN)
    await write(tables, usual, strict, unique=repeat_of(FIRST))

    await come_back(tables, timedelta(hours=3))
    rows = await tables.fetch("SELECT * FROM click_scores ORDER BY click_id, rules")
    again = await write(tables, strict, unique=repeat_of(FIRST)) + await come_back(tables, timedelta(hours=3))

    assert await unique_now(tables) == (True, "judged")
    assert [row["unique_basis"] for row in rows if row["click_id"] == CLICK.click_id] == ["cookie", "cookie"]
    assert again == 0
    assert await tables.fetch("SELECT * FROM click_scores ORDER BY click_id, rules") == rows
    other_rules = score_click(CLICK, make_rules("third", "1", {}), TWIN)
    await write(tables, other_rules, unique=repeat_of(FIRST))
    assert await unique_now(tables) == (True, "judged")


@pytest.mark.parametrize(
    ("unique", "after"),
    [
        (repeat_of(COLLEAGUE), timedelta(hours=3)),
        (repeat_of(FIRST), timedelta(days=8)),
        (Uniqueness(is_unique=False, basis="cookie", first_click_id=FIRST, status="judged"), timedelta(hours=3)),
    ],
    ids=["a double tap", "too late", "a repeat by cookie"],
)
async def test_a_repeat_stays_one_if_the_cookie_proves_nothing(
    tables: asyncpg.Connection, unique: Uniqueness, after: timedelta
) -> None:
    await write(tables, score_click(CLICK, DEFAULT_RULES, TWIN), unique=unique)
    await come_back(tables, after)

    assert await unique_now(tables) == (False, "judged")
