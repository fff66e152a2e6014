"""Metrics of the lookup. Labels are stores and outcomes, never a code."""

import time
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

STORES: Final = ("redis", "postgres")
READS: Final = ("ok", "away", "skipped")
REDIS_WRITES: Final = ("ok", "away", "dropped")
SNAPSHOT_WRITES: Final = ("built", "merged", "failed")


class DescribesSnapshot(Protocol):
    """A snapshot's version, how many codes it has, and when it was taken, in seconds since 1970."""

    @property
    def version(self) -> int: ...

    @property
    def codes(self) -> int: ...

    @property
    def taken_at(self) -> float: ...


class LookupMetrics:
    """The metrics of a lookup. Without a registry they count and are not exported."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.reads = Counter(
            "clickrail_lookup_reads",
            "Reads of a store, probes of Redis included, by outcome: ok, away (no answer in time, or an error), skipped"
            " (known to be away).",
            ["store", "outcome"],
            registry=registry,
        )
        self.keys = Counter(
            "clickrail_lookup_keys",
            "Keys requested from a store; one read has many keys.",
            ["store"],
            registry=registry,
        )
        self.redis_writes = Counter(
            "clickrail_lookup_redis_writes",
            "Values to be written to Redis, by outcome: ok, away (changes are written again later), "
            "dropped (the queue was full, or Redis has lost all others).",
            ["outcome"],
            registry=registry,
        )
        self.redis_refused = Counter(
            "clickrail_lookup_redis_refused",
            "Values in Redis that were rejected: forged, cut, of another key, or older than a restored database.",
            registry=registry,
        )
        self.changes = Counter(
            "clickrail_lookup_changes", "Changes of programs, affiliates and codes applied.", registry=registry
        )
        self.version = Gauge(
            "clickrail_lookup_version", "The newest version of the referrals in this process.", registry=registry
        )
        self.following = Gauge(
            "clickrail_lookup_following",
            "1 while this process receives changes from Postgres, else 0.",
            registry=registry,
        )
        self.snapshot_version = Gauge(
            "clickrail_snapshot_version",
            "The version of the referrals at which the snapshot in use was taken; 0 without one.",
            registry=registry,
        )
        self.snapshot_codes = Gauge("clickrail_snapshot_codes", "Codes in the snapshot in use.", registry=registry)
        self.snapshot_changes = Gauge(
            "clickrail_snapshot_changes", "Changes since the snapshot in use, kept in memory.", registry=registry
        )
        self.snapshot_age = Gauge(
            "clickrail_snapshot_age_seconds",
            "Age of the snapshot in use. A new one is written only after changes.",
            registry=registry,
        )
        self.snapshot_writes = Counter(
            "clickrail_snapshot_writes",
            "Snapshots written by this process: built (from Postgres), merged (the older one plus changes), failed.",
            ["outcome"],
            registry=registry,
        )
        self.snapshot_unreadable = Counter(
            "clickrail_snapshot_unreadable", "Values in the snapshot that could not be read.", registry=registry
        )
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Export every series from the start: an increase from nothing to 1 is none to who asks for increases."""
        for store in STORES:
            self.keys.labels(store)
            for outcome in READS:
                self.reads.labels(store, outcome)
        for outcome in REDIS_WRITES:
            self.redis_writes.labels(outcome)
        for outcome in SNAPSHOT_WRITES:
            self.snapshot_writes.labels(outcome)

    def set_snapshot(self, snapshot: DescribesSnapshot | None, changes: int) -> None:
        self.snapshot_version.set(snapshot.version if snapshot else 0)
        self.snapshot_codes.set(snapshot.codes if snapshot else 0)
        self.snapshot_changes.set(changes)
        taken_at = snapshot.taken_at if snapshot else None
        self.snapshot_age.set_function(lambda: 0 if taken_at is None else time.time() - taken_at)
