"""Real values for the tests of the console and the read side: records, their rows, and the tables they stand in."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from identity.ulid import make_ulid
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from schemas import (
    CLICKS_ENRICHED,
    CLICKS_REJECTED,
    Bot,
    DeadLetter,
    Device,
    EnrichedClick,
    Geo,
    Handled,
    KeyIds,
    Privacy,
    Referrer,
    RejectedClick,
    Utm,
    encode,
)
from storage.columns import CLICK_COLUMNS, LETTER_COLUMNS, REJECTION_COLUMNS
from storage.days import prepare_days
from storage.engine import read_engine
from storage.rollups.batches import NAMES
from storage.rollups.measures import count_measures
from storage.rollups.roller import roll
from storage.rows import click_row, letter_row, rejection_row
from tests.pipeline import Prefixed

NOW = datetime(2026, 11, 24, 9, 30, 12, 500_000, tzinfo=UTC)
PROCESS = "01KAT2Z0QG4N5J8T6M7R9V1W3X"
STEPS_US = {"match": 1, "client_ip": 4, "lookup": 2, "cookie_open": 9, "cookie_seal": 14, "target": 6, "total": 38}
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.1 Mobile/15E148 Safari/604.1"
)
IMAGE = "<img src=x onerror=alert(1)>"
BRACES = "{{7*7}}"
TURNED = "safe\u202etxt.exe"
ENDLESS = "longest-" * 256


def ulid_at(time: datetime, number: int = 0) -> str:
    """Give the ULID of a time, always the same for the same number."""
    return make_ulid(
        int(time.timestamp() * 1000), hashlib.sha256(f"{number} {time.isoformat()}".encode()).digest()[:16]
    )


def handled(**changes: Any) -> Handled:
    known: dict[str, Any] = {
        "region": "local",
        "process": PROCESS,
        "sequence": 1,
        "cache": "process",
        "steps_us": STEPS_US,
        "key_ids": KeyIds(cookie="c1", token="t1", ip_seal="s1"),
    }
    return Handled(**known | changes)


def enriched_click(at: datetime = NOW, number: int = 0, **changes: Any) -> EnrichedClick:
    """Give a click of a person on an iPhone in Lisbon, with these changes."""
    known: dict[str, Any] = {
        "click_id": ulid_at(at, number),
        "clicked_at": at.replace(microsecond=at.microsecond // 1000 * 1000),
        "code": "spring-26",
        "affiliate_id": "aff_lisbon",
        "program_id": "prg_shoes",
        "host": "go.shop.example",
        "path": "/ref/spring-26",
        "query": "sub1=newsletter&utm_source=mail",
        "target_url": "https://shop.example/shoes?click=01KAT301V8C3Q9GZ2F5B7N4M6P.t1ABCDEFGHIJKLMNOP",
        "user_agent": IPHONE,
        "accept_language": "pt-PT,pt;q=0.9",
        "sub1": "newsletter",
        "utm": Utm(source="mail"),
        "ad_ids": {"gclid": "Cj0K"},
        "cookie_state": "absent",
        "privacy": Privacy(gpc=False, dnt=False, decision="full"),
        "unique_window_s": 86_400,
        "handled": handled(),
        "ip_hash": "h1.q0pV2mYb5n8sR4tW7xZ1aC",
        "ip_hash_key_id": "h1",
        "published_at": at + timedelta(milliseconds=12),
        "geo": Geo(status="found", country="PT", region="Lisboa", city="Lisbon", database="DBIP-City-Lite 2026-06-01"),
        "device": Device(
            type="mobile",
            brand="Apple",
            model="iPhone",
            os="iOS",
            os_version="18.7",
            browser="Mobile Safari",
            browser_version="26.1",
            parser="ua-parser 1.0.2",
        ),
        "referrer": Referrer(url="https://www.google.com/", host="www.google.com", medium="search", source="Google"),
        "bot": Bot(is_bot=False, reasons=[], rules="1"),
    }
    return EnrichedClick(**known | changes)


def rejected_click(at: datetime = NOW, number: int = 0, **changes: Any) -> RejectedClick:
    """Give a visit to a code that does not exist, with these changes."""
    known: dict[str, Any] = {
        "rejection_id": ulid_at(at, number),
        "rejected_at": at,
        "reason": "R102",
        "status": 404,
        "asked": "sprin-26",
        "host": "go.shop.example",
        "referrer": "https://blog.example/best-shoes",
        "user_agent": "curl/8.5.0",
        "ip_hash": "h1.q0pV2mYb5n8sR4tW7xZ1aC",
        "ip_hash_key_id": "h1",
        "handled": handled(sequence=None, cache=None, steps_us={}, key_ids=KeyIds()),
    }
    return RejectedClick(**known | changes)


def dead_letter(at: datetime = NOW, offset: int = 42, **changes: Any) -> DeadLetter:
    known: dict[str, Any] = {
        "topic": "clicks.raw",
        "partition": 3,
        "offset": offset,
        "key": b"01KAT301V8C3Q9GZ2F5B7N4M6P",
        "value": b'{"not": "a click"}',
        "stage": "enricher",
        "reason": "wrong_shape",
        "detail": "Object missing required field `click_id`",
        "attempts": 1,
        "failed_at": at,
    }
    return DeadLetter(**known | changes)


Storable = EnrichedClick | RejectedClick | DeadLetter


NOT_COUNTED = "UPDATE rollup_state SET is_complete = false, counted_from = 'infinity'"
ONE_BATCH = """
    WITH marked AS (UPDATE clicks SET batch_id = 1 RETURNING clicked_at)
    INSERT INTO rollup_batches (batch_id, clicks, first_at, last_at) OVERRIDING SYSTEM VALUE
    SELECT 1, count(*), min(clicked_at), max(clicked_at) FROM marked;
    UPDATE rollup_state SET is_complete = true, counted_from = '-infinity';
