"""The read side, against real tables."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from schemas import Bot, Geo
from storage.read.click_filters import ClickFilters
from storage.read.finding import find_click, find_letters, find_rejection
from storage.read.letter_names import LetterName
from storage.read.letters import recent_letters
from storage.read.queries import RejectionFilters, recent_clicks, recent_rejections, time_limit
from tests.console.builders import NOW, dead_letter, enriched_click, open_tables, rejected_click, store, ulid_at

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
BOT = Bot(is_bot=True, reasons=["http_library"], rules="1")


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


async def test_the_newest_clicks_come_first_across_days(tables: asyncpg.Connection) -> None:
    clicks = [enriched_click(NOW - number * DAY / 2, number) for number in range(6)]
    await store(tables, reversed(clicks))

    assert [stored.click for stored in await recent_clicks(tables, ClickFilters(), 4)] == clicks[:4]


async def test_one_goes_back_in_time_without_a_gap_and_without_a_repeat(tables: asyncpg.Connection) -> None:
    # Some of the same millisecond, so that only their ids tell them apart.
    clicks = [enriched_click(NOW + timedelta(milliseconds=number // 4), number) for number in range(20)]
    await store(tables, clicks)
    seen: list[str] = []
    before = None
    while page := await recent_clicks(tables, ClickFilters(), 3, before):
        seen += [stored.click.click_id for stored in page]
        before = seen[-1]

    assert seen == sorted((click.click_id for click in clicks), reverse=True)


async def test_clicks_are_found_by_what_they_are(tables: asyncpg.Connection) -> None:
    plain = enriched_click(NOW, 1)
    other = enriched_click(
        NOW, 2, code="other", affiliate_id="aff_o", program_id="prg_o", geo=Geo(status="found", country="DE"), bot=BOT
    )
    await store(tables, [plain, other])

    for filters in (
        ClickFilters(code="other"),
        ClickFilters(affiliate_id="aff_o"),
        ClickFilters(program_id="prg_o"),
        ClickFilters(country="DE"),
        ClickFilters(visitors="bots"),
        ClickFilters(code="other", affiliate_id="aff_o", program_id="prg_o", country="DE", visitors="bots"),
    ):
        assert [stored.click for stored in await recent_clicks(tables, filters, 10)] == [other]
    assert [stored.click for stored in await recent_clicks(tables, ClickFilters(visitors="people"), 10)] == [plain]
    assert await recent_clicks(tables, ClickFilters(code="other", visitors="people"), 10) == []


async def test_a_value_is_never_taken_for_sql(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click()])

    assert await recent_clicks(tables, ClickFilters(code="' OR 1=1 --"), 10) == []


async def test_rejections_are_found_by_what_they_are(tables: asyncpg.Connection) -> None:
    unknown = rejected_click(NOW, 1)
    paused = rejected_click(NOW + timedelta(seconds=1), 2, reason="R201", asked="summer", program_id="prg_s")
    await store(tables, [unknown, paused])

    async def find(**filters: str) -> list[str]:
        found = await recent_rejections(tables, RejectionFilters(**filters), 10)
        return [stored.rejection.reason for stored in found]

    assert await find() == ["R201", "R102"]
    assert await find(reason="R102") == ["R102"]
    assert await find(asked="summer") == ["R201"]
    assert await find(program_id="prg_s") == ["R201"]
    before = await recent_rejections(tables, RejectionFilters(), 10, paused.rejection_id)
    assert [stored.rejection for stored in before] == [unknown]


async def test_of_rejections_the_requests_that_were_no_visits_can_be_left_out(tables: asyncpg.Connection) -> None:
    trace = rejected_click(NOW + timedelta(seconds=1), 2, reason="R601", method="HEAD")
    await store(tables, [rejected_click(NOW, 1), trace])
    found = [
        [stored.rejection for stored in await recent_rejections(tables, filters, 10)]
        for filters in (RejectionFilters(visits_only=True), RejectionFilters(reason="R601"))
    ]

    assert found == [[rejected_click(NOW, 1)], [trace]]


async def test_what_is_not_there_is_null(tables: asyncpg.Connection) -> None:
    assert await find_click(tables, ulid_at(NOW)) is None
    assert await find_rejection(tables, ulid_at(NOW)) is None
    assert await find_letters(tables, LetterName("clicks.raw", 1, 2)) == []


async def test_an_id_that_is_no_ulid_is_an_error_of_whoever_asks(tables: asyncpg.Connection) -> None:
    with pytest.raises(ValueError, match="ULID"):
        await find_click(tables, "nonsense")


async def test_a_click_is_looked_for_in_its_own_day_only(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW - number * DAY, number) for number in range(5)])
    time = NOW.replace(microsecond=500_000)
    plan = await tables.fetch(
        "EXPLAIN SELECT * FROM clicks WHERE click_id = $1 AND clicked_at BETWEEN $2 AND $3",
        ulid_at(NOW),
        time - timedelta(seconds=1),
        time + timedelta(seconds=1),
    )

    assert set(re.findall(r"clicks_\d{8}", "\n".join(row[0] for row in plan))) == {"clicks_20261124"}


async def test_the_newest_dead_letters_come_first_without_their_bytes(tables: asyncpg.Connection) -> None:
    await store(tables, [dead_letter(NOW, 1), dead_letter(NOW + timedelta(seconds=1), 2, value=b"\x00" * 1000)])
    newest, older = await recent_letters(tables, 10)

    assert (newest.offset, newest.size) == (2, 1000)
    assert (older.topic, older.partition, older.offset, older.stage) == ("clicks.raw", 3, 1, "enricher")


async def test_each_letter_of_a_place_is_found_by_the_beginning_of_its_digest(tables: asyncpg.Connection) -> None:
    await store(tables, [dead_letter(NOW, value=b"before"), dead_letter(NOW + timedelta(seconds=1), value=b"after")])
    newest, older = await recent_letters(tables, 10)

    async def find(name: LetterName) -> list[bytes]:
        return [stored.letter.value for stored in await find_letters(tables, name)]

    assert (await find(newest.name), await find(older.name)) == ([b"after"], [b"before"])
    assert await find(LetterName("clicks.raw", 3, 42)) == [b"after", b"before"]
    assert await find(LetterName("clicks.raw", 3, 42, "0" * 64)) == []


async def test_all_statements_of_a_question_see_the_tables_as_they_were_at_the_first(
    database_url: str, tables: asyncpg.Connection
) -> None:
    await store(tables, [enriched_click(NOW, 1)])
    sink = await asyncpg.connect(database_url)
    async with time_limit(tables, 30):
        first = await recent_clicks(tables, ClickFilters(), 10)
        await store(sink, [enriched_click(NOW, 2)])
        again = await recent_clicks(tables, ClickFilters(), 10)
    await sink.close()

    assert again == first
    assert len(await recent_clicks(tables, ClickFilters(), 10)) == 2


async def test_a_pool_may_be_asked_as_well_as_a_connection(database_url: str, tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click()])
    async with asyncpg.create_pool(database_url, min_size=0) as pool:
        assert len(await recent_clicks(pool, ClickFilters(), 10)) == 1


async def test_a_click_is_written_into_no_other_indexes_than_these(tables: asyncpg.Connection) -> None:
    indexes = await tables.fetch(
        "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'clicks' ORDER BY 1"
    )

    # Each is paid for with every click: docs/performance.md has what two more cost. The one on `stored_at` is a BRIN
    # index, which a click seldom changes; the one on `batch_id` grows at its end only.
    assert [row[0] for row in indexes] == [
        "clicks_affiliate",
        "clicks_batch_id",
        "clicks_bots",
        "clicks_clicked_at",
        "clicks_code",
        "clicks_pkey",
        "clicks_stored_at",
        "clicks_tests",
    ]
