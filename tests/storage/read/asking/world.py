"""A small world of clicks for questions, with rollups made by the roller and moved by verdicts."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from schemas import Bot, Device, EnrichedClick, Fraud, Geo, Network, Referrer, Uniqueness, Utm
from storage.columns import CLICK_COLUMNS
from storage.days import prepare_days
from storage.engine import CLICKS, SCORES, read_engine
from storage.rollups.limits import Limits
from storage.rollups.months import make_month
from storage.rollups.roller import roll
from storage.rows import click_row
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter, Verdict, add_verdict
from tests.console.builders import count_minutes, enriched_click

LIMITS: Final = Limits(detailed_from=12)
BEGIN: Final = {
    "Asia/Kolkata": datetime(2026, 11, 1, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 3, 30, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 10, 20, tzinfo=UTC),
}
"""Clocks go back during the second and the third."""
DAYS: Final = 10
PAUSE: Final = timedelta(hours=7)
AT_ONCE: Final = 400
"""About so many clicks are rolled in a step."""


class World(msgspec.Struct, frozen=True):
    """Tables with clicks from `begin` until `now`, and their reporting zone. `clicks` are rows of `clicks_now`."""

    connection: asyncpg.Connection
    zone: str
    begin: datetime
    now: datetime
    clicks: Sequence[Any]

    def __repr__(self) -> str:
        return f"World({self.zone})"  # Hypothesis prints it


async def make_world(
    connection: asyncpg.Connection, zone: str, count: int = 1500, *, pending: int = 3, copies: int = 1
) -> World:
    """Fill empty tables, with so many copies of each click. Clicks of `pending` batches are in no rollup yet."""
    rng = random.Random(zone)
    begin = BEGIN[zone]
    now = begin + timedelta(days=DAYS) + PAUSE
    days = [(begin + timedelta(days=number)).date() for number in range(-1, DAYS + 2)]
    for table in (CLICKS, SCORES):
        await prepare_days(connection, await read_engine(connection), days, table)
    clicks = [make_click(rng, begin, number) for number in range(count)]
    batches = sorted(rng.randrange(1, 20) for _ in clicks)
    await connection.copy_records_to_table(
        "clicks",
        records=[(*click_row(click, click.published_at), batch) for click, batch in zip(clicks, batches, strict=True)],
        columns=[*CLICK_COLUMNS, "batch_id"],
    )
    await copy_clicks(connection, copies)
    await note_batches(connection, zone)
    await roll_some(connection, pending + 5)
    await make_months(connection)
    await settle_some(connection, clicks)
    await roll_some(connection, pending)
    await count_minutes(connection)
    return World(connection, zone, begin, now, await read_clicks(connection, zone))


def make_click(rng: random.Random, begin: datetime, number: int) -> EnrichedClick:
    """Make a click: one affiliate and one code are busy on most days, one day is quiet."""
    at = begin + timedelta(milliseconds=int(rng.random() * (DAYS * 86_400_000 + PAUSE.total_seconds() * 1000)))
    affiliate = rng.choice(["busy"] * 6 + ["quiet-a", "quiet-b", "quiet-c"])
    host = rng.choice(["a.example", "b.example", None])
    return enriched_click(
        at,
        number,
        program_id=rng.choice(["shoes", "shoes", "hats"]),
        affiliate_id=affiliate,
        code=f"{affiliate}-{rng.choice('112')}",
        is_test=rng.random() < 0.05,
        prefetch=rng.random() < 0.05,
        limit=rng.choice([None, None, "code"]),
        geo=Geo(status="found", country=rng.choice(["DE", "DE", "PT", None]), region=rng.choice(["BE", "HH", None])),
        device=Device(type=rng.choice(["mobile", "desktop"]), os=rng.choice(["iOS", "Android"]), browser="Firefox"),
        referrer=Referrer(url=None, host=host, medium="referral" if host else "direct"),
        utm=rng.choice([None, Utm(source="mail", medium="email", campaign="spring"), Utm(source="x" * 160)]),
        bot=rng.choice(
            [
                Bot(is_bot=True, reasons=["http_library", "other"], rules="1"),
                Bot(is_bot=False, reasons=[], kind="app_fetch"),
            ]
            + [Bot(is_bot=False, reasons=[])] * 6
        ),
        network=Network(status="found", kind=rng.choice(["hosting", "other", None])),
        unique=Uniqueness(is_unique=rng.choice([True, False, None]), status="judged"),
        fraud=Fraud(band=rng.choice(["clean", "suspicious", "invalid"]), ivt_class=rng.choice([None, "givt", "sivt"])),
    )


async def copy_clicks(connection: asyncpg.Connection, copies: int) -> None:
    """Store each click again and again, with other ids, in the order of batches."""
    names = ", ".join(f'"{name}"' for name in (*CLICK_COLUMNS, "batch_id") if name != "click_id")
    await connection.execute(
        f"INSERT INTO clicks (click_id, {names}) SELECT click_id || copy, {names}"
        f" FROM clicks, generate_series(2, {copies}) AS copy ORDER BY batch_id"
    )


async def settle_some(connection: asyncpg.Connection, clicks: Sequence[EnrichedClick]) -> None:
    """Settle a third of the clicks otherwise, and decide some by hand."""
    scored = [make_score(click) for number, click in enumerate(clicks) if number % 3 == 0]
    writer = ScoreWriter(connection)
    await writer.prepare(scored)
    await writer.write(scored)
    for number, click in enumerate(clicks[::40]):
        verdict: Verdict = "valid" if number % 2 else "invalid"
        await add_verdict(connection, (click.click_id, click.clicked_at), verdict, why="why", who="who")


def make_score(click: EnrichedClick) -> ScoredClick:
    return ScoredClick(
        click.click_id,
        click.clicked_at,
        Fraud(score=50, band="likely_invalid", ivt_class="sivt", rules="r", stage="settled"),
        Uniqueness(is_unique=True, status="judged"),
        changes_uniqueness=click.unique.is_unique is not True,
    )


async def note_batches(connection: asyncpg.Connection, zone: str) -> None:
    await connection.execute("UPDATE rollup_state SET zone = $1", zone)
    await connection.execute(
        """
        INSERT INTO rollup_batches (batch_id, clicks, first_at, last_at) OVERRIDING SYSTEM VALUE
        SELECT batch_id, count(*), min(clicked_at), max(clicked_at) FROM clicks GROUP BY 1
        """
    )


async def roll_some(connection: asyncpg.Connection, pending: int) -> None:
    """Roll the oldest batches, in a few steps, and leave the newest."""
    oldest = "SELECT clicks FROM rollup_batches WHERE rolled_at IS NULL ORDER BY batch_id DESC OFFSET $1"
    while clicks := await connection.fetchval(f"SELECT sum(clicks) FROM ({oldest}) AS oldest", pending):
        await roll(connection, min(AT_ONCE, clicks), LIMITS, wait=True)


async def make_months(connection: asyncpg.Connection) -> None:
    """Make the months of the days that are counted, also of those that are not over."""
    for row in await connection.fetch(
        "SELECT DISTINCT date_trunc('month', period, zone) FROM click_rollups, rollup_state WHERE grain = 'd'"
    ):
        await make_month(connection, row[0])


async def read_clicks(connection: asyncpg.Connection, zone: str) -> list[Any]:
    """Read all clicks, with the names of their periods as PostgreSQL gives them, and whether their batch is pending."""
    return await connection.fetch(
        f"""
        SELECT clicks_now.*, rolled_at IS NULL AS is_pending, date_trunc('minute', clicked_at, 'UTC') AS minute,
            date_trunc('hour', clicked_at, '{zone}') AS hour, (clicked_at AT TIME ZONE '{zone}')::date AS day,
            date_trunc('month', clicked_at AT TIME ZONE '{zone}')::date AS month
        FROM clicks_now LEFT JOIN rollup_batches USING (batch_id)
        """
    )
