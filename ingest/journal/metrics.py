"""Metrics of the journal."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.journal.disk import DiskSpace
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
        yield from collect_disk(journal.disk)


def collect_disk(disk: DiskSpace | None) -> Iterable[Metric]:
    """Give the space of the disk. Without a measurement there is no sample: 0 would say that the disk is full."""
    size, free, available = (disk.size, disk.free, disk.available) if disk else (None, None, None)
    yield GaugeMetricFamily("clickrail_journal_disk_size_bytes", "Size of the disk with the journal.", value=size)
    yield GaugeMetricFamily("clickrail_journal_disk_free_bytes", "Free bytes of the disk with the journal.", value=free)
    yield GaugeMetricFamily(
        "clickrail_journal_disk_available_bytes",
        "Bytes that the journal may still write: the free ones without what the file system reserves for root.",
        value=available,
    )