"""


@asynccontextmanager
async def open_tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Make all tables in an empty schema, and give a connection to them."""
    connection = await asyncpg.connect(database_url)
    try:
        await migrate(connection, [find_migrations(package) for package in ("referrals", "storage", "console")])
        yield connection
    finally:
        await connection.close()


async def store(connection: asyncpg.Connection, records: Iterable[Storable]) -> None:
    """Write the records' rows, and the partitions they need. Clicks are in no rollup, as those of before there were."""
    of_kind: dict[type, list[Any]] = {EnrichedClick: [], RejectedClick: [], DeadLetter: []}
    for record in records:
        of_kind[type(record)].append(record)
    if clicks := of_kind[EnrichedClick]:
        days = {click.clicked_at.astimezone(UTC).date() for click in clicks}
        await prepare_days(connection, await read_engine(connection), days)
        rows = [click_row(click, click.published_at + timedelta(milliseconds=230)) for click in clicks]
        await insert(connection, "clicks", CLICK_COLUMNS, rows)
        await connection.execute(NOT_COUNTED)
    rejections = [rejection_row(one, one.rejected_at + timedelta(milliseconds=12)) for one in of_kind[RejectedClick]]
    await insert(connection, "rejected_clicks", REJECTION_COLUMNS, rejections)
    await insert(connection, "dead_letters", LETTER_COLUMNS, [letter_row(one) for one in of_kind[DeadLetter]])


async def insert(
    connection: asyncpg.Connection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    if not rows:
        # asyncpg would leave a transaction open.
        return
    names = ", ".join(f'"{column}"' for column in columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)


async def count_stored(connection: asyncpg.Connection) -> None:
    """Count all clicks in the minutes and the rollups, as if a sink had stored them at once."""
    await connection.execute(ONE_BATCH)
    await count_minutes(connection)
    await roll(connection, wait=True)


async def count_minutes(connection: asyncpg.Connection) -> None:
    """Count all minutes by the verdicts of now: the product moves those of the last days alone."""
    await connection.execute("DELETE FROM click_minutes")
    await connection.execute(
        f"""
        INSERT INTO click_minutes (minute, program_id, slot, {NAMES})
        SELECT date_trunc('minute', clicked_at, 'UTC'), program_id, hashtext(click_id) % 4 + 3, {count_measures()}
        FROM clicks_now GROUP BY 1, 2, 3
        """
    )


async def make_topics(kafka: str, prefix: str) -> None:
    """Make the topics that a console follows, with few partitions: it makes no difference between 3 and 12."""
    await apply_topics([kafka], [Prefixed(prefix, topic) for topic in (CLICKS_ENRICHED, CLICKS_REJECTED)])


async def publish(kafka: str, prefix: str, records: Iterable[EnrichedClick | RejectedClick]) -> None:
    """Write the records to their topics, as the enricher and ingest do."""
    producer = RecordProducer([kafka], client_id="test")
    await producer.deliver([out_record(prefix, record) for record in records])
    await producer.close()


def out_record(prefix: str, record: EnrichedClick | RejectedClick) -> OutRecord:
    if isinstance(record, EnrichedClick):
        return OutRecord(prefix + CLICKS_ENRICHED.name, record.click_id.encode(), encode(record))
    return OutRecord(prefix + CLICKS_REJECTED.name, record.rejection_id.encode(), encode(record))
