"""Everything that the page about the pipeline shows, read once for all who look."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.database import Database
from storage.ledger.acknowledging import Loss, list_losses
from storage.read.ledger import LedgerMinute, cut_to_minute, read_minutes
from storage.read.pipeline import PipelineState, StoreState, Version, read_pipeline, read_store, read_versions
from storage.read.queries import Connection

SHOWN: Final = timedelta(minutes=30)
LABELS: Final = {
    "schema": "Schema of clicks",
    "geo": "City database",
    "network": "Network database",
    "bots": "Bot rules",
    "quality": "Quality rules",
    "score": "Score rules",
    "devices": "Device parser",
}


class PipelineReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the tables, the ledger of half an hour, acknowledged losses, Redis, and versions in use."""

    state: PipelineState
    minutes: Sequence[LedgerMinute]
    losses: Sequence[Loss]
    store: StoreState
    versions: Mapping[str, Sequence[Version]]
    as_of: datetime


async def read_report(database: Database, now: datetime) -> PipelineReport:
    """Read it. Raises DatabaseAway."""

    async def query(connection: Connection) -> PipelineReport:
        until = cut_to_minute(now) + timedelta(minutes=1)
        return PipelineReport(
            state=await read_pipeline(connection, now),
            minutes=await read_minutes(connection, until - SHOWN, until),
            losses=await list_losses(connection),
            store=await read_store(connection, now),
            versions=await read_versions(connection, now),
            as_of=now,
        )

    return await database.read(query)


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """A minute of the ledger: what is absent is in flight while it is younger than the limit, and then missing."""

    counts: LedgerMinute
    in_flight: int
    missing: int

    @property
    def state(self) -> str:
        return "missing" if self.missing else "in flight" if self.in_flight else "adds up"


def write_line(counts: LedgerMinute, limit: datetime | None) -> LedgerLine:
    """Tell what is in flight from what is missing. Without a limit, nobody knows: all is in flight."""
    is_due = limit is not None and counts.minute < cut_to_minute(limit)
    return LedgerLine(counts=counts, in_flight=0 if is_due else counts.absent, missing=counts.absent if is_due else 0)


def name_version(name: str) -> str:
    return LABELS.get(name, name.removesuffix(" key").replace("_", " ").capitalize() + " key in use")
