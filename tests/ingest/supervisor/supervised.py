"""A pipeline whose ingest is a supervisor with two workers, and what can be read of them."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import aiohttp

from schemas import CLICKS_RAW, RawClick, decode
from tests.ingest.supervisor.traffic import Traffic
from tests.pipeline import DEMO, Pipeline, Service
from tests.waiting import eventually

VISITORS = 4


class Supervised(Pipeline):
    """A pipeline with two workers of ingest, whose answers name the click."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.environ |= {"CLICKRAIL_INGEST_WORKERS": "2", "CLICKRAIL_INGEST_FLUSH_S": "8"}

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


async def none_is_running(pids: Collection[int]) -> None:
    await eventually(lambda: not any(map(is_running, pids)))
