"""What the journal tells operators."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.journal.journal import Journal


class JournalMetrics(Collector):
    """Reads the journal when Prometheus asks: nothing is added to the path of a click."""

    def __init__(self, registry: CollectorRegistry, journal: Journal) -> None:
        self._journal = journal
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        journal = self._journal
        yield GaugeMetricFamily(
            "clickrail_journal_replay_pending",
            "Clicks an earlier process accepted and Kafka does not have yet.",
            value=journal.replay_pending,
        )
        yield GaugeMetricFamily(
            "clickrail_journal_degraded",
            "1 while the disk refuses and clicks are in memory alone.",
            value=int(journal.problem is not None),
        )
        yield CounterMetricFamily(
            "clickrail_journal_unwritten", "Clicks that were in memory alone.", value=journal.unjournalled
        )
        yield GaugeMetricFamily(
            "clickrail_journal_in_memory_alone",
            "Clicks that are in memory alone now: a death of the process would lose them.",
            value=journal.in_memory_alone,
        )
        yield CounterMetricFamily(
            "clickrail_journal_damaged_records", "Clicks that could not be read back.", value=journal.damaged_records
        )
        yield CounterMetricFamily(
            "clickrail_journal_damaged_bytes", "Bytes moved aside as damaged.", value=journal.damaged_bytes
        )
