"""What storing clicks costs beside the least it could: a staged COPY of the same columns, in one transaction a batch.

In turns, batch by batch, each way into tables of its own. Rates are by CPU, of this process and of PostgreSQL's for the
connection together: they never work at the same time, and other processes take none of it. The counts of the sink's
transaction are those by minute; the roller, which makes all others, works apart from it and is measured apart.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from time import process_time
from typing import Final

import asyncpg
import msgspec

from bench.console_data import open_schema
from bench.measuring import cpu_seconds
from bench.report import Figure
from bench.storage_clicks import EXAMPLE
from identity.ulid import make_ulid
from runtime.garbage import collecting_rarely
from schemas import EnrichedClick, decode
from schemas.letters import SourceRecord
from storage.bisection import OnBad
from storage.days import prepare_days
from storage.engine import CLICKS as CLICK_DAYS
from storage.engine import read_engine
from storage.load import TableLoader
from storage.positions import StoredPositions
from storage.removed import Removed
from storage.rollups.roller import roll
from storage.rows import click_row
from storage.staged_tables import Numbered, names
from storage.tables import CLICKS, StorableRow

BATCH: Final = 2_500
FIRST: Final = 2
"""Batches that only warm up."""
GOALS: Final = {"the sink without its counts": 0.8, "the sink": 0.7}
ROLLER_GOAL_US: Final = 250
"""2,000 clicks a second on half a core."""
INSERT: Final = f"INSERT INTO clicks ({names(CLICKS)}) SELECT {names(CLICKS)} FROM staged ON CONFLICT DO NOTHING"

Store = Callable[[Sequence[StorableRow]], Awaitable[object]]


class Source(msgspec.Struct, frozen=True):
    """A record as Kafka gives it."""

    offset: int
    topic: str = "clicks.enriched"
    partition: int = 0
    key: bytes | None = None
    value: bytes | None = None
    timestamp: int = 0


class Way(msgspec.Struct, frozen=True):
    """One way to store a batch, and the connection that does it."""

    store: Store
    connection: asyncpg.Connection


class PlainLoader(TableLoader):
    """The sink's loader, but for the counts."""

    async def _load_clicks(self, rows: Sequence[Numbered], refuse: OnBad[Numbered], _: Removed) -> int:
        return await self._load_table(CLICKS, rows, refuse)


async def measure_loading(postgres: str, clicks: int) -> list[Figure]:
    """Store so many clicks in each way; give each way's rate as a share of the bare one's."""
    async with AsyncExitStack() as stack:
        stack.enter_context(collecting_rarely())
        ways = {
            "a bare COPY": await stack.enter_async_context(open_bare(postgres)),
            "the sink without its counts": await stack.enter_async_context(open_sink(postgres, PlainLoader)),
            "the sink": await stack.enter_async_context(open_sink(postgres, TableLoader)),
        }
        rounds = [await time_round(ways, make_rows(first)) for first in range(0, clicks, BATCH)][FIRST:]
        roller_us = await time_roller(ways["the sink"].connection, clicks)
    bare = [took["a bare COPY"] for took in rounds]
    figures = [Figure("loading: a bare COPY, us of CPU a click", f"{median(bare) / BATCH * 1e6:.0f}")]
    for name, goal in GOALS.items():
        share = median(one / took[name] for one, took in zip(bare, rounds, strict=True))
        what = f"{median(took[name] for took in rounds) / BATCH * 1e6:.0f} us; {share:.2f} of a bare COPY's rate"
        figures.append(Figure(f"loading: {name}", what, f">= {goal}", share >= goal))
    met = roller_us <= ROLLER_GOAL_US
    return [*figures, Figure("the roller", f"{roller_us:.0f} us of CPU a click", f"<= {ROLLER_GOAL_US} us", met)]


async def time_roller(connection: asyncpg.Connection, clicks: int) -> float:
    """Roll all that waits, as much at a time as the sink does; give us of CPU a click."""
    before = process_time() + cpu_seconds(connection.get_server_pid())
    while (rolled := await roll(connection, wait=True)) is not None and rolled.batches:
        pass
    return (process_time() + cpu_seconds(connection.get_server_pid()) - before) / clicks * 1e6


async def time_round(ways: dict[str, Way], rows: Sequence[StorableRow]) -> dict[str, float]:
    took = {}
    for name, way in ways.items():
        before = process_time() + cpu_seconds(way.connection.get_server_pid())
        await way.store(rows)
        took[name] = process_time() + cpu_seconds(way.connection.get_server_pid()) - before
    return took


@asynccontextmanager
async def open_bare(postgres: str) -> AsyncIterator[Way]:
    async with open_tables(postgres) as connection:
        await connection.execute(f"CREATE TEMPORARY TABLE staged AS SELECT {names(CLICKS)} FROM clicks WITH NO DATA")

        async def store(rows: Sequence[StorableRow]) -> None:
            async with connection.transaction():
                await connection.copy_records_to_table("staged", records=[one.row for one in rows])
                await connection.execute(INSERT)
                await connection.execute("TRUNCATE staged")

        yield Way(store, connection)


@asynccontextmanager
async def open_sink(postgres: str, kind: type[TableLoader]) -> AsyncIterator[Way]:
    async with open_tables(postgres) as connection:
        loader = kind(connection, StoredPositions())
        await loader.prepare()

        async def store(rows: Sequence[StorableRow]) -> None:
            await loader.load(rows, lambda _: None, [one.source for one in rows])

        yield Way(store, connection)


@asynccontextmanager
async def open_tables(postgres: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_schema(postgres) as url:
        connection = await asyncpg.connect(url)
        try:
            today = datetime.now(UTC).date()
            days = [today - timedelta(days=1), today]
            await prepare_days(connection, await read_engine(connection), days, CLICK_DAYS)
            yield connection
        finally:
            await connection.close()


def make_rows(first: int) -> list[StorableRow]:
    """Make a batch of clicks of this moment, of 5,000 codes and 500 affiliates."""
    example = decode(EnrichedClick, EXAMPLE.read_bytes())
    assert isinstance(example, EnrichedClick)
    now = datetime.now(UTC)
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    rows = []
    for number in range(first, first + BATCH):
        rank = int(5000 ** (number * 0.618 % 1))
        click = msgspec.structs.replace(
            example,
            click_id=make_ulid(int(at.timestamp() * 1000), bytes(number >> 5 * place & 31 for place in range(16))),
            clicked_at=at,
            published_at=at,
            code=f"code-{rank}",
            affiliate_id=f"affiliate-{rank * 7919 % 500}",
        )
        source: SourceRecord = Source(number)
        rows.append(StorableRow(CLICKS, click_row(click, at), source, at.date()))
    return rows
