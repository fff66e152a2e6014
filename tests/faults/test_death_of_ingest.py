"""SIGKILL of ingest: a click that was answered is in the table, once, whatever else was away at that moment."""

import asyncio
import random
import signal
import time
from pathlib import Path

import aiohttp
import pytest

from deploy.local.kafka import plan_kafka
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from identity.cookie import CookieKeys, OpenedCookie, open_cookie
from identity.keyfile import read_ring
from tests.pipeline import Pipeline, eventually, running_pipeline, without_redirects

pytestmark = [pytest.mark.servers, pytest.mark.processes]


class Visitors:
    """Click again and again, and remember the id in each cookie they were answered with."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.answered: set[str] = set()
        self._pipeline = pipeline
        self._keys = CookieKeys(read_ring(pipeline.folder / "keys.json"))

    async def click(self, browser: aiohttp.ClientSession) -> None:
        answer = await browser.get(f"{self._pipeline.url}/ref/abc123", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (302, "https://shop.example/shoes")
        name, _, rest = answer.headers["Set-Cookie"].partition("=")
        opened = open_cookie(self._keys, name, rest.partition(";")[0], int(time.time()))
        assert isinstance(opened, OpenedCookie)
        self.answered.add(opened.click_id)

    async def click_until(self, ended: asyncio.Event) -> None:
        async with without_redirects() as browser:
            while not ended.is_set():
                try:
                    await self.click(browser)
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)


async def stored(pipeline: Pipeline, expected: int) -> list[str]:
    """Give the ids in the table, once there are as many as expected at least."""
    rows = await pipeline.rows("SELECT click_id FROM clicks")
    return [row["click_id"] for row in rows] if len(rows) >= expected else []


async def kill(pipeline: Pipeline, name: str) -> None:
    service = pipeline.services[name]
    service.send(signal.SIGKILL)
    assert service.process is not None
    await service.process.wait()


async def test_clicks_answered_while_kafka_was_frozen_survive_the_death_of_ingest(
    tmp_path: Path, own_settings: LocalSettings, database_url: str, valkey: str, topic_prefix: str
) -> None:
    async with running(await plan_kafka(own_settings)) as kafka:
        pipeline = Pipeline(tmp_path, kafka.address, database_url, valkey, topic_prefix)
        async with running_pipeline(pipeline):
            visitors = Visitors(pipeline)
            kafka.freeze()
            async with without_redirects() as browser:
                await asyncio.gather(*(visitors.click(browser) for _ in range(1000)))
            await kill(pipeline, "ingest")
            kafka.thaw()
            await pipeline.start("ingest")

            ids = await eventually(lambda: stored(pipeline, 1000))
            assert len(visitors.answered) == 1000
            assert sorted(ids) == sorted(visitors.answered)


async def test_no_answered_click_is_lost_or_doubled_by_ten_deaths_under_traffic(
    tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str
) -> None:
    pipeline = Pipeline(tmp_path, kafka, database_url, valkey, topic_prefix)
    chance = random.Random(1)
    async with running_pipeline(pipeline):
        visitors, ended = Visitors(pipeline), asyncio.Event()
        clicking = [asyncio.create_task(visitors.click_until(ended)) for _ in range(8)]
        for _ in range(10):
            await asyncio.sleep(chance.uniform(0.05, 0.4))
            await kill(pipeline, "ingest")
            await pipeline.start("ingest")
        ended.set()
        await asyncio.gather(*clicking)

        ids = await eventually(lambda: stored(pipeline, len(visitors.answered)))
        await pipeline.stop()

    assert len(visitors.answered) > 100
    # A click whose answer was cut off by the death may be stored as well: its visitor was on the way.
    assert visitors.answered <= set(ids)
    assert len(ids) == len(set(ids))
