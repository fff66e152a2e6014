"""The list of dead letters: by stage, reason and range, page by page."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import asyncpg
import pytest

from storage.read.letters import LetterFilters, group_letters, read_place, recent_letters
from tests.console.builders import NOW, dead_letter, store
from tests.console.running import Console

pytestmark = pytest.mark.servers


async def test_pages_of_letters_have_each_once_even_of_one_time(tables: asyncpg.Connection) -> None:
    letters = [dead_letter(NOW - timedelta(seconds=n // 4), n) for n in range(10)]
    await store(tables, letters)
    seen, place = [], ""
    while page := await recent_letters(tables, 3, after=place):
        seen += [letter.offset for letter in page]
        place = page[-1].place

    assert sorted(seen) == list(range(10))
    assert seen == sorted(seen, key=lambda offset: (offset // 4, -offset))


async def test_letters_are_found_by_stage_reason_and_range(tables: asyncpg.Connection) -> None:
    await store(
        tables,
        [
            dead_letter(NOW, 1),
            dead_letter(NOW, 2, stage="sink"),
            dead_letter(NOW, 3, stage="sink", reason="not_json"),
            dead_letter(NOW - timedelta(days=2), 4, stage="sink"),
        ],
    )
    since = LetterFilters(since=NOW - timedelta(days=1), stage="sink")

    assert [one.offset for one in await recent_letters(tables, 9, since)] == [3, 2]
    assert [one.offset for one in await recent_letters(tables, 9, LetterFilters(reason="not_json"))] == [3]
    assert [one.offset for one in await recent_letters(tables, 9, LetterFilters(until=NOW))] == [4]
    assert [(one.stage, one.reason, one.count) for one in await group_letters(tables, LetterFilters())] == [
        ("sink", "wrong_shape", 2),
        ("enricher", "wrong_shape", 1),
        ("sink", "not_json", 1),
    ]


async def test_the_page_lists_letters_and_leads_to_older_ones(console: Console, tables: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    await store(tables, [dead_letter(now - timedelta(seconds=n), n) for n in range(60)])

    first = await console.read("/dead-letters")
    older = re.search(r'href="(/dead-letters\?before=[^"]+)"', first)
    assert older
    second = await console.read(unescape(older[1]))
    none, past = await console.read("/dead-letters?stage=sink"), await console.read("/dead-letters?range=yesterday")

    assert [page.count('class="tone-dead"') for page in (first, second, none)] == [50, 10, 0]
    assert "No dead letter matches" in none
    assert "No dead letters in this range" in past or past.count('class="tone-dead"') > 0
    assert "not the place of a dead letter" in await console.read("/dead-letters?before=nonsense")


@pytest.mark.parametrize("place", ["", "x", "2026-11-24T09:30:12~t/1/2", "yesterday~t/1/2", "2026-11-24T09:30:12Z~t"])
def test_what_is_no_place_is_none(place: str) -> None:
    assert read_place(place) is None
