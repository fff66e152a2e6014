"""A pipeline under steady traffic for long: memory, open files, threads and lag stay as they are, by their slopes."""

import asyncio
import random

import pytest

from tests.faults.drill import Drill
from tests.faults.oracles import assert_conserved
from tests.faults.soak import MOST_MIB, SAMPLES, Series, Watch, measure_growth
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, running_pipeline

MINUTE_S = 60.0


def make_series(per_minute: float, noise: float = 3.0, filling: float = 0.0) -> Series:
    """Make the memory of half an hour, which a cache fills in the first five minutes."""
    chance = random.Random(1)
    return [
        (minute * MINUTE_S, 90 + per_minute * minute + filling * min(minute, 5) + chance.gauss(0, noise))
        for minute in (number / 4 for number in range(120))
    ]


@pytest.mark.parametrize("filling", [0.0, 4.0])
def test_memory_that_is_noisy_or_fills_its_caches_is_flat(filling: float) -> None:
    assert measure_growth("ingest: memory MiB", make_series(0.0, filling=filling), MOST_MIB).is_flat


def test_a_leak_of_half_a_mebibyte_a_minute_is_found_beneath_noise_and_single_peaks() -> None:
    series = [(at, value + (200 if number % 10 == 0 else 0)) for number, (at, value) in enumerate(make_series(0.5))]
    growth = measure_growth("ingest: memory MiB", series, MOST_MIB)

    assert not growth.is_flat
    assert growth.grown == pytest.approx(12, abs=2)
    assert (growth.what, growth.unit) == ("ingest: memory", "MiB")


@pytest.mark.servers
@pytest.mark.processes
@pytest.mark.timeout(3 * 3600)
@pytest.mark.usefixtures("only_in_drill")
async def test_under_steady_traffic_memory_files_threads_and_lag_stay_as_they_are(
    pipeline: Pipeline, drill: Drill
) -> None:
    seconds = drill.soak_minutes * MINUTE_S
    watch = Watch(pipeline)
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        await visitors.click(200)
        async with visitors.visiting(drill.soak_rate), watch.sampling(seconds / SAMPLES):
            await asyncio.sleep(seconds)
        growths = watch.growths(drill.soak_rate)
        await assert_conserved(pipeline, visitors)

    what = f"{drill.soak_minutes:.0f} minutes at {drill.soak_rate:.0f} clicks/s"
    for growth in growths:
        drill.note(
            "soak", f"{what}, {growth.what}", str(growth), f"<= {growth.most:.0f} {growth.unit} more", growth.is_flat
        )
    assert set(visitors.statuses) == {302}
    assert [growth for growth in growths if not growth.is_flat] == []
