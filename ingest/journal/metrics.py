"""Metrics of the journal."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.journal.journal import Journal


class JournalMetrics(Collector):
    """Reads the journal when Prometheus collects, so the hot path does nothing for metrics."""

    def __init__(self, registry: CollectorRegistry, journal: Journal) -> None:
        self._journal = journal
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        journal = self._journal
        yield GaugeMetricFamily(
            "clickrail_journal_replay_pending",
            "Clicks that earlier processes accepted and Kafka does not have yet.",
            value=journal.replay_pending,
        )
        yield GaugeMetricFamily(
            "clickrail_journal_degraded",
            "1 while the disk refuses clicks and they are only in memory.",
            value=int(journal.problem is not None),
        )
        yield CounterMetricFamily(
            "clickrail_journal_unwritten",
            "Clicks that the disk refused at first and that were only in memory.",
            value=journal.unjournalled,
        )
        yield GaugeMetricFamily(
            "clickrail_journal_in_memory_alone",
            "Clicks that are only in memory now: the death of the process would lose them.",
            value=journal.in_memory_alone,
        )
        yield CounterMetricFamily(
            "clickrail_journal_damaged_records",
            "Clicks that could not be read back from damaged files.",
            value=journal.damaged_records,
        )
        yield CounterMetricFamily(
            "clickrail_journal_damaged_bytes", "Damaged bytes moved to quarantine.", value=journal.damaged_bytes
        )
