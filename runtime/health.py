"""The private port of a process: /healthz (it lives), /readyz (it can do its work), /metrics."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from runtime.endpoint import Endpoint

SILENT_LOGGER: Final = logging.getLogger("clickrail.nobody")
SILENT_LOGGER.setLevel(logging.CRITICAL + 1)

Checks = Callable[[], Mapping[str, str | None]]
"""What readiness consists of: each name with null, or with what is wrong in a few words."""


@asynccontextmanager
async def serve_private_port(
    at: Endpoint, registry: CollectorRegistry, checks: Checks, degraded: Checks = dict
) -> AsyncIterator[int]:
    """Serve health and metrics while the context is open; gives the port in use. Raises what `Endpoint` explains.

    What is `degraded` is told and leaves the process ready: it works without.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        wrong, poorer = problems_in(checks()), problems_in(degraded())
        body = {"status": "not ready" if wrong else "ready", "wrong": wrong} | ({"degraded": poorer} if poorer else {})
        return web.json_response(body, status=503 if wrong else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    # aiohttp's own log would quote what it could not read, and from whom.
    runner = web.AppRunner(app, access_log=None, logger=SILENT_LOGGER, shutdown_timeout=1)
    await runner.setup()
    try:
        with at.explain_bind_errors():
            await web.TCPSite(runner, at.host, at.port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def problems_in(checked: Mapping[str, str | None]) -> dict[str, str]:
    return {name: problem for name, problem in checked.items() if problem is not None}
