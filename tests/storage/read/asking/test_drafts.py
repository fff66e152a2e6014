"""Which query reads what: the tables of each plan."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from storage.read.asking.drafts import draft_plans
from storage.read.asking.large import choose_any
from storage.read.asking.plan import NotKept, Plan, fill_in
from storage.read.asking.question import Filter, Question, Range, Span
from storage.read.asking.state import RollupState

NOW = datetime(2026, 11, 24, 9, 30, 12, tzinfo=UTC)
TODAY = date(2026, 11, 24)
PENDING = Span(NOW - timedelta(days=2), NOW)
STATE = RollupState("UTC", datetime.min.replace(tzinfo=UTC), None, PENDING, frozenset({date(2025, 12, 1)}), NOW)


def range_of(days: int) -> Range:
    return Range(TODAY - timedelta(days=days - 1), TODAY + timedelta(days=1))


def sources_of(plan: Plan | NotKept) -> list[str]:
    assert isinstance(plan, Plan)
    return [
        source.grain if source.kind in ("rollups", "minutes") else source.kind
        for source in plan.sources
        if source.kind != "hidden"
    ]


AFFILIATE = Filter("affiliate", ("a1",))
AFFILIATES = Filter("affiliate", tuple(f"a{number}" for number in range(10)))
UNTIL_NOW = Range(TODAY - timedelta(days=27), NOW)
GERMANY = Filter("country", ("DE",))


@pytest.mark.parametrize(
    ("changes", "sources"),
    [
        ({"range": range_of(1)}, ["minute"]),
        ({"range": range_of(1), "by": ("hour",)}, ["minute"]),
        ({"range": Range(NOW - timedelta(hours=1), NOW), "by": ("minute",)}, ["index", "minute", "index"]),
        ({"range": range_of(7), "by": ("hour",)}, ["h", "pending"]),
        ({"range": range_of(30), "by": ("day",)}, ["d", "pending"]),
        ({"range": range_of(30), "by": ("day",), "where": (AFFILIATE,)}, ["d", "pending"]),
        ({"range": range_of(500), "by": ("month",)}, ["d", "m", "d", "pending"]),
        ({"range": UNTIL_NOW, "by": ("affiliate",)}, ["d", "pending", "after"]),
        ({"range": UNTIL_NOW, "by": ("affiliate", "day")}, ["d", "pending", "after"]),
        ({"range": UNTIL_NOW, "by": ("affiliate",), "where": (AFFILIATE,)}, ["d", "h", "rows", "pending"]),
        ({"range": UNTIL_NOW, "by": ("affiliate",), "where": (AFFILIATES,)}, ["d", "pending", "after"]),
        ({"range": UNTIL_NOW, "by": ("affiliate", "country")}, ["d", "rows", "pending", "quiet"]),
        ({"range": UNTIL_NOW}, ["d", "h", "minute", "index", "pending"]),
        ({"range": UNTIL_NOW, "by": ("code", "hour")}, ["h", "index", "pending"]),
        ({"range": range_of(30), "by": ("country",)}, ["d", "pending"]),
        ({"range": range_of(30), "by": ("device",), "where": (GERMANY,)}, ["d", "pending"]),
        ({"range": range_of(30), "by": ("country",), "where": (AFFILIATE,)}, ["d", "pending", "quiet"]),
        ({"range": range_of(30), "by": ("affiliate",), "where": (GERMANY,)}, ["d", "pending", "quiet"]),
        ({"range": range_of(30), "by": ("device",), "where": (AFFILIATE, GERMANY)}, ["rows"]),
        ({"range": range_of(30), "by": ("network_kind",), "where": (GERMANY,)}, ["rows"]),
        ({"range": range_of(30), "by": ("referrer_host",), "where": (GERMANY,)}, ["rows"]),
        ({"range": range_of(500), "by": ("country",)}, ["d", "m", "d", "pending"]),
        ({"range": range_of(500), "by": ("country", "device")}, ["d", "pending"]),
        ({"range": range_of(30), "by": ("hour", "country")}, ["index"]),
        ({"range": range_of(30), "by": ("hour", "country"), "measures": ("uniques",)}, ["rows"]),
        ({"range": range_of(30), "by": ("affiliate", "code")}, ["rows"]),
        ({"range": Range(NOW - timedelta(hours=1), NOW), "by": ("country",)}, ["index"]),
        ({"range": Range(NOW - timedelta(days=3, minutes=5), TODAY)}, ["index", "minute", "h", "d", "pending"]),
        ({"range": Range(NOW - timedelta(days=30), TODAY), "where": (AFFILIATE,)}, ["rows", "h", "d", "pending"]),
    ],
)
def test_each_question_reads_the_coarsest_table_that_answers_it(changes: dict[str, Any], sources: list[str]) -> None:
    assert sources_of(draft_plans(Question(**changes), STATE)[0]) == sources


def test_the_top_of_all_codes_may_be_found_among_the_busiest() -> None:
    drafts = draft_plans(Question(range=range_of(30), by=("code",)), STATE)

    assert [sources_of(draft) for draft in drafts] == [["d", "pending"], ["busy", "pending"], ["index"]]


def test_where_days_are_too_many_rows_whole_months_are_tried() -> None:
    year = Question(range=Range(date(2025, 11, 25), TODAY), by=("code",))
    by_day = msgspec.structs.replace(year, by=("day",))

    assert [sources_of(draft) for draft in draft_plans(year, STATE)] == [
        ["d", "pending"],
        ["d", "m", "d", "pending"],
        ["busy", "pending"],
        ["index"],
    ]
    assert [sources_of(draft) for draft in draft_plans(by_day, STATE)] == [["d", "pending"], ["index"]]


@pytest.mark.parametrize(
    ("changes", "coarse"),
    [
        ({"range": range_of(1)}, ["d", "pending"]),
        ({"range": range_of(1), "by": ("hour",)}, ["h", "pending"]),
        ({"range": Range(NOW - timedelta(days=1), NOW)}, ["index", "minute", "h", "minute", "index", "pending"]),
        ({"range": Range(NOW - timedelta(days=1), NOW), "by": ("minute",)}, None),
    ],
)
def test_where_minutes_are_too_many_rows_hours_are_tried(changes: dict[str, Any], coarse: list[str] | None) -> None:
    by_minutes, *others = [sources_of(draft) for draft in draft_plans(Question(**changes), STATE)]

    assert {"h", "d"}.isdisjoint(by_minutes)
    assert others == [*([coarse] if coarse else []), ["index"]]


@pytest.mark.parametrize(
    ("begin", "end", "read"),
    [
        (TODAY - timedelta(days=29), TODAY + timedelta(days=1), PENDING),
        (TODAY - timedelta(days=29), TODAY, Span(PENDING.begin, datetime(2026, 11, 24, tzinfo=UTC))),
        (TODAY - timedelta(days=29), TODAY - timedelta(days=2), None),
    ],
)
def test_of_clicks_that_are_in_no_rollup_yet_the_time_that_they_have_is_read(
    begin: date, end: date, read: Span | None
) -> None:
    plan = draft_plans(Question(range=Range(begin, end), by=("day",)), STATE)[0]
    assert isinstance(plan, Plan)

    assert [Span(one.begin, one.end) for one in plan.sources if one.kind == "pending"] == ([read] if read else [])


def test_clicks_that_are_not_counted_yet_are_read_from_rows() -> None:
    state = RollupState("UTC", NOW, None, None, frozenset(), NOW)

    assert [sources_of(draft) for draft in draft_plans(Question(range=range_of(30)), state)] == [["index"]]


def test_a_part_of_an_hour_whose_clicks_are_gone_is_refused() -> None:
    state = RollupState("UTC", STATE.counted_from, NOW - timedelta(days=10), None, frozenset(), NOW)
    drafts = draft_plans(Question(range=Range(NOW - timedelta(days=20), TODAY)), state)

    assert [isinstance(draft, NotKept) for draft in drafts] == [True, True]


@pytest.mark.parametrize("begin", [NOW.replace(hour=8, minute=30, second=0), NOW.replace(hour=8, minute=0, second=0)])
def test_hours_that_begin_when_the_range_ends_are_not_counted_and_taken_away(begin: datetime) -> None:
    asked = Range(begin, NOW.replace(minute=0, second=0))
    draft = draft_plans(Question(range=asked, by=("affiliate",)), STATE)[0]

    assert isinstance(draft, Plan)
    assert ("after" in sources_of(draft)) is (begin.minute == 0)
    assert draft.sources[0].begin == begin


def test_a_day_whose_clicks_are_gone_is_not_counted_as_a_whole() -> None:
    gone = msgspec.structs.replace(STATE, kept_from=NOW + timedelta(hours=1))
    until = Range(TODAY - timedelta(days=9), NOW.replace(minute=0, second=0))
    draft = draft_plans(Question(range=until, by=("affiliate",)), gone)[0]

    assert sources_of(draft) == ["d", "h", "pending"]


def test_a_job_does_not_read_clicks_only_to_take_them_away() -> None:
    chosen = choose_any(draft_plans(Question(range=UNTIL_NOW, by=("code",)), STATE))

    assert sources_of(chosen) == ["d", "h", "index", "pending"]


def test_a_plan_within_its_budget_may_run() -> None:
    draft = draft_plans(Question(range=range_of(30), by=("country",), where=(AFFILIATE,)), STATE)[0]
    assert isinstance(draft, Plan)

    assert fill_in(draft, [50_000, 8_000]).is_within_budget
    assert not fill_in(draft, [50_001, 0]).is_within_budget
    assert not fill_in(draft, [0, 8_001]).is_within_budget
