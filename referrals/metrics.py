"""Metrics of the lookup. Labels are stores and outcomes: never a code."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class LookupMetrics:
    """Registered where a registry is given; without one they only count."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.reads = Counter(
            "clickrail_lookup_reads",
            "Reads of a store by outcome: ok, away (no answer in time, or an error), skipped (known to be away).",
            ["store", "outcome"],
            registry=registry,
        )
        self.keys = Counter(
            "clickrail_lookup_keys", "Keys asked of a store; many go into one read.", ["store"], registry=registry
        )
        self.redis_writes = Counter(
            "clickrail_lookup_redis_writes",
            "Values for Redis by outcome: ok, away, dropped (too many waited).",
            ["outcome"],
            registry=registry,
        )
        self.changes = Counter(
            "clickrail_lookup_changes", "Changes of programs, affiliates and codes taken in.", registry=registry
        )
        self.version = Gauge(
            "clickrail_lookup_version", "The newest version of the referrals this process has seen.", registry=registry
        )
        self.following = Gauge(
            "clickrail_lookup_following", "1 while changes are followed from Postgres, else 0.", registry=registry
        )
