"""A settler's rounds over tables with clicks, at a fixed time."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from prometheus_client import CollectorRegistry

from quality.rules import DEFAULT_RULES
from quality.score import score_click
from schemas import Device, EnrichedClick, Network, Referrer
from settler.metrics import SettlerMetrics
from settler.rounds import Rounds
from tests.console.builders import NOW, enriched_click, store

BEHIND = timedelta(minutes=15)
CLICKED = NOW - timedelta(hours=1)
DESKTOP = Device(type="desktop")
DIRECT = Referrer(url=None, host=None, medium="direct")
HOSTING = Network(status="found", kind="hosting", org="Rented")

Score = tuple[str, str, int]


def click(seconds: float, number: int = 0, **changes: Any) -> EnrichedClick:
    """Give a click of a desktop client without a page before it, scored live. On phones a sweep needs more links."""
    known: dict[str, Any] = {
        "client_hash": "client",
        "net_hash": "net",
        "referrer": DIRECT,
        "device": DESKTOP,
        "query": "",
        "utm": None,
        "sub1": None,
    }
    made = enriched_click(CLICKED + timedelta(seconds=seconds), number, **known | changes)
    return msgspec.structs.replace(made, fraud=score_click(made, DEFAULT_RULES))


def sweep_at(seconds: float, client: str = "scanner") -> list[EnrichedClick]:
    """Give the three links of a mail that a scanner follows within two seconds."""
    return [click(seconds + n, n, code=f"link-{n}", client_hash=client) for n in range(3)]


async def store_at(connection: asyncpg.Connection, clicks: Iterable[EnrichedClick], stored_at: datetime) -> None:
    """Store clicks as if it had been done at this time."""
    clicks = list(clicks)
    await store(connection, clicks)
    ids = [one.click_id for one in clicks]
    await connection.execute("UPDATE clicks SET stored_at = $1 WHERE click_id = ANY($2)", stored_at, ids)


def rounds_over(connection: asyncpg.Connection, page: int = 5000, late_page: int = 5000) -> Rounds:
    return Rounds(connection, SettlerMetrics(CollectorRegistry()), BEHIND, page, late_page=late_page)


@asynccontextmanager
async def another_connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def scores(connection: asyncpg.Connection) -> list[Score]:
    """Give each click's id, band and score, in order."""
    rows = await connection.fetch("SELECT click_id, band, score FROM click_scores ORDER BY click_id")
    return [tuple(row) for row in rows]


async def everything(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """Give all of the scores but when each was written."""
    return await connection.fetch(
        "SELECT click_id, clicked_at, rules, stage, score, band, ivt_class, signals, is_unique, unique_basis,"
        " first_click_id, unique_status, changes_uniqueness FROM click_scores ORDER BY click_id, rules"
    )
