"""What a million clicks take: CPU, memory, disk and network of every stage. `docs/cost-model.md` is made of these."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import msgspec

from bench.measuring import children_of, resident_mib
from bench.probing import Pipeline, running_pipeline
from bench.report import Figure
from bench.sockets import Traffic, read_traffic
from bench.stack import Bench
from schemas import CLICKS_DEAD, TOPICS

WARM_RATE, WARM_S = 300.0, 20.0
RATE, SECONDS = 300.0, 120.0
MILLION: Final = 1_000_000
STAGES: Final = ("ingest", "enricher", "sink", "console")
TABLES: Final = """
    SELECT 'clicks', coalesce(sum(pg_table_size(relid)), 0)::bigint FROM pg_partition_tree('clicks')
    UNION ALL SELECT 'indexes of clicks', coalesce(sum(pg_indexes_size(relid)), 0)::bigint
        FROM pg_partition_tree('clicks')
    UNION ALL SELECT 'counts', pg_total_relation_size('click_rollups') + pg_total_relation_size('click_minutes')
    UNION ALL SELECT 'write-ahead log', pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint
"""
WRITTEN: Final = "write_bytes: "


class Volumes(msgspec.Struct, frozen=True):
    """Bytes on disk by what they are, and bytes over the network by stage and server."""

    disk: Mapping[str, int]
    network: Mapping[tuple[str, str], Traffic]


async def measure_volumes(bench: Bench) -> list[Figure]:
    async with running_pipeline(bench) as pipeline:
        await pipeline.probe(WARM_RATE, WARM_S)
        before = await read_volumes(bench, pipeline)
        probe = await pipeline.probe(RATE, SECONDS)
        after = await read_volumes(bench, pipeline)
        clicks = probe.costs.clicks
        memory = {name: resident_mib(pipeline.servers[name].pid) for name in STAGES}
    return [
        *(
            Figure(f"a million clicks at {RATE:,.0f}/s: CPU of {name}", f"{seconds / clicks * MILLION:,.0f} s")
            for name, seconds in probe.costs.seconds.items()
        ),
        *(Figure(f"memory of {name}", f"{mib:.0f} MiB") for name, mib in memory.items()),
        *(
            Figure(f"disk: {name}", f"{(size - before.disk[name]) / clicks:,.0f} bytes a click")
            for name, size in after.disk.items()
        ),
        *describe_network(before, after, clicks),
    ]


def describe_network(before: Volumes, after: Volumes, clicks: int) -> Iterator[Figure]:
    """Give the bytes a click between each stage and each server, where there are any."""
    for (stage, server), now in after.network.items():
        then = before.network[stage, server]
        sent, received = (now.sent - then.sent) / clicks, (now.received - then.received) / clicks
        if sent >= 1 or received >= 1:
            what = f"network: {stage} and {server}"
            yield Figure(what, f"{sent:,.0f} bytes a click there, {received:,.0f} back")


async def read_volumes(bench: Bench, pipeline: Pipeline) -> Volumes:
    ports = {
        int(bench.addresses.kafka.rpartition(":")[2]): "Kafka",
        urlsplit(bench.addresses.postgres).port or 0: "PostgreSQL",
        urlsplit(bench.addresses.valkey).port or 0: "Valkey",
    }
    network = {
        (stage, name): traffic
        for stage in STAGES
        for name, traffic in read_traffic(tree_of(pipeline.servers[stage].pid), ports).items()
    }
    return Volumes(await read_disk(bench, pipeline), network)


async def read_disk(bench: Bench, pipeline: Pipeline) -> dict[str, int]:
    logs = pipeline.servers["Kafka"].plan.folder / "data"
    topics = [topic.name for topic in TOPICS if topic is not CLICKS_DEAD]
    kafka = {topic: sum(log.stat().st_size for log in logs.glob(f"{topic}-*/*.log")) for topic in topics}
    connection = await asyncpg.connect(bench.addresses.postgres)
    try:
        tables = dict(await connection.fetch(TABLES))
    finally:
        await connection.close()
    journal = sum(map(written_bytes, tree_of(pipeline.servers["ingest"].pid)))
    return {"journal": journal, **kafka, **tables}


def written_bytes(pid: int) -> int:
    """Give the bytes that a process has had written to a disk."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return next(int(line.removeprefix(WRITTEN)) for line in lines if line.startswith(WRITTEN))


def tree_of(pid: int) -> list[int]:
    """Give a process and all its descendants."""
    return [pid, *(each for child in children_of(pid) for each in tree_of(child))]
