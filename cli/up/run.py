"""The run itself: servers, set-up, services, one demo click, addresses, and then the state until it is stopped."""

import asyncio
import os
import secrets
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cli.tables import apply_contract, apply_migrations
from cli.up.demo import DEMO_CODE, DEMO_PROGRAM, make_demo
from cli.up.environ import Addresses, service_environ
from cli.up.follow import describe_way, follow_click
from cli.up.screen import Screen
from cli.up.services import LocalService, plan_service, read_services, require_ports, run_services
from cli.up.status import show_status
from deploy.local.city import city_databases
from deploy.local.folder import held
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack, keep_up, run_stack
from deploy.local.together import together
from identity.keyfile import create_ring, read_ring
from identity.keys import RING_RANDOMNESS, init_ring
from runtime.settings import load


async def run_up(environ: Mapping[str, str], screen: Screen) -> None:
    """Run everything until cancelled. Raises what `cli.up.command` explains; then nothing is left running."""
    stop_on_signals()
    local = load(LocalSettings, {name: text for name, text in environ.items() if name.startswith("CLICKRAIL_LOCAL_")})
    # Asked before anything is fetched or started: another run, a wrong setting or a taken port costs nobody a minute.
    with held(local.data):
        pass
    require_ports(read_services(service_environ(environ, placeholders())))
    geo = await city_databases(local.cache, screen.progress)
    async with run_stack(local, screen.progress) as stack:
        addresses = await set_up(stack, local, geo, screen)
        inner = service_environ(environ, addresses)
        services = read_services(inner)
        screen.progress("Starting ingest, enricher, sink, console", None)
        async with run_services([plan_service(service, inner, local.data) for service in services], screen.say):
            screen.progress("Following one click from its 302 to its row", None)
            link = f"{inner['CLICKRAIL_PUBLIC_URL']}/ref/{DEMO_CODE}"
            ring = read_ring(addresses.keys_file)
            way = describe_way(await follow_click(link, DEMO_PROGRAM, ring, addresses.postgres))
            for line in [*way, "", *describe_addresses(link, services, addresses)]:
                screen.say(line)
            await together(show_status(services, screen), keep_up(stack.servers, screen.progress))


async def set_up(stack: Stack, local: LocalSettings, geo: tuple[Path, ...], screen: Screen) -> Addresses:
    """Bring topics, tables, keys and the demo program up to date; all of it may be there already."""
    addresses = Addresses(
        kafka=stack.kafka.address,
        postgres=stack.postgres.address,
        valkey=stack.valkey.address,
        keys_file=local.data / "keys.json",
        password_file=local.data / "console-password",
        session_file=local.data / "console-session-secret",
        data_dir=local.data / "ingest",
        geo_databases=geo,
    )
    screen.progress("Applying topics and migrations", None)
    await apply_contract([addresses.kafka], os.environ.get("CLICKRAIL_KAFKA_TOPIC_PREFIX", ""))
    await apply_migrations(addresses.postgres)
    if not addresses.keys_file.exists():
        create_ring(addresses.keys_file, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
    for file, length in ((addresses.password_file, 12), (addresses.session_file, 32)):
        if not file.exists():
            write_private(file, secrets.token_urlsafe(length))
    await make_demo(addresses.postgres)
    return addresses


def placeholders() -> Addresses:
    # Before the servers run their addresses are not known, and to read the services' ports none is needed; the
    # password may not exist yet, and a file that does is as good as any.
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
    )


def write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")


def describe_addresses(link: str, services: tuple[LocalService, ...], addresses: Addresses) -> list[str]:
    password = addresses.password_file.read_text().strip()
    ports = {service.name: service for service in services}
    metrics = ", ".join(f"{service.name} {service.private_port}" for service in services)
    return [
        f"  Tracking link  [bold]{link}[/]",
        f"  Console        [bold]http://127.0.0.1:{ports['console'].port}/[/]   password {password}",
        f"  Metrics        http://127.0.0.1:PORT/metrics   {metrics}",
        f"  Kafka          {addresses.kafka}",
        f"  PostgreSQL     {addresses.postgres}",
        f"  Valkey         {addresses.valkey}",
        f"  Logs           {addresses.keys_file.parent / 'logs'}",
        "",
        "  Send it traffic from another terminal: .venv/bin/clickrail simulate --rate 200 --seconds 60",
        "  Ctrl-C stops everything; the data stay.",
        "",
    ]


def stop_on_signals() -> None:
    # Both by hand: started in the background of a script, Python would not see Ctrl-C at all.
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
