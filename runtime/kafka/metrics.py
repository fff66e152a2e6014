"""Metrics of a stage that reads from Kafka."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from runtime.metrics import BATCH_BUCKETS

REBALANCE_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class StreamMetrics:
    """`kafka_consumergroup_lag` has the name dashboards and autoscalers know.

    `reasons` are those that its dead letters can have. While Kafka does not answer lag and age stay as they were, so
    that nobody scales by a guess, and `lag_measured` grows old.
    """

    def __init__(self, registry: CollectorRegistry, stage: str, reasons: Iterable[str] = ()) -> None:
        self.records = Counter(f"clickrail_{stage}_records", "Records read, done and committed.", registry=registry)
        self.batch_seconds = Histogram(
            f"clickrail_{stage}_batch_seconds", "Time a batch took.", buckets=BATCH_BUCKETS, registry=registry
        )
        self.rebalance_seconds = Histogram(
            f"clickrail_{stage}_rebalance_seconds",
            "Time without partitions while the group divided them again; its count is how often that was.",
            buckets=REBALANCE_BUCKETS,
            registry=registry,
        )
        self.dead = Counter(
            f"clickrail_{stage}_dead_letters", "Records dead-lettered, by reason.", ["reason"], registry=registry
        )
        # From 0 on: an increase from nothing to 1 is none to who asks for increases.
        for reason in reasons:
            self.dead.labels(reason)
        self.stopped = Gauge(
            f"clickrail_{stage}_stopped_by_dead_letters",
            "1 while the stage reads no further, because too many records would become dead letters.",
            registry=registry,
        )
        self.lost_by_reason = Counter(
            "clickrail_clicks_lost", "Clicks gone for good, by reason.", ["reason"], registry=registry
        )
        self.lost = self.lost_by_reason.labels("offset_out_of_range")
        self.read_again = Counter(
            f"clickrail_{stage}_records_read_again",
            "Records read again because the database had stored them and lacks them: it failed over, or was restored.",
            registry=registry,
        )
        self.without_offset = Counter(
            f"clickrail_{stage}_partitions_without_offset",
            "Partitions for which Kafka had no offset of the group: new, or lost, as by expiry; read from their start.",
            ["offset"],
            registry=registry,
        )
        for offset in ("new", "lost"):
            self.without_offset.labels(offset)
        self.lag = Gauge(
            "kafka_consumergroup_lag",
            "Records written to the partition and not yet committed by the group.",
            ["consumergroup", "topic", "partition"],
            registry=registry,
        )
        self.oldest_waiting = Gauge(
            f"clickrail_{stage}_oldest_waiting_seconds",
            "Age of the oldest record that the group has not committed, of this member's partitions; 0 without lag.",
            registry=registry,
        )
        self.lag_measured = Gauge(
            f"clickrail_{stage}_lag_measured_timestamp_seconds",
            "When the lag was last measured, in seconds since 1970: long ago while Kafka does not answer.",
            registry=registry,
        )
