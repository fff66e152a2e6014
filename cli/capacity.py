"""What a rate of clicks needs: processes, partitions, brokers, disk and network. Pure.

Each number of `Cost` was measured; `docs/cost-model.md` says how, and how sure it is.
"""

import math
from typing import Final

import msgspec

DAY_S: Final = 86_400
GIB: Final = 2**30
PARTITIONS: Final = 12
"""What `clickrail topics apply` makes. Two partitions for a member leave room to grow."""
PARTITIONS_A_MEMBER: Final = 2
REPLICAS: Final = 3
RAW_DAYS: Final = 3
PUBLIC_DAYS: Final = 7
LARGE_DATABASE_GIB: Final = 2_000
"""More than this PostgreSQL stores as well, but a backup and its restore take a day. Nobody has measured it."""
HIGHEST_POSTGRES_RATE: Final = 5_000
"""Clicks a second that one PostgreSQL is trusted with. Nothing above 3,000 has been measured."""


class Cost(msgspec.Struct, frozen=True):
    """What one click costs: microseconds of CPU and bytes."""

    ingest_us: float = 110
    enricher_us: float = 235
    sink_us: float = 150
    postgres_us: float = 280
    raw_bytes: float = 250
    enriched_bytes: float = 800
    row_bytes: float = 2_200
    counts_bytes: float = 100
    wal_bytes: float = 2_800
    journal_bytes: float = 1_600


COST: Final = Cost()
BUSY: Final = 0.5
"""The share of a core that is planned with: the rest is for peaks, and for catching up after an outage."""
BROKER_MB_S: Final = 50.0
"""What a broker is planned to write: a third of a plain SSD, which leaves room for reading and for copies."""


class Capacity(msgspec.Struct, frozen=True):
    """What a rate needs. Processes use a core each; disk is for the days given, with the topics' own retention."""

    clicks_per_second: float
    ingest: int
    enricher: int
    sink: int
    partitions: int
    brokers: int
    kafka_gib: float
    kafka_mb_per_s: float
    postgres_cores: int
    postgres_gib: float
    wal_mb_per_s: float
    journal_gib_per_hour: float
    storage: str


def plan_capacity(clicks_per_second: float, days: int, cost: Cost = COST) -> Capacity:
    """Plan for a rate that is held all day, and clicks that are kept for so many days."""
    members = {
        "ingest": processes(clicks_per_second, cost.ingest_us),
        "enricher": processes(clicks_per_second, cost.enricher_us),
        "sink": processes(clicks_per_second, cost.sink_us),
    }
    written = clicks_per_second * (cost.raw_bytes + cost.enriched_bytes) * REPLICAS
    stored = clicks_per_second * DAY_S * days * (cost.row_bytes + cost.counts_bytes) / GIB
    kept = RAW_DAYS * cost.raw_bytes + PUBLIC_DAYS * cost.enriched_bytes
    return Capacity(
        clicks_per_second=clicks_per_second,
        **members,
        partitions=plan_partitions(max(members["enricher"], members["sink"])),
        brokers=max(REPLICAS, math.ceil(written / 1e6 / BROKER_MB_S)),
        kafka_gib=clicks_per_second * DAY_S * kept * REPLICAS / GIB,
        kafka_mb_per_s=written / 1e6,
        postgres_cores=processes(clicks_per_second, cost.postgres_us),
        postgres_gib=stored,
        wal_mb_per_s=clicks_per_second * cost.wal_bytes / 1e6,
        journal_gib_per_hour=clicks_per_second * 3600 * cost.journal_bytes / GIB,
        storage=choose_storage(clicks_per_second, stored),
    )


def processes(clicks_per_second: float, us: float) -> int:
    return max(1, math.ceil(clicks_per_second * us / 1e6 / BUSY))


def plan_partitions(members: int) -> int:
    """Give a multiple of 12, so that 2, 3, 4, 6 and 12 members have equal shares."""
    return max(1, math.ceil(members * PARTITIONS_A_MEMBER / PARTITIONS)) * PARTITIONS


def choose_storage(clicks_per_second: float, stored_gib: float) -> str:
    if clicks_per_second > HIGHEST_POSTGRES_RATE:
        return "a warehouse that reads clicks.enriched"
    return "PostgreSQL" if stored_gib <= LARGE_DATABASE_GIB else "PostgreSQL for fewer days, or TimescaleDB"
