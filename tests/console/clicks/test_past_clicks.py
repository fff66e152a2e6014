"""Past clicks, searched for in real tables."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from itertools import count, product
from typing import Any

import asyncpg
import msgspec
import pytest

from console.clicks.filters import CHOICES, Filters, matches
from console.clicks.lines import make_click_line
from console.clicks.past_clicks import PastClicks, read_past_clicks
from console.clicks.search_windows import SEARCH_S
from schemas import Bot, EnrichedClick, Fraud, RejectedClick, Uniqueness
from storage.read.records import StoredClick
from tests.console.builders import NOW, enriched_click, rejected_click, store, ulid_at
from tests.console.clicks.choosing import choose
from tests.console.slow_tables import slow_down

pytestmark = pytest.mark.servers

HOUR = timedelta(hours=1)
WANTED = choose(code="wanted")
OF_VERDICTS = 1
"""One more statement reads the verdicts of what was found."""


PERSON, APP, BOT = (
    Bot(is_bot=False, reasons=[]),
    Bot(is_bot=False, reasons=[], kind="app_fetch"),
    Bot(is_bot=True, reasons=["x"]),
)
UNIQUE = [
    Uniqueness(),
    Uniqueness(is_unique=True, status="judged"),
    Uniqueness(is_unique=False, status="judged"),
]
SCORED = [
    Fraud(),
    Fraud(score=0, band="clean"),
    Fraud(score=70, band="likely_invalid"),
    Fraud(score=99, band="invalid"),
]


async def test_a_choice_selects_the_same_clicks_in_the_tables_as_in_the_live_list(tables: asyncpg.Connection) -> None:
    facts = product((PERSON, APP, BOT), (False, True), (False, True), UNIQUE, SCORED)
    clicks = [
        enriched_click(NOW, number, bot=bot, prefetch=prefetch, is_test=is_test, unique=unique, fraud=fraud)
        for number, (bot, prefetch, is_test, unique, fraud) in enumerate(facts)
    ]
    await store(tables, clicks)
    lines = [make_click_line(StoredClick(click, NOW)) for click in clicks]

    for name in ("visitors", "unique", "quality"):
        found = {}
        for choice in CHOICES[name]:
            filters = Filters(**{name: choice})
            past = await read_past_clicks(tables, filters, 1000)
            found[choice] = {line.id for line in past.lines}
            assert found[choice] == {line.id for line in lines if matches(line.filterable, filters)}, choice
        # Each click is in exactly one of the groups.
        assert sorted(one for ids in found.values() for one in ids) == sorted(click.click_id for click in clicks)


def tick(step_s: float) -> Callable[[], float]:
    """Give a clock that goes on by a step each time it is read: what is done between two looks takes a step."""
    return (number * step_s for number in count()).__next__


class Counting:
    """A connection that counts the statements that read rows."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.statements = 0
        self._connection = connection

    def fetch(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[list[Any]]:
        self.statements += 1
        return self._connection.fetch(query, *values, timeout=timeout)

    def fetchrow(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[Any]:
        return self._connection.fetchrow(query, *values, timeout=timeout)

    def fetchval(self, query: str, *values: Any, timeout: float | None = None) -> Awaitable[Any]:
        return self._connection.fetchval(query, *values, timeout=timeout)

    def execute(self, query: str) -> Awaitable[str]:
        return self._connection.execute(query)

    def transaction(self, **options: Any) -> Any:
        return self._connection.transaction(**options)


async def read_to_the_end(tables: asyncpg.Connection, filters: Filters, limit: int, step_s: float) -> list[str]:
    """Follow the links of a page, the one to older clicks and the one that goes on searching; give the ids."""
    seen: list[str] = []
    for _ in range(1000):
        past = await read_past_clicks(tables, filters, limit, tick(step_s))
        seen += [line.id for line in past.lines]
        before = past.lines[-1].id if len(past.lines) == limit else past.further
        if not before:
            return seen
        filters = with_before(filters, before)
    raise AssertionError("there is no end")


def with_before(filters: Filters, before: str) -> Filters:
    return msgspec.structs.replace(filters, before=before)


def wanted_ids(records: Iterable[EnrichedClick | RejectedClick]) -> list[str]:
    ids = [
        record.click_id if isinstance(record, EnrichedClick) else record.rejection_id
        for record in records
        if "wanted" in (record.code if isinstance(record, EnrichedClick) else record.asked)
    ]
    return sorted(ids, reverse=True)


async def store_many(tables: asyncpg.Connection) -> list[EnrichedClick | RejectedClick]:
    """Store three days with gaps, and often many of one millisecond, of which some are wanted; rejections, too."""
    records: list[EnrichedClick | RejectedClick] = []
    for number in range(120):
        # Eight share a millisecond, and the times between grow from a second to half a day.
        at = NOW - timedelta(milliseconds=1000 * 2 ** (number // 8))
        code = "wanted" if number % 3 else "other"
        records.append(enriched_click(at, number, code=code) if number % 5 else rejected_click(at, number, asked=code))
    await store(tables, records)
    return records


async def test_going_on_shows_each_click_once_wherever_the_searches_ended(tables: asyncpg.Connection) -> None:
    records = await store_many(tables)
    kinds = {"": (EnrichedClick, RejectedClick), "accepted": (EnrichedClick,), "rejected": (RejectedClick,)}
    for outcome, limit, step_s in product(kinds, (3, 5, 100), (0.001, 0.2, 1.0)):
        wanted = wanted_ids(record for record in records if isinstance(record, kinds[outcome]))

        assert wanted == await read_to_the_end(tables, choose(code="wanted", outcome=outcome), limit, step_s)


async def test_a_search_whose_time_is_up_says_how_far_it_came(tables: asyncpg.Connection) -> None:
    clicks = [enriched_click(NOW - number * HOUR, number) for number in range(5)]
    await store(tables, clicks)

    past = await read_past_clicks(tables, choose(code="nothing"), 100, tick(SEARCH_S))

    assert past == PastClicks(lines=[], reached=NOW - timedelta(minutes=1), oldest=NOW - 4 * HOUR)


async def test_a_search_that_came_to_the_end_says_so(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW - HOUR), rejected_click(NOW - 2 * HOUR)])

    past = await read_past_clicks(tables, choose(code="nothing"), 100)

    assert (past, past.further) == (PastClicks(lines=[], reached=None, oldest=NOW - 2 * HOUR), "")


async def test_nothing_is_searched_where_there_is_nothing(tables: asyncpg.Connection) -> None:
    before = ulid_at(NOW - HOUR)
    assert await read_past_clicks(tables, WANTED, 100) == PastClicks(lines=[])
    await store(tables, [enriched_click(NOW, code="wanted")])

    assert await read_past_clicks(tables, with_before(WANTED, before), 100) == PastClicks(lines=[])


async def test_a_search_for_what_is_not_there_asks_a_bounded_number_of_statements(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW - timedelta(days=number), number) for number in range(31)])
    for step_s, most in ((0.001, 8), (0.1, 14), (0.3, 5), (2.0, 1)):
        connection = Counting(tables)

        await read_past_clicks(connection, choose(code="nothing", outcome="accepted"), 100, tick(step_s))

        assert (step_s, connection.statements <= most) == (step_s, True)


