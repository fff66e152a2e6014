"""Settings of the redirect service."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from ingest.http.admission import DEFAULT_MOST_WAIT_MS
from ingest.http.response import REDIRECT_CAP
from ingest.limits.defaults import (
    CLIENT_BURST,
    CLIENT_RATE_PER_S,
    CODE_BURST,
    CODE_RATE_PER_S,
    ClientBurst,
    ClientRate,
    CodeBurst,
    CodeRate,
)
from ingest.limits.gcra import make_limit
from runtime.errors import SettingsError
from runtime.kafka.settings import KafkaSettings
from runtime.setting_urls import find_web_problem
from runtime.settings import variables
from runtime.shared_settings import (
    DatabaseUrl,
    ForwardedHeader,
    Host,
    KeysFile,
    LogLevel,
    Port,
    PrivatePort,
    ProxyNetworks,
    PublicUrl,
    RedisPrefix,
    RedisUrl,
    Region,
)
from runtime.tracing import DEFAULT_RATIO, TracesEndpoint, TracesRatio
from urls.targets import TargetProblem, check_target


def find_unfit_target(url: str) -> str | None:
    # First, because its message shows nothing of the URL; messages about a target may quote it.
    if problem := find_web_problem(url):
        return problem
    match check_target(url):
        case TargetProblem(reason=reason):
            return reason
    return None


FallbackUrl = Annotated[
    str,
    Meta(
        description="where to redirect unknown codes; without it they get a small 404 page",
        examples=["https://shop.example/"],
        extra={"check": find_unfit_target},
    ),
]
Prefetch = Annotated[
    Literal["refuse", "record"], Meta(description="refuse prefetches with 503, or redirect and record them")
]
RedirectCap = Annotated[
    int,
    Meta(
        ge=1024,
        le=65_536,
        description="maximum bytes of a redirect's head, with Location and cookie; nginx answers 502 above 4,096",
    ),
]
Workers = Annotated[
    int,
    Meta(
        ge=1,
        le=64,
        description="processes on the port; with more than 1 a supervisor runs them, with private ports after its own",
    ),
]
DataDir = Annotated[
    str,
    Meta(
        min_length=1,
        description="folder on a local disk for the journal of accepted clicks and the snapshot of the referrals",
        examples=["/var/lib/clickrail/ingest"],
    ),
]
MostConnections = Annotated[
    int, Meta(ge=1, le=1_000_000, description="maximum open connections of a process; each needs an open file")
]
MostWait = Annotated[
    int,
    Meta(
        ge=0,
        le=60_000,
        description="milliseconds a request may wait for its turn in an overload, else it gets a 503; 0: never refuse",
    ),
]
HeadTimeout = Annotated[
    float,
    Meta(gt=0, le=60, description="seconds in which all of a request's line and header fields must arrive"),
]
KeepAliveTimeout = Annotated[
    float,
    Meta(
        gt=0,
        le=600,
        description="seconds a connection stays open without a request; set it higher than a proxy's in front",
    ),
]
PostgresTimeout = Annotated[
    int,
    Meta(
        ge=10,
        le=5000,
        description="milliseconds a lookup may wait for PostgreSQL; set it to three round trips or more",
    ),
]
SyncMilliseconds = Annotated[
    int,
    Meta(
        ge=1, le=1000, description="milliseconds until a written click is synced to disk: what a power failure can lose"
    ),
]
DrainSeconds = Annotated[
    int,
    Meta(
        ge=0,
        le=300,
        description="seconds a stop keeps accepting visitors while /readyz says 503, until load balancers see it",
    ),
]
FlushSeconds = Annotated[
    int, Meta(ge=0, le=60, description="seconds a stop then waits for Kafka; undelivered clicks stay in the journal")
]


HIGHEST_PORT: Final = 65_535


class Settings(KafkaSettings, frozen=True, kw_only=True, rename=variables("INGEST")):
    """Read from `CLICKRAIL_INGEST_*` and the shared variables."""

    database_url: DatabaseUrl
    redis_url: RedisUrl | None = None
    redis_prefix: RedisPrefix = "clickrail"
    keys_file: KeysFile
    data_dir: DataDir
    public_url: PublicUrl
    region: Region = "local"
    log_level: LogLevel = "info"
    traces_endpoint: TracesEndpoint | None = None
    traces_ratio: TracesRatio = DEFAULT_RATIO
    host: Host = "0.0.0.0"  # noqa: S104 - visitors connect from outside
    port: Port = 8080
    private_host: Host = "127.0.0.1"
    private_port: PrivatePort = 9100
    workers: Workers = 1
    trusted_proxies: ProxyNetworks = ()
    forwarded_header: ForwardedHeader = "x-forwarded-for"
    fallback_url: FallbackUrl | None = None
    prefetch: Prefetch = "refuse"
    redirect_cap: RedirectCap = REDIRECT_CAP
    client_rate_per_s: ClientRate = CLIENT_RATE_PER_S
    client_burst: ClientBurst = CLIENT_BURST
    code_rate_per_s: CodeRate = CODE_RATE_PER_S
    code_burst: CodeBurst = CODE_BURST
    most_connections: MostConnections = 10_000
    most_wait_ms: MostWait = DEFAULT_MOST_WAIT_MS
    head_timeout_s: HeadTimeout = 10.0
    keepalive_timeout_s: KeepAliveTimeout = 75.0
    postgres_timeout_ms: PostgresTimeout = 100
    sync_ms: SyncMilliseconds = 20
    drain_s: DrainSeconds = 5
    flush_s: FlushSeconds = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.workers > 1 and self.private_port + self.workers > HIGHEST_PORT:
            most = HIGHEST_PORT - self.workers
            theirs = f"the {self.workers} workers use the ports after it"
            raise SettingsError(f"CLICKRAIL_INGEST_PRIVATE_PORT: must be {most} or less: {theirs}")
        for name in ("client", "code"):
            rate, burst = getattr(self, f"{name}_rate_per_s"), getattr(self, f"{name}_burst")
            try:
                make_limit(rate, burst)
            except ValueError as error:
                raise SettingsError(f"CLICKRAIL_INGEST_{name.upper()}_RATE_PER_S: {error}") from None
