"""The private port of a process: /healthz (it lives), /readyz (it can do its work), /metrics."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

SILENT: Final = logging.getLogger("clickrail.nobody")
SILENT.setLevel(logging.CRITICAL + 1)

Checks = Callable[[], Mapping[str, str | None]]
"""What readiness consists of: each name with null, or with what is wrong in a few words."""


@asynccontextmanager
async def private_port(host: str, port: int, registry: CollectorRegistry, checks: Checks) -> AsyncIterator[int]:
    """Serve health and metrics while the context is open; gives the port in use. Raises OSError when it is taken."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        wrong = {name: problem for name, problem in checks().items() if problem is not None}
        return web.json_response(
            {"status": "not ready" if wrong else "ready", "wrong": wrong}, status=503 if wrong else 200
        )

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    # aiohttp's own log would quote what it could not read, and from whom.
    runner = web.AppRunner(app, access_log=None, logger=SILENT, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
