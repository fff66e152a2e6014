"""Hot-code isolation: how much later the clicks of other codes are rows while one code has 50 times their traffic.

Measured three ways, in turns, because the machine's speed changes: the other codes alone; with the hot code beside
them; and the same total without a hot code. The last tells what is due to one code being hot from what is due to load.
So does the hot code's own delay beside them, which is measured at the same moments.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec

from bench.load import find_percentile
from bench.probing import Pipeline, running_pipeline
from bench.report import Figure
from bench.stack import Bench, load
from cli.up.demo import CODES, DEMO_CODE

OTHER_CODES = tuple(code.code for code in CODES if code.code != DEMO_CODE)
OTHER_RATE = 20.0
TIMES = 50
ROUNDS = 6
SECONDS = 12.0
WARM_UP_SECONDS = 3.0
CONNECTIONS = 32
MOST = 1.1
DELAYS = """
    SELECT extract(epoch FROM stored_at - clicked_at)::float8 FROM clicks WHERE clicked_at >= $1 AND code = ANY($2)
"""


class Mix(msgspec.Struct, frozen=True):
    """Clicks a second of the other codes together, and of the hot one."""

    others: float
    hot: float = 0.0


BESIDE = "beside a hot code"
OF_HOT_CODE = "of the hot code"
MIXES = {
    "alone": Mix(OTHER_RATE),
    BESIDE: Mix(OTHER_RATE, OTHER_RATE * TIMES),
    "same total": Mix(OTHER_RATE * (1 + TIMES)),
}


async def measure_isolation(bench: Bench) -> list[Figure]:
    delays: dict[str, list[float]] = {name: [] for name in (*MIXES, OF_HOT_CODE)}
    async with running_pipeline(bench) as pipeline:
        database = await asyncpg.connect(bench.addresses.postgres)
        try:
            await run_mix(pipeline, MIXES[BESIDE])
            for number in range(ROUNDS):
                for name in in_turns(number):
                    since = await run_mix(pipeline, MIXES[name])
                    delays[name] += await read_delays(database, since, OTHER_CODES)
                    if name == BESIDE:
                        delays[OF_HOT_CODE] += await read_delays(database, since, [DEMO_CODE])
                    print(f"  {name}: {describe(delays[name])}", flush=True)
        finally:
            await database.close()
    return compare(delays)


def in_turns(number: int) -> list[str]:
    """Give the mixes in the order of a round. Each comes first in its turn, because the one before leaves its mark."""
    names, first = list(MIXES), number % len(MIXES)
    return names[first:] + names[:first]


async def run_mix(pipeline: Pipeline, mix: Mix) -> datetime:
    """Load the pipeline for a while, until all clicks are rows; give the end of the warm-up."""
    started = datetime.now(UTC)
    loads = [load(pipeline.url, SECONDS, CONNECTIONS, mix.others, OTHER_CODES)]
    if mix.hot:
        loads.append(load(pipeline.url, SECONDS, CONNECTIONS, mix.hot, [DEMO_CODE]))
    answered = await asyncio.gather(*loads)
    await pipeline.wait_for_rows(sum(each.statuses.get(302, 0) for each in answered))
    return started + timedelta(seconds=WARM_UP_SECONDS)


async def read_delays(database: asyncpg.Connection, since: datetime, codes: Sequence[str]) -> list[float]:
    """Give the seconds from click to row of these codes."""
    return [row[0] for row in await database.fetch(DELAYS, since, codes)]


def compare(delays: Mapping[str, Sequence[float]]) -> list[Figure]:
    """Give the ratios of a hot code to each of the two others, for half of the clicks and for 99 %."""
    alone, beside, even = (delays[name] for name in MIXES)
    return [
        make_figure(f"beside one of {TIMES} x / the same total without it", beside, even),
        make_figure(f"beside one of {TIMES} x / of that code", beside, delays[OF_HOT_CODE]),
        make_figure(f"beside one of {TIMES} x / without it", beside, alone),
    ]


def make_figure(what: str, delays: Sequence[float], baseline: Sequence[float]) -> Figure:
    half, most = (find_percentile(delays, part) / find_percentile(baseline, part) for part in (50, 99))
    return Figure(
        f"click -> row of other codes {what}: p50 and p99",
        f"{half:.2f}, {most:.2f} ({describe(delays)} / {describe(baseline)})",
        f"<= {MOST}",
        max(half, most) <= MOST,
    )


def describe(delays: Sequence[float]) -> str:
    return " and ".join(f"{find_percentile(delays, part) * 1000:.0f} ms" for part in (50, 99))
