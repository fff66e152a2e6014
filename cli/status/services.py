"""Checks whether the services are ready, at their private ports."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from cli.status.finding import Finding
from cli.status.scope import Scope
from cli.up.services import LocalService, read_services
from runtime.errors import SettingsError

TIMEOUT_S: Final = 5.0


class Health(msgspec.Struct, frozen=True):
    """The response of `/readyz`."""

    status: str
    wrong: Mapping[str, str]


class NotRunning(msgspec.Struct, frozen=True):
    """No process listens on the port."""


class Silent(msgspec.Struct, frozen=True):
    """A process listens, but does not answer as a service of Clickrail does; `what` describes it in a few words."""

    what: str


async def check_service(name: str, scope: Scope) -> Finding:
    """Check one service."""
    try:
        (service,) = read_services(scope.environ, (name,))
    except SettingsError as error:
        return Finding(
            name, "wrong settings", str(error), f"correct the variable, or leave the service out: --without {name}"
        )
    found = await ask(service)
    if isinstance(found, NotRunning):
        return not_running(service, scope)
    if isinstance(found, Silent):
        remedy = f"look at {log_of(name, scope)}; if another program has the port, set {private_variable(name)}"
        return Finding(name, "silent", f"port {service.private_port} {found.what}", remedy)
    if found.status == "ready":
        return await check_port(service, found, scope)
    wrong = "; ".join(f"{part}: {problem}" for part, problem in found.wrong.items())
    return Finding(
        name,
        "not ready",
        wrong or "it gives no reason",
        f"it retries and continues once that is fixed: {log_of(name, scope)} has more",
    )


async def ask(service: LocalService) -> Health | NotRunning | Silent:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{service.private_url}/readyz") as answer,
        ):
            return msgspec.json.decode(await answer.read(), type=Health)
    except aiohttp.ClientConnectorError:
        return NotRunning()
    except TimeoutError:
        return Silent(f"accepts connections, but does not answer within {TIMEOUT_S:g} s")
    except (aiohttp.ClientError, msgspec.DecodeError):
        return Silent("does not answer as a service of Clickrail does")


async def check_port(service: LocalService, health: Health, scope: Scope) -> Finding:
    """Check that a service that is ready accepts connections on its public port."""
    if health.wrong:
        wrong = "; ".join(f"{part}: {problem}" for part, problem in health.wrong.items())
        return Finding(service.name, "ready in part", wrong, f"{log_of(service.name, scope)} has more")
    if service.port is not None and not await accepts_connections(service.host, service.port):
        variable = f"CLICKRAIL_{service.name.upper()}_PORT"
        return Finding(
            service.name,
            "ready",
            f"port {service.port} accepts no connections",
            f"compare {variable} here with the service's own, and look for a firewall",
        )
    return Finding(service.name, "ready")


async def accepts_connections(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(host.strip("[]"), port)
    except OSError:
        return False
    writer.close()
    return True


def not_running(service: LocalService, scope: Scope) -> Finding:
    name = service.name
    if name in scope.left_out:
        return Finding(name, "left out")
    where = f"no process listens at {service.private_url}"
    if scope.data is not None:
        return Finding(
            name, "not running", where, f"`make up` starts it again: {log_of(name, scope)} says why it ended"
        )
    remedy = f"start it (`clickrail {name}`), or set {private_variable(name)} to its port, or say --without {name}"
    return Finding(name, "not running", where, remedy)


def private_variable(name: str) -> str:
    return f"CLICKRAIL_{name.upper()}_PRIVATE_PORT"


def log_of(name: str, scope: Scope) -> str | Path:
    return "its log" if scope.data is None else scope.data / "logs" / f"{name}.log"
