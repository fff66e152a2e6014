"""An affiliate's own page: their clicks and links, nobody else's, and nothing personal."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from schemas import Bot
from tests.console.builders import enriched_click, store
from tests.console.running import Console

pytestmark = pytest.mark.servers

REFERRALS = """
INSERT INTO programs (id, name, target_url, version) VALUES ('shop', 'Shop', 'https://shop.example/', 1);
INSERT INTO affiliates (id, name, version) VALUES ('ann', 'Ann', 1), ('bob', 'Bob', 1);
INSERT INTO referral_codes (code, affiliate_id, program_id, version)
VALUES ('anns', 'ann', 'shop', 1), ('bobs', 'bob', 'shop', 1), ('quiet', 'ann', 'shop', 1);
"""


async def fill(tables: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    bot = Bot(is_bot=True, reasons=["http_library"], rules="1")
    await store(
        tables,
        [
            *(enriched_click(now - timedelta(minutes=n), n, affiliate_id="ann", code="anns") for n in range(3)),
            enriched_click(now, 10, affiliate_id="ann", code="anns", bot=bot),
            *(enriched_click(now - timedelta(minutes=n), 20 + n, affiliate_id="bob", code="bobs") for n in range(4)),
        ],
    )
    await tables.execute(REFERRALS)


async def test_an_affiliate_sees_the_own_clicks_and_links_and_nobody_elses(
    console: Console, tables: asyncpg.Connection
) -> None:
    await fill(tables)
    counted = await tables.fetchval(
        "SELECT count(*) FROM clicks WHERE affiliate_id = 'ann' AND NOT is_test AND NOT is_bot"
    )
    await console.log_in("affiliate")
    page = await console.read("/own?range=28d")

    assert counted == 3
    assert "<h2>Clicks</h2><b>3</b>" in page
    assert "https://go.shop.example/ref/anns" in page
    assert "https://go.shop.example/ref/quiet" in page
    assert "bob" not in page


async def test_the_page_has_nothing_personal_and_no_reasons(console: Console, tables: asyncpg.Connection) -> None:
    await fill(tables)
    await console.log_in("affiliate")
    page = (await console.read("/own")).lower()

    words = ("iphone", "lisbon", "http_library", "suspicious", "invalid", 'href="/clicks')
    assert [word for word in words if word in page] == ['href="/clicks']


@pytest.mark.parametrize("query", ["f.affiliate=is:bob", "by=affiliate", "affiliate=bob"])
async def test_no_filter_in_the_address_shows_anothers(
    console: Console, tables: asyncpg.Connection, query: str
) -> None:
    await fill(tables)
    await console.log_in("affiliate")

    assert "<h2>Clicks</h2><b>3</b>" in await console.read(f"/own?{query}")


async def test_of_more_codes_than_a_page_shows_the_busiest_are_listed_and_the_others_counted(
    console: Console, tables: asyncpg.Connection
) -> None:
    await tables.execute(REFERRALS)
    await tables.execute(
        "INSERT INTO referral_codes (code, affiliate_id, program_id, version)"
        " SELECT 'many-' || to_char(n, 'fm000'), 'ann', 'shop', 1 FROM generate_series(1, 600) AS n"
    )
    await store(tables, [enriched_click(datetime.now(UTC), affiliate_id="ann", code="many-600")])
    await console.log_in("affiliate")
    page = await console.read("/own?range=28d")

    assert page.count("data-copy=") == 500
    assert page.index("/ref/many-600") < page.index("/ref/anns")
    assert "and 102 more codes" in page
