"""What the console counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class ConsoleMetrics:
    """Browsers that watch, what came for them from Kafka, what they were too slow for, and logins by result."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.browsers = Gauge("clickrail_console_browsers", "Browsers that watch clicks arrive.", registry=registry)
        self.events = Counter(
            "clickrail_console_events", "Records read for the live view, by kind.", ["kind"], registry=registry
        )
        for kind in ("click", "rejection", "undecodable"):
            self.events.labels(kind)
        self.dropped = Counter(
            "clickrail_console_events_dropped", "Lines a browser was too slow for.", registry=registry
        )
        self.logins = Counter(
            "clickrail_console_logins",
            "Logins by result: only `accepted` opens a session.",
            ["result"],
            registry=registry,
        )
        for result in ("accepted", "wrong", "limited", "crowded", "away"):
            self.logins.labels(result)
