"""The environment of the local services, made from the addresses of the local servers. Pure."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

REMOTE_KAFKA: Final = ("CLICKRAIL_KAFKA_SECURITY_", "CLICKRAIL_KAFKA_SSL_", "CLICKRAIL_KAFKA_SASL_")
"""Settings for reaching another Kafka; the local one uses plain text on the loopback address."""
NOT_OF_SERVICES: Final = ("CLICKRAIL_LOCAL_", "CLICKRAIL_TEST_")
"""Settings of the local servers and of tests, which services do not have."""
PASSWORD: Final = "CLICKRAIL_CONSOLE_PASSWORD"  # noqa: S105 - the name of a variable
SESSION_SECRET: Final = "CLICKRAIL_CONSOLE_SESSION_SECRET"  # noqa: S105 - the name of a variable
GEO_DATABASES: Final = "CLICKRAIL_ENRICHER_GEO_DATABASES"
NETWORK_DATABASES: Final = "CLICKRAIL_ENRICHER_NETWORK_DATABASES"
EXPORT: Final = "export "
RUNNING: Final = "# Running: "


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
    network_databases: tuple[Path, ...]


def service_environ(outer: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    """Return the environment of the services: the user's settings, and the addresses of this run.

    Loopback is a trusted proxy, so that simulated visitors can have any address; the client limit is high; and a stop
    does not wait for a load balancer.
    """
    # Port 0 means that a free port is chosen later: until then only the ports are read from this environment.
    port = outer.get("CLICKRAIL_INGEST_PORT", "8080")
    public_url = "http://127.0.0.1" if port == "0" else f"http://127.0.0.1:{port}"
    defaults = {
        "CLICKRAIL_INGEST_HOST": "127.0.0.1",
        "CLICKRAIL_INGEST_DRAIN_S": "0",
        "CLICKRAIL_INGEST_CLIENT_RATE_PER_S": "1000",
        "CLICKRAIL_INGEST_CLIENT_BURST": "100000",
        "CLICKRAIL_INGEST_TRUSTED_PROXIES": "127.0.0.0/8,::1",
        "CLICKRAIL_PUBLIC_URL": public_url,
        "CLICKRAIL_CONSOLE_HOST": "127.0.0.1",
        GEO_DATABASES: ",".join(map(str, addresses.geo_databases)),
        NETWORK_DATABASES: ",".join(map(str, addresses.network_databases)),
    }
    known = {
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": addresses.kafka,
        "CLICKRAIL_DATABASE_URL": addresses.postgres,
        "CLICKRAIL_REDIS_URL": addresses.valkey,
        "CLICKRAIL_KEYS_FILE": str(addresses.keys_file),
        "CLICKRAIL_INGEST_DATA_DIR": str(addresses.data_dir),
    }
    secrets = {PASSWORD: addresses.password_file, SESSION_SECRET: addresses.session_file}
    made = {f"{name}_FILE": str(file) for name, file in secrets.items() if not {name, f"{name}_FILE"} & set(outer)}
    # The services refuse a setting that is given twice, as NAME and as NAME_FILE.
    replaced = {f"{name}_FILE" for name in known}
    ours = {name: value for name, value in outer.items() if not name.startswith(REMOTE_KAFKA) and name not in replaced}
    return {**defaults, **ours, **made, **known}


def write_exports(environ: Mapping[str, str], services: Iterable[str], programs: Path) -> str:
    """Write lines for a shell (`. FILE`) with the settings of the services, and PostgreSQL's programs in PATH.

    `services` are those that run.
    """
    settings = {
        name: value
        for name, value in sorted(environ.items())
        if name.startswith("CLICKRAIL_") and not name.startswith(NOT_OF_SERVICES)
    }
    lines = [f"{EXPORT}{name}={shlex.quote(value)}" for name, value in settings.items()]
    return "\n".join(
        [
            "# The settings of the local stack, written each time it starts. Read them into a shell: . FILE",
            f"{RUNNING}{','.join(services)}",
            *lines,
            "# psql, pg_dump and others, in the version of the server.",
            f'{EXPORT}PATH={shlex.quote(str(programs))}:"$PATH"',
            "",
        ]
    )


def read_running(text: str) -> tuple[str, ...]:
    """Read which services `write_exports` was told to run."""
    names = next((line.removeprefix(RUNNING) for line in text.splitlines() if line.startswith(RUNNING)), "")
    return tuple(filter(None, names.split(",")))


def read_exports(text: str) -> dict[str, str]:
    """Read the settings that `write_exports` wrote."""
    exports = (line.removeprefix(EXPORT).partition("=") for line in text.splitlines() if line.startswith(EXPORT))
    return {name: "".join(shlex.split(value)) for name, _, value in exports if name.startswith("CLICKRAIL_")}
