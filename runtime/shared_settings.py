"""The settings that several services share: their names, their types with limits and descriptions, and their checks.

`runtime.settings` reads them.
"""

import zoneinfo
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from msgspec import Meta

from runtime.client_address import parse_networks
from runtime.kafka.addresses import find_unfit_server
from runtime.secret import Secret
from runtime.server_urls import find_postgres_problem, find_redis_problem
from runtime.setting_urls import find_origin_problem

SHARED: Final = (
    "kafka_bootstrap_servers",
    "kafka_topic_prefix",
    "kafka_security_protocol",
    "kafka_ssl_ca_file",
    "kafka_ssl_certificate_file",
    "kafka_ssl_key_file",
    "kafka_sasl_mechanism",
    "kafka_sasl_username",
    "kafka_sasl_password",
    "database_url",
    "redis_url",
    "redis_prefix",
    "keys_file",
    "public_url",
    "region",
    "timezone",
    "log_level",
    "traces_endpoint",
    "traces_ratio",
)
POSTGRES_URL: Final = "postgresql://user:password@host:5432/database"
REDIS_URL: Final = "redis://user:password@host:6379/0"
ORIGIN: Final = "https://go.shop.example"


def find_database_url_problem(url: Secret) -> str | None:
    return add_example(POSTGRES_URL, find_postgres_problem(url.reveal()))


def find_redis_url_problem(url: Secret) -> str | None:
    return add_example(REDIS_URL, find_redis_problem(url.reveal()))


def find_public_url_problem(url: str) -> str | None:
    return add_example(ORIGIN, find_origin_problem(url))


def add_example(example: str, problem: str | None) -> str | None:
    return None if problem is None else f"{problem}; use a URL like {example}"


def find_zone_problem(name: str) -> str | None:
    if name not in zoneinfo.available_timezones():
        return f"there is no time zone {name!r}; use a name of the IANA database, such as Europe/Berlin or UTC"
    return None


def find_network_problem(texts: Iterable[str]) -> str | None:
    try:
        parse_networks(texts)
    except ValueError as error:
        return f"{error}; write networks such as 10.0.0.0/8, or addresses, separated by commas"
    return None


KafkaBootstrapServers = Annotated[
    tuple[str, ...],
    Meta(
        min_length=1,
        description="Kafka's brokers, comma-separated",
        examples=["kafka-1:9092,kafka-2:9092"],
        extra={"check": find_unfit_server},
    ),
]
KafkaTopicPrefix = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._-]{0,64}\Z",
        description="prefix of every topic and consumer group",
        examples=["team-a."],
        extra={"form": "at most 64 letters, digits, dots, hyphens or underscores"},
    ),
]
DatabaseUrl = Annotated[
    Secret,
    Meta(
        description="PostgreSQL",
        examples=[POSTGRES_URL],
        extra={"check": find_database_url_problem},
    ),
]
RedisUrl = Annotated[
    Secret, Meta(description="Redis or Valkey", examples=[REDIS_URL], extra={"check": find_redis_url_problem})
]
RedisPrefix = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._-]{1,64}\Z",
        description="first part of every key, so that installations can share one Redis",
        extra={"form": "1 to 64 letters, digits, dots, hyphens or underscores"},
    ),
]
KeysFile = Annotated[
    str,
    Meta(
        min_length=1,
        description="the key ring's file, closed to other users (mode 0600 or 0640); `clickrail keys init` makes it",
        examples=["/var/lib/clickrail/keys/keys.json"],
    ),
]
PublicUrl = Annotated[
    str,
    Meta(
        description="URL at which visitors reach ingest; with http, cookies have no Secure attribute",
        examples=[ORIGIN],
        extra={"check": find_public_url_problem, "form": "`http://` or `https://` and a host, with no path"},
    ),
]
Region = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9-]{1,32}\Z",
        description="name of the place where this process runs; part of every event",
        examples=["eu-west-1"],
        extra={"form": "1 to 32 lower-case letters, digits or hyphens"},
    ),
]
Timezone = Annotated[
    str,
    Meta(
        description="reporting zone of hours, days and months; after a change run `clickrail rollups rebuild --zone`",
        examples=["Europe/Berlin"],
        extra={"check": find_zone_problem, "form": "a name of the IANA time zone database"},
    ),
]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], Meta(description="lowest level that is logged")]
Host = Annotated[str, Meta(min_length=1, description="address to listen on")]
Port = Annotated[int, Meta(ge=0, le=65535, description="port to listen on; 0 chooses a free one")]
PrivatePort = Annotated[int, Meta(ge=0, le=65535, description="port of /healthz, /readyz and /metrics")]
MostDeadLetters = Annotated[
    int,
    Meta(
        ge=0,
        le=10_000,
        description="dead letters allowed among the last 10,000 records: one more stops the stage, and so do as many in"
        " a row; 0 is no limit",
    ),
]
GroupInstanceId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._-]{1,200}\Z",
        description="name of this process in its consumer group, such as its pod's, different from every other"
        " member's: started again within 10 s of a crash, it has its partitions back at once",
        examples=["clickrail-0"],
        extra={"form": "1 to 200 letters, digits, dots, hyphens or underscores"},
    ),
]
ProxyNetworks = Annotated[
    tuple[str, ...],
    Meta(
        description="networks of trusted proxies, which may name the client's address, comma-separated",
        examples=["10.0.0.0/8,::1"],
        extra={"check": find_network_problem},
    ),
]
ForwardedHeader = Annotated[
    Literal["x-forwarded-for", "forwarded"],
    Meta(description="header in which they do, X-Forwarded-For or Forwarded (RFC 7239); the other one is ignored"),
]
