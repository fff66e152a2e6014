"""What the sink counts."""

from prometheus_client import CollectorRegistry, Counter

from runtime.stream_metrics import StreamMetrics
from schemas.letters import DEAD_REASONS


class SinkMetrics(StreamMetrics):
    """Besides what every stage counts: new rows, by table. A row that was there already is not counted again."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry, "sink", DEAD_REASONS)
        self.stored = Counter("clickrail_sink_rows_stored", "New rows, by table.", ["table"], registry=registry)
