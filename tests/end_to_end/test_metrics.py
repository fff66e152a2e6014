"""The reference of the metrics, held against what running processes serve."""

import asyncio
import re
import secrets

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from docs.generate import FOLDER
from tests.ingest.wire import request, send
from tests.pipeline import Pipeline, running_pipeline
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes]
CONNECTIONS = 20


async def served_by(port: int) -> set[str]:
    """Give the names of the metrics a private port serves, once it is open."""

    async def ask() -> str | None:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                return await answer.text()
        except aiohttp.ClientError:
            return None

    families = text_string_to_metric_families(await eventually(ask))
    suffixes = {"counter": "_total", "histogram": "_bucket", "info": "_info"}
    return {family.name + suffixes.get(family.type, "") for family in families}


async def test_every_metric_that_a_process_serves_is_in_the_reference(pipeline: Pipeline) -> None:
    described = set(re.findall(r"^\| `(\w+)` \|", (FOLDER / "metrics.md").read_text(), re.MULTILINE))
    pipeline.environ["CLICKRAIL_INGEST_WORKERS"] = "2"
    async with running_pipeline(pipeline):
        ports = [service.private_port for service in pipeline.services.values()]
        ports.append(pipeline.services["ingest"].private_port + 1)  # the first worker's
        served = {port: await served_by(port) for port in ports}
    assert all(served.values())
    assert set() == set().union(*served.values()) - described


async def test_ten_thousand_codes_that_do_not_exist_make_no_series(pipeline: Pipeline) -> None:
    async with running_pipeline(pipeline, "ingest"):
        private = pipeline.services["ingest"].private_port
        await visit_at_random(pipeline.port, 100)
        before = await series_of(private)
        await visit_at_random(pipeline.port, 10_000)
        after = await series_of(private)
    assert len(before) > 100
    assert before == after


async def visit_at_random(port: int, visits: int) -> None:
    """Ask for random codes over several connections, each with a host, an agent and an address of its own."""

    def ask(*, last: bool) -> bytes:
        name = secrets.token_urlsafe(9)
        fields = {"Host": f"{name}.example", "User-Agent": name, "X-Forwarded-For": f"81.2.69.{secrets.randbelow(256)}"}
        return request(f"/ref/{name}?sub1={name}", fields, last=last)

    each = visits // CONNECTIONS
    sent = [b"".join(ask(last=number == each) for number in range(1, each + 1)) for _ in range(CONNECTIONS)]
    answers = await asyncio.gather(*(send(port, requests) for requests in sent))
    assert [answer.status for answered in answers for answer in answered] == [404] * visits


async def series_of(port: int) -> set[str]:
    """Give every series that a private port serves: its name with its labels, without its value."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}
