"""The office of 200 people behind one address: 1 unique click live, 200 when settled, on pages and in totals."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache

import asyncpg
import pytest

from cli.evaluation import enrich
from console.clicks.explain import explain
from quality.rules import DEFAULT_RULES, make_rules
from schemas import EnrichedClick
from simulate.traces.catalogue import make_trace
from simulate.traces.model import TraceParameters
from simulate.traces.raw_clicks import record_trace
from storage.affiliate_quality import count_day
from storage.read.click_filters import ClickFilters
from storage.read.counts import Totals, count_totals
from storage.read.finding import find_click
from storage.read.queries import recent_clicks
from storage.read.scores import find_verdict
from storage.rescoring import rescore
from storage.settling import TablePass
from tests.console.builders import open_tables
from tests.settler.builders import everything, rounds_over, store_at

pytestmark = pytest.mark.servers

PEOPLE = 200


@cache
def office() -> tuple[EnrichedClick, ...]:
    """Give the clicks of the office trace, as the enricher judged them live."""
    recorded = record_trace(make_trace("office", TraceParameters(seed=1)))
    return tuple(enrich((one.click for one in recorded if one.click is not None), DEFAULT_RULES))


FIRST = min(click.clicked_at for click in office())
LAST = max(click.clicked_at for click in office())


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        await store_at(connection, office(), LAST)
        yield connection


async def settle(connection: asyncpg.Connection, page: int = 5000) -> None:
    await rounds_over(connection, page).run(DEFAULT_RULES, LAST + timedelta(minutes=30))


async def count(connection: asyncpg.Connection) -> Totals:
    return await count_totals(connection, FIRST, FIRST + timedelta(days=2))


async def list_ids(connection: asyncpg.Connection, uniqueness: str) -> set[str]:
    found = await recent_clicks(connection, ClickFilters(uniqueness=uniqueness), 1000)
    return {one.click.click_id for one in found}


async def test_an_office_has_as_many_unique_clicks_as_people_once_settled(tables: asyncpg.Connection) -> None:
    live = await count(tables)
    await settle(tables)
    settled = await count(tables)

    people = len(office())
    assert (live.people, live.unique, live.repeats, live.not_judged) == (people, 1, people - 1, 0)
    assert (settled.people, settled.unique, settled.repeats, settled.not_judged) == (people, PEOPLE, people - PEOPLE, 0)


async def test_lists_marks_and_the_affiliates_day_say_what_the_totals_say(tables: asyncpg.Connection) -> None:
    await settle(tables)
    unique, repeats = await list_ids(tables, "unique"), await list_ids(tables, "repeat")
    shown = await recent_clicks(tables, ClickFilters(), 1000)
    await count_day(tables, FIRST.date())

    assert (len(unique), len(repeats)) == (PEOPLE, len(office()) - PEOPLE)
    assert {one.click.click_id for one in shown if one.unique.is_unique} == unique
    row = await tables.fetchrow(
        "SELECT sum(judged_clicks), sum(repeat_clicks) FROM affiliate_quality WHERE day = $1", FIRST.date()
    )
    assert tuple(row) == (len(office()), len(repeats))


async def test_the_page_of_a_click_says_both(tables: asyncpg.Connection) -> None:
    await settle(tables)
    changed = await list_ids(tables, "unique") - {click.click_id for click in office() if click.unique.is_unique}
    stored = await find_click(tables, min(changed))
    assert stored is not None
    verdict = await find_verdict(tables, stored.click.click_id, stored.click.clicked_at)

    (sentence,) = [one.sentence for one in explain(stored, verdict) if one.subject == "Unique"]
    assert sentence.startswith("Settled: The visitor's first click, not a repeat: the cookie that it set came back")
    assert "Live: A repeat within 24 h of click" in sentence


@pytest.mark.parametrize("page", [1, 7, 100])
async def test_settled_in_pieces_or_again_the_rows_are_the_same(tables: asyncpg.Connection, page: int) -> None:
    await settle(tables)
    whole = await everything(tables)
    await settle(tables)
    assert await everything(tables) == whole

    await tables.execute("TRUNCATE click_scores, settling_progress")
    # A new settler after each piece, which knows only the tables.
    for minutes in range(0, 100, 11 if page > 1 else 50):
        await rounds_over(tables, page).run(DEFAULT_RULES, FIRST + timedelta(minutes=15 + minutes))
    await settle(tables, page)

    assert await everything(tables) == whole


async def test_scored_again_with_any_rules_they_stay_unique(tables: asyncpg.Connection) -> None:
    await settle(tables)
    whole, totals = await everything(tables), await count(tables)

    for rules in (make_rules("other", "1", {"client_rate_limit_60s": 20}), DEFAULT_RULES):
        # Only the first half: the cookies that come back later are known from the settler.
        settling = TablePass(tables, rules, FIRST, page=50)
        await rescore(tables, settling, rules, FIRST + (LAST - FIRST) / 2, write=True)
        assert await count(tables) == totals
    await tables.execute("DELETE FROM click_scores WHERE rules <> $1", DEFAULT_RULES.stamp)

    assert await everything(tables) == whole
