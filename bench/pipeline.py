"""The whole pipeline: the highest rate it holds, what a click costs every process, how fresh a row is, an overload."""

from bench.overload import measure_overload
from bench.probing import FRESH_TARGET_S, Probe, running_pipeline
from bench.report import Figure
from bench.search import find_highest
from bench.stack import Bench

QUIET_RATE, BUSY_RATE, FIRST_RATE = 50.0, 800.0, 2000.0
BUSY_TARGET, HIGHEST_TARGET = 8.0, 4.0


async def measure_pipeline(bench: Bench) -> list[Figure]:
    async with running_pipeline(bench) as pipeline:
        await pipeline.probe(500, seconds=4)
        quiet, busy = await pipeline.probe(QUIET_RATE), await pipeline.probe(BUSY_RATE)
        probes: dict[float, Probe] = {}

        async def holds(rate: float) -> bool:
            probes[rate] = await pipeline.probe(rate)
            return probes[rate].holds

        highest = await find_highest(holds, FIRST_RATE)
        figures = [*describe(quiet), *describe(busy, BUSY_TARGET)]
        if highest:
            figures += describe(probes[highest], HIGHEST_TARGET)
        figures.append(Figure("pipeline: highest rate with flat lag", f"{highest:,.0f} clicks/s"))
        return [*figures, *await measure_overload(pipeline, highest or FIRST_RATE)]


def describe(probe: Probe, most: float | None = None) -> list[Figure]:
    """Give the figures of a probe. The total cost has a target where `most` is given."""
    total = Figure(
        f"CPU per click / a bare redirect's, at {probe.rate:,.0f}/s",
        probe.costs.describe(),
        f"<= {most} x" if most else "",
        probe.costs.total <= most if most else None,
    )
    fresh = Figure(
        f"freshness click -> row at {probe.rate:,.0f}/s, p50 and p99",
        f"{probe.fresh_p50_s * 1000:.0f} ms, {probe.fresh_p99_s * 1000:.0f} ms"
        f" (answer p99 {probe.answered.p99_ms:.1f} ms)",
        f"p99 <= {FRESH_TARGET_S} s",
        probe.fresh_p99_s <= FRESH_TARGET_S,
    )
    return [total, fresh]
