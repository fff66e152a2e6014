"""The redirect: what it costs against a bare server, how many one worker answers, and how long its answers take.

Both servers are measured in turns, so that they meet the same machine.
"""

import os
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from bench.bare_server import run_bare
from bench.load import Load
from bench.measuring import cpu_seconds, pin
from bench.report import Figure
from bench.stack import Bench, load

SECONDS = 4.0
CONNECTIONS = 64
"""What a proxy in front of it keeps open."""
ROUNDS = 5
TARGET = 1.6
RATE_TARGET, RATE_P99_MS = 12_000, 50
QUIET_RATE = 1000.0
QUIET_TARGET_MS = 2.0
CLIENTS = 512
CLIENTS_S = 15.0
CLIENTS_P99_MS = 250
RECOVERY_S = 5
MEASURED, OTHERS = 0, 1


class MeasuredServer(msgspec.Struct, frozen=True):
    """A server to measure."""

    pid: int
    url: str


@asynccontextmanager
async def measured_servers(bench: Bench) -> AsyncIterator[tuple[MeasuredServer, MeasuredServer]]:
    """Give the bare server and ingest, each warm, with a processor that the load and the other servers leave alone."""
    ingest = bench.services["ingest"]
    await ingest.start()
    try:
        async with run_bare() as bare:
            pair = MeasuredServer(bare.pid, bare.address), MeasuredServer(ingest.pid, bench.url)
            for pid in (os.getpid(), *(server.pid for server in bench.servers)):
                pin(pid, OTHERS)
            for server in pair:
                pin(server.pid, MEASURED)
                await load(server.url, 2, CONNECTIONS)
            yield pair
    finally:
        await ingest.stop()


async def measure_redirect(bench: Bench) -> list[Figure]:
    """Measure a cached redirect with journal, cookie, limits, record and publishing on."""
    async with measured_servers(bench) as (bare, ours):
        return [
            await measure_cost(bare, ours),
            await measure_rate(ours),
            await measure_quiet(bare, ours),
            *await measure_many_clients(ours),
        ]


async def measure_cost(bare: MeasuredServer, ours: MeasuredServer) -> Figure:
    rounds = [[await cost(server) for server in (bare, ours)] for _ in range(ROUNDS)]
    ratio = statistics.median(mine / theirs for theirs, mine in rounds)
    theirs, mine = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Figure(
        "redirect: CPU a request / bare aiohttp's",
        f"{ratio:.2f}  ({mine:.0f} / {theirs:.0f} us)",
        f"<= {TARGET}",
        ratio <= TARGET,
    )


async def measure_rate(ours: MeasuredServer) -> Figure:
    answered = await load(ours.url, SECONDS * 2, CONNECTIONS)
    rate = count_redirects(answered) / answered.seconds
    return Figure(
        "redirect: clicks/s of one worker",
        f"{rate:,.0f}/s (p99 {answered.p99_ms:.1f} ms)",
        f">= {RATE_TARGET:,}/s, p99 < {RATE_P99_MS} ms",
        rate >= RATE_TARGET and answered.p99_ms < RATE_P99_MS,
    )


async def measure_quiet(bare: MeasuredServer, ours: MeasuredServer) -> Figure:
    """Compare the slowest answers at a moderate rate."""
    rounds = [
        [(await load(server.url, SECONDS, CONNECTIONS, QUIET_RATE)).p99_ms for server in (bare, ours)]
        for _ in range(ROUNDS)
    ]
    theirs, mine = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Figure(
        f"redirect: p99 at {QUIET_RATE:,.0f}/s, above bare",
        f"{mine - theirs:+.1f} ms ({mine:.1f} / {theirs:.1f} ms)",
        f"<= {QUIET_TARGET_MS} ms",
        mine - theirs <= QUIET_TARGET_MS,
    )


async def measure_many_clients(ours: MeasuredServer) -> list[Figure]:
    """Have many more connections ask than it can answer at once, each again as soon as it is answered; then a few."""
    before = (await load(ours.url, 2, CONNECTIONS, QUIET_RATE)).p99_ms
    many = await load(ours.url, CLIENTS_S, CLIENTS)
    asked = sum(many.statuses.values())
    share = many.statuses.get(302, 0) / asked
    seconds = 0
    while (await load(ours.url, 1, CONNECTIONS, QUIET_RATE)).p99_ms > before * 3 and seconds <= RECOVERY_S:
        seconds += 1
    return [
        Figure(
            f"overload: {CLIENTS} connections that ask without a pause, answered",
            f"{share:.2%} of {asked:,} (p99 {many.p99_ms:.0f} ms)",
            f">= 99.9%, p99 <= {CLIENTS_P99_MS} ms",
            share >= 0.999 and many.p99_ms <= CLIENTS_P99_MS,
        ),
        Figure(
            "overload: seconds until answers are as quick as before",
            f"{seconds} s",
            f"<= {RECOVERY_S} s",
            seconds <= RECOVERY_S,
        ),
    ]


async def cost(server: MeasuredServer) -> float:
    """Give microseconds of CPU a request."""
    before = cpu_seconds(server.pid)
    answered = await load(server.url, SECONDS, CONNECTIONS)
    return (cpu_seconds(server.pid) - before) / count_redirects(answered) * 1e6


def count_redirects(answered: Load) -> int:
    assert set(answered.statuses) == {302}, f"not all were redirects: {answered.statuses}"
    return answered.statuses[302]
