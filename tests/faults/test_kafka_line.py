"""The line to Kafka breaks and mends, or is slow: every click arrives, once, and visitors do not notice."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.brokers import ProxiedKafka, count_waiting, wait_until_all_produce
from tests.faults.drill import Drill
from tests.faults.oracles import assert_bounded, assert_conserved, measure_recovery
from tests.faults.proxy import Proxy
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, eventually, running_pipeline
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.servers, pytest.mark.processes]

RATE = 200
BEHIND_S = 6
"""What is sent waits for its answer a second or two."""


@pytest.fixture
def pipeline(tmp_path: Path, line: ProxiedKafka, database_url: str, valkey: str, topic_prefix: str) -> Pipeline:
    return Pipeline(tmp_path, line.proxy.address, database_url, valkey, topic_prefix)


async def test_a_line_to_kafka_that_flaps_with_resets_and_silence_loses_and_doubles_nothing(
    pipeline: Pipeline, line: ProxiedKafka, drill: Drill
) -> None:
    proxy, seconds, rate = line.proxy, drill.seconds(12, 300), drill.clicks_per_s(RATE)
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        await visitors.click(200)
        async with assert_bounded(pipeline) as bounds, visitors.visiting(rate):
            await flap(proxy, seconds)
            produced_s, took_s = await asyncio.gather(
                wait_until_all_produce(pipeline, line.kafka), measure_recovery(pipeline, visitors)
            )
        await assert_conserved(pipeline, visitors)

    assert (visitors.statuses, visitors.unanswered) == ({302: len(visitors.answered)}, 0)
    what = f"line to Kafka 2 s broken, 2 s whole, for {seconds:.0f} s under {rate:.0f} clicks/s"
    drill.note("5", what, f"{len(visitors.answered)} answered, 0 missing, 0 doubled", "missing 0, doubled 0", met=True)
    drill.note("5", what, f"ingest grew by {bounds.growth_mib:.0f} MiB", "<= 64 MiB", met=bounds.growth_mib <= 64)
    drill.note("5", what, f"all partitions produce after {produced_s:.1f} s", "<= 10 s", met=produced_s <= 10)
    drill.note("5", what, f"new clicks stored after {took_s:.1f} s", "<= 10 s", met=took_s <= 10)


async def flap(proxy: Proxy, seconds: float) -> None:
    """Break the line every 4 s, each time in another way, for 2 s. A reset breaks it again and again."""
    ways: itertools.cycle[Callable[[], None]] = itertools.cycle((proxy.blackhole, proxy.cut, proxy.reset))
    async with asyncio.timeout(seconds + PATIENCE_S):
        for _ in range(int(seconds / 4)):
            way = next(ways)
            for _ in range(20):
                way()
                await asyncio.sleep(0.1)
            proxy.restore()
            await asyncio.sleep(2)


async def test_requests_to_kafka_that_are_cut_off_in_their_middle_lose_and_double_nothing(
    pipeline: Pipeline, line: ProxiedKafka, drill: Drill
) -> None:
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        async with visitors.visiting(drill.clicks_per_s(RATE)):
            for number in range(int(drill.seconds(10, 200))):
                line.proxy.break_after(1000 + 7919 * number % 20_000)
                await asyncio.sleep(0.5)
        line.proxy.restore()
        await assert_conserved(pipeline, visitors)

    assert (visitors.statuses, visitors.unanswered) == ({302: len(visitors.answered)}, 0)


async def test_a_kafka_that_is_a_second_away_takes_everything_as_it_comes(
    pipeline: Pipeline, line: ProxiedKafka, drill: Drill
) -> None:
    seconds, rate = drill.seconds(8, 120), drill.clicks_per_s(RATE)
    async with running_pipeline(pipeline):
        visitors = Visitors(pipeline)
        line.proxy.latency_s = 0.5
        async with assert_bounded(pipeline), visitors.visiting(rate):
            await asyncio.sleep(seconds)
            # A busy machine falls behind while clients and broker meet, at several seconds a word.
            await eventually(lambda: keeps_up(pipeline, rate))
            left = await count_waiting(pipeline)
        p99 = visitors.p99_ms()
        await assert_conserved(pipeline, visitors)

    assert (visitors.statuses, visitors.unanswered) == ({302: len(visitors.answered)}, 0)
    what = f"Kafka answers after 1 s, for {seconds:.0f} s under {rate:.0f} clicks/s"
    drill.note("5", what, f"{len(visitors.answered)} answered, 0 missing", "missing 0", met=True)
    drill.note("5", what, f"{left:.0f} clicks wait, p99 of an answer {p99:.1f} ms", "", met=None)


async def keeps_up(pipeline: Pipeline, rate: float) -> bool:
    return await count_waiting(pipeline) < rate * BEHIND_S
