"""Attribution: the decision as a pure function, and what it reads, against real tables."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.evidence import NOTHING_LATER, LaterEvidence
from quality.rules import DEFAULT_RULES
from quality.score import score_click
from schemas import EnrichedClick, Fraud, Uniqueness
from storage.days import drop_day
from storage.erasure.erasing import erase
from storage.erasure.request import ErasureRequest
from storage.read.attributed_clicks import READ_HEAD, READ_LINK, find_attribution, read_chain
from storage.read.attribution import (
    LEEWAY,
    MOST_HOPS,
    Attribution,
    StoredLink,
    Touchpoint,
    Unattributed,
    attribute,
    choose_quality,
    find_next,
)
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter, add_verdict
from tests.console.builders import NOW, enriched_click, open_tables, store, ulid_at
from tests.examples import examples

DAY = timedelta(days=1)
MONTH = 30 * DAY
NO_SCORE = Fraud()
CLEAN = choose_quality(NO_SCORE, NO_SCORE, None)


def link(at: datetime, previous: StoredLink | str | None = None, **changes: Any) -> StoredLink:
    known: dict[str, Any] = {
        "click_id": ulid_at(at),
        "clicked_at": at,
        "code": "spring-26",
        "affiliate_id": "lisbon",
        "program_id": "shoes",
        "is_test": False,
        "previous_click_id": previous.click_id if isinstance(previous, StoredLink) else previous,
    }
    return StoredLink(**known | changes)


def touchpoint(one: StoredLink) -> Touchpoint:
    return Touchpoint(one.click_id, one.clicked_at, one.affiliate_id, one.code)


class Rows:
    """A Reader over clicks in memory, for the statement that reads one link."""

    def __init__(self, links: Sequence[StoredLink]) -> None:
        self.links = {one.click_id: one for one in links}
        self.asked: list[str] = []

    async def fetchrow(self, _: str, *values: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - asyncpg's
        click_id, since, until = values
        self.asked.append(click_id)
        found = self.links.get(click_id)
        return msgspec.structs.astuple(found) if found and since <= found.clicked_at <= until else None

    async def fetch(self, _: str, *values: Any, timeout: float | None = None) -> list[Any]:  # noqa: ASYNC109 - asyncpg's
        raise AssertionError(values)

    async def fetchval(self, _: str, *values: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - asyncpg's
        raise AssertionError(values)


def make_chain(steps: Sequence[timedelta]) -> list[StoredLink]:
    """Make a visitor's clicks, each these times before the one after it; the newest, at NOW, is the first."""
    times = [NOW]
    for step in steps:
        times.append(times[-1] - step)
    links: list[StoredLink] = []
    for at in reversed(times):
        links.insert(0, link(at, links[0] if links else None))
    return links


@pytest.mark.parametrize(
    ("age", "status", "age_s"),
    [
        (timedelta(0), "valid", 0),
        (MONTH - timedelta(milliseconds=1), "valid", 30 * 86_400 - 1),
        (MONTH, "expired", 30 * 86_400),
        (-LEEWAY, "valid", 0),
        (-LEEWAY - timedelta(milliseconds=1), "too_early", 0),
    ],
)
def test_a_click_is_valid_until_the_window_of_its_program_is_over(age: timedelta, status: str, age_s: int) -> None:
    head = link(NOW)

    found = attribute([head], "first", CLEAN, MONTH, NOW + age)

    assert (found.status, found.age_s, found.expires_at) == (status, age_s, NOW + MONTH)
    credited = touchpoint(head) if status == "valid" else None
    assert (found.first_click, found.last_click, found.clicks) == (credited, credited, int(status == "valid"))


def test_without_a_program_nobody_knows_the_window() -> None:
    found = attribute([link(NOW, ulid_at(NOW - DAY))], "window", CLEAN, None, NOW)

    assert (found.status, found.window_s, found.expires_at, found.last_click) == ("no_window", None, None, None)


