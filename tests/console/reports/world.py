"""Clicks of the last weeks for reports, counted by the roller, and the same numbers by SQL on raw rows."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from schemas import Bot, Device, Fraud, Geo, Uniqueness
from storage.columns import CLICK_COLUMNS
from storage.days import prepare_days
from storage.engine import read_engine
from storage.read.visitors import VISITORS
from storage.rows import click_row
from tests.console.builders import count_minutes, enriched_click
from tests.storage.read.asking.world import note_batches, roll_some

DAYS = 21
COLUMNS: Mapping[str, str] = {
    "program": "program_id",
    "affiliate": "affiliate_id",
    "code": "code",
    "country": "coalesce(geo_country, '')",
    "device": "coalesce(device_type, '')",
    "os": "coalesce(device_os, '')",
}


async def fill(connection: asyncpg.Connection, clicks: int = 1200, affiliates: int = 5) -> None:
    """Store so many clicks of the last three weeks; those of the newest batches are in no rollup yet."""
    rng = random.Random(7)
    now = datetime.now(UTC)
    days = [(now - timedelta(days=number)).date() for number in range(DAYS + 1)]
    await prepare_days(connection, await read_engine(connection), days)
    made = [make_click(rng, now, number, affiliates) for number in range(clicks)]
    await connection.copy_records_to_table(
        "clicks",
        records=[
            (*click_row(click, click.published_at), 1 + number * 6 // clicks) for number, click in enumerate(made)
        ],
        columns=[*CLICK_COLUMNS, "batch_id"],
    )
    await note_batches(connection, "UTC")
    await roll_some(connection, 2)
    await count_minutes(connection)


def make_click(rng: random.Random, now: datetime, number: int, affiliates: int) -> Any:
    affiliate = f"aff-{rng.randrange(affiliates) + 1}"
    return enriched_click(
        now - timedelta(seconds=rng.randrange(DAYS * 86_400)),
        number,
        program_id=rng.choice(["shoes", "hats"]),
        affiliate_id=affiliate,
        code=f"{affiliate}-{rng.choice('ab')}",
        geo=Geo(status="found", country=rng.choice(["DE", "PT", "US", None])),
        device=Device(type=rng.choice(["mobile", "desktop"]), os=rng.choice(["iOS", "Android"]), browser="Firefox"),
        bot=Bot(is_bot=True, reasons=["http_library"], rules="1")
        if rng.random() < 0.2
        else Bot(is_bot=False, reasons=[]),
        unique=Uniqueness(is_unique=rng.random() < 0.7, status="judged"),
        fraud=Fraud(band=rng.choice(["clean", "suspicious"])),
    )


async def count_raw(
    connection: asyncpg.Connection, by: Sequence[str], begin: datetime, end: datetime
) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Count people, bots and unique clicks from raw rows, by SQL of our own."""
    keys = ", ".join(COLUMNS[name] for name in by)
    places = ", ".join(str(number + 1) for number in range(len(by)))
    rows = await connection.fetch(
        f"""
        SELECT {keys}, count(*) FILTER (WHERE {VISITORS["people"]}), count(*) FILTER (WHERE {VISITORS["bots"]}),
            count(*) FILTER (WHERE {VISITORS["people"]} AND is_unique)
        FROM clicks WHERE clicked_at >= $1 AND clicked_at < $2 GROUP BY {places}
        """,
        begin,
        end,
    )
    return {tuple(row)[: len(by)]: tuple(row)[len(by) :] for row in rows}
