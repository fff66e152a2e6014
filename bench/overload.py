"""Three times the clicks that the pipeline holds, open loop: how long answers take, and when all clicks are rows."""

import time

from bench.probing import Pipeline
from bench.report import Figure
from bench.stack import load
from cli.up.services import prioritize_ingest

TIMES = 3
SECONDS = 60.0
CONNECTIONS = 1024
"""Enough that a click seldom waits for a free one: each visitor has a connection of their own."""
DRAIN_SECONDS = 600.0
P99_TARGET_MS = 250.0


async def measure_overload(pipeline: Pipeline, highest: float, seconds: float = SECONDS) -> list[Figure]:
    """Load with the processes' niceness as `make up` has it."""
    await prioritize_ingest([server for name, server in pipeline.servers.items() if name != "Valkey"])
    rate = highest * TIMES
    answered = await load(pipeline.url, seconds, CONNECTIONS, rate)
    ended = time.monotonic()
    redirects = answered.statuses.get(302, 0)
    # What was answered after the load's end is a row as well, so that there may be more rows than answers counted.
    missing = await pipeline.wait_for_rows(redirects, DRAIN_SECONDS)
    behind_s = time.monotonic() - ended
    rate_answered = redirects / answered.seconds
    refused = answered.statuses.get(503, 0)
    others = {status: count for status, count in answered.statuses.items() if status not in (302, 503)}
    return [
        Figure(
            f"overload: {rate:,.0f} clicks/s for {seconds:.0f} s, p99 from sent to redirected",
            f"{answered.served_p99_ms:.0f} ms, half {answered.served_p50_ms:.0f} ms ({rate_answered:,.0f} redirects/s,"
            f" {refused / answered.seconds:,.0f} refused/s, other answers: {others or 'none'};"
            f" the load woke up {answered.lag_p99_ms:.0f} ms late, p99)",
            f"<= {P99_TARGET_MS:.0f} ms",
            answered.served_p99_ms <= P99_TARGET_MS,
        ),
        Figure(
            "overload: redirects that are no row",
            f"{max(0, missing):,} of {redirects:,}, {behind_s:.0f} s after the load",
            "none",
            missing <= 0,
        ),
    ]
