"""Whatever is asked, the answer is what counting the rows of clicks gives, or a refusal that says why."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from storage.read.asking.answer import Answer, run_plan
from storage.read.asking.asker import ask
from storage.read.asking.description import explain_plan
from storage.read.asking.drafts import draft_plans
from storage.read.asking.periods import start_of_day
from storage.read.asking.plan import NotKept, Plan, TooLarge
from storage.read.asking.question import (
    ENTITIES,
    LONGEST,
    MOST_BY,
    MOST_HOURS,
    MOST_MINUTES,
    UNITS,
    Filter,
    Question,
    Range,
    locate,
)
from storage.read.asking.state import read_state
from storage.rollups.dimensions import DIMENSIONS, OTHER
from storage.rollups.measures import DERIVED, MEASURES, RATES
from tests.console.builders import open_tables
from tests.examples import examples
from tests.storage.read.asking.reference import count, names_of, value_of
from tests.storage.read.asking.world import DAYS, World, make_world

pytestmark = pytest.mark.servers

YEAR = 420
FIELDS = (*ENTITIES, *DIMENSIONS)


@st.composite
def moments(draw: st.DrawFn) -> tuple[int, int, str]:
    """A number of the day, of the milliseconds in it, and how much of it is a moment."""
    return (
        draw(st.integers(-1, DAYS + 1)),
        draw(st.integers(0, 86_399_999)),
        draw(st.sampled_from(["day", "hour", "minute", "all", "long ago"])),
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[Question, tuple[tuple[int, int, str], ...]]:
    by = draw(st.lists(st.sampled_from((*UNITS, *FIELDS, *FIELDS)), max_size=4, unique=True))
    units, fields = ([name for name in by if (name in UNITS) is is_unit] for is_unit in (True, False))
    by = [name for name in by if name in (*units[:1], *fields[:MOST_BY])]
    where = draw(st.lists(st.tuples(st.sampled_from(FIELDS), st.integers(0, 2**20), st.booleans()), max_size=2))
    return Question(
        range=Range(date(2026, 1, 1), date(2026, 1, 1)),
        measures=tuple(draw(st.lists(st.sampled_from((*MEASURES, *DERIVED)), min_size=1, max_size=4, unique=True))),
        by=tuple(by),
        where=tuple(Filter(field, (str(seed),), is_not) for field, seed, is_not in where),
        limit=10_000,
    ), (draw(moments()), draw(moments()))


def place(world: World, asked: Question, ends: tuple[tuple[int, int, str], ...]) -> Question:
    """Give a question the times and the values of a world."""
    begin, end = sorted(
        (locate_end(world, end) for end in ends),
        key=lambda moment: locate(Range(moment, moment), ZoneInfo(world.zone)).begin,
    )
    longest = MOST_MINUTES if "minute" in asked.by else MOST_HOURS if "hour" in asked.by else LONGEST
    span = locate(Range(begin, end), ZoneInfo(world.zone))
    if span.length > longest:
        begin = span.end - longest
    where = [Filter(one.field, choose_values(world, one), one.is_not) for one in asked.where]
    return Question(
        range=Range(begin, end), measures=asked.measures, by=asked.by, where=tuple(where), limit=asked.limit
    )


def locate_end(world: World, end: tuple[int, int, str]) -> date | datetime:
    days, milliseconds, kind = end
    days = days - YEAR if kind == "long ago" else days
    at = world.begin + timedelta(days=days, milliseconds=milliseconds)
    if kind in ("day", "long ago"):
        return at.astimezone(ZoneInfo(world.zone)).date()
    if kind == "hour":
        return at.replace(minute=0, second=0, microsecond=0)
    return at if kind == "all" else at.replace(second=0, microsecond=0)


def choose_values(world: World, one: Filter) -> tuple[str, ...]:
    seed = int(one.values[0])
    values = [*sorted({value_of(click, one.field) for click in world.clicks}), "nobody"]
    return tuple({values[seed % len(values)], values[seed // 7 % len(values)]})


@examples(170)
@given(asked=questions())
async def test_an_answer_is_what_counting_the_rows_gives(
    world: World, asked: tuple[Question, tuple[tuple[int, int, str], ...]]
) -> None:
    question = place(world, *asked)
    if question.range.begin == question.range.end:
        return
    answer = await ask(world.connection, question, world.now)

    assert isinstance(answer, Answer), answer
    expected = count(world.clicks, question, world.zone)
    assert {group.keys: group.counts for group in answer.groups if any(group.counts)} == expected, answer.plan
    assert answer.totals == tuple(sum(counts) for counts in zip(*expected.values(), strict=True)) or not expected


DAY = timedelta(days=1)


@pytest.mark.parametrize("by", [("affiliate",), ("code",), ("code", "day"), ("program", "affiliate")])
@pytest.mark.parametrize("before", ["0 s", "1 min", "90 min", "6 h"])
@pytest.mark.parametrize("begins", ["days ago", "today", "within an hour of today"])
async def test_a_range_that_ended_today_is_the_whole_day_without_what_came_after_it(
    berlin: World, by: tuple[str, ...], before: str, begins: str
) -> None:
    number, unit = before.split()
    end = berlin.now - int(number) * {"s": timedelta(0), "min": timedelta(minutes=1), "h": timedelta(hours=1)}[unit]
    midnight = start_of_day(berlin.now.astimezone(ZoneInfo(berlin.zone)).date(), ZoneInfo(berlin.zone))
    begin = {"days ago": berlin.begin, "today": midnight}.get(begins, midnight + timedelta(minutes=30))
    asked = Question(range=Range(begin, end), measures=(*MEASURES, *DERIVED), by=by, limit=10_000)
    answer = await ask(berlin.connection, asked, berlin.now)

    assert isinstance(answer, Answer)
    assert [source.kind for source in answer.plan.sources if source.kind in ("pending", "after")] == [
        "pending",
        "after",
    ]
    expected = count(berlin.clicks, asked, berlin.zone)
    assert {group.keys: group.counts for group in answer.groups if any(group.counts)} == expected


async def test_what_came_after_the_range_is_not_taken_from_counts_that_do_not_have_it(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=300)
        await connection.execute("UPDATE rollup_batches SET clicks = 20_001 WHERE batch_id = 19")
        whole = Question(range=Range(world.begin, world.now + timedelta(days=1)), by=("code",), limit=10_000)
        until = structs.replace(whole, range=Range(world.begin, world.now - timedelta(hours=6)))
        answers = [await ask(connection, asked, world.now) for asked in (whole, until)]

    later, sooner = ({group.keys: group.counts[0] for group in answer.groups} for answer in answers)
    came = Counter(
        (click["code"],)
        for click in world.clicks
        if "people" in names_of(click) and not click["is_pending"] and click["clicked_at"] >= until.range.end
    )
    assert came
    assert answers[1].is_behind
    assert {keys: number - sooner.get(keys, 0) for keys, number in later.items() if number != sooner.get(keys)} == came


async def test_a_backlog_that_came_after_the_range_does_not_keep_the_clicks_of_the_range_out(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=300)
        await connection.execute(
            "INSERT INTO rollup_batches (batch_id, clicks, first_at, last_at) OVERRIDING SYSTEM VALUE"
            " VALUES (1000, 20_001, $1, $1)",
            world.now,
        )
        asked = Question(range=Range(world.begin, world.now - timedelta(hours=1)), by=("code",), limit=10_000)
        answer = await ask(connection, asked, world.now)

    assert isinstance(answer, Answer)
    assert "after" in [source.kind for source in answer.plan.sources]
    assert not answer.is_behind
    assert {group.keys: group.counts for group in answer.groups} == count(world.clicks, asked, world.zone)


RATE_MEASURES = tuple(dict.fromkeys(name for both in RATES.values() for name in both))


def sort_groups(groups: dict[Any, Any], asked: Question) -> list[tuple[Any, ...]]:
    """Sort the keys of groups as a question wants them."""

    def find(keys: tuple[Any, ...]) -> Any:
        name = asked.sort or asked.measures[0]
        if name in asked.by:
            return keys[asked.by.index(name)].encode()
        counts = dict(zip(asked.measures, groups[keys], strict=True))
        if name in RATES:
            part, whole = (counts[one] for one in RATES[name])
            return part / whole if whole else -1
        return counts[name]

    by_keys = sorted(groups, key=lambda keys: tuple(one.encode() for one in keys))
    return sorted(by_keys, key=find, reverse=not asked.is_ascending)


@pytest.mark.parametrize("by", [("country",), ("affiliate", "country"), ("country", "device", "os")])
@pytest.mark.parametrize("sort", ["people", "bot_rate", "unique_rate", "country"])
@pytest.mark.parametrize("is_ascending", [False, True])
async def test_groups_are_sorted_both_ways_by_measures_rates_and_keys_and_pages_are_cut_from_that_order(
    berlin: World, by: tuple[str, ...], sort: str, is_ascending: bool
) -> None:
    asked = ask_about(berlin, by=by, measures=RATE_MEASURES, sort=sort, is_ascending=is_ascending)
    answer = await ask(berlin.connection, asked, berlin.now)
    pages = [
        await ask(berlin.connection, structs.replace(asked, limit=2, offset=offset), berlin.now)
        for offset in range(0, 6, 2)
    ]

    assert isinstance(answer, Answer)
    expected = count(berlin.clicks, asked, berlin.zone)
    assert [group.keys for group in answer.groups] == sort_groups(expected, asked)
    assert [group for page in pages if isinstance(page, Answer) for group in page.groups] == list(answer.groups[:6])


def ask_about(world: World, days: int = DAYS, **changes: object) -> Question:
    begin = world.begin.date()
    known = {"range": Range(begin, begin + days * DAY)}
    return Question(**(known | changes))  # type: ignore[arg-type]


async def test_a_series_has_a_number_for_each_period_also_where_clocks_change(berlin: World) -> None:
    by_day = await ask(berlin.connection, ask_about(berlin, days=30, by=("day",)), berlin.now)
    change = Range(date(2026, 10, 25), date(2026, 10, 26))
    by_hour = await ask(berlin.connection, ask_about(berlin, range=change, by=("hour",)), berlin.now)

    assert isinstance(by_day, Answer)
    assert isinstance(by_hour, Answer)
    assert [group.keys for group in by_day.groups] == [(berlin.begin.date() + number * DAY,) for number in range(30)]
    assert by_day.groups[-1].counts == (0,)
    assert len(by_hour.groups) == 25
    assert [group.keys[0] for group in by_hour.groups][2:4] == [
        datetime(2026, 10, 25, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
    ]


@pytest.mark.parametrize("by", ["code", "affiliate", "country"])
async def test_whole_months_give_what_their_days_give(berlin: World, by: str) -> None:
    asked = ask_about(berlin, range=Range(date(2026, 10, 1), date(2026, 11, 2)), by=(by,), measures=("people", "net"))
    state = await read_state(berlin.connection, berlin.now)
    drafts = [draft for draft in draft_plans(asked, state) if isinstance(draft, Plan)][:2]
    by_days, by_months = [await run_plan(berlin.connection, draft) for draft in drafts]

    assert [[source.grain for source in draft.sources[:-1]] for draft in drafts] == [["d"], ["m", "d"]]
    assert isinstance(by_days, Answer)
    assert isinstance(by_months, Answer)
    assert by_months.groups == by_days.groups
    assert by_months.totals == by_days.totals != (0, 0)


async def test_a_series_of_more_rows_than_are_read_is_refused(berlin: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ask_about(berlin, days=30, by=("affiliate", "day"))
    whole = await ask(berlin.connection, asked, berlin.now)
    assert isinstance(whole, Answer)

    for module in ("answer", "statement"):
        monkeypatch.setattr(f"storage.read.asking.{module}.MOST_ROWS", whole.number - 1)
    refused = await ask(berlin.connection, asked, berlin.now)

    assert isinstance(refused, TooLarge)
    assert f"by affiliate and day it has {whole.number:,} rows" in refused.reason


@pytest.mark.parametrize("by", ["program", "hour"])
async def test_hours_of_a_day_give_what_its_minutes_give(berlin: World, by: str) -> None:
    last_day = Range(berlin.now - timedelta(hours=25), berlin.now - timedelta(hours=1))
    asked = ask_about(berlin, range=last_day, by=(by,), measures=("people", "net", "uniques"))
    state = await read_state(berlin.connection, berlin.now)
    drafts = [draft for draft in draft_plans(asked, state) if isinstance(draft, Plan)][:2]
    by_minutes, by_hours = [await run_plan(berlin.connection, draft) for draft in drafts]

    assert ["h" in {source.grain for source in draft.sources} for draft in drafts] == [False, True]
    assert isinstance(by_minutes, Answer)
    assert isinstance(by_hours, Answer)
    assert by_hours.groups == by_minutes.groups
    assert by_hours.totals == by_minutes.totals
    assert by_hours.totals[0] > 0


async def test_a_page_is_cut_from_all_groups_and_totals_are_of_all(berlin: World) -> None:
    asked = ask_about(berlin, by=("country",), measures=("people", "bots"))
    whole = await ask(berlin.connection, asked, berlin.now)
    page = await ask(
        berlin.connection,
        ask_about(berlin, by=("country",), measures=("people", "bots"), limit=1, offset=1),
        berlin.now,
    )

    assert isinstance(whole, Answer)
    assert isinstance(page, Answer)
    assert page.groups == whole.groups[1:2]
    assert page.totals == whole.totals == tuple(map(sum, zip(*(group.counts for group in whole.groups), strict=True)))
    assert page.number == len(whole.groups) == 3


async def test_more_pending_clicks_than_a_page_may_read_are_left_out_and_named(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=100)
        exact = await ask(connection, ask_about(world), world.now)
        await connection.execute("UPDATE rollup_batches SET clicks = 20_001 WHERE batch_id = 19")
        behind = await ask(connection, ask_about(world), world.now)

    pending = sum(click["is_pending"] and "people" in names_of(click) for click in world.clicks)
    assert isinstance(exact, Answer)
    assert isinstance(behind, Answer)
    assert (exact.is_behind, behind.is_behind) == (False, True)
    assert behind.pending > 20_000
    assert exact.totals[0] - behind.totals[0] == pending > 0


async def test_where_rows_are_gone_whole_periods_are_answered_and_parts_are_not(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=400, pending=0)
        before = await ask(connection, ask_about(world), world.now)
        by_country = ask_about(world, by=("country",), where=(Filter("affiliate", ("quiet-a",)),))
        whole = await ask(connection, by_country, world.now)
        day = await connection.fetchrow("SELECT max(until) AS until FROM rollup_days")
        assert day["until"] is None
        await freeze(world, days=5)
        after = await ask(connection, ask_about(world), world.now)
        part = Range(world.begin + timedelta(minutes=1), world.now)
        refused = await ask(connection, ask_about(world, range=part), world.now)
        halved = await ask(connection, by_country, world.now)

    assert isinstance(before, Answer)
    assert isinstance(after, Answer)
    assert after.totals == before.totals
    assert isinstance(refused, NotKept)
    assert isinstance(whole, Answer)
    assert isinstance(halved, Answer)
    assert halved.gone > 0
    assert halved.totals[0] < whole.totals[0]


async def test_a_value_that_may_be_among_the_others_is_counted_from_rows(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=300, pending=0)
        where = (Filter("referrer_host", ("a.example",)),)
        exact = await ask(connection, ask_about(world, where=where), world.now)
        # On one day, the value is counted with others; its own row is there on all other days.
        await connection.execute(
            "UPDATE click_rollups SET value = $1 WHERE dim = 6 AND dim2 = 0 AND kind = 'p' AND value = 'a.example'"
            " AND period = (SELECT min(period) FROM click_rollups WHERE grain = 'd')",
            OTHER,
        )
        found = await ask(connection, ask_about(world, where=where), world.now)

    assert isinstance(exact, Answer)
    assert isinstance(found, Answer)
    assert found.totals == exact.totals
    assert (exact.plan.scope is None, found.plan.scope is None) == (False, True)


async def freeze(world: World, days: int) -> None:
    """Let the clicks of the first days go."""
    begin = datetime.combine(world.begin.date(), datetime.min.time(), ZoneInfo(world.zone))
    for number in range(days):
        await world.connection.execute(
            "INSERT INTO rollup_days (day, clicks, first_at, until) VALUES ($1, 0, $2, $3)",
            (begin + number * DAY).date(),
            begin + number * DAY,
            begin + (number + 1) * DAY,
        )
    await world.connection.execute("DELETE FROM clicks WHERE clicked_at < $1", begin + days * DAY)


async def test_until_old_clicks_are_counted_they_are_read_from_rows(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=200)
        before = await ask(connection, ask_about(world), world.now)
        await connection.execute("UPDATE rollup_state SET is_complete = false, counted_from = 'infinity'")
        await connection.execute("DELETE FROM click_rollups")
        after = await ask(connection, ask_about(world), world.now)

    assert isinstance(before, Answer)
    assert isinstance(after, Answer)
    assert after.plan.scope is None
    assert after.totals == before.totals


async def test_the_top_of_very_many_is_found_among_the_busiest(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        await fill_codes(connection, codes=3000, days=20)
        await connection.execute("ANALYZE click_rollups")
        question = Question(range=Range(date(2026, 11, 1), date(2026, 11, 21)), by=("code",), limit=5)
        answer = await ask(connection, question, datetime(2026, 11, 21, tzinfo=UTC))
        long = await ask(connection, structs.replace(question, limit=100), datetime(2026, 11, 21, tzinfo=UTC))
        assert isinstance(answer, Answer)
        touched = (await explain_plan(connection, answer.plan)).touched
        expected = await connection.fetch(
            "SELECT entity, sum(people) FROM click_rollups WHERE kind = 'c' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5"
        )
        total = await connection.fetchval("SELECT sum(people) FROM click_rollups WHERE kind = 'p'")

    assert answer.plan.is_bounded
    assert touched.rollups <= answer.plan.most_of_rollups + 2 * 20, "and the totals of the program's days"
    assert [(group.keys[0], group.counts[0]) for group in answer.groups] == [tuple(row) for row in expected]
    assert answer.totals == (total,)
    assert isinstance(long, TooLarge)


async def fill_codes(connection: asyncpg.Connection, codes: int, days: int) -> None:
    """Count clicks of many codes for many days, of which few codes had many."""
    names = ", ".join(name for name in MEASURES if name != "people")
    nothing = ", ".join("0" for name in MEASURES if name != "people")
    columns = f"grain, period, program_id, kind, entity, dim, value, dim2, value2, people, detailed, {names}"
    await connection.execute(
        f"""
        INSERT INTO click_rollups ({columns})
        SELECT 'd', '2026-11-01Z'::timestamptz + day * interval '1 day', 'shoes', 'c', 'code-' || code, 0, '', 0, '',
            (9000 + day) / code, (9000 + day) / code >= 300, {nothing}
        FROM generate_series(1, {codes}) AS code, generate_series(0, {days - 1}) AS day
        """
    )
    await connection.execute(
        f"""
        INSERT INTO click_rollups ({columns})
        SELECT 'd', period, program_id, 'p', '', 0, '', 0, '', sum(people), false, {nothing}
        FROM click_rollups GROUP BY period, program_id
        """
    )


@pytest.mark.parametrize(
    ("by", "where"),
    [
        (("code",), (Filter("country", ("US",)),)),
        (("affiliate", "country"), ()),
        (("day",), (Filter("affiliate", ("a1",)),)),
        (("referrer_host",), (Filter("program", ("p1",)),)),
    ],
)
async def test_no_question_reads_a_table_of_counts_from_its_start(
    berlin: World, by: tuple[str, ...], where: tuple[Filter, ...]
) -> None:
    asked = Range(berlin.begin.date(), berlin.now.date() + timedelta(days=1))
    before = await count_whole_reads(berlin.connection)

    # As for tables of many clicks, where PostgreSQL believes that lookups cost more than reading until enough is found.
    await berlin.connection.execute("SET random_page_cost = 100000")
    try:
        await ask(berlin.connection, Question(range=asked, by=by, where=where), berlin.now)
    finally:
        await berlin.connection.execute("RESET random_page_cost")

    assert await count_whole_reads(berlin.connection) == before


async def count_whole_reads(connection: asyncpg.Connection) -> int:
    """Count how often click_rollups was read from its start."""
    await connection.execute("SELECT pg_stat_force_next_flush()")
    await connection.execute("SELECT pg_stat_clear_snapshot()")
    read: int = await connection.fetchval(
        "SELECT seq_scan FROM pg_stat_user_tables WHERE relid = 'click_rollups'::regclass"
    )
    return read
