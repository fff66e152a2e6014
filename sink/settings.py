"""Settings of the sink."""

from typing import Annotated

from msgspec import Meta

from runtime.kafka.settings import KafkaSettings
from runtime.settings import (
    DatabaseUrl,
    Host,
    LogLevel,
    MostDeadLetters,
    PrivatePort,
    variables,
)
from storage.partitions import DAYS_AHEAD

BatchRecords = Annotated[int, Meta(ge=1, le=50_000, description="records loaded in one transaction, at most")]

DaysAhead = Annotated[
    int, Meta(ge=1, le=60, description="days after today for which the partition of clicks is made beforehand")
]


class Settings(KafkaSettings, frozen=True, kw_only=True, rename=variables("SINK")):
    """Read from `CLICKRAIL_SINK_*` and the shared variables."""

    database_url: DatabaseUrl
    log_level: LogLevel = "info"
    private_host: Host = "127.0.0.1"
    private_port: PrivatePort = 9130
    batch_records: BatchRecords = 5000
    dead_letter_limit: MostDeadLetters = 100
    partition_days_ahead: DaysAhead = DAYS_AHEAD
