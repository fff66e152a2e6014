"""Several workers under a supervisor, as real processes: killed, rolled and left alone under traffic."""

import asyncio
import os
import signal
import sys
from functools import partial

import pytest

from tests.ingest.supervisor.supervised import VISITORS, Supervised, answered, none_is_running
from tests.ingest.supervisor.traffic import coming
from tests.pipeline import eventually, running_pipeline
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.servers, pytest.mark.processes]


def rolled(pipeline: Supervised, times: int) -> bool:
    return len(pipeline.events("rolled")) == times


async def test_three_rolls_under_traffic_fail_no_request_and_lose_no_click(pipeline: Supervised) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(100)
            for rolls in (1, 2, 3):
                pipeline.supervisor.send(signal.SIGHUP)
                await eventually(partial(rolled, pipeline, rolls))
                await traffic.until(100)
            assert await pipeline.restarts() == [0, 0]
        assert await pipeline.stop() == {"ingest": 0}
        clicks = await pipeline.clicks()
    assert (traffic.refused, traffic.unanswered) == (0, 0)
    assert sorted(answered(traffic)) == sorted(click.click_id for click in clicks)
    assert len({click.handled.process for click in clicks}) == len(pipeline.workers()) == 8, "not all workers served"


async def test_what_tells_the_supervisor_to_roll_ends_no_worker_not_even_one_that_is_starting(
    pipeline: Supervised,
) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        pipeline.supervisor.send(signal.SIGHUP)
        for earlier in (2, 3):
            young = await eventually(lambda earlier=earlier: pipeline.workers()[earlier:])
            os.kill(young[0], signal.SIGHUP)
        await eventually(partial(rolled, pipeline, 1))
        assert await pipeline.restarts() == [0, 0]
        assert await pipeline.stop() == {"ingest": 0}


async def test_a_killed_worker_is_replaced_and_nobody_is_refused_a_connection(pipeline: Supervised) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(100)
            os.kill(pipeline.workers()[0], signal.SIGKILL)
            await eventually(lambda: len(pipeline.workers()) == 3)
            await eventually(pipeline.all_ready)
            await traffic.until(200)
            assert await pipeline.restarts() == [1, 0]
        assert await pipeline.stop() == {"ingest": 0}
        clicks = await pipeline.clicks()
    assert traffic.refused == 0
    assert traffic.unanswered <= 2 * VISITORS, "more failed than were at the worker"
    assert len({click.handled.process for click in clicks}) == 3, "not all workers served"


async def test_workers_whose_supervisor_is_killed_drain_and_end(pipeline: Supervised) -> None:
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
            await eventually(lambda: len(pipeline.events("roll given up")) == 1)
            await traffic.until(50)
            assert await pipeline.readiness() == (200, {})
            assert (traffic.refused, traffic.unanswered) == (0, 0)
            os.kill(pipeline.workers()[1], signal.SIGKILL)
            await eventually(lambda: len(pipeline.workers()) >= 5)
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
    _, errors = await asyncio.wait_for(process.communicate(), PATIENCE_S)
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
    assert lines[0].startswith("clickrail ingest: CLICKRAIL_INGEST_WORKERS: must be a whole number from 1 to 64")
    code, lines = await run_ingest(environ, *command, "3")
    assert (code, lines[-1]) == (2, "clickrail ingest: no worker can start with these settings")