def test_tests_are_no_touchpoints_of_a_real_click_and_are_those_of_a_test() -> None:
    tried = link(NOW - DAY, is_test=True)
    real, test = link(NOW, tried), link(NOW, tried, is_test=True)

    of_real, of_test = (attribute([head, tried], "first", CLEAN, MONTH, NOW) for head in (real, test))

    assert (of_real.is_test, of_real.first_click, of_real.clicks) == (False, touchpoint(real), 1)
    assert (of_test.is_test, of_test.first_click, of_test.clicks) == (True, touchpoint(tried), 2)


@examples(60)
@given(st.lists(st.integers(1, 20 * 86_400), max_size=25), st.integers(1, 400), st.integers(0, 40))
async def test_the_chain_is_that_of_a_plain_count(steps_s: list[int], window_days: int, later_days: int) -> None:
    links = make_chain([timedelta(seconds=step) for step in steps_s])
    window, at, rows = window_days * DAY, NOW + later_days * DAY, Rows(links)

    chain, end = await read_chain(rows, links[0], window, at)

    inside = [one for one in links[1:] if at - one.clicked_at < window]
    assert chain == [links[0], *inside[:MOST_HOPS]]
    assert len(rows.asked) == len(chain) - 1
    expected = "limit" if len(inside) > MOST_HOPS else "window" if len(inside) < len(links) - 1 else "first"
    assert end == expected


async def test_a_chain_ends_at_a_row_that_is_missing_or_of_another_program() -> None:
    first, stranger = link(NOW - 2 * DAY), link(NOW - DAY, ulid_at(NOW - 2 * DAY), program_id="hats")
    head = link(NOW, stranger)

    assert await read_chain(Rows([first, head]), head, MONTH, NOW) == ([head], "missing")
    assert await read_chain(Rows([first, stranger, head]), head, MONTH, NOW) == ([head], "missing")


@pytest.mark.parametrize("previous", [ulid_at(NOW), ulid_at(NOW + DAY), "7" + "Z" * 25, "nonsense"])
def test_a_chain_only_goes_back(previous: str) -> None:
    assert find_next([link(NOW, previous)], MONTH, NOW + 2 * DAY) == "missing"


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


async def find_window(program_id: str) -> timedelta | None:
    return {"prg_shoes": MONTH}.get(program_id)


async def find(tables: asyncpg.Connection, click_id: str, at: datetime = NOW) -> Attribution:
    found = await find_attribution(tables, click_id, find_window, at)
    assert isinstance(found, Attribution)
    return found


def visits(count: int = 3, every: timedelta = 10 * DAY) -> list[EnrichedClick]:
    """Make the clicks of a visitor who comes back by other affiliates' links, the newest, at NOW, first."""
    times = [NOW - number * every for number in range(count)]
    ids: list[str | None] = [*map(ulid_at, times), None]
    return [
        enriched_click(at, affiliate_id=f"aff_{place}", code=f"code-{place}", previous_click_id=ids[place + 1])
        for place, at in enumerate(times)
    ]


@pytest.mark.servers
async def test_first_and_last_click_of_a_visitor_are_found_within_the_window(tables: asyncpg.Connection) -> None:
    clicks = visits()
    await store(tables, clicks)

    now, later = await find(tables, clicks[0].click_id), await find(tables, clicks[0].click_id, NOW + 15 * DAY)

    assert now == Attribution(
        click_id=clicks[0].click_id,
        program_id="prg_shoes",
        affiliate_id="aff_0",
        code="code-0",
        clicked_at=clicks[0].clicked_at,
        at=NOW,
        age_s=0,
        window_s=30 * 86_400,
        expires_at=clicks[0].clicked_at + MONTH,
        status="valid",
        is_test=False,
        quality=CLEAN,
        first_click=Touchpoint(clicks[2].click_id, clicks[2].clicked_at, "aff_2", "code-2"),
        last_click=Touchpoint(clicks[0].click_id, clicks[0].clicked_at, "aff_0", "code-0"),
        clicks=3,
        chain_end="first",
    )
    assert later.first_click == Touchpoint(clicks[1].click_id, clicks[1].clicked_at, "aff_1", "code-1")
    assert (later.clicks, later.chain_end) == (2, "window")


