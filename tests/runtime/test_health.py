"""The private port."""

import asyncio
import threading

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter

from runtime.endpoint import Endpoint
from runtime.health import serve_private_port

FREE = Endpoint("127.0.0.1", 0, "CLICKRAIL_SINK_PRIVATE")


async def test_it_tells_health_readiness_and_metrics() -> None:
    registry = CollectorRegistry()
    Counter("clickrail_things", "Things.", registry=registry).inc(3)
    wrong: dict[str, str | None] = {"kafka": "away", "tables": None}

    async with serve_private_port(FREE, registry, lambda: wrong) as port, aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{port}"
        async with session.get(f"{base}/healthz") as health, session.get(f"{base}/readyz") as unready:
            assert (health.status, unready.status) == (200, 503)
            assert await unready.json() == {"status": "not ready", "wrong": {"kafka": "away"}}
        wrong["kafka"] = None
        async with session.get(f"{base}/readyz") as ready, session.get(f"{base}/metrics") as metrics:
            assert ready.status == 200
            assert "clickrail_things_total 3.0" in await metrics.text()


async def test_the_metrics_say_what_readyz_says() -> None:
    wrong: dict[str, str | None] = {"kafka": "away"}
    reduced: dict[str, str | None] = {"journal": "disk full", "load": None}
    registry = CollectorRegistry()

    async with serve_private_port(FREE, registry, lambda: wrong, lambda: reduced):
        assert read_readiness(registry) == (0, 1)
        wrong["kafka"] = reduced["journal"] = None
        assert read_readiness(registry) == (1, 0)

    async with serve_private_port(FREE, registry, lambda: wrong):
        assert read_readiness(registry) == (1, 0)


def read_readiness(registry: CollectorRegistry) -> tuple[float | None, float | None]:
    return registry.get_sample_value("clickrail_ready"), registry.get_sample_value("clickrail_degraded")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/elsewhere"])
async def test_head_is_answered_as_get_is_without_a_body(path: str) -> None:
    checks, registry = {"kafka": "away"}, CollectorRegistry()
    Counter("clickrail_things", "Things.", registry=registry)
    async with (
        serve_private_port(FREE, registry, lambda: checks) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
        session.get(path) as got,
        session.head(path) as looked,
    ):
        fields = {name: value for name, value in got.headers.items() if name != "Date"}
        assert (looked.status, {**fields, "Date": looked.headers["Date"]}) == (got.status, dict(looked.headers))
        assert (await looked.read(), int(fields["Content-Length"])) == (b"", len(await got.read()))


async def test_a_process_whose_event_loop_is_stuck_cannot_say_that_it_lives() -> None:
    ports: list[int] = []
    opened, wanted, stuck, over = (threading.Event() for _ in range(4))

    async def serve() -> None:
        async with serve_private_port(FREE, CollectorRegistry(), dict) as port:
            ports.append(port)
            opened.set()
            await asyncio.to_thread(wanted.wait)
            stuck.set()
            over.wait()

    process = threading.Thread(target=asyncio.run, args=(serve(),))
    process.start()
    await asyncio.to_thread(opened.wait)
    async with aiohttp.ClientSession() as probe:
        async with probe.get(f"http://127.0.0.1:{ports[0]}/healthz") as answer:
            assert answer.status == 200
        wanted.set()
        await asyncio.to_thread(stuck.wait)
        with pytest.raises(TimeoutError):
            await probe.get(f"http://127.0.0.1:{ports[0]}/healthz", timeout=aiohttp.ClientTimeout(0.3))
    over.set()
    await asyncio.to_thread(process.join)
