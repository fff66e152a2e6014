"""What the sink counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from runtime.kafka.metrics import StreamMetrics
from schemas.letters import DEAD_REASONS


class SinkMetrics(StreamMetrics):
    """The metrics of every stage, and new rows by table. A row that was there already is not counted again."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry, "sink", DEAD_REASONS)
        self.stored = Counter("clickrail_sink_rows_stored", "New rows, by table.", ["table"], registry=registry)
        self.lost_by_retention = self.lost_by_reason.labels("retention")
        self.refused_as_erased = Counter(
            "clickrail_sink_erased_records_refused",
            "Records that were read again and not stored, because they had been erased, by table.",
            ["table"],
            registry=registry,
        )
        self.removed = Counter(
            "clickrail_sink_rows_removed",
            "Rows removed by retention: clicks, rejections, letters; and clicks whose personal columns were emptied.",
            ["what"],
            registry=registry,
        )
        self.days_ahead = Gauge(
            "clickrail_sink_partition_days_ahead",
            "Days after today for which clicks have their partition; -1 when not even today has, or nobody looked yet.",
            registry=registry,
        )
        self.days_ahead.set(-1)
        self.rollups_pending = Gauge(
            "clickrail_sink_rollups_pending_clicks",
            "Stored clicks that are not in the rollups yet. Readers count them from the table.",
            registry=registry,
        )
        self.rollups_oldest = Gauge(
            "clickrail_sink_rollups_oldest_batch_seconds",
            "Age of the oldest stored batch that is not in the rollups yet; 0 when there is none.",
            registry=registry,
        )
        self.rolled = Counter(
            "clickrail_sink_rolled_clicks", "Clicks that this process counted into the rollups.", registry=registry
        )
