"""The private port of a process: /healthz (the process runs), /readyz (it can do its work), /metrics."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from runtime.endpoint import Endpoint

SILENT_LOGGER: Final = logging.getLogger("clickrail.nobody")
SILENT_LOGGER.setLevel(logging.CRITICAL + 1)

Checks = Callable[[], Mapping[str, str | None]]
"""Each part of readiness by name: None, or a few words that say what is wrong."""


class ReadinessMetrics(Collector):
    """What /readyz says, for whoever reads metrics only."""

    def __init__(self, checks: Checks, degraded: Checks) -> None:
        self._checks = checks
        self._degraded = degraded

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "clickrail_ready",
            "1 while the process can do its work, as /readyz says; else 0.",
            value=int(not problems_in(self._checks())),
        )
        yield GaugeMetricFamily(
            "clickrail_degraded",
            "Problems that the process can work with, as /readyz lists them under degraded.",
            value=len(problems_in(self._degraded())),
        )


@asynccontextmanager
async def serve_private_port(
    endpoint: Endpoint, registry: CollectorRegistry, checks: Checks, degraded: Checks = dict
) -> AsyncIterator[int]:
    """Serve health and metrics while the context is open; yield the port in use.

    Raises CannotListen and SettingsError. Problems in `degraded` are reported, but the process stays ready.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        wrong, reduced = problems_in(checks()), problems_in(degraded())
        body = {"status": "not ready" if wrong else "ready", "wrong": wrong} | (
            {"degraded": reduced} if reduced else {}
        )
        return web.json_response(body, status=503 if wrong else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    # aiohttp's own log would quote malformed requests and client addresses.
    runner = web.AppRunner(app, access_log=None, logger=SILENT_LOGGER, shutdown_timeout=1)
    await runner.setup()
    readiness = ReadinessMetrics(checks, degraded)
    registry.register(readiness)
    try:
        with endpoint.explain_bind_errors():
            await web.TCPSite(runner, endpoint.host, endpoint.port).start()
        yield runner.addresses[0][1]
    finally:
        # Who finds the port taken tries again with the same registry.
        registry.unregister(readiness)
        await runner.cleanup()


def problems_in(checked: Mapping[str, str | None]) -> dict[str, str]:
    return {name: problem for name, problem in checked.items() if problem is not None}
