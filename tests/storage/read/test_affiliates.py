"""What is counted of an affiliate's clicks, now and by the settler: the same figures."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from schemas import EnrichedClick, Fraud, Network, Uniqueness
from storage.affiliate_quality import count_day
from storage.read.affiliates import AffiliateCounts, AffiliateDay, count_affiliate, read_affiliate_days
from tests.console.builders import NOW, enriched_click, open_tables, store

pytestmark = pytest.mark.servers

HOSTED = Network(status="found", kind="hosting")
REPEAT = Uniqueness(is_unique=False, basis="address", status="judged")
FIRST = Uniqueness(is_unique=True, basis="address", status="judged")
INVALID = Fraud(score=75, band="likely_invalid", stage="live")


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


def click(number: int, **changes: Any) -> EnrichedClick:
    known = {"affiliate_id": "ann", "program_id": "shoes", "net_hash": "n", "client_hash": "c"}
    return enriched_click(NOW - timedelta(minutes=number), number, **known | changes)


CLICKS = [
    click(1, unique=FIRST),
    click(2, unique=REPEAT, network=HOSTED, fraud=INVALID),
    click(3, client_hash="d", net_hash="m"),
    click(4, client_hash=None, net_hash=None),
    # Not counted: a test, a prefetch, another affiliate's.
    click(5, is_test=True),
    click(6, prefetch=True),
    click(7, affiliate_id="ben"),
    click(8, program_id="hats", network=Network(status="found", kind="vpn")),
]
SHOES = AffiliateCounts(
    "shoes", clicks=4, hosting_vpn=1, top_net=2, invalid=1, clients=2, known=3, night=0, judged=2, repeats=1
)
HATS = AffiliateCounts(
    "hats", clicks=1, hosting_vpn=1, top_net=1, invalid=0, clients=1, known=1, night=0, judged=0, repeats=0
)


async def test_clicks_since_a_time_are_counted_by_program(tables: asyncpg.Connection) -> None:
    await store(tables, [*CLICKS, click(13 * 60), click(9, program_id="hats", is_test=True)])

    assert await count_affiliate(tables, "ann", NOW - timedelta(hours=2)) == [SHOES, HATS]
    assert await count_affiliate(tables, "nobody", NOW - timedelta(hours=2)) == []


async def test_what_a_person_decided_counts(tables: asyncpg.Connection) -> None:
    await store(tables, CLICKS)
    decide = "INSERT INTO click_verdicts (click_id, clicked_at, verdict, why, who) VALUES ($1, $2, $3, 'asked', 'eva')"
    await tables.execute(decide, CLICKS[0].click_id, CLICKS[0].clicked_at, "invalid")
    await tables.execute(decide, CLICKS[1].click_id, CLICKS[1].clicked_at, "valid")
    await tables.execute(decide, CLICKS[2].click_id, CLICKS[2].clicked_at, "invalid")

    counted = await count_affiliate(tables, "ann", NOW - timedelta(hours=2))
    assert [counts.invalid for counts in counted] == [2, 0]


async def test_the_settler_counts_a_day_alike(tables: asyncpg.Connection) -> None:
    await store(tables, CLICKS)
    await count_day(tables, NOW.date())

    assert await read_affiliate_days(tables, "ann", NOW.date()) == [
        # A day does not tell the anonymous click apart.
        AffiliateDay(NOW.date(), msgspec.structs.replace(SHOES, known=4)),
        AffiliateDay(NOW.date(), HATS),
    ]
    assert await read_affiliate_days(tables, "ann", NOW.date() + timedelta(days=1)) == []
