"""The private port."""

import aiohttp
from prometheus_client import CollectorRegistry, Counter

from runtime.health import private_port


async def test_it_tells_health_readiness_and_metrics() -> None:
    registry = CollectorRegistry()
    Counter("clickrail_things", "Things.", registry=registry).inc(3)
    wrong: dict[str, str | None] = {"kafka": "away", "tables": None}

    async with private_port("127.0.0.1", 0, registry, lambda: wrong) as port, aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{port}"
        async with session.get(f"{base}/healthz") as health, session.get(f"{base}/readyz") as unready:
            assert (health.status, unready.status) == (200, 503)
            assert await unready.json() == {"status": "not ready", "wrong": {"kafka": "away"}}
        wrong["kafka"] = None
        async with session.get(f"{base}/readyz") as ready, session.get(f"{base}/metrics") as metrics:
            assert ready.status == 200
            assert "clickrail_things_total 3.0" in await metrics.text()
