"""Late clicks are found page by page, each once, and the time around them is settled again."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from quality.evidence import NOTHING_LATER
from quality.settling_click import SettledClick
from storage.read.settling import read_record
from storage.retention.personal_days import empty_day
from storage.unsettled import LateClicks, Span, find_late, find_ranges, keep_near
from tests.console.builders import NOW, enriched_click, open_tables, store

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ABOUT = 2 * MINUTE


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


@pytest.mark.servers
@pytest.mark.parametrize("page", [1, 2, 3, 4, 100])
async def test_pages_give_each_late_click_once_also_where_several_have_the_same_time(
    tables: asyncpg.Connection, page: int
) -> None:
    times = [NOW - DAY, *[NOW - MINUTE] * 5, NOW, NOW + MINUTE]
    await store(tables, [enriched_click(at, number) for number, at in enumerate(times)])
    stored_at = await tables.fetchval("SELECT min(stored_at) FROM clicks")

    stored = Span(stored_at, stored_at)
    pages = [found async for found in find_late(tables, stored, NOW + timedelta(seconds=1), page)]

    written = [at.replace(microsecond=at.microsecond // 1000 * 1000) for at in times[:-1]]
    assert [at for found in pages for at in found] == written
    assert all(len(found) == page for found in pages[:-1])


@pytest.mark.servers
async def test_late_clicks_of_a_day_without_personal_columns_are_not_found(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW - DAY), enriched_click(NOW)])
    stored_at = await tables.fetchval("SELECT min(stored_at) FROM clicks")
    await empty_day(tables, (NOW - DAY).date())

    assert [found async for found in find_late(tables, Span(stored_at, stored_at), NOW + DAY)] == [[NOW]]


@pytest.mark.servers
async def test_what_was_stored_in_hours_is_searched_by_the_half_hour_and_each_click_found_once(
    tables: asyncpg.Connection,
) -> None:
    times = [NOW - number * MINUTE for number in range(8)]
    await store(tables, [enriched_click(at, number) for number, at in enumerate(times)])
    rows = await tables.fetch("SELECT clicked_at FROM clicks ORDER BY clicked_at DESC")
    # Stored in the other order, from 100 minutes before until 40 minutes after the time up to which is searched.
    for number, row in enumerate(rows):
        stored_at = NOW + (20 * number - 100) * MINUTE
        await tables.execute("UPDATE clicks SET stored_at = $1 WHERE clicked_at = $2", stored_at, row["clicked_at"])

    pages = [found async for found in find_late(tables, Span(NOW - 80 * MINUTE, NOW), NOW + DAY)]

    found = [NOW - at for page in pages for at in page]
    assert [round(one / MINUTE) for one in found] == [2, 1, 3, 7, 6, 5, 4]
    late = LateClicks()
    for page in pages:
        late.add(page)
    assert (late.clicks, late.spans) == (7, [Span(rows[-1]["clicked_at"] - ABOUT, rows[1]["clicked_at"] + ABOUT)])


def test_a_late_click_changes_the_two_minutes_around_it_and_late_clicks_nearby_are_one_span() -> None:
    late = LateClicks()
    late.add([NOW, NOW + MINUTE])
    late.add([NOW + 5 * MINUTE, NOW + DAY])

    assert (late.clicks, sorted(late.days)) == (4, [NOW.date(), (NOW + DAY).date()])
    assert late.spans == [Span(NOW - ABOUT, NOW + 5 * MINUTE + ABOUT), Span(NOW + DAY - ABOUT, NOW + DAY + ABOUT)]


def test_spans_of_which_a_pass_would_read_the_same_day_twice_are_one_range() -> None:
    spans = [Span(NOW + n * DAY - ABOUT, NOW + n * DAY + ABOUT) for n in (0, 1, 3)]

    assert find_ranges([]) == []
    assert find_ranges(spans) == [spans[:2], spans[2:]]


def test_only_clicks_in_the_spans_around_late_ones_are_kept() -> None:
    spans = [Span(NOW, NOW + 4 * MINUTE), Span(NOW + 9 * MINUTE, NOW + 13 * MINUTE)]
    clicks = [read_record(enriched_click(NOW + minute * MINUTE)) for minute in range(-1, 15)]
    settled = [SettledClick(click, NOTHING_LATER, click.unique) for click in clicks]

    kept = keep_near(settled, spans)

    assert [(one.click.clicked_at - NOW) // MINUTE for one in kept] == [*range(5), *range(9, 14)]
