"""Several workers under a supervisor, as real processes: killed, rolled, stopped and left alone under traffic."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from schemas import CLICKS_RAW, RawClick, decode
from tests.ingest_supervisor.traffic import Traffic, coming, connect
from tests.pipeline import DEMO, Pipeline, Service, eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

VISITORS = 4


class Supervised(Pipeline):
    """A pipeline with two workers of ingest, whose answers name the click."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.environ |= {"CLICKRAIL_INGEST_WORKERS": "2", "CLICKRAIL_INGEST_DRAIN_S": "8"}

    async def prepare(self, referrals: str = DEMO) -> None:
        await super().prepare(referrals.replace("/shoes'", "/{click_id}'"))

    @property
    def supervisor(self) -> Service:
        return self.services["ingest"]

    @property
    def pid(self) -> int:
        assert self.supervisor.process is not None
        return self.supervisor.process.pid

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = self.supervisor.log.read_text().splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [event for event in events if event["event"] == name]

    def workers(self) -> list[int]:
        """Give the processes of all workers, as the supervisor has started them."""
        return [line["pid"] for line in self.events("worker started")]

    async def readiness(self) -> tuple[int, dict[str, str]]:
        async with aiohttp.ClientSession() as session, session.get(self.status_url("/readyz")) as answer:
            return answer.status, (await answer.json())["wrong"]

    async def all_ready(self) -> bool:
        return await self.readiness() == (200, {})

    async def restarts(self) -> list[int]:
        async with aiohttp.ClientSession() as session, session.get(self.status_url("/metrics")) as answer:
            lines = (await answer.text()).splitlines()
        return [int(line.split()[1]) for line in lines if line.startswith("clickrail_ingest_worker_restarts_total{")]

    async def clicks(self) -> list[RawClick]:
        clicks = [decode(RawClick, value) for value in await self.values(CLICKS_RAW)]
        return [click for click in clicks if isinstance(click, RawClick)]

    def status_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.supervisor.private_port}{path}"


@pytest.fixture
def pipeline(tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str) -> Supervised:
    return Supervised(tmp_path, kafka, database_url, valkey, topic_prefix)


def answered(traffic: Traffic) -> list[str]:
    """Give the clicks that visitors were told of."""
    assert {answer.status for answer in traffic.answers} == {302}
    return [str(answer.location).rsplit("/", 1)[1] for answer in traffic.answers]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


async def true(condition: Callable[[], bool]) -> None:
    async def ask() -> bool:
        return condition()

    await eventually(ask)


def rolled(pipeline: Supervised, times: int) -> bool:
    return len(pipeline.events("rolled")) == times


async def none_is_running(pids: Collection[int]) -> None:
    await true(lambda: not any(map(is_running, pids)))


async def test_three_rolls_under_traffic_fail_no_request_and_lose_no_click(pipeline: Supervised) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(100)
            for rolls in (1, 2, 3):
                pipeline.supervisor.send(signal.SIGHUP)
                await true(partial(rolled, pipeline, rolls))
                await traffic.until(100)
            assert await pipeline.restarts() == [0, 0]
        assert await pipeline.stop() == {"ingest": 0}
        clicks = await pipeline.clicks()
    assert (traffic.refused, traffic.unanswered) == (0, 0)
    assert sorted(answered(traffic)) == sorted(click.click_id for click in clicks)
    assert len({click.handled.process for click in clicks}) == len(pipeline.workers()) == 8, "not all workers served"


async def test_a_killed_worker_is_replaced_and_nobody_is_refused_a_connection(pipeline: Supervised) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(100)
            os.kill(pipeline.workers()[0], signal.SIGKILL)
            await true(lambda: len(pipeline.workers()) == 3)
            await eventually(pipeline.all_ready)
            await traffic.until(200)
            assert await pipeline.restarts() == [1, 0]
        assert await pipeline.stop() == {"ingest": 0}
        clicks = await pipeline.clicks()
    assert traffic.refused == 0
    assert traffic.unanswered <= 2 * VISITORS, "more failed than were at the worker"
    assert len({click.handled.process for click in clicks}) == 3, "not all workers served"


async def test_stopped_under_traffic_it_ends_in_order_and_every_answered_click_is_in_the_topic(
    pipeline: Supervised,
) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        idle = await connect(pipeline.port)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(200)
            assert await pipeline.stop() == {"ingest": 0}
        await none_is_running(pipeline.workers())
        idle.close()
        clicks = await pipeline.clicks()
    assert sorted(answered(traffic)) == sorted(click.click_id for click in clicks)
    assert traffic.refused > 0, "nobody came after it had stopped"
    assert pipeline.events("worker gone") == []


async def test_workers_whose_supervisor_is_killed_drain_and_end_by_themselves(pipeline: Supervised) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(200)
            pipeline.supervisor.send(signal.SIGKILL)
            await none_is_running(pipeline.workers())
        clicks = await pipeline.clicks()
    assert len(pipeline.workers()) == 2
    assert sorted(answered(traffic)) == sorted(click.click_id for click in clicks)
    assert pipeline.events("crashed") == []


async def test_a_roll_whose_successor_cannot_start_changes_nothing_and_a_lone_worker_takes_all_visitors(
    pipeline: Supervised,
) -> None:
    keys = pipeline.folder / "keys.json"
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        keys.rename(pipeline.folder / "away.json")
        async with coming(pipeline.port, VISITORS) as traffic:
            pipeline.supervisor.send(signal.SIGHUP)
            await true(lambda: len(pipeline.events("roll given up")) == 1)
            await traffic.until(50)
            assert await pipeline.readiness() == (200, {})
            assert (traffic.refused, traffic.unanswered) == (0, 0)
            os.kill(pipeline.workers()[1], signal.SIGKILL)
            await true(lambda: len(pipeline.workers()) >= 5)
            await traffic.until(50)
            status, wrong = await pipeline.readiness()
            assert (status, list(wrong)) == (200, ["worker 1"])
            (pipeline.folder / "away.json").rename(keys)
            await eventually(pipeline.all_ready)
        assert await pipeline.stop() == {"ingest": 0}


async def run_ingest(environ: dict[str, str], *arguments: str) -> tuple[int | None, list[str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env={**os.environ, **environ}, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, errors.decode().splitlines()


async def test_settings_with_which_no_worker_can_start_are_said_once_and_end_the_supervisor(
    pipeline: Supervised,
) -> None:
    code, lines = await run_ingest(pipeline.environ, "-m", "ingest")
    assert code == 2
    assert len([line for line in lines if "keys.json" in line and line.startswith("clickrail ingest: ")]) == 1
    assert lines[-1] == "clickrail ingest: no worker can start with these settings"
    assert len([line for line in lines if "worker started" in line]) == 1


async def test_the_command_takes_the_number_of_workers(pipeline: Supervised) -> None:
    command = ("-c", "from cli.main import main; main()", "ingest", "--workers")
    environ = {**pipeline.environ, "CLICKRAIL_INGEST_WORKERS": "1"}
    code, lines = await run_ingest(environ, *command, "0")
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith("clickrail ingest: CLICKRAIL_INGEST_WORKERS: Expected `int` >= 1 ")
    code, lines = await run_ingest(environ, *command, "3")
    assert (code, lines[-1]) == (2, "clickrail ingest: no worker can start with these settings")
