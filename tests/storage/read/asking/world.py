"""A small world of clicks for questions, with rollups counted from its rows by their definitions."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from schemas import Bot, Device, Fraud, Geo, Network, Referrer, Uniqueness, Utm
from storage.columns import CLICK_COLUMNS, click_row
from storage.days import prepare_days
from storage.engine import CLICKS, SCORES, read_engine
from storage.rollups.dimensions import DIMENSIONS, PAIRS
from storage.rollups.measures import MEASURES, count_measures
from tests.console.builders import enriched_click

DETAILED_FROM: Final = 12
"""Clicks a day from which an entity of these worlds has dimensions."""
COUNTS: Final = ", ".join(MEASURES)
KINDS: Final = {"p": "''", "a": "affiliate_id", "c": "code"}
BEGIN: Final = {
    "Asia/Kolkata": datetime(2026, 11, 1, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 3, 30, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 10, 20, tzinfo=UTC),
}
"""Clocks go back during the second and the third."""
DAYS: Final = 10
PAUSE: Final = timedelta(hours=7)


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
    await settle_some(connection)
    await build_rollups(connection, zone, range(20 - pending, 20))
    return World(connection, zone, begin, now, await read_clicks(connection, zone))


def make_click(rng: random.Random, begin: datetime, number: int) -> Any:
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


async def settle_some(connection: asyncpg.Connection) -> None:
    """Settle a third of the clicks otherwise, and decide some by hand."""
    await connection.execute(
        """
        INSERT INTO click_scores (click_id, clicked_at, rules, stage, score, band, ivt_class, is_unique, unique_status)
        SELECT click_id, clicked_at, 'r', 'settled', 50, 'likely_invalid', 'sivt', true, 'judged'
        FROM clicks WHERE hashtext(click_id) % 3 = 0
        """
    )
    await connection.execute(
        """
        INSERT INTO click_verdicts (click_id, clicked_at, verdict, why, who)
        SELECT click_id, clicked_at, CASE WHEN hashtext(click_id) > 0 THEN 'valid' ELSE 'invalid' END, 'why', 'who'
        FROM clicks WHERE hashtext(click_id) % 11 = 0
        """
    )


async def build_rollups(connection: asyncpg.Connection, zone: str, pending: Sequence[int] = ()) -> None:
    """Count all tables of rollups from the rows, by their definitions."""
    await connection.execute("UPDATE rollup_state SET zone = $1", zone)
    await connection.execute(
        """
        INSERT INTO rollup_batches (batch_id, clicks, first_at, last_at, rolled_at) OVERRIDING SYSTEM VALUE
        SELECT batch_id, count(*), min(clicked_at), max(clicked_at), CASE WHEN batch_id <> ALL ($1) THEN now() END
        FROM clicks GROUP BY 1
        """,
        list(pending),
    )
    await connection.execute(
        """
        CREATE TEMPORARY TABLE counted_clicks AS
        SELECT clicks_now.*, rolled_at IS NULL AS is_pending FROM clicks_now JOIN rollup_batches USING (batch_id)
        """
    )
    await connection.execute(
        f"""
        INSERT INTO click_minutes (minute, program_id, slot, {COUNTS})
        SELECT date_trunc('minute', clicked_at, 'UTC'), program_id, hashtext(click_id) % 4 + 3, {count_measures()}
        FROM counted_clicks GROUP BY 1, 2, 3
        """
    )
    days = f"'d', date_trunc('day', clicked_at, '{zone}')"
    for kind, entity in KINDS.items():
        await roll(connection, kind, f"'h', date_trunc('hour', clicked_at, '{zone}')", entity)
        await roll(connection, kind, days, entity)
        for one in DIMENSIONS.values():
            await roll(connection, kind, days, entity, (one.number, one.sql))
    await keep_busy_details(connection)
    for one, other in PAIRS:
        await roll(connection, "p", days, "''", (one.number, one.sql, other.number, other.sql))
    await connection.execute(
        f"""
        INSERT INTO click_rollups (grain, period, program_id, kind, entity, dim, value, dim2, value2, {COUNTS})
        SELECT 'm', date_trunc('month', period, '{zone}'), program_id, kind, entity, dim, value, dim2, value2,
            {", ".join(f"sum({name})" for name in MEASURES)}
        FROM click_rollups WHERE grain = 'd' AND dim2 = 0 AND (kind = 'p' OR dim = 0) GROUP BY 2, 3, 4, 5, 6, 7, 8, 9
        """
    )
    await connection.execute(
        "INSERT INTO rollup_months (month) SELECT DISTINCT period FROM click_rollups WHERE grain = 'm'"
    )


async def keep_busy_details(connection: asyncpg.Connection) -> None:
    """Remove the dimensions of affiliates and codes on days on which they were quiet."""
    busy = f"""
        (SELECT period, program_id, kind, entity FROM click_rollups WHERE grain = 'd' AND dim = 0 AND kind <> 'p'
        AND people + bots + app_fetches + prefetches + tests >= {DETAILED_FROM})
    """
    key = "(period, program_id, kind, entity)"
    await connection.execute(
        f"UPDATE click_rollups SET detailed = true WHERE grain = 'd' AND dim = 0 AND {key} IN {busy}"
    )
    await connection.execute(f"DELETE FROM click_rollups WHERE kind <> 'p' AND dim > 0 AND {key} NOT IN {busy}")


async def roll(
    connection: asyncpg.Connection, kind: str, period: str, entity: str, dimensions: tuple[Any, ...] = ()
) -> None:
    dim, value, dim2, value2 = (*dimensions, *(0, "''", 0, "''")[len(dimensions) :])
    await connection.execute(
        f"""
        INSERT INTO click_rollups (grain, period, program_id, kind, entity, dim, value, dim2, value2, {COUNTS})
        SELECT {period}, program_id, '{kind}', {entity}, {dim}, {value}, {dim2}, {value2}, {count_measures()}
        FROM counted_clicks WHERE NOT is_pending
        GROUP BY 2, 3, 5, 7, 9
        """
    )


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
