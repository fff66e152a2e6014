"""Settings of the enricher."""

from typing import Annotated, Final

from msgspec import Meta

from runtime.kafka.settings import KafkaSettings
from runtime.settings import variables
from runtime.shared_settings import (
    GroupInstanceId,
    Host,
    KeysFile,
    LogLevel,
    MostDeadLetters,
    PrivatePort,
    RedisPrefix,
    RedisUrl,
)
from runtime.tracing import DEFAULT_RATIO, TracesEndpoint, TracesRatio

GeoDatabases = Annotated[
    tuple[str, ...],
    Meta(
        description="city databases (.mmdb, MaxMind's or DB-IP's layout), comma-separated; without one geo is null",
        examples=["/usr/share/GeoIP/GeoLite2-City.mmdb"],
    ),
]
NetworkDatabases = Annotated[
    tuple[str, ...],
    Meta(
        description="databases of autonomous systems (.mmdb, MaxMind's or DB-IP's layout), comma-separated; without one"
        " a click has no ASN",
        examples=["/usr/share/GeoIP/GeoLite2-ASN.mmdb"],
    ),
]
NetworkLists = Annotated[
    tuple[str, ...],
    Meta(
        description="lists of ranges and AS numbers, each as `kind=path` or a file that says its kind, comma-separated",
        examples=["vpn=/etc/clickrail/vpn.txt"],
    ),
]
QualityRules = Annotated[
    str | None,
    Meta(
        description="JSON file with weights and limits of the quality score, read again when it changes; without it the"
        " defaults apply",
        examples=["/etc/clickrail/quality.json"],
    ),
]
DEFAULT_REDIS_DEADLINE_MS: Final = 100
RedisDeadline = Annotated[
    int,
    Meta(
        ge=10,
        le=10_000,
        description="milliseconds that each thousand clicks of a batch wait for Redis, at most; without an answer they"
        " are not judged, and Redis is not asked for 5 s",
    ),
]
BatchRecords = Annotated[int, Meta(ge=1, le=50_000, description="records enriched and acknowledged at once, at most")]


class Settings(KafkaSettings, frozen=True, kw_only=True, rename=variables("ENRICHER")):
    """Read from `CLICKRAIL_ENRICHER_*` and the shared variables."""

    keys_file: KeysFile
    redis_url: RedisUrl | None = None
    redis_prefix: RedisPrefix = "clickrail"
    redis_deadline_ms: RedisDeadline = DEFAULT_REDIS_DEADLINE_MS
    log_level: LogLevel = "info"
    traces_endpoint: TracesEndpoint | None = None
    traces_ratio: TracesRatio = DEFAULT_RATIO
    private_host: Host = "127.0.0.1"
    private_port: PrivatePort = 9120
    geo_databases: GeoDatabases = ()
    network_databases: NetworkDatabases = ()
    network_lists: NetworkLists = ()
    quality_rules: QualityRules = None
    batch_records: BatchRecords = 3000
    dead_letter_limit: MostDeadLetters = 100
    group_instance_id: GroupInstanceId | None = None
