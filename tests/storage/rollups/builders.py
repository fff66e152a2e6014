"""Clicks of all kinds for the tests of rollups, and the tables they stand in."""

import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from prometheus_client import CollectorRegistry

from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from runtime.secret import Secret
from schemas import CLICKS_ENRICHED, Bot, EnrichedClick, Fraud, Uniqueness, Utm, encode
from sink.metrics import SinkMetrics
from sink.pipeline import build_row
from storage.rollups.measures import MEASURES, count_measures
from storage.tables import StorableRow
from storage.writer import TableWriter
from tests.sink.builders import Source, click

TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
"""A time of which minutes are kept."""
PEOPLE, ROBOT, APP = (
    Bot(is_bot=False, reasons=[], kind="person"),
    Bot(is_bot=True, reasons=["user_agent"], kind="bot"),
    Bot(is_bot=False, reasons=[], kind="app_fetch"),
)
BANDS = (None, "clean", "suspicious", "likely_invalid", "invalid")
CLASSES = (None, None, "givt", "sivt")
UNIQUE = (True, False, None)


def make_click(number: int, clicked_at: datetime = TODAY, **changes: Any) -> EnrichedClick:
    """Give a click whose kind, verdicts and values follow from its number."""
    rng = random.Random(number)
    base = click(number, clicked_at)
    facts = {
        "program_id": f"p{rng.randrange(2)}",
        "affiliate_id": f"a{rng.randrange(3)}",
        "code": f"c{rng.randrange(5)}",
        "is_test": rng.random() < 0.1,
        "prefetch": rng.random() < 0.1,
        "bot": rng.choices((PEOPLE, ROBOT, APP), (8, 1, 1))[0],
        "limit": rng.choice((None, None, None, "client")),
        "unique": Uniqueness(is_unique=rng.choice(UNIQUE), status="judged"),
        "fraud": Fraud(score=1, band=rng.choice(BANDS), ivt_class=rng.choice(CLASSES), rules="r", stage="live"),
        "geo": msgspec.structs.replace(base.geo, country=rng.choice((None, "DE", "FR", "JP"))),
        "device": msgspec.structs.replace(base.device, type=rng.choice(("mobile", "desktop")), os="iOS"),
        "referrer": msgspec.structs.replace(base.referrer, host=f"{rng.choice('aabbbbcdef')}.example"),
        "utm": Utm(campaign=f"u{rng.randrange(3)}", source=f"s{rng.randrange(5)}"),
    }
    return msgspec.structs.replace(base, **(facts | changes))


def make_rows(clicks: Iterable[EnrichedClick]) -> list[StorableRow]:
    """Give the rows of clicks that Kafka takes when they are published."""
    records = (
        Source(CLICKS_ENRICHED.name, encode(one), offset, timestamp=int(one.published_at.timestamp() * 1000) + 1)
        for offset, one in enumerate(clicks)
    )
    rows = [build_row(record, "", TODAY) for record in records]
    assert all(isinstance(row, StorableRow) for row in rows), rows
    return [row for row in rows if isinstance(row, StorableRow)]


def make_writer(database_url: str) -> TableWriter:
    return TableWriter(Secret(database_url), SinkMetrics(CollectorRegistry()))


@asynccontextmanager
async def open_tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Make the tables of storage; give a connection."""
    connection = await asyncpg.connect(database_url)
    try:
        await migrate(connection, [find_migrations("storage")])
        yield connection
    finally:
        await connection.close()


async def differing_minutes(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """Give the minutes whose counts are not those of the clicks."""
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in MEASURES)
    somewhere = " OR ".join(f"sum({name}) <> 0" for name in MEASURES)
    return list(
        await connection.fetch(f"""
            SELECT * FROM (
                SELECT minute, program_id, {sums} FROM click_minutes GROUP BY 1, 2 HAVING {somewhere}
            ) AS kept FULL JOIN (
                SELECT date_trunc('minute', clicked_at, 'UTC') AS minute, program_id, {count_measures()}
                FROM clicks_now GROUP BY 1, 2
            ) AS counted USING (minute, program_id, {", ".join(MEASURES)})
            WHERE kept IS NULL OR counted IS NULL
        """)
    )
