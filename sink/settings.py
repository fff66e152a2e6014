"""Settings of the sink."""

from typing import Annotated

from msgspec import Meta

from runtime.kafka.settings import KafkaSettings
from runtime.settings import variables
from runtime.shared_settings import DatabaseUrl, GroupInstanceId, Host, LogLevel, MostDeadLetters, PrivatePort, Timezone
from runtime.tracing import DEFAULT_RATIO, TracesEndpoint, TracesRatio
from storage.jobs import COMPRESS_AFTER_DAYS
from storage.partitions import DAYS_AHEAD

BatchRecords = Annotated[int, Meta(ge=1, le=50_000, description="records loaded in one transaction, at most")]

DaysAhead = Annotated[
    int, Meta(ge=1, le=60, description="days after today for which the partition of clicks is made beforehand")
]
RetentionDays = Annotated[
    int,
    Meta(
        ge=0,
        le=36_500,
        description="whole days after which the days of clicks and their scores are dropped; 0 keeps them for ever",
    ),
]
CompressAfterDays = Annotated[
    int,
    Meta(
        ge=0,
        le=36_500,
        description="days after which TimescaleDB compresses a day of clicks; 0 never does; without it nothing happens",
    ),
]
PersonalDays = Annotated[
    int,
    Meta(
        ge=0,
        le=36_500,
        description="whole days after which personal columns of clicks are emptied; 0 keeps them as long as the row",
    ),
]
RejectedDays = Annotated[
    int, Meta(ge=0, le=36_500, description="whole days after which rejections are deleted; 0 keeps them for ever")
]
LettersDays = Annotated[
    int, Meta(ge=0, le=36_500, description="whole days after which dead letters are deleted; 0 keeps them for ever")
]


class Settings(KafkaSettings, frozen=True, kw_only=True, rename=variables("SINK")):
    """Read from `CLICKRAIL_SINK_*` and the shared variables."""

    database_url: DatabaseUrl
    log_level: LogLevel = "info"
    traces_endpoint: TracesEndpoint | None = None
    traces_ratio: TracesRatio = DEFAULT_RATIO
    timezone: Timezone = "UTC"
    private_host: Host = "127.0.0.1"
    private_port: PrivatePort = 9130
    batch_records: BatchRecords = 5000
    dead_letter_limit: MostDeadLetters = 100
    group_instance_id: GroupInstanceId | None = None
    partition_days_ahead: DaysAhead = DAYS_AHEAD
    compress_after_days: CompressAfterDays = COMPRESS_AFTER_DAYS
    retention_days: RetentionDays = 0
    personal_days: PersonalDays = 0
    rejected_days: RejectedDays = 0
    letters_days: LettersDays = 0
