"""Makes clicks as a busy installation has them: few codes and affiliates with most of the clicks, 30 days, few repeats.

The rows are made by PostgreSQL, in the order of time and with the numbers of batches, as the sink stores them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

import asyncpg

from schemas import EnrichedClick, decode
from storage.columns import CLICK_COLUMNS
from storage.days import prepare_days
from storage.engine import CLICKS, SCORES, read_engine
from storage.rows import click_row

DAYS: Final = 30
CODES: Final = 5_000
AFFILIATES: Final = 500
PROGRAMS: Final = 3
BATCH: Final = 500
EXAMPLE: Final = Path(__file__).parent.parent / "schemas/examples/clicks.enriched/good/full.json"
CHANGED: Final = {
    "click_id": "to_char(n, 'FM00000000000000000000000000')",
    "clicked_at": "at",
    "published_at": "at + interval '5 ms'",
    "enriched_at": "at + interval '50 ms'",
    # Zipf: the code of rank r has a share of 1/r.
    "code": "'code-' || rank",
    "affiliate_id": f"'affiliate-' || (rank * 7919) % {AFFILIATES}",
    "program_id": f"'program-' || rank % {PROGRAMS}",
    "geo_country": "(ARRAY['US','DE','GB','FR','IN','BR','PT','ES','IT','NL','PL','JP'])[1 + floor(12 * a ^ 2)::int]",
    "geo_region": "'R' || floor(20 * b)::int",
    "device_type": "CASE WHEN b < 0.6 THEN 'mobile' WHEN b < 0.95 THEN 'desktop' ELSE 'tablet' END",
    "device_os": "(ARRAY['iOS','Android','Windows','Mac OS X','Linux'])[1 + floor(5 * c ^ 2)::int]",
    "device_browser": "(ARRAY['Chrome','Mobile Safari','Firefox','Edge','Opera','Samsung'])[1 + floor(6 * a ^ 3)::int]",
    "referrer_host": "'site-' || floor(exp(c * ln(3000)))::int || '.example'",
    "utm_source": "'source-' || floor(40 * a)::int",
    "utm_campaign": "'campaign-' || floor(exp(b * ln(400)))::int",
    "is_test": "false",
    "prefetch": "false",
    "is_bot": "c < 0.12",
    "bot_reasons": "CASE WHEN c < 0.12 THEN ARRAY['http_library'] ELSE ARRAY[]::text[] END",
    "bot_kind": "NULL",
    "is_unique": "a < 0.8",
    "unique_status": "'judged'",
    "fraud_band": "CASE WHEN b < 0.03 THEN 'suspicious' ELSE 'clean' END",
    "fraud_ivt_class": "NULL",
}  # fmt: skip
"""Columns that differ from click to click, as SQL over its number, time, rank of the code and three random numbers."""


async def make_clicks(
    connection: asyncpg.Connection,
    count: int,
    end: datetime,
    changed: Mapping[str, str] = MappingProxyType({}),
    number_of_days: int = DAYS,
) -> None:
    """Fill empty tables with clicks of the days before `end`. Their batches are noted, and in no rollup yet.

    `changed` gives other SQL for some columns.
    """
    expressions = {**CHANGED, **changed}
    begin = end - timedelta(days=number_of_days)
    days = [(begin + timedelta(days=number)).astimezone(UTC).date() for number in range(number_of_days + 2)]
    for table in (CLICKS, SCORES):
        await prepare_days(connection, await read_engine(connection), days, table)
    await make_template(connection)
    columns = [*CLICK_COLUMNS, "stored_at"]
    values = ", ".join(expressions.get(name, f'"{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    await connection.execute(
        f"""
        INSERT INTO clicks ({names}, batch_id)
        SELECT {values}, 1 + n / {BATCH} FROM (
            SELECT n, $1::timestamptz + n * ($2::interval / $3::int) AS at, random() AS a, random() AS b, random() AS c,
                floor(exp(random() * ln({CODES + 1})))::int AS rank
            FROM generate_series(0, $3::int - 1) AS n
        ) AS made, template
        """,
        begin,
        end - begin,
        count,
        timeout=None,
    )
    await connection.execute(
        """
        INSERT INTO rollup_batches (batch_id, clicks, first_at, last_at) OVERRIDING SYSTEM VALUE
        SELECT batch_id, count(*), min(clicked_at), max(clicked_at) FROM clicks GROUP BY 1
        """,
        timeout=None,
    )
    await connection.execute("VACUUM ANALYZE clicks", timeout=None)


async def make_template(connection: asyncpg.Connection) -> None:
    click = decode(EnrichedClick, EXAMPLE.read_bytes())
    assert isinstance(click, EnrichedClick)
    await connection.execute("CREATE TEMPORARY TABLE template AS SELECT * FROM clicks WITH NO DATA")
    row = (*click_row(click, click.published_at), click.published_at)
    await connection.copy_records_to_table("template", records=[row], columns=[*CLICK_COLUMNS, "stored_at"])
