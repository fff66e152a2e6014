"""The layer that decides: what Postgres says, each time with the version it says it at."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Final

import asyncpg
import msgspec
import structlog

from referrals.connections import AWAY, describe
from referrals.metrics import LookupMetrics
from referrals.model import Key, Kind, Referral
from referrals.row_codec import DECODERS
from runtime.outage_log import OutageLog

LOG: Final = structlog.get_logger()

HOPE_S: Final = 1.0
"""For how long after the start, or after a loss, a visitor waits for a connection, for the time-out at most."""

# The outer joins give the version even where nothing is found: "there is no such code" needs one, too.
READ_CODES: Final = """
    SELECT v.version AS as_of, c.code AS id,
        to_json(c)::text AS code, to_json(a)::text AS affiliate, to_json(p)::text AS program
    FROM referral_version v
    LEFT JOIN (referral_codes c JOIN affiliates a ON a.id = c.affiliate_id JOIN programs p ON p.id = c.program_id)
        ON c.code = ANY ($1::text[])
"""
READ_ROWS: Final[dict[Kind, str]] = {
    "program": """
        SELECT v.version AS as_of, r.id, to_json(r)::text AS program
        FROM referral_version v LEFT JOIN programs r ON r.id = ANY ($1::text[])
    """,
    "affiliate": """
        SELECT v.version AS as_of, r.id, to_json(r)::text AS affiliate
        FROM referral_version v LEFT JOIN affiliates r ON r.id = ANY ($1::text[])
    """,
    "code": """
        SELECT v.version AS as_of, r.code AS id, to_json(r)::text AS code
        FROM referral_version v LEFT JOIN referral_codes r ON r.code = ANY ($1::text[])
    """,
}


class RowsReading(msgspec.Struct, frozen=True):
    """What Postgres holds at version `as_of`: rows, and the ids asked for that do not exist.

    A row that this version of Clickrail cannot read is in neither: nothing can be said about it.
    """

    as_of: int
    rows: list[Referral]
    absent: list[str]


async def read_codes(connection: asyncpg.Connection, codes: Sequence[str], timeout_s: float) -> RowsReading:
    """Read well-formed codes, with the rows of their affiliates and programs. Raises one of `AWAY`."""
    return gather(await connection.fetch(READ_CODES, list(codes), timeout=timeout_s), codes)


async def read_rows(connection: asyncpg.Connection, kind: Kind, ids: Sequence[str], timeout_s: float) -> RowsReading:
    """Read rows of one kind. Raises one of `AWAY`."""
    return gather(await connection.fetch(READ_ROWS[kind], list(ids), timeout=timeout_s), ids)


def gather(records: Sequence[asyncpg.Record], asked: Sequence[str]) -> RowsReading:
    if not records:
        raise asyncpg.DataError("referral_version has no row")
    rows: dict[Key, Referral] = {}
    for record in records:
        for kind, decoder in DECODERS.items():
            text = record.get(kind)
            if text is None:
                continue
            try:
                row = decoder.decode(text)
            except msgspec.ValidationError as error:
                LOG.warning("row not understood", kind=kind, id=record["id"], error=str(error))
            else:
                rows[row.kind, row.id] = row
    found = {record["id"] for record in records}
    return RowsReading(records[0]["as_of"], list(rows.values()), [id_ for id_ in asked if id_ not in found])


class PostgresSource:
    """Reads for visitors: on one connection, which is kept open in the background, so that nobody waits for it."""

    def __init__(self, timeout_s: float, metrics: LookupMetrics, hope_s: float = HOPE_S) -> None:
        self.timeout_s = timeout_s
        self.hope_s = hope_s
        self.metrics = metrics
        self.connection: asyncpg.Connection | None = None
        self.known_away = False
        self.hopes_until = monotonic() + self.hope_s
        self.changed = asyncio.Event()
        self.outage = OutageLog(LOG, "lookup failed in postgres", "lookup in postgres works again")

    async def use(self, connection: asyncpg.Connection) -> None:
        """Take a connection into use until it is lost. Its statement is prepared before: that takes a round trip."""
        await read_codes(connection, [], timeout_s=10 * self.timeout_s)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        self.set_connection(connection)
        await lost.wait()
        self.set_connection(None)

    def set_connection(self, connection: asyncpg.Connection | None, *, known_away: bool = False) -> None:
        self.connection = connection
        self.known_away = known_away
        self.hopes_until = monotonic() + self.hope_s
        self.changed.set()

    def give_up(self) -> None:
        """Answer at once that Postgres is away, until it is reached again."""
        connection, self.connection = self.connection, None
        self.set_connection(None, known_away=True)
        if connection is not None:
            connection.terminate()

    async def read(self, codes: Sequence[str]) -> RowsReading | None:
        """Read codes within the time-out; null when Postgres does not answer, or is known not to.

        For one caller at a time.
        """
        outcome = "away"
        self.metrics.keys.labels("postgres").inc(len(codes))
        try:
            connection = await self.wait_for_connection()
            if connection is None:
                outcome = "skipped"
                return None
            reading = await read_codes(connection, codes, self.timeout_s)
            outcome = "ok"
            self.outage.end()
        except TimeoutError:
            self.give_up()
            return None
        except AWAY as error:
            self.outage.fail(describe(error))
            return None
        finally:
            self.metrics.reads.labels("postgres", outcome).inc()
        return reading

    async def wait_for_connection(self) -> asyncpg.Connection | None:
        # Only while the first attempt, or one after a loss, is under way: a visitor of the first moment need not fail.
        async with asyncio.timeout(min(self.timeout_s, self.hopes_until - monotonic())):
            while self.connection is None and not self.known_away:
                self.changed.clear()
                await self.changed.wait()
        return self.connection
