"""Workers that hang, as real processes: suspended by SIGSTOP, which looks like a stuck event loop."""

import asyncio
import os
import signal

import pytest

from tests.ingest.supervisor.supervised import VISITORS, Supervised, answered, is_running
from tests.ingest.supervisor.traffic import coming, connect
from tests.pipeline import eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

LONGER_THAN_A_WORKER_MAY_BE_SILENT_S = 11
SHORTER_S = 2


async def test_a_worker_that_stands_still_is_replaced_and_who_waits_at_its_door_is_answered(
    pipeline: Supervised,
) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(100)
            stuck = pipeline.workers()[0]
            os.kill(stuck, signal.SIGSTOP)
            # The kernel gives half of them to the hung worker, which accepts none of them.
            waiting = [await connect(pipeline.port) for _ in range(20)]
            answers = await asyncio.gather(*(each.ask(last=True) for each in waiting))
            for connection in waiting:
                connection.close()
            assert {answer.status for answer in answers} == {302}
            assert not is_running(stuck)
            await eventually(pipeline.all_ready)
            await traffic.until(200)
            assert await pipeline.restarts() == [1, 0]
        assert await pipeline.stop() == {"ingest": 0}
        clicks = await pipeline.clicks()
    assert traffic.refused == 0
    assert traffic.unanswered <= 2 * VISITORS, "more failed than were at the worker"
    traffic.answers += answers
    stored = {click.click_id for click in clicks}
    assert set(answered(traffic)) <= stored
    assert len(stored) <= len(traffic.answers) + traffic.unanswered
    assert [event["problem"] for event in pipeline.events("worker gone")] == ["does not answer"]


async def test_no_worker_is_blamed_for_the_time_in_which_its_supervisor_or_the_machine_was_stopped(
    pipeline: Supervised,
) -> None:
    async with running_pipeline(pipeline, "ingest"):
        await eventually(pipeline.all_ready)
        workers = pipeline.workers()
        for process in (pipeline.pid, *workers):
            os.kill(process, signal.SIGSTOP)
        await asyncio.sleep(LONGER_THAN_A_WORKER_MAY_BE_SILENT_S)
        pipeline.supervisor.send(signal.SIGCONT)
        await asyncio.sleep(SHORTER_S)
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        async with coming(pipeline.port, VISITORS) as traffic:
            await traffic.until(100)
        assert await pipeline.readiness() == (200, {})
        assert pipeline.workers() == workers
        assert await pipeline.stop() == {"ingest": 0}
    assert (traffic.refused, traffic.unanswered) == (0, 0)
