"""The services of a run: where they listen, and how they are started again."""

import asyncio
import sys
from pathlib import Path

import pytest

from cli.up.environ import service_environ
from cli.up.services import LocalService, ports_of, read_services, start_again
from deploy.local.ports import Wanted
from deploy.local.server import Server, ServerPlan
from tests.cli.up.addresses import ADDRESSES


def test_the_services_get_valid_settings_and_the_ports_of_the_design() -> None:
    assert read_services(service_environ({}, ADDRESSES)) == (
        LocalService("ingest", 8080, 9100),
        LocalService("enricher", None, 9120),
        LocalService("sink", None, 9130),
        LocalService("settler", None, 9150),
        LocalService("console", 8081, 9140),
    )


def test_only_what_runs_is_read() -> None:
    environ = service_environ({"CLICKRAIL_SINK_PRIVATE_PORT": "nonsense"}, ADDRESSES)

    assert read_services(environ, ("enricher",)) == (LocalService("enricher", None, 9120),)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104 - that is the case
        ("::", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:8080"),
    ],
)
def test_a_service_is_reached_where_it_listens(host: str, url: str) -> None:
    assert read_services(service_environ({"CLICKRAIL_INGEST_HOST": host}, ADDRESSES))[0].url == url


def test_the_console_is_where_its_setting_says_that_browsers_find_it() -> None:
    environ = service_environ({"CLICKRAIL_CONSOLE_URL": "https://ops.shop.example/clickrail/"}, ADDRESSES)

    console = read_services(environ, ("console",))[0]

    assert (console.url, console.browser_url) == ("http://127.0.0.1:8081", "https://ops.shop.example/clickrail")


def test_several_workers_have_ports_and_numbers_of_their_own() -> None:
    (ingest,) = read_services(service_environ({"CLICKRAIL_INGEST_WORKERS": "2"}, ADDRESSES), ("ingest",))

    assert ports_of([ingest]) == [
        Wanted("ingest", "CLICKRAIL_INGEST_PORT", 8080),
        Wanted("ingest", "CLICKRAIL_INGEST_PRIVATE_PORT", 9100, count=3),
    ]
    assert ingest.metrics_urls == ("http://127.0.0.1:9101/metrics", "http://127.0.0.1:9102/metrics")


@pytest.mark.processes
async def test_what_keeps_a_service_down_is_said_once(tmp_path: Path) -> None:
    way = tmp_path / "way"
    program = f"import pathlib, sys, time; pathlib.Path({str(way)!r}).exists() or sys.exit('cannot'); time.sleep(600)"

    async def ready() -> bool:
        return way.exists() and len(starts) > 3

    starts: list[int] = []
    server = Counted(
        ServerPlan(
            name="sink",
            command=(sys.executable, "-c", program),
            address="",
            port=0,
            folder=tmp_path,
            log=tmp_path / "sink.log",
            ready=ready,
            start_seconds=30,
            stop_seconds=5,
        ),
        starts,
        way,
    )
    said: list[str] = []
    try:
        await asyncio.wait_for(start_again(server, said.append, (0.01,)), 60)
    finally:
        await server.stop()
    assert len(starts) == 4
    assert len(said) == 1
    assert "sink did not start: exit code 1: cannot" in said[0]


class Counted(Server):
    """Lets its program run from the fourth start on."""

    def __init__(self, plan: ServerPlan, starts: list[int], way: Path) -> None:
        super().__init__(plan)
        self._starts = starts
        self._way = way

    async def start(self) -> None:
        self._starts.append(len(self._starts))
        if len(self._starts) > 3:
            self._way.touch()
        await super().start()
