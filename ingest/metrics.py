"""Metrics of ingest. The hot path increments plain integers; Prometheus collects them on request."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sized
from time import perf_counter_ns
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.loss_log import LossLog
from runtime.metrics import REQUEST_BUCKETS
from schemas.reasons import REASONS

BOUNDS_NS: Final = tuple(int(bound * 1e9) for bound in REQUEST_BUCKETS)

ANSWERS: Final = (
    "accepted",
    "rejected",
    "head",
    "method_not_allowed",
    "not_found",
    "unreadable",
    "failed",
    "left",
    "overloaded",
)
"""`unreadable` is a 400 or 431 to an invalid request, `failed` a 500 because of a bug. `left`: the visitor closed the
connection, or their half of it, during the lookup of the code; nothing is recorded. `overloaded` is a 503 to a visitor
who would have waited too long; nothing is recorded."""
CLOSED: Final = ("idle", "too_slow", "too_many")
"""Why ingest closed a connection: no request for too long, an incomplete request, too many connections."""


class PendingClicks(Protocol):
    """Counts the clicks that Kafka does not have yet: the journal."""

    @property
    def pending(self) -> int: ...


class Admission(Protocol):
    """Says what an overload has led to, at a time of `perf_counter_ns`."""

    def is_refusing(self, now: int, /) -> bool: ...

    def is_slowing_down(self, now: int, /) -> bool: ...


class IngestMetrics(Collector):
    """Requests by how they were answered, refusals by reason, durations, open connections, clicks lost."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.answers = dict.fromkeys(ANSWERS, 0)
        self.closed = dict.fromkeys(CLOSED, 0)
        self.connections: Sized = ()
        self.refused = {(number, recorded): 0 for number in REASONS for recorded in (True, False)}
        self.lost = Counter("clickrail_clicks_lost", "Lost clicks, by reason.", ["reason"], registry=registry)
        self.lost_rejections = Counter(
            "clickrail_rejections_lost", "Lost rejections, by reason.", ["reason"], registry=registry
        )
        for reason in ("journal_failed", "journal_damaged", "stopped"):
            self.lost.labels(reason)
        for reason in ("queue_full", "stopped", "too_large", "invalid"):
            self.lost_rejections.labels(reason)
        self._durations = [0] * (len(BOUNDS_NS) + 1)
        self._total_ns = 0
        self.losses = LossLog()
        registry.register(self)

    def lose(self, reason: str, clicks: int) -> None:
        """Count and log lost clicks."""
        self.lost.labels(reason).inc(clicks)
        self.losses.add("clicks", reason, clicks)

    def lose_rejections(self, reason: str, count: int) -> None:
        """Count and log lost rejections."""
        self.lost_rejections.labels(reason).inc(count)
        self.losses.add("rejections", reason, count)

    def observe(self, nanoseconds: int) -> None:
        """Note how long a response took, from the last bytes received to the response sent."""
        self._durations[bisect_left(BOUNDS_NS, nanoseconds)] += 1
        self._total_ns += nanoseconds

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily("clickrail_requests", "Requests answered, by answer.", labels=["answer"])
        for answer, count in self.answers.items():
            requests.add_metric([answer], count)
        yield requests
        refused = CounterMetricFamily(
            "clickrail_requests_refused", "Requests refused, by reason.", labels=["reason", "recorded"]
        )
        for (number, recorded), count in self.refused.items():
            refused.add_metric([number, str(recorded).lower()], count)
        yield refused
        closed = CounterMetricFamily(
            "clickrail_connections_closed", "Connections closed by ingest, by reason.", labels=["reason"]
        )
        for reason, count in self.closed.items():
            closed.add_metric([reason], count)
        yield closed
        yield GaugeMetricFamily("clickrail_connections_open", "Open connections.", value=len(self.connections))
        yield self._duration()

    def _duration(self) -> Metric:
        buckets = []
        total = 0
        for bound, count in zip((*REQUEST_BUCKETS, "+Inf"), self._durations, strict=True):
            total += count
            buckets.append((str(bound), total))
        family = HistogramMetricFamily(
            "http_server_request_duration_seconds", "Time to answer a request.", labels=["http_route"]
        )
        family.add_metric(["/ref/{code}"], buckets, self._total_ns / 1e9)
        return family


class QueueMetrics(Collector):
    """Clicks that wait for Kafka, and clicks too large for their topic."""

    def __init__(self, registry: CollectorRegistry, journal: PendingClicks, oversized: Sized) -> None:
        self._journal = journal
        self._oversized = oversized
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("clickrail_clicks_waiting", "Clicks that wait for Kafka.", value=self._journal.pending)
        yield GaugeMetricFamily(
            "clickrail_clicks_oversized",
            "Clicks that their topic refuses as too large or invalid; they wait in the journal until it is changed.",
            value=len(self._oversized),
        )


class KeyRingMetrics(Collector):
    """How old the active keys are: a key for AES-GCM may seal 2^32 messages.

    `read_created` gives when each was made, by purpose, in seconds since 1970.
    """

    def __init__(self, registry: CollectorRegistry, read_created: Callable[[], Mapping[str, float]]) -> None:
        self._read_created = read_created
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        created = GaugeMetricFamily(
            "clickrail_key_created_timestamp_seconds",
            "When the active key was made, by purpose, in seconds since 1970.",
            labels=["purpose"],
        )
        for purpose, seconds in self._read_created().items():
            created.add_metric([purpose], seconds)
        yield created


class OverloadMetrics(Collector):
    """What an overload has led to."""

    def __init__(self, registry: CollectorRegistry, admission: Admission) -> None:
        self._admission = admission
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        now = perf_counter_ns()
        overload = GaugeMetricFamily(
            "clickrail_overload",
            "1 while visitors wait too long: delivery to Kafka is slowed down, requests are refused with 503.",
            labels=["measure"],
        )
        overload.add_metric(["slow_delivery"], self._admission.is_slowing_down(now))
        overload.add_metric(["refuse"], self._admission.is_refusing(now))
        yield overload
