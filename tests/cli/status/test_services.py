"""Whether services are ready."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from cli.status.finding import Finding
from cli.status.scope import Scope
from cli.status.services import check_service
from deploy.local.ports import free_port

SINK = {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "CLICKRAIL_DATABASE_URL": "postgresql://127.0.0.1/d"}


@asynccontextmanager
async def health(status: int, body: Any) -> AsyncIterator[int]:
    """Serve what a service says of itself; gives the port."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(body, status=status)

    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def sink_at(port: int, **changes: Any) -> Scope:
    return Scope({**SINK, "CLICKRAIL_SINK_PRIVATE_PORT": str(port)}, **changes)


async def test_a_service_that_is_ready_is_well() -> None:
    async with health(200, {"status": "ready", "wrong": {}}) as port:
        assert await check_service("sink", sink_at(port)) == Finding("sink", "ready")


async def test_what_a_service_waits_for_is_said() -> None:
    async with health(503, {"status": "not ready", "wrong": {"consume": "Kafka: away"}}) as port:
        found = await check_service("sink", sink_at(port, data=Path("/data")))

    assert (found.state, found.problem) == ("not ready", "consume: Kafka: away")
    assert "/data/logs/sink.log" in found.remedy


async def test_workers_that_are_not_ready_are_named_though_the_others_are() -> None:
    async with health(200, {"status": "ready", "wrong": {"worker 1": "silent for 6 s"}}) as port:
        found = await check_service("sink", sink_at(port))

    assert (found.state, found.problem) == ("ready in part", "worker 1: silent for 6 s")


async def test_a_service_that_does_not_run_is_named_with_how_to_start_it() -> None:
    port = free_port()
    found = await check_service("sink", sink_at(port))

    assert (found.state, found.problem) == ("not running", f"no process listens at http://127.0.0.1:{port}")
    assert "clickrail sink" in found.remedy


async def test_a_service_that_was_left_out_is_no_fault() -> None:
    found = await check_service("sink", sink_at(free_port(), left_out=frozenset({"sink"})))

    assert found == Finding("sink", "left out")


async def test_another_program_on_the_port_is_told_from_a_service() -> None:
    async with health(200, ["hello"]) as port:
        found = await check_service("sink", sink_at(port))

    assert (found.state, found.problem) == ("silent", f"port {port} does not answer as a service of Clickrail does")
    assert "CLICKRAIL_SINK_PRIVATE_PORT" in found.remedy


async def test_wrong_settings_are_named_and_nothing_is_asked() -> None:
    found = await check_service("sink", Scope({**SINK, "CLICKRAIL_SINK_PRIVATE_PORT": "x"}))

    assert found.state == "wrong settings"
    assert found.problem.startswith("CLICKRAIL_SINK_PRIVATE_PORT: ")
    assert "--without sink" in found.remedy


async def test_a_console_whose_page_cannot_be_reached_is_not_well(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse")
    nowhere = free_port()
    async with health(200, {"status": "ready", "wrong": {}}) as port:
        environ = {
            **SINK,
            "CLICKRAIL_CONSOLE_PASSWORD_FILE": str(tmp_path / "password"),
            "CLICKRAIL_CONSOLE_PORT": str(nowhere),
            "CLICKRAIL_CONSOLE_PRIVATE_PORT": str(port),
        }
        found = await check_service("console", Scope(environ))

    assert (found.state, found.problem) == ("ready", f"port {nowhere} accepts no connections")
