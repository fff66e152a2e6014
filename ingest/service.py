"""The shell of ingest: the public port for visitors, the private one for operators."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web

from ingest.environment import Environment, open_environment
from ingest.settings import Settings
from runtime.health import private_port

log = structlog.get_logger()

KEEPALIVE_S: Final = 75
ANSWER_S: Final = 5
"""How long a stop waits for requests that are being answered."""


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Redirect until `stop` is set; then answer what is in flight, deliver what is queued, and return."""
    async with (
        open_environment(settings) as env,
        private_port(settings.private_host, settings.private_port, env.registry, lambda: checks(env)),
        public_port(env) as port,
    ):
        log.info("listening", port=port, region=settings.region)
        await stop.wait()


def checks(env: Environment) -> dict[str, str | None]:
    # Kafka is not asked: without it visitors are redirected all the same.
    return {"referrals": env.lookup.problem()}


@asynccontextmanager
async def public_port(env: Environment) -> AsyncIterator[int]:
    """Serve visitors while the context is open; gives the port. The low-level server: no router, no middleware."""
    server = web.Server(env.redirect.answer, access_log=None, keepalive_timeout=KEEPALIVE_S)
    runner = web.ServerRunner(server, shutdown_timeout=ANSWER_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, env.settings.host, env.settings.port, backlog=1024)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
