"""The shell of ingest: the public port for visitors, the private one for operators."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from aiohttp import web

from ingest.environment import Environment, open_environment
from ingest.settings import Settings
from ingest.unanswered import Unanswered
from runtime.health import private_port

log = structlog.get_logger()

BACKLOG: Final = 4096
"""Connections that may wait to be taken; the kernel may allow fewer."""
KEEPALIVE_S: Final = 75
LEAVE_S: Final = 2
"""How long a stop lets visitors finish: the answer to whatever they ask meanwhile tells them to come anew."""
ANSWER_S: Final = 1
"""How long it waits after that for what is still being answered."""


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
async def public_port(env: Environment, listener: socket.socket | None = None) -> AsyncIterator[int]:
    """Serve visitors while the context is open, on a bound socket if one is given; gives the port.

    The low-level server: no router, no middleware. At the end no connection is taken any more, and visitors are given a
    moment to leave by themselves: who asks on a connection that we close just then gets no answer.
    """
    server = web.Server(
        env.redirect.answer, access_log=None, logger=Unanswered(env.metrics), keepalive_timeout=KEEPALIVE_S
    )
    runner = web.ServerRunner(server, shutdown_timeout=ANSWER_S)
    await runner.setup()
    try:
        await make_site(runner, env.settings, listener).start()
        yield runner.addresses[0][1]
    finally:
        env.redirect.leaving = True
        for site in runner.sites:
            await site.stop()
        await until_left(server)
        await runner.cleanup()


def make_site(runner: web.ServerRunner, settings: Settings, listener: socket.socket | None) -> web.BaseSite:
    if listener is not None:
        return web.SockSite(runner, listener, backlog=BACKLOG)
    return web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG)


async def until_left(server: web.Server) -> None:
    """Wait until no connection is open, at most so long as a stop lets visitors finish."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LEAVE_S):
            while server.connections:  # noqa: ASYNC110 - the server knows, and tells nobody
                await asyncio.sleep(0.02)
