"""A pipeline to measure: servers of its own, the services as processes, the demo program."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.load import Load
from cli.tables import apply_contract, apply_migrations
from cli.up.demo import make_demo
from cli.up.environ import Addresses, service_environ
from cli.up.services import LocalService, plan_service, read_services
from deploy.local.asn import asn_database
from deploy.local.city import city_databases
from deploy.local.ports import free_port
from deploy.local.server import Server
from deploy.local.settings import LocalSettings
from deploy.local.stack import run_stack
from identity.keyfile import create_ring
from identity.keys import RING_RANDOMNESS, init_ring

PASSWORD = "a password of the bench, and its session secret"  # noqa: S105 - of a console that nobody can reach


class Bench(msgspec.Struct, frozen=True):
    """Where everything is. `services` are not started yet."""

    addresses: Addresses
    servers: tuple[Server, ...]
    services: dict[str, Server]
    plans: dict[str, LocalService]
    url: str


@asynccontextmanager
async def open_bench(folder: Path) -> AsyncIterator[Bench]:
    local = LocalSettings(data_dir=str(folder), kafka_port=0, kafka_controller_port=0, postgres_port=0, valkey_port=0)
    geo = await city_databases(local.cache)
    systems = await asn_database(local.cache)
    async with run_stack(local) as stack:
        addresses = Addresses(
            kafka=stack.kafka.address,
            postgres=stack.postgres.address,
            valkey=stack.valkey.address,
            keys_file=folder / "keys.json",
            password_file=folder / "password",
            session_file=folder / "password",
            data_dir=folder / "ingest",
            geo_databases=geo,
            network_databases=(systems,),
        )
        addresses.password_file.write_text(PASSWORD)
        create_ring(addresses.keys_file, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
        await apply_contract([addresses.kafka], "")
        await apply_migrations(addresses.postgres)
        await make_demo(addresses.postgres, "https://shop.example")
        environ = service_environ({**os.environ, **free_ports()}, addresses)
        plans = {service.name: service for service in read_services(environ)}
        services = {name: Server(plan_service(service, environ, folder)) for name, service in plans.items()}
        try:
            yield Bench(addresses, stack.servers, services, plans, f"http://127.0.0.1:{plans['ingest'].port}")
        finally:
            for server in services.values():
                await server.stop()


def free_ports() -> dict[str, str]:
    names = (
        "INGEST_PORT",
        "CONSOLE_PORT",
        *(f"{name}_PRIVATE_PORT" for name in ("INGEST", "ENRICHER", "SINK", "SETTLER", "CONSOLE")),
    )
    return {f"CLICKRAIL_{name}": str(free_port()) for name in names}


async def load(
    url: str, seconds: float, connections: int, rate: float | None = None, codes: Sequence[str] = ()
) -> Load:
    """Run a load in a process of its own, on these codes in turns, or on the demo's; codes need a rate."""
    arguments: list[Any] = [url, seconds, connections, *([] if rate is None else [rate, ",".join(codes or ["demo"])])]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", *map(str, arguments), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, "the load failed"
    return msgspec.json.decode(output, type=Load)
