"""What the console counts."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

LOGIN_RESULTS: Final = (
    *("accepted", "code", "wrong", "wrong_code", "expired", "limited", "crowded", "away"),
    *("provider_lost", "provider_refused", "provider_away", "not_admitted"),
)


class ConsoleMetrics:
    """Browsers watching live, records read for them, lines dropped for slow ones, logins by result, missing clicks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.browsers = Gauge("clickrail_console_browsers", "Browsers watching clicks arrive.", registry=registry)
        self.events = Counter(
            "clickrail_console_events",
            "Records read for the live view, by kind; `unread` came while nobody looked, and were not decoded.",
            ["kind"],
            registry=registry,
        )
        for kind in ("click", "rejection", "undecodable", "unread"):
            self.events.labels(kind)
        self.dropped = Counter(
            "clickrail_console_events_dropped", "Lines dropped because a browser read too slowly.", registry=registry
        )
        self.logins = Counter(
            "clickrail_console_logins",
            "Logins by result: only `accepted` opens a session.",
            ["result"],
            registry=registry,
        )
        for result in LOGIN_RESULTS:
            self.logins.labels(result)
        self.missing_clicks = Gauge(
            "clickrail_ledger_missing_clicks",
            "Clicks of the last 24 hours that ingest accepted, and that are in no table, in no dead letter and not in "
            "Kafka on their way, and that nobody has acknowledged as lost. It should stay at 0.",
            registry=registry,
        )
