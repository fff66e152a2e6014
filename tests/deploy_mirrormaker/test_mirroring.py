"""A region with a Kafka of its own: MirrorMaker 2 itself, with our properties, between two Kafkas."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from deploy.local.jars import install_kafka
from deploy.local.kafka import java, plan_kafka
from deploy.local.ports import free_port
from deploy.local.server import Server, ServerPlan, running
from runtime.kafka.topics import apply_topics
from schemas import CLICKS_RAW, TOPICS
from tests.deploy_mirrormaker.properties import read_properties, write_properties
from tests.faults.oracles import assert_conserved
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, Prefixed, running_pipeline
from tests.servers import small_settings
from tests.waiting import PATIENCE_S

LOCK: Final = Path(__file__).with_name("mirrormaker.lock")
MAIN: Final = "org.apache.kafka.connect.mirror.MirrorMaker"
OWN_TOPICS: Final = "replication.factor"

pytestmark = [pytest.mark.usefixtures("only_in_drill"), pytest.mark.servers, pytest.mark.processes]


@pytest.fixture
async def edge_kafka(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(await plan_kafka(small_settings(tmp_path / "edge"))) as server:
        yield server


@asynccontextmanager
async def mirroring(pipeline: Pipeline, edge: str) -> AsyncIterator[Server]:
    """Run MirrorMaker from the edge's Kafka to that of the pipeline."""
    settings = small_settings(pipeline.folder / "mirrormaker")
    settings.data.mkdir()
    path = pipeline.folder / "mirrormaker.properties"
    prefix = pipeline.prefix.replace(".", "\\\\.")
    topics = read_properties()["edge->centre.topics"].split(", ")
    write_properties(
        path,
        {
            "edge.bootstrap.servers": edge,
            "centre.bootstrap.servers": pipeline.kafka,
            "edge->centre.topics": ", ".join(prefix + topic for topic in topics),
            **{name: "1" for name in read_properties() if name.endswith(OWN_TOPICS)},
        },
    )
    jars = await install_kafka(settings, lock=LOCK)

    async def runs() -> bool:
        return True

    plan = ServerPlan(
        name="MirrorMaker",
        command=java(jars, "-Xmx256m", MAIN, str(path)),
        address="",
        port=free_port(),
        folder=settings.data,
        log=pipeline.folder / "mirrormaker.log",
        ready=runs,
        start_seconds=PATIENCE_S,
        stop_seconds=PATIENCE_S,
    )
    async with running(plan) as server:
        yield server


async def test_clicks_of_a_region_become_rows_at_the_centre_once_though_mirrormaker_is_killed(
    tmp_path: Path, edge_kafka: Server, kafka: str, database_url: str, valkey: str, topic_prefix: str
) -> None:
    pipeline = Pipeline(tmp_path, kafka, database_url, valkey, topic_prefix)
    pipeline.services["ingest"].environ = {
        **pipeline.environ,
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": edge_kafka.address,
        "CLICKRAIL_REGION": "tokyo",
    }
    await apply_topics([edge_kafka.address], [Prefixed(topic_prefix, topic) for topic in TOPICS])
    async with running_pipeline(pipeline), mirroring(pipeline, edge_kafka.address) as mirrormaker:
        visitors = Visitors(pipeline)
        await visitors.click(500)
        await assert_conserved(pipeline, visitors)
        await visitors.click(500)
        await mirrormaker.kill()
        await visitors.click(500)
        await mirrormaker.start()
        await assert_conserved(pipeline, visitors)
        stored = {row["handled_region"] for row in await pipeline.rows("SELECT DISTINCT handled_region FROM clicks")}
        raw = await pipeline.values(CLICKS_RAW)

    assert stored == {"tokyo"}
    assert len(set(raw)) == len(visitors.answered)
