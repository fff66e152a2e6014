"""The four services as processes of this run: started, asked whether they are ready, started again when they die."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from deploy.local.errors import LocalStackError, PortTaken
from deploy.local.ports import is_free
from deploy.local.server import Server, ServerPlan
from runtime.settings import load

RESTART_S: Final = 1.0


class LocalService(msgspec.Struct, frozen=True):
    """A service, and where it listens: `port` is its public one, or null."""

    name: str
    port: int | None
    private_port: int


def read_services(environ: Mapping[str, str]) -> tuple[LocalService, ...]:
    """Give the services in the order of the stream. Raises SettingsError when their environment is not valid."""
    import console.settings
    import enricher.settings
    import ingest.settings
    import sink.settings

    kinds: dict[str, type[Any]] = {
        "ingest": ingest.settings.Settings,
        "enricher": enricher.settings.Settings,
        "sink": sink.settings.Settings,
        "console": console.settings.Settings,
    }
    loaded = {name: load(kind, environ) for name, kind in kinds.items()}
    return tuple(
        LocalService(name, getattr(settings, "port", None), settings.private_port) for name, settings in loaded.items()
    )


def require_ports(services: Sequence[LocalService]) -> None:
    """Raise PortTaken when a port of a service is not free."""
    for service in services:
        for port, field in ((service.port, "PORT"), (service.private_port, "PRIVATE_PORT")):
            if port is not None and not is_free(port):
                raise PortTaken(service.name, port, f"CLICKRAIL_{service.name.upper()}_{field}")


def plan_service(service: LocalService, environ: Mapping[str, str], data: Path) -> ServerPlan:
    folder = data / service.name
    folder.mkdir(parents=True, exist_ok=True)
    return ServerPlan(
        name=service.name,
        command=(sys.executable, "-m", service.name),
        address=f"http://127.0.0.1:{service.port or service.private_port}",
        port=service.port or service.private_port,
        folder=folder,
        log=data / "logs" / f"{service.name}.log",
        ready=readiness(service.private_port),
        environ=dict(environ),
        start_seconds=30,
        stop_seconds=20,
    )


def readiness(private_port: int) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        timeout = aiohttp.ClientTimeout(total=2)
        url = f"http://127.0.0.1:{private_port}/readyz"
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
                return answer.status == 200  # noqa: PLR2004 - OK
        except (aiohttp.ClientError, TimeoutError):
            return False

    return ready


@asynccontextmanager
async def run_services(plans: Sequence[ServerPlan], say: Callable[[str], None]) -> AsyncIterator[None]:
    """Run the services for the duration of the block. They are stopped in the order of the stream.

    Raises a LocalStackError when one does not start; nothing is left running then.
    """
    servers = [Server(plan) for plan in plans]
    try:
        await asyncio.gather(*(server.start() for server in servers))
        keepers = [asyncio.create_task(keep_running(server, say)) for server in servers]
        try:
            yield
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.wait(keepers)
    finally:
        for server in servers:
            await server.stop()


async def keep_running(server: Server, say: Callable[[str], None]) -> None:
    while True:
        code = await server.wait()
        say(f"[yellow]{server.name} ended with exit code {code}: starting it again[/] (its log: {server.plan.log})")
        try:
            await server.start()
        except LocalStackError as error:
            say(f"[red]{error}[/]")
            await asyncio.sleep(RESTART_S)
