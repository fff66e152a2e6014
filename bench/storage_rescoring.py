"""How fast stored clicks are scored again, as `clickrail rescore` does: reading, settling, scoring, and writing."""

from datetime import UTC, datetime
from time import process_time
from typing import Final

import asyncpg

from bench.measuring import cpu_seconds
from bench.report import Figure
from bench.storage_clicks import make_clicks
from quality.rules import make_rules
from storage.rescoring import rescore
from storage.settling import TablePass

DAYS: Final = 1
GOAL: Final = 20_000
RULES: Final = make_rules("bench", "1", {"hosting_network_weight": 0.3})
CHANGED: Final = {
    "click_id": "'01KB' || to_char(n, 'FM0000000000000000000000')",
    # Two clicks a client, four clients a network: most visitors come once or twice a day.
    "client_hash": "md5('client' || n / 2)",
    "net_hash": "md5('net' || n / 8)",
    "user_agent": "replace(template.user_agent, '1', (n % 9)::text)",
    "query": "'sub1=' || n % 1000",
    "cookie_state": "'absent'",
    "previous_click_id": "NULL",
    "first_click_id": "NULL",
    "unique_basis": "'address'",
    "prefetch": "false",
    "external_id": "NULL",
    "sub1": "NULL",
    "sub2": "NULL",
    "sub3": "NULL",
    "sub4": "NULL",
    "sub5": "NULL",
    "utm_content": "NULL",
    "bot_reasons": "ARRAY[]::text[]",
    "is_bot": "false",
    "referrer_url": "CASE WHEN n % 3 = 0 THEN NULL ELSE 'https://site.example/' || n END",
}
"""Clicks of people, but for their affiliates and programs."""


async def measure_rescoring(url: str, clicks: int) -> list[Figure]:
    """Measure on empty tables: first what would change, then writing it."""
    end, connection = datetime.now(UTC), await asyncpg.connect(url)
    try:
        await make_clicks(connection, clicks, end, CHANGED, DAYS)
        return await score_again(connection, clicks, end)
    finally:
        await connection.close()


async def score_again(connection: asyncpg.Connection, clicks: int, end: datetime) -> list[Figure]:
    begin, backend = await connection.fetchval("SELECT min(clicked_at) FROM clicks"), connection.get_server_pid()
    figures = []
    for write in (False, True):
        before = process_time(), cpu_seconds(backend)
        report = await rescore(connection, TablePass(connection, RULES, begin), RULES, end, write=write)
        own, whole = process_time() - before[0], process_time() - before[0] + cpu_seconds(backend) - before[1]
        rate, name = report.clicks / own, f"{clicks:,} clicks, scored again, {'written' if write else 'only compared'}"
        measured = f"{rate:,.0f} clicks/s of a core; with PostgreSQL's CPU {report.clicks / whole:,.0f}"
        figures.append(Figure(name, measured, f">= {GOAL:,} of a core", rate >= GOAL))
    return figures
