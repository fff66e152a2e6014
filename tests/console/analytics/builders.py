"""Clicks of three weeks, a few of each kind, and SQL that counts them."""

from datetime import datetime, timedelta
from typing import Final

import asyncpg

from schemas import Bot, Device, EnrichedClick, Fraud, Geo, Referrer, Uniqueness
from tests.console.builders import count_stored, enriched_click, rejected_click, store

COUNTRIES: Final = ("DE", "DE", "DE", "PT", "PT", None, "US", "FR", "AT", "CH", "IT", "ES", "GB", "NL")
PEOPLE: Final = "NOT is_bot AND bot_kind IS DISTINCT FROM 'app_fetch' AND NOT prefetch"
REJECTED: Final = 5


def last_days(days: int) -> str:
    """Give the SQL of the last days, today included."""
    return f"(clicked_at AT TIME ZONE 'UTC')::date > (now() AT TIME ZONE 'UTC')::date - {days}"


def make_clicks(now: datetime, count: int = 180) -> list[EnrichedClick]:
    return [make_click(now - timedelta(hours=number * 3, minutes=7), number) for number in range(count)]


def make_click(at: datetime, number: int) -> EnrichedClick:
    is_bot, is_fetch = number % 7 == 0, number % 11 == 0 and number % 7 != 0
    return enriched_click(
        at,
        number,
        affiliate_id=("ann", "bob", "cyd")[number % 3],
        code=f"code-{number % 14}",
        is_test=number % 31 == 0,
        prefetch=number % 23 == 0,
        geo=Geo(status="found", country=COUNTRIES[number % len(COUNTRIES)]),
        device=Device(type=("mobile", "desktop")[number % 2], os="iOS", browser="Firefox"),
        referrer=Referrer(url=None, host=f"{'abcdefghijklmn'[number % 14]}.example", medium="referral"),
        bot=Bot(is_bot=is_bot, reasons=["http_library"] * is_bot, kind="app_fetch" if is_fetch else None),
        unique=Uniqueness(is_unique=number % 3 != 0, status="judged"),
        fraud=Fraud(
            band=("clean", "suspicious", "invalid")[number % 5 % 3], ivt_class=(None, "givt", "sivt")[number % 4 % 3]
        ),
    )


async def fill(tables: asyncpg.Connection, now: datetime) -> None:
    """Store the clicks and a few rejections, and count them in the rollups."""
    rejections = [rejected_click(now - timedelta(hours=number), number) for number in range(REJECTED)]
    await store(tables, [*make_clicks(now), *rejections])
    await count_stored(tables)


async def count(tables: asyncpg.Connection, since: str, condition: str = "true") -> int:
    """Count the rows of clicks that are no tests."""
    return await tables.fetchval(f"SELECT count(*) FROM clicks WHERE NOT is_test AND {since} AND ({condition})")
