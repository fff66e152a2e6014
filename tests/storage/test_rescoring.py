"""Scoring again: what would change is said first, and writing twice writes once."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from quality.rules import DEFAULT_RULES, Rules, make_rules
from settler.rounds import Rounds
from storage.rescoring import Report, rescore
from storage.settling import TablePass
from tests.console.builders import NOW, open_tables
from tests.settler.builders import CLICKED, HOSTING, click, everything, rounds_over, store_at, sweep_at

pytestmark = pytest.mark.servers

STRICT = make_rules("strict", "1", {"hosting_network_weight": 0.65})
CLICKS = [*sweep_at(0), click(100, 5, network=HOSTING), click(200, 6, client_hash="reader")]
END = CLICKED + timedelta(seconds=150)
"""After the click from a host, before the reader's."""


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        await store_at(connection, CLICKS, CLICKED + timedelta(minutes=10))
        yield connection


async def score_again(connection: asyncpg.Connection, rules: Rules = DEFAULT_RULES, *, write: bool = True) -> Report:
    settling = TablePass(connection, rules, CLICKED, page=2)
    return await rescore(connection, settling, rules, END, write=write)


async def test_a_dry_run_says_what_would_change_and_writes_nothing(tables: asyncpg.Connection) -> None:
    report = await score_again(tables, STRICT, write=False)

    assert (report.clicks, report.changed, report.written) == (4, 4, 0)
    assert report.bands == {("clean", "likely_invalid"): 3, ("suspicious", "likely_invalid"): 1}
    assert (report.come, report.gone) == (Counter(link_sweep=3), Counter())
    assert await everything(tables) == []


async def test_scoring_again_twice_writes_once(tables: asyncpg.Connection) -> None:
    first = await score_again(tables)
    stored = await tables.fetch("SELECT * FROM click_scores ORDER BY click_id")
    second = await score_again(tables)

    assert (first.written, second.written, second.changed) == (4, 0, 0)
    assert await tables.fetch("SELECT * FROM click_scores ORDER BY click_id") == stored


async def test_it_gives_what_the_settler_gave(tables: asyncpg.Connection) -> None:
    settler: Rounds = rounds_over(tables)
    await settler.run(DEFAULT_RULES, NOW)
    settled = await everything(tables)

    report = await score_again(tables)

    assert (report.changed, report.written) == (0, 0)
    assert await everything(tables) == settled


async def test_old_scores_are_kept_and_the_newest_are_compared(tables: asyncpg.Connection) -> None:
    await score_again(tables)
    await score_again(tables, STRICT)

    back = await score_again(tables)

    assert (back.changed, back.written) == (1, 4)
    assert back.bands["likely_invalid", "suspicious"] == 1
    assert await tables.fetchval("SELECT count(*) FROM click_scores") == 8
