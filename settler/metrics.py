"""What the settler counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from quality.wording import BANDS


class SettlerMetrics:
    """The metrics of the settler."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.settled = Counter(
            "clickrail_settler_settled", "Clicks with a settled score, by band.", ["band"], registry=registry
        )
        for band in BANDS:
            self.settled.labels(band)
        self.late = Counter(
            "clickrail_settler_late", "Clicks that were stored after their time had been settled.", registry=registry
        )
        self.behind = Gauge(
            "clickrail_settler_behind_s",
            "Seconds between now and the newest time that is settled; 0 before the first round.",
            registry=registry,
        )
