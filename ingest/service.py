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
"""Prefixes of the settings of the two ports."""
BACKLOG: Final = 4096
"""Connections that may wait to be accepted; the kernel may allow fewer."""
OTHER_FILES: Final = 200
"""Open files other than connections: segments, servers, logs."""
DRAIN_REQUESTS_S: Final = 2.0
"""How long a stop still answers open connections, with `Connection: close`."""
DRAIN_RESPONSES_S: Final = 1.0
"""How long it waits after that for pending responses."""


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Redirect until `stop` is set and load balancers have had time to see it; then answer and deliver what is pending.

    The private port opens first and closes last. Raises SettingsError, CannotListen.
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
    """Serve visitors while the context is open, on `listener` if given; give the port.

    At the end no connection is accepted, and open connections get a moment to finish: a request that arrives on a
    connection while ingest closes it would get no response.
    """
    raise_file_limit(env.settings.most_connections + OTHER_FILES)
    connections = Connections(
        env.redirect,
        make_connection_limits(env.settings),
        env.metrics,
        env.admission,
        env.overload_log,
    )
    server = await listen(connections, env.settings, listener)
    async with task_scope(connections.sweep()):
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await connections.drain(DRAIN_REQUESTS_S, DRAIN_RESPONSES_S)


async def listen(connections: Connections, settings: Settings, listener: socket.socket | None) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if listener is not None:
        return await loop.create_server(connections, sock=listener, backlog=BACKLOG)
    with Endpoint(settings.host, settings.port, PUBLIC).explain_bind_errors():
        return await loop.create_server(connections, settings.host, settings.port, backlog=BACKLOG)


def raise_file_limit(count: int) -> None:
    """Raise the limit on open files to `count`, or as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < count:
        log.warning("limit on open files is lower than needed: raise `ulimit -n`", allowed=wanted, needed=count)


def make_connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        most=settings.most_connections, head_s=settings.head_timeout_s, keepalive_s=settings.keepalive_timeout_s
    )
