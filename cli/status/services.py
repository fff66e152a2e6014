"""Whether the services are ready, asked at their private ports."""

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

ANSWER_S: Final = 5.0


class Health(msgspec.Struct, frozen=True):
    """What `/readyz` says."""

    status: str
    wrong: Mapping[str, str]


class NotRunning(msgspec.Struct, frozen=True):
    """Nobody listens."""


class Silent(msgspec.Struct, frozen=True):
    """Somebody listens, and says nothing, or nothing that a service of ours says; `what` in a few words."""

    what: str


async def check_service(name: str, scope: Scope) -> Finding:
    """Ask one service how it is."""
    try:
        (service,) = read_services(scope.environ, (name,))
    except SettingsError as error:
        return Finding(name, "wrong settings", str(error), f"mend the variable, or leave it out: --without {name}")
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
        wrong or "it does not say why",
        f"it retries and continues once that is fixed: {log_of(name, scope)} has more",
    )


async def ask(service: LocalService) -> Health | NotRunning | Silent:
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{service.private_url}/readyz") as answer,
        ):
            return msgspec.json.decode(await answer.read(), type=Health)
    except aiohttp.ClientConnectorError:
        return NotRunning()
    except TimeoutError:
        return Silent(f"takes connections and does not answer within {ANSWER_S:g} s")
    except (aiohttp.ClientError, msgspec.DecodeError):
        return Silent("does not answer as a service of ours does")


async def check_port(service: LocalService, health: Health, scope: Scope) -> Finding:
    """Look whether a service that is ready takes connections where people come to it."""
    if health.wrong:
        wrong = "; ".join(f"{part}: {problem}" for part, problem in health.wrong.items())
        return Finding(service.name, "ready in part", wrong, f"{log_of(service.name, scope)} has more")
    if service.port is not None and not await takes_connections(service.host, service.port):
        variable = f"CLICKRAIL_{service.name.upper()}_PORT"
        return Finding(
            service.name,
            "ready",
            f"port {service.port} takes no connections",
            f"compare {variable} here with that of the service, and look for a firewall",
        )
    return Finding(service.name, "ready")


async def takes_connections(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(host.strip("[]"), port)
    except OSError:
        return False
    writer.close()
    return True


def not_running(service: LocalService, scope: Scope) -> Finding:
    name = service.name
    if name in scope.left_out:
        return Finding(name, "left out")
    where = f"nobody listens at {service.private_url}"
    if scope.data is not None:
        return Finding(
            name, "not running", where, f"it is being started again: {log_of(name, scope)} says why it ended"
        )
    remedy = f"start it (`clickrail {name}`), or set {private_variable(name)} to its port; elsewhere: --without {name}"
    return Finding(name, "not running", where, remedy)


def private_variable(name: str) -> str:
    return f"CLICKRAIL_{name.upper()}_PRIVATE_PORT"


def log_of(name: str, scope: Scope) -> str | Path:
    return "its log" if scope.data is None else scope.data / "logs" / f"{name}.log"
