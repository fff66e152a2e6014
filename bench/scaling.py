"""One and two enrichers on the same backlog: clicks a second, and CPU a click, which depends less on what else runs."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import msgspec

from bench.measuring import cpu_seconds, idle_share
from bench.report import Figure
from bench.stack import Bench, load
from cli.up.services import LocalService, plan_service
from deploy.local.ports import free_port
from deploy.local.server import Server
from runtime.kafka.groups import asking
from schemas import CLICKS_RAW

GROUP: Final = "clickrail.enricher"
RECORDS: Final = "clickrail_enricher_records_total "
BACKLOG_S: Final = 30.0
CONNECTIONS: Final = 64
SHARE: Final = 0.9
"""How much of the backlog is measured: at its end one of two has less to do than the other."""
ROUNDS: Final = 3
TARGET: Final = 1.8
IDLE: Final = 0.95
"""On a machine with less idle time than this, before the measurement, the figure says nothing about the target."""


class Drained(msgspec.Struct, frozen=True):
    """What members did with a backlog: clicks a second, and microseconds of CPU a click."""

    rate: float
    cpu_us: float


async def measure_scaling(bench: Bench) -> list[Figure]:
    idle = await wait_until_idle()
    clicks = await make_backlog(bench)
    rounds = [[await drain(bench, clicks, members) for members in (1, 2)] for _ in range(ROUNDS)]
    ratio = statistics.median(two.rate / one.rate for one, two in rounds)
    one, two = (median_of(column) for column in zip(*rounds, strict=True))
    return [
        Figure(
            "scaling: clicks/s of 2 enrichers / of 1",
            f"{ratio:.2f} x ({two.rate:,.0f} / {one.rate:,.0f}; idle before: {idle:.0%})",
            f">= {TARGET} x, on idle cores",
            ratio >= TARGET if idle >= IDLE else None,
        ),
        Figure("scaling: CPU a click of 1 and of 2 enrichers", f"{one.cpu_us:.0f}, {two.cpu_us:.0f} us"),
    ]


async def wait_until_idle() -> float:
    """Wait for what an earlier measurement left to do, a minute at most; give the idle share of its last seconds."""
    for _ in range(20):
        idle = await idle_share(3)
        if idle >= IDLE:
            break
    return idle


def median_of(drained: Sequence[Drained]) -> Drained:
    return Drained(statistics.median(each.rate for each in drained), statistics.median(each.cpu_us for each in drained))


async def make_backlog(bench: Bench) -> int:
    """Have clicks recorded that nobody enriches; give how many there are in the topic."""
    ingest = bench.services["ingest"]
    await ingest.start()
    await load(bench.url, BACKLOG_S, CONNECTIONS)
    # It delivers what it has before it ends.
    await ingest.stop()
    async with asking([bench.addresses.kafka], GROUP, "bench") as kafka:
        return sum((await kafka.ends(await kafka.partitions([CLICKS_RAW.name]))).values())


async def drain(bench: Bench, clicks: int, count: int) -> Drained:
    """Have so many enrichers work on the backlog from its start, and measure from when all are ready."""
    await rewind(bench)
    async with running_members(bench, count) as members:
        before, cpu_s, began = await count_records(members), cpu_of(members), time.monotonic()
        while (done := await count_records(members)) < clicks * SHARE:
            await asyncio.sleep(0.05)
        took_s = time.monotonic() - began
        drained = Drained((done - before) / took_s, (cpu_of(members) - cpu_s) / (done - before) * 1e6)
    print(f"  {count} enrichers: {drained.rate:,.0f} clicks/s, {drained.cpu_us:.0f} us a click", flush=True)
    return drained


async def rewind(bench: Bench) -> None:
    async with asking([bench.addresses.kafka], GROUP, "bench") as kafka:
        await kafka.commit(dict.fromkeys(await kafka.partitions([CLICKS_RAW.name]), 0))


@asynccontextmanager
async def running_members(bench: Bench, count: int) -> AsyncIterator[Sequence[tuple[LocalService, Server]]]:
    members = [make_member(bench) for _ in range(count)]
    try:
        await asyncio.gather(*(server.start() for _, server in members))
        yield members
    finally:
        for _, server in members:
            await server.stop()


def make_member(bench: Bench) -> tuple[LocalService, Server]:
    """Make an enricher that is not started yet, on a private port of its own."""
    plan, port = bench.services["enricher"].plan, free_port()
    service = msgspec.structs.replace(bench.plans["enricher"], private_port=port)
    environ = {**(plan.environ or {}), "CLICKRAIL_ENRICHER_PRIVATE_PORT": str(port)}
    return service, Server(plan_service(service, environ, plan.folder / str(port)))


async def count_records(members: Sequence[tuple[LocalService, Server]]) -> float:
    async with aiohttp.ClientSession() as session:
        total = 0.0
        for service, _ in members:
            async with session.get(f"{service.private_url}/metrics") as answer:
                lines = (await answer.text()).splitlines()
            total += sum(float(line.removeprefix(RECORDS)) for line in lines if line.startswith(RECORDS))
    return total


def cpu_of(members: Sequence[tuple[LocalService, Server]]) -> float:
    return sum(cpu_seconds(server.pid) for _, server in members)
