"""The shell of ingest: the public port for visitors, the private one for operators."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from ingest.data_folder import require_data_folder
from ingest.environment import Environment, open_environment
from ingest.http.connections import ConnectionLimits, Connections
from ingest.readiness import Readiness
from ingest.settings import Settings
from runtime.endpoint import Endpoint
from runtime.health import serve_private_port
from runtime.metrics import make_registry
from runtime.process import clickrail_version
from runtime.task_scope import task_scope

log = structlog.get_logger()

PUBLIC: Final = "CLICKRAIL_INGEST"
PRIVATE: Final = "CLICKRAIL_INGEST_PRIVATE"
"""What the settings of the ports begin with."""
BACKLOG: Final = 4096
"""Connections that may wait to be taken; the kernel may allow fewer."""
OTHER_FILES: Final = 200
"""Open files beside those of connections: segments, servers, logs."""
LEAVE_S: Final = 2.0
"""How long a stop lets visitors finish: the answer to whatever they ask meanwhile tells them to come anew."""
ANSWER_S: Final = 1.0
"""How long it waits after that for what is still being answered."""


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Redirect until `stop` is set, and for the time that balancers need to see it; then end in good order.

    What is in flight is answered, what is queued is delivered. The private port is there from before to after all of
    it. Raises SettingsError, CannotListen.
    """
    require_data_folder(settings.data_dir)
    registry, readiness = make_registry("ingest", clickrail_version()), Readiness(stop)
    private = Endpoint(settings.private_host, settings.private_port, PRIVATE)
    async with (
        serve_private_port(private, registry, readiness.problems, readiness.degraded),
        open_environment(settings, registry) as env,
        public_port(env) as port,
    ):
        readiness.env = env
        log.info("listening", port=port, region=settings.region)
        if not stop.is_set():
            await stop.wait()
            log.info("stopping", accepts_for_s=settings.drain_s)
            await asyncio.sleep(settings.drain_s)


@asynccontextmanager
async def public_port(env: Environment, listener: socket.socket | None = None) -> AsyncIterator[int]:
    """Serve visitors while the context is open, on a bound socket if one is given; gives the port.

    At the end no connection is taken any more, and visitors are given a moment to leave by themselves: who asks on a
    connection that we close just then gets no answer.
    """
    allow_files(env.settings.most_connections + OTHER_FILES)
    connections = Connections(
        env.redirect.answer, env.redirect.flush_journal, connection_limits(env.settings), env.metrics
    )
    server = await listen(connections, env.settings, listener)
    async with task_scope(connections.sweep()):
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await connections.leave(LEAVE_S, ANSWER_S)


async def listen(connections: Connections, settings: Settings, listener: socket.socket | None) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if listener is not None:
        return await loop.create_server(connections, sock=listener, backlog=BACKLOG)
    with Endpoint(settings.host, settings.port, PUBLIC).explain_bind_errors():
        return await loop.create_server(connections, settings.host, settings.port, backlog=BACKLOG)


def allow_files(count: int) -> None:
    """Let this process open so many files, as far as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < count:
        log.warning("fewer open files than connections may need", allowed=wanted, needed=count)


def connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        most=settings.most_connections, head_s=settings.head_timeout_s, keepalive_s=settings.keepalive_timeout_s
    )
