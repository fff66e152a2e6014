"""The environment of the local services: what the servers' addresses and this machine make of it. Pure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

ELSEWHERE: Final = ("CLICKRAIL_KAFKA_SECURITY_", "CLICKRAIL_KAFKA_SSL_", "CLICKRAIL_KAFKA_SASL_")
"""How another Kafka is reached; the local one speaks plain text, on the loopback address."""


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the local servers are, and the files of this run."""

    kafka: str
    postgres: str
    valkey: str
    keys_file: Path
    password_file: Path
    session_file: Path
    data_dir: Path
    geo_databases: tuple[Path, ...]


def service_environ(outer: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    """Give the environment of the services: what the user has set, and what only this run knows.

    Loopback counts as a trusted proxy, so that simulated visitors come from everywhere; the client's limit is wide; and
    a stop waits for no balancer.
    """
    defaults = {
        "CLICKRAIL_INGEST_HOST": "127.0.0.1",
        "CLICKRAIL_INGEST_DRAIN_S": "0",
        "CLICKRAIL_INGEST_CLIENT_RATE_PER_S": "1000",
        "CLICKRAIL_INGEST_CLIENT_BURST": "100000",
        "CLICKRAIL_INGEST_TRUSTED_PROXIES": "127.0.0.0/8,::1",
        "CLICKRAIL_PUBLIC_URL": f"http://127.0.0.1:{outer.get('CLICKRAIL_INGEST_PORT', '8080')}",
        "CLICKRAIL_CONSOLE_HOST": "127.0.0.1",
    }
    known = {
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": addresses.kafka,
        "CLICKRAIL_DATABASE_URL": addresses.postgres,
        "CLICKRAIL_REDIS_URL": addresses.valkey,
        "CLICKRAIL_KEYS_FILE": str(addresses.keys_file),
        "CLICKRAIL_INGEST_DATA_DIR": str(addresses.data_dir),
        "CLICKRAIL_CONSOLE_PASSWORD_FILE": str(addresses.password_file),
        "CLICKRAIL_CONSOLE_SESSION_SECRET_FILE": str(addresses.session_file),
        "CLICKRAIL_ENRICHER_GEO_DATABASES": ",".join(map(str, addresses.geo_databases)),
    }
    # Of a secret that this run knows, the other form (`X` or `X_FILE`) goes: both together are refused.
    replaced = {name.removesuffix("_FILE") for name in known} | {f"{name}_FILE" for name in known}
    ours = {name: value for name, value in outer.items() if name not in replaced and not name.startswith(ELSEWHERE)}
    return {**defaults, **ours, **known}
