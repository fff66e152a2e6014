"""The reference of the metrics, held against what running processes serve."""

import re

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from docs.generate import FOLDER
from tests.pipeline import Pipeline, running_pipeline
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes]


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
