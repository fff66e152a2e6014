"""An edge node: ingest far from Kafka and PostgreSQL, with 75 ms latency in each direction to each.

Its settings are those of the chart's edge render, but for what a test has to choose itself (`CHOSEN_HERE`).
"""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import msgspec

from deploy.local.kafka import plan_kafka, render
from deploy.local.ports import HOST, free_port
from deploy.local.server import ServerPlan, running
from deploy.local.settings import LocalSettings
from tests.deploy_helm.renders import environment_of, pods_in, read_golden
from tests.faults.proxy import Proxy
from tests.faults.shop import read_metric
from tests.pipeline import DEMO, Pipeline

ONE_WAY_S: Final = 0.075
RENDERED: Final = environment_of(dict(pods_in(read_golden("edge")))["ingest"])
CHOSEN_HERE: Final = (
    "CLICKRAIL_KAFKA_",
    "CLICKRAIL_INGEST_DATA_DIR",
    "CLICKRAIL_INGEST_DRAIN_S",
    "CLICKRAIL_INGEST_WORKERS",
)
"""Beginnings of names. The servers here have neither TLS nor passwords, and one worker's metrics tell what waits."""
CHART_SETTINGS: Final = {
    name: value for name, value in RENDERED.items() if not name.startswith(CHOSEN_HERE) and not name.endswith("_FILE")
}
REGION: Final = CHART_SETTINGS["CLICKRAIL_REGION"]
MAKE_ROLE: Final = """
    CREATE ROLE {role} LOGIN PASSWORD 'secret';
    GRANT USAGE ON SCHEMA {schema} TO {role};
    GRANT SELECT ON programs, affiliates, referral_codes, referral_version, referral_changes TO {role};
"""
DROP_ROLE: Final = "DROP OWNED BY {role}; DROP ROLE {role}"


class ProxyLines(msgspec.Struct, frozen=True):
    """Proxies from the nodes to each server. `lengthen` adds the latency."""

    kafka: Proxy
    postgres: Proxy

    def lengthen(self, one_way_s: float = ONE_WAY_S) -> None:
        for line in self.all():
            line.latency_s = one_way_s

    def break_by(self, how: Callable[[Proxy], None]) -> None:
        for line in self.all():
            how(line)

    def mend(self) -> None:
        """Forward everything again, with the same latency."""
        for line in self.all():
            one_way_s = line.latency_s
            line.restore()
            line.latency_s = one_way_s

    def all(self) -> tuple[Proxy, ...]:
        return self.kafka, self.postgres


class Edge(Pipeline):
    """A pipeline whose ingest reaches the centre only through the proxies. Its database `role` may only read."""

    def __init__(self, lines: ProxyLines, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lines = lines
        self.role = f"edge_{self.prefix.rstrip('.')}"
        at_the_centre = {name: value for name, value in self.environ.items() if name != "CLICKRAIL_REDIS_URL"}
        self.services["ingest"].environ = {
            **at_the_centre,
            **CHART_SETTINGS,
            "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": lines.kafka.address,
            "CLICKRAIL_DATABASE_URL": by_way_of(self.database_url, lines.postgres, f"{self.role}:secret"),
        }

    async def prepare(self, referrals: str = DEMO) -> None:
        await super().prepare(referrals)
        await self.administer(MAKE_ROLE)

    async def administer(self, script: str) -> None:
        connection = await asyncpg.connect(self.database_url)
        schema = await connection.fetchval("SELECT current_schema()")
        await connection.execute(script.format(role=self.role, schema=schema))
        await connection.close()

    async def waiting(self) -> int:
        """Give how many clicks Kafka does not have yet."""
        return int(await read_metric(self.services["ingest"].private_port, "clickrail_clicks_waiting"))


class Centre(msgspec.Struct, frozen=True):
    """Kafka's address inside the centre, and the proxies that nodes use."""

    kafka: str
    lines: ProxyLines


@asynccontextmanager
async def open_centre(settings: LocalSettings, database_url: str) -> AsyncIterator[Centre]:
    """Run a Kafka for the centre, and proxies to it and to PostgreSQL."""
    far_port = free_port()
    with ExitStack() as stack:
        lines = ProxyLines(*(stack.enter_context(Proxy(HOST, port)) for port in (far_port, port_of(database_url))))
        async with running(await plan_kafka_with_two_doors(settings, far_port, lines.kafka)) as kafka:
            yield Centre(kafka.address, lines)


@asynccontextmanager
async def open_edge(centre: Centre, folder: Path, *rest: str) -> AsyncIterator[Edge]:
    """Prepare a node with working proxies without latency; `rest` are a pipeline's arguments after Kafka."""
    centre.lines.mend()
    centre.lines.lengthen(0)
    edge = Edge(centre.lines, folder, centre.kafka, *rest)
    yield edge
    await edge.administer(DROP_ROLE)


async def plan_kafka_with_two_doors(settings: LocalSettings, far_port: int, line: Proxy) -> ServerPlan:
    """Plan a Kafka that advertises the proxy's address to clients of `far_port`, and its own address to others."""
    plan = await plan_kafka(settings)
    far, near = f"FAR://{HOST}:{far_port}", f"PLAINTEXT://{plan.address}"
    with (plan.folder / "server.properties").open("a") as properties:
        # Of two values for a name the later one wins.
        properties.write(
            render(
                {
                    "listeners": f"{near},{far},CONTROLLER://{HOST}:{settings.kafka_controller_port}",
                    "advertised.listeners": f"{near},FAR://{line.address}",
                    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,FAR:PLAINTEXT,CONTROLLER:PLAINTEXT",
                    "inter.broker.listener.name": "PLAINTEXT",
                }
            )
        )
    return plan


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def by_way_of(url: str, line: Proxy, account: str = "") -> str:
    at = f"{account}@" if account else ""
    return urlsplit(url)._replace(netloc=f"{at}{line.address}").geturl()
