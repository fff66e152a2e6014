"""A real Prometheus beside a real pipeline: it reads every service, and answers every rule and every panel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from deploy.local.account import choose_account
from deploy.local.ports import free_port
from deploy.local.server import ServerPlan, running
from docs.generators.grafana.dashboards import DASHBOARDS
from tests.pipeline import Pipeline, running_pipeline
from tests.promtool import CONFIGURATION, PROMETHEUS, RULES, needs_prometheus
from tests.waiting import PATIENCE_S, eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes, needs_prometheus]
QUERIES = sorted({query for dashboard in DASHBOARDS for panel in dashboard.panels() for query, _ in panel.queries})
VISITS = 20
WITH_DATA = (
    f'clickrail_requests_total{{answer="accepted"}} == {VISITS}',
    f'clickrail_sink_rows_stored_total{{table="clicks"}} == {VISITS}',
    'clickrail:ready{service="ingest"} == 1',
    'clickrail:ready{service="enricher"} == 1',
    'clickrail:ready{service="sink"} == 1',
    'clickrail:lag:records{topic=~".*clicks.raw"} == 0',
    "clickrail:redirect:p99 > 0",
    "clickrail:unknown_codes:ratio15m > 0",
    'time() - clickrail_key_created_timestamp_seconds{purpose="ip_seal"} > 0',
    'rate(process_cpu_seconds_total[1m]) and on (job, instance) clickrail_build_info{service="sink"}',
)
"""Queries that have an answer once this has happened: some visits, and some with codes that do not exist."""


@pytest.fixture
def database_url(migrated_url: str) -> str:
    return migrated_url


class Asked:
    """The HTTP API of a Prometheus."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def get(self, path: str, **parameters: str) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self._url}/api/v1/{path}", params=parameters) as answer,
        ):
            body = await answer.json()
        assert body["status"] == "success", (parameters, body)
        return body["data"]

    async def query(self, query: str) -> list[Any]:
        return list((await self.get("query", query=query.replace("$__rate_interval", "1m")))["result"])


def configuration(pipeline: Pipeline) -> dict[str, Any]:
    """Give the sample configuration, with the pipeline's ports in place of the usual ones, and every second."""
    read: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    read["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    read["rule_files"] = [str(RULES)]
    ports = {f"clickrail-{name}": service.private_port for name, service in pipeline.services.items()}
    read["scrape_configs"] = [each for each in read["scrape_configs"] if each["job_name"] in ports]
    for job in read["scrape_configs"]:
        job["static_configs"][0]["targets"] = [f"127.0.0.1:{ports[job['job_name']]}"]
    return read


@asynccontextmanager
async def prometheus(folder: Path, configured: dict[str, Any]) -> AsyncIterator[Asked]:
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configured))
    port, program = free_port(), Path(str(PROMETHEUS))
    url = f"http://127.0.0.1:{port}"

    async def is_ready() -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{url}/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    command = (
        str(program),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    plan = ServerPlan(
        name="Prometheus",
        command=command,
        address=url,
        port=port,
        folder=folder,
        log=folder / "prometheus.log",
        ready=is_ready,
        account=choose_account(folder, program),
        start_seconds=PATIENCE_S,
        stop_seconds=10,
    )
    async with running(plan):
        yield Asked(url)


async def visit(pipeline: Pipeline) -> None:
    async with aiohttp.ClientSession(pipeline.url, cookie_jar=aiohttp.DummyCookieJar()) as browser:
        for number in range(VISITS):
            for code in ("abc123", f"wrong-{number}"):
                async with browser.get(f"/ref/{code}", allow_redirects=False):
                    pass


async def test_prometheus_reads_a_pipeline_and_answers_every_rule_and_every_panel(pipeline: Pipeline) -> None:
    async with (
        running_pipeline(pipeline),
        prometheus(pipeline.folder, configuration(pipeline)) as asked,
    ):
        await eventually(lambda: asked.query("sum(up) == 3"))
        await visit(pipeline)
        for query in WITH_DATA:
            assert await eventually(lambda query=query: asked.query(query)), query
        for query in QUERIES:
            await asked.query(query)
        rules = [rule for group in (await asked.get("rules"))["groups"] for rule in group["rules"]]
        assert {rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "ok"} == {}
        assert {rule["name"] for rule in rules if rule.get("state") == "firing"} == set()
