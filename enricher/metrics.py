"""What the enricher counts."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from identity.verification import DESTROYED_KEY, FORGED, MALFORMED, UNKNOWN_KEY
from runtime.kafka.metrics import StreamMetrics
from schemas.letters import DEAD_REASONS

NOT_JUDGED: Final = ("away", "skipped", "refused", "not_set", "late", "warming")


class EnricherMetrics(StreamMetrics):
    """The metrics of every stage, the files that cannot be used, and the addresses that cannot be opened.

    A click whose address cannot be opened has neither hash nor place. With another key ring than ingest's, that is all.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry, "enricher", DEAD_REASONS)
        self.geo_problems = Gauge(
            "clickrail_enricher_geo_problems", "Geo files that cannot be used as they are.", registry=registry
        )
        self.network_problems = Gauge(
            "clickrail_enricher_network_problems",
            "Databases of autonomous systems and lists of networks that cannot be used as they are.",
            registry=registry,
        )
        self.database_built = Gauge(
            "clickrail_enricher_database_built_timestamp_seconds",
            "When the oldest database in use was built by its publisher, in seconds since 1970, by kind: city, network."
            " 0 when none is in use.",
            ["kind"],
            registry=registry,
        )
        for kind in ("city", "network"):
            self.database_built.labels(kind)
        self.rules_problems = Gauge(
            "clickrail_enricher_rules_problems",
            "1 while the file of quality rules cannot be used as it is.",
            registry=registry,
        )
        self.redis_problem = Gauge(
            "clickrail_enricher_redis_problem",
            "1 while Redis may evict keys that uniqueness depends on, or has evicted some in the last hour.",
            registry=registry,
        )
        self.redis_evicted = Counter(
            "clickrail_enricher_redis_evicted_keys",
            "Keys that Redis evicted while this enricher ran.",
            registry=registry,
        )
        self.not_judged = Counter(
            "clickrail_enricher_not_judged",
            "Clicks without uniqueness or counts, by reason: Redis is away (no answer in time), skipped (away less than"
            " 5 s ago), refused (an error), not_set (no CLICKRAIL_REDIS_URL); the click was late (no counts); Redis is"
            " warming (a unique click may be a repeat).",
            ["reason"],
            registry=registry,
        )
        for reason in NOT_JUDGED:
            self.not_judged.labels(reason)
        self.unopened = Counter(
            "clickrail_enricher_addresses_unopened",
            "Sealed addresses that this enricher's key ring does not open, by reason.",
            ["reason"],
            registry=registry,
        )
        for refused in (MALFORMED, UNKNOWN_KEY, DESTROYED_KEY, FORGED):
            self.unopened.labels(refused.reason)
