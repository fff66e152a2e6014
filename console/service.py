"""The shell of the console: opens the public and private ports, and closes them cleanly."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from console.environment import Environment, open_environment
from console.settings import Settings
from console.web.routes import make_app
from runtime.endpoint import Endpoint
from runtime.health import serve_private_port

log = structlog.get_logger()

SHUTDOWN_S: Final = 3.0


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then end streams and finish requests. Raises CannotListen if a port is taken."""
    async with open_environment(settings) as environment, public_port(environment) as port:

        def checks() -> dict[str, str | None]:
            # Without Kafka only the live view stops, and says so: the console stays ready, because people need it then.
            return {"postgres": environment.database.problem, "login": environment.accounts.problem}

        at = Endpoint(settings.private_host, settings.private_port, "CLICKRAIL_CONSOLE_PRIVATE")
        async with serve_private_port(at, environment.registry, checks) as private:
            log.info("listening", host=settings.host, port=port, private_port=private)
            await stop.wait()
            environment.broadcast.close()


@asynccontextmanager
async def public_port(environment: Environment) -> AsyncIterator[int]:
    """Serve the page while the context is open; yields the port in use."""
    settings = environment.settings
    runner = web.AppRunner(
        make_app(environment), access_log=None, logger=make_log(), shutdown_timeout=SHUTDOWN_S, keepalive_timeout=75
    )
    await runner.setup()
    try:
        with Endpoint(settings.host, settings.port, "CLICKRAIL_CONSOLE").explain_bind_errors():
            await web.TCPSite(runner, settings.host, settings.port).start()
        yield runner.addresses[0][1]
    finally:
        environment.broadcast.close()
        await runner.cleanup()


def make_log() -> logging.Logger:
    """Return the logger for aiohttp's server errors, which removes visitors' addresses."""
    anonymous = logging.getLogger("clickrail.console.http")
    if not anonymous.filters:
        anonymous.addFilter(leave_out_addresses)
    return anonymous


def leave_out_addresses(record: logging.LogRecord) -> bool:
    """Remove the address from a log record. Drop records about malformed requests: they quote what the client sent."""
    if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
        return False
    record.msg, record.args = "a request could not be answered", ()
    return True