async def test_without_a_filter_one_statement_finds_a_page(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW - timedelta(days=number), number) for number in range(31)])
    connection = Counting(tables)

    past = await read_past_clicks(connection, Filters(outcome="accepted"), 100)

    assert (len(past.lines), connection.statements) == (31, 1 + OF_VERDICTS)


async def test_a_common_value_is_found_in_the_first_window(tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(NOW - number * timedelta(seconds=1), number) for number in range(50)])
    connection = Counting(tables)

    past = await read_past_clicks(connection, choose(country="PT"), 20)

    assert (len(past.lines), connection.statements) == (20, 1 + OF_VERDICTS)


async def test_a_window_that_postgresql_gives_up_is_searched_in_smaller_ones(tables: asyncpg.Connection) -> None:
    # Together they take 3.6 s, more than any statement may.
    clicks = [enriched_click(NOW - timedelta(days=number), number, code="wanted") for number in range(30)]
    await store(tables, clicks)
    await slow_down(tables)
    filters, seen = choose(code="wanted", outcome="accepted"), []
    for _ in range(100):
        past = await read_past_clicks(tables, filters, 100)
        seen += [line.id for line in past.lines]
        if past.reached is None:
            break
        filters = with_before(filters, past.further)

    assert seen == wanted_ids(clicks)
