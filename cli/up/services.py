"""Runs the services as child processes: starts them, waits until they are ready, and starts them again."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
from rich.markup import escape

from cli.up.selection import SERVICES
from deploy.local.errors import LocalStackError
from deploy.local.ports import HOST, Wanted
from deploy.local.server import Server, ServerPlan
from deploy.local.task_group import run_concurrently
from runtime.settings import load
from runtime.task_scope import task_scope

RESTART_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
NICENESS: Final = 5
"""Niceness of all processes but ingest: on a busy machine the redirect comes first, and the others catch up later."""
EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not listened on


class LocalService(msgspec.Struct, frozen=True):
    """A service and its ports: `port` is the public one, or null; `workers` processes share it.

    The hosts are those at which this machine reaches it; `given_url` is the URL for browsers, if a setting gives one.
    """

    name: str
    port: int | None
    private_port: int
    host: str = HOST
    private_host: str = HOST
    workers: int = 1
    given_url: str | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port or self.private_port}"

    @property
    def browser_url(self) -> str:
        return (self.given_url or self.url).rstrip("/")

    @property
    def private_url(self) -> str:
        return f"http://{self.private_host}:{self.private_port}"

    @property
    def metrics_urls(self) -> tuple[str, ...]:
        """The URLs of its metrics. With several workers each has its own port, after the supervisor's."""
        first = self.private_port + 1 if self.workers > 1 else self.private_port
        return tuple(f"http://{self.private_host}:{first + number}/metrics" for number in range(self.workers))


def settings_kinds() -> dict[str, type[Any]]:
    """Return the Settings type of each service by its name."""
    import console.settings
    import enricher.settings
    import ingest.settings
    import settler.settings
    import sink.settings

    modules = {"ingest": ingest, "enricher": enricher, "sink": sink, "settler": settler, "console": console}
    return {name: module.settings.Settings for name, module in modules.items()}


def read_services(environ: Mapping[str, str], names: Sequence[str] = SERVICES) -> tuple[LocalService, ...]:
    """Return the services in the order of the stream. Raises SettingsError if the environment is not valid."""
    kinds = settings_kinds()
    return tuple(read_service(name, load(kinds[name], environ)) for name in names)


def read_service(name: str, settings: Any) -> LocalService:
    return LocalService(
        name,
        getattr(settings, "port", None),
        settings.private_port,
        reachable(getattr(settings, "host", HOST)),
        reachable(settings.private_host),
        getattr(settings, "workers", 1),
        getattr(settings, "url", None),
    )


def reachable(host: str) -> str:
    """Return the address at which this machine reaches a process that listens on `host`."""
    return HOST if host in EVERY_ADDRESS else f"[{host}]" if ":" in host else host


def ports_of(services: Sequence[LocalService]) -> list[Wanted]:
    """Return the ports of the services. With several workers each has its own private port."""
    public = [
        Wanted(service.name, f"CLICKRAIL_{service.name.upper()}_PORT", service.port)
        for service in services
        if service.port is not None
    ]
    private = [
        Wanted(
            service.name,
            f"CLICKRAIL_{service.name.upper()}_PRIVATE_PORT",
            service.private_port,
            1 if service.workers == 1 else 1 + service.workers,
        )
        for service in services
    ]
    return [*public, *private]


def plan_service(service: LocalService, environ: Mapping[str, str], data: Path) -> ServerPlan:
    folder = data / service.name
    folder.mkdir(parents=True, exist_ok=True)
    return ServerPlan(
        name=service.name,
        command=(sys.executable, "-m", service.name),
        address=service.url,
        port=service.port or service.private_port,
        folder=folder,
        log=data / "logs" / f"{service.name}.log",
        ready=readiness(service.private_url),
        environ=dict(environ),
        start_seconds=30,
        stop_seconds=20,
    )


def readiness(private_url: str) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{private_url}/readyz") as answer,
            ):
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
        await run_concurrently(*(server.start() for server in servers))
        # After the start: on a busy machine it would take minutes at low priority.
        await prioritize_ingest(servers)
        async with task_scope(*(keep_running(server, say) for server in servers)):
            yield
    finally:
        for server in servers:
            await server.stop()


async def prioritize_ingest(servers: Sequence[Server]) -> None:
    """Give all of these but ingest less of the processor."""
    for server in servers:
        if server.name != "ingest":
            await server.lower_priority(NICENESS)


async def keep_running(server: Server, say: Callable[[str], None]) -> None:
    while True:
        code = await server.wait()
        say(f"[yellow]{server.name} ended with exit code {code}: starting it again[/] (its log: {server.plan.log})")
        await start_again(server, say)


async def start_again(server: Server, say: Callable[[str], None], pauses_s: Sequence[float] = RESTART_PAUSES_S) -> None:
    """Try to start until it runs, with longer and longer pauses. Shows each error once."""
    last_error = ""
    for pause_s in chain(pauses_s, repeat(pauses_s[-1])):
        try:
            await server.start()
        except LocalStackError as error:
            if str(error) != last_error:
                last_error = str(error)
                say(f"[red]{escape(last_error)}[/]")
            await asyncio.sleep(pause_s)
        else:
            return
