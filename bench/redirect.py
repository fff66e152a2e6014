"""The redirect: what it costs against a bare server, how many one worker answers, and how long its answers take.

Both servers are measured in turns, so that they meet the same machine.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from bench.load import Load
from bench.measuring import cpu_seconds, pin
from bench.report import Figure
from bench.stack import Bench, load
from deploy.local.ports import free_port

SECONDS = 4.0
CONNECTIONS = 64
"""What a proxy in front of it keeps open."""
ROUNDS = 5
TARGET = 1.6
RATE_TARGET, RATE_P99_MS = 12_000, 50
QUIET_RATE = 1000.0
QUIET_TARGET_MS = 2.0
CROWD = 512
CROWD_S = 15.0
CROWD_P99_MS = 250
RECOVERY_S = 5
MEASURED, OTHERS = 0, 1


class Subject(msgspec.Struct, frozen=True):
    """A server to measure."""

    pid: int
    url: str


@asynccontextmanager
async def subjects(bench: Bench) -> AsyncIterator[tuple[Subject, Subject]]:
    """Give the bare server and ingest, each warm, with a processor that the load and the other servers leave alone."""
    port = free_port()
    bare = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.bare", str(port))
    ingest = bench.services["ingest"]
    await ingest.start()
    try:
        pair = Subject(bare.pid, f"http://127.0.0.1:{port}"), Subject(ingest.pid, bench.url)
        await asyncio.sleep(1)
        for pid in (os.getpid(), *(server.pid for server in bench.servers)):
            pin(pid, OTHERS)
        for subject in pair:
            pin(subject.pid, MEASURED)
            await load(subject.url, 2, CONNECTIONS)
        yield pair
    finally:
        bare.kill()
        await bare.wait()
        await ingest.stop()


async def measure_redirect(bench: Bench) -> list[Figure]:
    """Measure a cached redirect with journal, cookie, limits, record and publishing on."""
    async with subjects(bench) as (bare, ours):
        return [
            await measure_cost(bare, ours),
            await measure_rate(ours),
            await measure_quiet(bare, ours),
            *await measure_crowd(ours),
        ]


async def measure_cost(bare: Subject, ours: Subject) -> Figure:
    rounds = [[await cost(subject) for subject in (bare, ours)] for _ in range(ROUNDS)]
    ratio = statistics.median(mine / theirs for theirs, mine in rounds)
    theirs, mine = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Figure(
        "redirect: CPU a request / bare aiohttp's",
        f"{ratio:.2f}  ({mine:.0f} / {theirs:.0f} us)",
        f"<= {TARGET}",
        ratio <= TARGET,
    )


async def measure_rate(ours: Subject) -> Figure:
    answered = await load(ours.url, SECONDS * 2, CONNECTIONS)
    rate = count_redirects(answered) / answered.seconds
    return Figure(
        "redirect: clicks/s of one worker",
        f"{rate:,.0f}/s (p99 {answered.p99_ms:.1f} ms)",
        f">= {RATE_TARGET:,}/s, p99 < {RATE_P99_MS} ms",
        rate >= RATE_TARGET and answered.p99_ms < RATE_P99_MS,
    )


async def measure_quiet(bare: Subject, ours: Subject) -> Figure:
    """Compare the slowest answers at a moderate rate."""
    rounds = [
        [(await load(subject.url, SECONDS, CONNECTIONS, QUIET_RATE)).p99_ms for subject in (bare, ours)]
        for _ in range(ROUNDS)
    ]
    theirs, mine = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Figure(
        f"redirect: p99 at {QUIET_RATE:,.0f}/s, above bare",
        f"{mine - theirs:+.1f} ms ({mine:.1f} / {theirs:.1f} ms)",
        f"<= {QUIET_TARGET_MS} ms",
        mine - theirs <= QUIET_TARGET_MS,
    )


async def measure_crowd(ours: Subject) -> list[Figure]:
    """Have many more connections ask than it can answer at once, each again as soon as it is answered; then a few."""
    before = (await load(ours.url, 2, CONNECTIONS, QUIET_RATE)).p99_ms
    crowd = await load(ours.url, CROWD_S, CROWD)
    asked = sum(crowd.statuses.values())
    share = crowd.statuses.get(302, 0) / asked
    seconds = 0
    while (await load(ours.url, 1, CONNECTIONS, QUIET_RATE)).p99_ms > before * 3 and seconds <= RECOVERY_S:
        seconds += 1
    return [
        Figure(
            f"overload: {CROWD} connections that ask without a pause, answered",
            f"{share:.2%} of {asked:,} (p99 {crowd.p99_ms:.0f} ms)",
            f">= 99.9%, p99 <= {CROWD_P99_MS} ms",
            share >= 0.999 and crowd.p99_ms <= CROWD_P99_MS,
        ),
        Figure(
            "overload: seconds until answers are as quick as before",
            f"{seconds} s",
            f"<= {RECOVERY_S} s",
            seconds <= RECOVERY_S,
        ),
    ]


async def cost(subject: Subject) -> float:
    """Give microseconds of CPU a request."""
    before = cpu_seconds(subject.pid)
    answered = await load(subject.url, SECONDS, CONNECTIONS)
    return (cpu_seconds(subject.pid) - before) / count_redirects(answered) * 1e6


def count_redirects(answered: Load) -> int:
    assert set(answered.statuses) == {302}, f"not all were redirects: {answered.statuses}"
    return answered.statuses[302]
