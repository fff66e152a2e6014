"""Codes that nobody made: who was asked for most, what was meant, and from where."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from console.clicks.unknown_codes import read_unknown_codes
from storage.read.unknown_codes import Source
from tests.console.builders import rejected_click, store
from tests.console.running import Console

pytestmark = pytest.mark.servers
NOW = datetime.now(UTC)


async def make_codes(tables: asyncpg.Connection, *codes: str) -> None:
    await tables.execute(
        "INSERT INTO programs (id, name, target_url, version) VALUES ('p', 'P', 'https://p.example/', 1)"
    )
    await tables.execute("INSERT INTO affiliates (id, name, version) VALUES ('a', 'A', 1)")
    for code in codes:
        await tables.execute(
            "INSERT INTO referral_codes (code, affiliate_id, program_id, version) VALUES ($1, 'a', 'p', 1)", code
        )


async def test_the_codes_asked_for_most_come_with_what_was_meant_and_from_where(tables: asyncpg.Connection) -> None:
    await make_codes(tables, "demo", "spring-26", "winter")
    other = {"asked": "sprin-26", "referrer": None}
    await store(
        tables,
        [
            *(rejected_click(NOW - timedelta(minutes=n), n, asked="DEMO") for n in range(3)),
            *(rejected_click(NOW - timedelta(minutes=n), 10 + n, **other) for n in range(2)),
            rejected_click(NOW, 20, asked="DEMO", referrer="https://shop.example:8443/x?y"),
            rejected_click(NOW, 21, asked="DEMO", reason="R201"),
            rejected_click(NOW - timedelta(days=2), 22, asked="ancient"),
        ],
    )

    found = await read_unknown_codes(tables, NOW + timedelta(seconds=1))

    assert found is not None
    assert [(one.asked.code, one.asked.count, one.meant) for one in found.codes] == [
        ("DEMO", 4, ("demo",)),
        ("sprin-26", 2, ("spring-26",)),
    ]
    assert found.codes[0].sources == (Source("DEMO", "blog.example", 3), Source("DEMO", "shop.example:8443", 1))
    assert found.codes[1].sources == (Source("sprin-26", "", 2),)


async def test_errors_lead_to_their_rejections_and_to_the_last_example(
    console: Console, tables: asyncpg.Connection
) -> None:
    await make_codes(tables, "demo")
    last = rejected_click(NOW, 2, asked="DEMO")
    await store(tables, [rejected_click(NOW - timedelta(hours=1), 1, asked="DEMO"), last])

    page = await console.read("/errors")
    log = await console.read("/clicks?outcome=rejected&reason=R102&f.code=is:DEMO")

    assert "/clicks?outcome=rejected&amp;reason=R102" in page
    assert f"/clicks/{last.rejection_id}" in page
    assert "Codes that nobody made" in page
    assert log.count('class="line ') == 2
