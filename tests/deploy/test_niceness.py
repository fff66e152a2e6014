"""On one machine the redirect comes first: a server with less priority has its niceness, and so has its session."""

import os
import sys
from pathlib import Path

import pytest

from cli.up.services import NICENESS, prioritize_ingest
from deploy.local.server import Server, ServerPlan, running
from deploy.local.settings import LocalSettings
from deploy.local.stack import run_stack
from deploy.local.tree import tree

pytestmark = pytest.mark.processes

AUTOGROUP = Path("/proc/self/autogroup")
OURS = os.getpriority(os.PRIO_PROCESS, 0)


async def is_ready() -> bool:
    return True


def make_plan(folder: Path, name: str) -> ServerPlan:
    return ServerPlan(
        name=name,
        command=(sys.executable, "-c", "import time; time.sleep(600)"),
        address="",
        port=0,
        folder=folder,
        log=folder / "log",
        ready=is_ready,
        start_seconds=30,
        stop_seconds=5,
    )


def niceness_of(server: Server) -> int:
    return os.getpriority(os.PRIO_PROCESS, server.pid) - OURS


async def test_all_but_ingest_get_less_priority(tmp_path: Path) -> None:
    async with running(make_plan(tmp_path, "ingest")) as ingest, running(make_plan(tmp_path, "sink")) as sink:
        await prioritize_ingest([ingest, sink])

        assert (niceness_of(ingest), niceness_of(sink)) == (0, NICENESS)


async def test_a_server_that_is_started_again_keeps_its_lower_priority(tmp_path: Path) -> None:
    async with running(make_plan(tmp_path, "sink")) as sink:
        await sink.lower_priority(7)
        await sink.restart()

        assert niceness_of(sink) == 7


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel does not divide the processor between sessions")
async def test_the_session_of_a_server_gets_its_priority_too(tmp_path: Path) -> None:
    async with running(make_plan(tmp_path, "sink")) as sink:
        await sink.lower_priority(7)

        assert read_autogroup(sink.pid).endswith(f"nice {OURS + 7}\n")


@pytest.mark.servers
async def test_every_thread_of_kafka_and_every_process_of_postgresql_gets_it(own_settings: LocalSettings) -> None:
    async with run_stack(own_settings) as stack:
        await prioritize_ingest((stack.kafka, stack.postgres))

        tasks = [task for pid in (stack.kafka.pid, *tree_of(stack.postgres)) for task in threads_of(pid)]
        assert {os.getpriority(os.PRIO_PROCESS, task) - OURS for task in tasks} == {NICENESS}


def read_autogroup(pid: int) -> str:
    return Path(f"/proc/{pid}/autogroup").read_text()


def tree_of(server: Server) -> list[int]:
    return [process.pid for process in tree(server.pid)]


def threads_of(pid: int) -> list[int]:
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
