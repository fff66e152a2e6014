"""Makes what the services need before they start, where it is missing: topics, tables, keys, passwords, the demo."""

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from cli.tables import apply_contract, apply_migrations
from cli.up.demo import make_demo
from cli.up.environ import GEO_DATABASES, NETWORK_DATABASES, Addresses
from deploy.local.asn import asn_database
from deploy.local.city import city_databases
from deploy.local.progress import Progress
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from identity.keyfile import create_ring
from identity.keys import RING_RANDOMNESS, init_ring


class DatabaseFiles(msgspec.Struct, frozen=True):
    """The databases of cities and of autonomous systems that this run brings."""

    cities: tuple[Path, ...] = ()
    systems: tuple[Path, ...] = ()


async def fetch_databases(environ: Mapping[str, str], cache: Path, progress: Progress) -> DatabaseFiles:
    """Bring the databases that no setting names. Raises a LocalStackError."""
    cities = () if GEO_DATABASES in environ else await city_databases(cache, progress)
    systems = () if NETWORK_DATABASES in environ else (await asn_database(cache, progress),)
    return DatabaseFiles(cities, systems)


def find_addresses(stack: Stack, local: LocalSettings, files: DatabaseFiles) -> Addresses:
    return Addresses(
        kafka=stack.kafka.address,
        postgres=stack.postgres.address,
        valkey=stack.valkey.address,
        keys_file=local.data / "keys.json",
        password_file=local.data / "console-password",
        session_file=local.data / "console-session-secret",
        data_dir=local.data / "ingest",
        geo_databases=files.cities,
        network_databases=files.systems,
    )


async def set_up(addresses: Addresses, environ: Mapping[str, str], landing_url: str) -> None:
    """Make or update topics, tables and the demo. Raises DependencyAway, MigrationError, KeyRingError."""
    await apply_contract([addresses.kafka], environ.get("CLICKRAIL_KAFKA_TOPIC_PREFIX", ""))
    await apply_migrations(addresses.postgres)
    await make_demo(addresses.postgres, landing_url)


def make_secrets(addresses: Addresses) -> None:
    """Make the key ring, the console's password and its session secret, if they are missing."""
    if not addresses.keys_file.exists():
        create_ring(addresses.keys_file, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
    for file, length in ((addresses.password_file, 12), (addresses.session_file, 32)):
        if not file.exists():
            write_private(file, secrets.token_urlsafe(length) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, completely or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.replace(path)


def placeholders() -> Addresses:
    # To read the services' ports before the servers run: their settings need addresses, and files that exist.
    here = Path(__file__)
    return Addresses(
        kafka="127.0.0.1:1",
        postgres="postgresql://127.0.0.1:1/clickrail",
        valkey="redis://127.0.0.1:1/0",
        keys_file=here,
        password_file=here,
        session_file=here,
        data_dir=here,
        geo_databases=(),
        network_databases=(),
    )
