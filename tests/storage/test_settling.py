"""Settling over the table: rows are read as the score needs them, in order, and progress moves with the scores."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from quality.evidence import NOTHING_LATER, LaterEvidence
from quality.rules import DEFAULT_RULES
from quality.score import score_click
from schemas import Bot, ClientHints, Counts, Device, EnrichedClick, Fetch, Guards, Network, Referrer, Utm
from storage.read.finding import find_click
from storage.read.settling import Position, read_clicks, read_record
from storage.scores import ScoreWriter
from storage.settling import (
    Overtaken,
    TablePass,
    read_progress,
    score_settled,
    start_progress,
    write_step,
)
from tests.console.builders import NOW, enriched_click, open_tables, store
from tests.quality.builders import ALONE, USUAL, WINDOWS_CHROME, counted

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
VARIED: list[dict[str, Any]] = [
    {},
    {"user_agent": None, "accept_language": None, "referrer": Referrer(url=None, host=None, medium="direct")},
    {"user_agent": WINDOWS_CHROME, "client_hints": ClientHints(platform='"Linux"'), "guards": USUAL},
    {"user_agent": WINDOWS_CHROME, "accept_language": None, "guards": USUAL, "fetch": Fetch(mode="no-cors")},
    {"user_agent": "curl/8.5.0", "bot": Bot(is_bot=True, reasons=["library"])},
    {"network": Network(status="found", kind="mail_security", certainty="probable", provider="Filter")},
    {"network": Network(status="found", kind="hosting", org="Rented"), "prefetch": True},
    {"network": Network(status="found", kind="other", asn=21928), "counts": counted(client_60s=25)},
    {"counts": msgspec.structs.replace(ALONE, client_60s=30, same_link_30s=4), "cookie_state": "valid"},
    {"counts": Counts(client_60s=30, links_10s=4, status="judged"), "quality_rules": {"client_rate_limit_60s": 5.0}},
    {
        "device": Device(type="desktop"),
        "guards": Guards(newest_chrome=190, status="judged"),
        "user_agent": WINDOWS_CHROME,
    },
    {"sub1": None, "utm": Utm(content="for-eva"), "client_hash": "c", "net_hash": "n", "is_test": True},
    {"sub1": None, "utm": None, "query": ""},
]


def clicks() -> list[EnrichedClick]:
    made = [enriched_click(NOW + timedelta(milliseconds=n // 2), n, **changes) for n, changes in enumerate(VARIED)]
    return [msgspec.structs.replace(one, fraud=score_click(one, DEFAULT_RULES)) for one in made]


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        await store(connection, clicks())
        yield connection


async def test_a_row_has_the_same_score_as_its_record(tables: asyncpg.Connection) -> None:
    later = LaterEvidence(twin="hosting_network", sweep_links=3)
    rows = await read_clicks(tables, Position(NOW - DAY), NOW + DAY, 100)

    for row in rows:
        stored = await find_click(tables, row.click_id)
        assert stored is not None
        for known in (None, NOTHING_LATER, later):
            assert score_click(row.evidence, DEFAULT_RULES, known) == score_click(stored.click, DEFAULT_RULES, known)
        of_record = read_record(stored.click)
        assert msgspec.structs.replace(row, evidence=of_record.evidence) == of_record
    assert len(rows) == len(VARIED)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_pages_give_each_click_once_in_the_order_of_the_ids(tables: asyncpg.Connection, size: int) -> None:
    position, found = Position(NOW - DAY), list[str]()
    while page := await read_clicks(tables, position, NOW + DAY, size):
        found += [one.click_id for one in page]
        position = Position(page[-1].clicked_at, page[-1].click_id)

    assert found == sorted(one.click_id for one in clicks())


async def test_a_pass_gives_the_clicks_from_its_beginning_on_when_they_are_final(tables: asyncpg.Connection) -> None:
    since = NOW + timedelta(milliseconds=3)
    settling = TablePass(tables, DEFAULT_RULES, since)

    early = await settling.step(NOW + timedelta(seconds=100))
    late = await settling.step(NOW + timedelta(seconds=200))

    assert (early.settled, early.is_last, early.settled_until) == ([], True, since)
    assert [one.click.click_id for one in late.settled] == sorted(
        one.click_id for one in clicks() if one.clicked_at >= since
    )
    assert late.settled_until == NOW + timedelta(seconds=80)


async def test_progress_moves_with_the_scores_or_not_at_all(tables: asyncpg.Connection) -> None:
    await start_progress(tables, NOW - DAY, NOW)
    await start_progress(tables, NOW - 2 * DAY, NOW)
    step = await TablePass(tables, DEFAULT_RULES, NOW - DAY).step(NOW + DAY)
    scored, writer = score_settled(step.settled, DEFAULT_RULES), ScoreWriter(tables)

    await write_step(tables, writer, scored[:2], NOW - DAY, NOW)
    with pytest.raises(Overtaken):
        await write_step(tables, writer, scored, NOW - DAY, NOW + DAY)

    progress = await read_progress(tables)
    assert progress is not None
    assert (progress.settled_until, progress.quality_until) == (NOW, (NOW - DAY).date())
    assert await tables.fetchval("SELECT count(*) FROM click_scores") == 2
