"""What the enricher counts."""

from prometheus_client import CollectorRegistry, Gauge

from runtime.stream_metrics import StreamMetrics


class EnricherMetrics(StreamMetrics):
    """Besides what every stage counts: the geo files that cannot be used as they are."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry, "enricher")
        self.geo_problems = Gauge(
            "clickrail_enricher_geo_problems", "Geo files that cannot be used as they are.", registry=registry
        )
