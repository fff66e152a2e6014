"""The redirect: CPU time a request against the bare server's, in turns, so that both meet the same machine."""

import asyncio
import os
import statistics
import sys

from bench.load import Load
from bench.measuring import cpu_seconds, pin
from bench.report import Figure
from bench.stack import Bench, load
from deploy.local.ports import free_port

SECONDS = 4.0
CONNECTIONS = 16
ROUNDS = 5
TARGET = 2.0
MEASURED, OTHERS = 0, 1


async def measure_redirect(bench: Bench) -> list[Figure]:
    """Measure a cached redirect with cookie, record and publishing, each round against the bare server."""
    port = free_port()
    bare = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.bare", str(port))
    ingest = bench.services["ingest"]
    await ingest.start()
    try:
        pairs = [(bare.pid, f"http://127.0.0.1:{port}"), (ingest.pid, bench.url)]
        await asyncio.sleep(1)
        # The measured process has a processor to itself; the load and the servers share another.
        for pid in (os.getpid(), *(server.pid for server in bench.servers)):
            pin(pid, OTHERS)
        for pid, _ in pairs:
            pin(pid, MEASURED)
        for _, url in pairs:
            await load(url, 2, CONNECTIONS)
        rounds = [[await cost(pid, url) for pid, url in pairs] for _ in range(ROUNDS)]
    finally:
        bare.kill()
        await bare.wait()
        await ingest.stop()
    ratio = statistics.median(ours / theirs for theirs, ours in rounds)
    theirs, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    return [
        Figure(
            "redirect: CPU a request / bare aiohttp's",
            f"{ratio:.2f}  ({ours:.0f} / {theirs:.0f} us)",
            f"<= {TARGET}",
            ratio <= TARGET,
        )
    ]


async def cost(pid: int, url: str) -> float:
    """Give microseconds of CPU a request."""
    before = cpu_seconds(pid)
    answered = await load(url, SECONDS, CONNECTIONS)
    return (cpu_seconds(pid) - before) / count_redirects(answered) * 1e6


def count_redirects(answered: Load) -> int:
    assert set(answered.statuses) == {302}, f"not all were redirects: {answered.statuses}"
    return answered.statuses[302]
