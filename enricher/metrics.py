"""What the enricher counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from identity.verification import DESTROYED_KEY, FORGED, MALFORMED, UNKNOWN_KEY
from runtime.kafka.metrics import StreamMetrics
from schemas.letters import DEAD_REASONS


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
        self.rules_problems = Gauge(
            "clickrail_enricher_rules_problems",
            "1 while the file of quality rules cannot be used as it is.",
            registry=registry,
        )
        self.unopened = Counter(
            "clickrail_enricher_addresses_unopened",
            "Sealed addresses that this enricher's key ring does not open, by reason.",
            ["reason"],
            registry=registry,
        )
        for refused in (MALFORMED, UNKNOWN_KEY, DESTROYED_KEY, FORGED):
            self.unopened.labels(refused.reason)
