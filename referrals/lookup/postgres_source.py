"""Reads referrals from Postgres, each time with the version at which they were read."""

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
from referrals.origin import NOT_RESTORED
from referrals.row_codec import DECODERS
from runtime.outage_log import OutageLog
from runtime.postgres import PostgresAway

LOG: Final = structlog.get_logger()

CONNECT_GRACE_S: Final = 1.0
"""Visitors wait for a connection (up to the time-out) only this long after the start or after a connection was lost."""

# Outer joins, so that there is a row with the version even if no code is found: "no such code" needs a version too.
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


class VersionedRows(msgspec.Struct, frozen=True):
    """What Postgres has at version `as_of`: rows, and the requested ids that do not exist (`absent`).

    A row that this version of Clickrail cannot decode is in neither list.
    """

    as_of: int
    rows: list[Referral]
    absent: list[str]


async def read_codes(connection: asyncpg.Connection, codes: Sequence[str], timeout_s: float) -> VersionedRows:
    """Read well-formed codes, with the rows of their affiliates and programs. Raises one of `AWAY`."""
    return collect_rows(await connection.fetch(READ_CODES, list(codes), timeout=timeout_s), codes)


async def read_rows(connection: asyncpg.Connection, kind: Kind, ids: Sequence[str], timeout_s: float) -> VersionedRows:
    """Read rows of one kind. Raises one of `AWAY`."""
    return collect_rows(await connection.fetch(READ_ROWS[kind], list(ids), timeout=timeout_s), ids)


def collect_rows(records: Sequence[asyncpg.Record], ids: Sequence[str]) -> VersionedRows:
    if not records:
        raise PostgresAway(NOT_RESTORED)
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
    return VersionedRows(records[0]["as_of"], list(rows.values()), [id_ for id_ in ids if id_ not in found])


class PostgresSource:
    """Reads for visitors, on one connection that is opened in the background before it is needed."""

    def __init__(self, timeout_s: float, metrics: LookupMetrics, connect_grace_s: float = CONNECT_GRACE_S) -> None:
        self.timeout_s = timeout_s
        self.connect_grace_s = connect_grace_s
        self.metrics = metrics
        self.connection: asyncpg.Connection | None = None
        self.is_away = False
        self.grace_until = monotonic() + self.connect_grace_s
        self.connection_changed = asyncio.Event()
        self.outage = OutageLog(LOG, "lookup failed in postgres", "lookup in postgres works again")

    async def use(self, connection: asyncpg.Connection) -> None:
        """Use a connection until it is lost. Prepares the statement first, which takes a round trip."""
        await read_codes(connection, [], timeout_s=10 * self.timeout_s)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        self.set_connection(connection)
        await lost.wait()
        self.set_connection(None)

    def set_connection(self, connection: asyncpg.Connection | None, *, is_away: bool = False) -> None:
        self.connection = connection
        self.is_away = is_away
        self.grace_until = monotonic() + self.connect_grace_s
        self.connection_changed.set()

    def mark_away(self) -> None:
        """Drop the connection and answer "away" at once, until there is a new one."""
        connection, self.connection = self.connection, None
        self.set_connection(None, is_away=True)
        if connection is not None:
            connection.terminate()

    async def read(self, codes: Sequence[str]) -> VersionedRows | None:
        """Read codes within the time-out; null when Postgres is away. For one caller at a time."""
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
            self.mark_away()
            return None
        except AWAY as error:
            self.outage.fail(describe(error))
            return None
        finally:
            self.metrics.reads.labels("postgres", outcome).inc()
        return reading

    async def wait_for_connection(self) -> asyncpg.Connection | None:
        # Wait only while the first attempt to connect is under way, so that the first visitors need not fail.
        async with asyncio.timeout(min(self.timeout_s, self.grace_until - monotonic())):
            while self.connection is None and not self.is_away:
                self.connection_changed.clear()
                await self.connection_changed.wait()
        return self.connection