@pytest.mark.servers
async def test_the_verdict_that_counts_is_the_one_of_the_view(tables: asyncpg.Connection) -> None:
    click = enriched_click()
    live, twin = score_click(click, DEFAULT_RULES), LaterEvidence(twin="hosting_network")
    await store(tables, [msgspec.structs.replace(click, fraud=live)])
    settled = make_scored(click, twin)
    seen = [await find_quality(tables, click)]
    writer = ScoreWriter(tables)
    await writer.prepare([settled])
    await writer.write([settled])
    seen.append(await find_quality(tables, click))
    for verdict in ("invalid", "valid", "withdrawn"):
        await add_verdict(tables, (click.click_id, click.clicked_at), verdict, why="a test", who="me")
        seen.append(await find_quality(tables, click))

    assert [(one["source"], one["band"]) for one in seen] == [
        ("live", "clean"),
        ("settled", "likely_invalid"),
        ("manual", "invalid"),
        ("manual", "clean"),
        ("settled", "likely_invalid"),
    ]


async def find_quality(tables: asyncpg.Connection, click: EnrichedClick) -> Mapping[str, Any]:
    """Give the quality of a click, which the view `click_verdicts_now` must have too."""
    found = msgspec.structs.asdict((await find(tables, click.click_id)).quality)
    row = await tables.fetchrow("SELECT source, band, ivt_class, score FROM click_verdicts_now")
    assert dict(row) == found
    return found


@pytest.mark.servers
async def test_a_click_without_a_row_is_unknown_or_was_removed_with_its_day(tables: asyncpg.Connection) -> None:
    click, other = enriched_click(NOW - DAY), enriched_click(NOW)
    await store(tables, [click, other])
    await drop_day(tables, click.clicked_at.date())

    reasons = [
        await find_attribution(tables, click_id, find_window, NOW)
        for click_id in (click.click_id, ulid_at(NOW, 1), "7" + "Z" * 25, "7" + "0" * 25)
    ]

    assert reasons == [Unattributed("removed"), *[Unattributed("unknown_click")] * 3]


@pytest.mark.servers
async def test_an_erased_click_is_said_to_be_and_ends_a_chain(tables: asyncpg.Connection) -> None:
    clicks = visits()
    await store(tables, clicks)
    await erase(tables, ErasureRequest("click", clicks[1].click_id, ""))
    renamed = await tables.fetchval("SELECT click_id FROM clicks WHERE erased_at IS NOT NULL")

    erased = [await find_attribution(tables, click_id, find_window, NOW) for click_id in (clicks[1].click_id, renamed)]
    found = await find(tables, clicks[0].click_id)

    assert erased == [Unattributed("erased")] * 2
    assert (found.clicks, found.chain_end) == (1, "first")


@pytest.mark.servers
@pytest.mark.parametrize("statement", [READ_HEAD, READ_LINK], ids=["head", "link"])
async def test_a_statement_touches_the_partition_of_the_id_alone(tables: asyncpg.Connection, statement: str) -> None:
    clicks = [enriched_click(NOW - number * DAY) for number in range(5)]
    await store(tables, clicks)
    writer, scored = ScoreWriter(tables), [make_scored(click) for click in clicks]
    await writer.prepare(scored)
    await writer.write(scored)
    at, click_id = clicks[2].clicked_at, clicks[2].click_id

    plan = json.loads(
        await tables.fetchval(
            f"EXPLAIN (FORMAT JSON) {statement}",
            click_id,
            at - timedelta(milliseconds=1),
            at + timedelta(milliseconds=1),
        )
    )

    scanned = set(relations_of(plan[0]["Plan"])) - {"click_verdicts"}
    # Of clicks and of their scores; the days are native partitions, or chunks, which have names of their own.
    assert len(scanned) == (2 if statement == READ_HEAD else 1)


def make_scored(click: EnrichedClick, later: LaterEvidence = NOTHING_LATER) -> ScoredClick:
    fraud = score_click(click, DEFAULT_RULES, later)
    return ScoredClick(click.click_id, click.clicked_at, fraud, Uniqueness(), None, changes_uniqueness=False)


def relations_of(node: Mapping[str, Any]) -> list[str]:
    own = [node["Relation Name"]] if "Relation Name" in node else []
    return own + [name for below in node.get("Plans", []) for name in relations_of(below)]
