"""Services stopped and killed in the middle of traffic: what was answered is stored, once, and nothing else is."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from schemas import RawClick
from tests.end_to_end.ledger import check_stream, raw_clicks, scrape, stored
from tests.end_to_end.test_ledger import VariedPipeline, opened_id
from tests.end_to_end.traffic import Visit, follow_link
from tests.ingest.wire import Answer
from tests.pipeline import running_pipeline
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.servers, pytest.mark.processes]

VISITORS = 8
PAUSE_S = 0.02
CODES = ("shoes1", "own2", "bags3")


@pytest.fixture
def pipeline(tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str) -> VariedPipeline:
    return VariedPipeline(tmp_path, kafka, database_url, valkey, topic_prefix)


class Traffic:
    """Visitors who come one after the other for as long as the block lasts, several at a time."""

    def __init__(self, port: int, seed: int) -> None:
        self._port = port
        self._chance = Random(seed)
        self._going = True
        self.visits: list[tuple[Visit, Answer | None]] = []

    def stop(self) -> None:
        self._going = False

    async def come(self) -> None:
        while self._going:
            visit = follow_link(self._chance, len(self.visits), self._chance.choice(CODES))
            answer = await visit.send(self._port)
            self.visits.append((visit, answer))
            await asyncio.sleep(PAUSE_S)

    async def until(self, count: int) -> None:
        """Wait until so many more visits were answered."""
        wanted = len(self.answers()) + count
        async with asyncio.timeout(PATIENCE_S):
            while len(self.answers()) < wanted:
                await asyncio.sleep(0.01)

    def answers(self) -> list[Answer]:
        return [answer for _, answer in self.visits if answer]


@asynccontextmanager
async def coming(port: int, seed: int) -> AsyncIterator[Traffic]:
    traffic = Traffic(port, seed)
    async with asyncio.TaskGroup() as group:
        for _ in range(VISITORS):
            group.create_task(traffic.come())
        try:
            yield traffic
        finally:
            traffic.stop()


async def check_books(pipeline: VariedPipeline, answers: Sequence[Answer]) -> list[RawClick]:
    """Every visit was answered with 302 and a cookie, and the clicks of these cookies are the rows, to the id."""
    assert {answer.status for answer in answers} == {302}
    ring = pipeline.ring()
    answered = [opened_id(ring, answer) for answer in answers]
    rows = await stored(pipeline, len(answers))
    clicks = await raw_clicks(pipeline)
    assert len(set(answered)) == len(answers)
    assert set(rows) == set(answered) == {click.click_id for click in clicks}
    assert {answer.location for answer in answers} == {row["target_url"] for row in rows.values()}
    await check_stream(pipeline, clicks)
    return clicks


async def test_everything_stopped_in_the_middle_of_traffic_and_started_again_balances(pipeline: VariedPipeline) -> None:
    async with running_pipeline(pipeline):
        async with coming(pipeline.port, seed=1) as traffic:
            await traffic.until(500)
            services = pipeline.services.values()
            for service in services:
                service.send(signal.SIGTERM)
            assert [await service.process.wait() for service in services if service.process] == [0, 0, 0]
            await pipeline.start()
            await traffic.until(500)
        await stored(pipeline, len(traffic.answers()))
        assert await pipeline.stop() == {"ingest": 0, "enricher": 0, "sink": 0}
        clicks = await check_books(pipeline, traffic.answers())
    assert len({click.handled.process for click in clicks}) == 2
    assert len(traffic.answers()) < len(traffic.visits), "nobody came while everything was stopped"


async def test_enricher_and_sink_killed_under_traffic_and_started_again_lose_and_double_nothing(
    pipeline: VariedPipeline,
) -> None:
    async with running_pipeline(pipeline):
        async with coming(pipeline.port, seed=2) as traffic:
            await traffic.until(500)
            for name in ("sink", "enricher"):
                pipeline.services[name].send(signal.SIGKILL)
                assert await pipeline.services[name].stop() == -signal.SIGKILL
                await traffic.until(200)
            # Kafka gives the dead members' partitions away when their session has run out, 20 s later.
            await pipeline.start("enricher", "sink")
        counts = await scrape(pipeline)
        await stored(pipeline, len(traffic.answers()))
        assert await pipeline.stop() == {"ingest": 0, "enricher": 0, "sink": 0}
        clicks = await check_books(pipeline, traffic.answers())
    assert counts.answers == {"accepted": len(traffic.visits)}
    assert len({click.handled.process for click in clicks}) == 1
