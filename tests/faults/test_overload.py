"""More visitors at once than ingest can answer at once: each is answered, none is forgotten, and it is over soon."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer

from bench.stack import load
from ingest.journal.queues import OLD_PER_S
from schemas import CLICKS_RAW
from tests.faults.drill import Drill
from tests.faults.oracles import AS_OFTEN, assert_bounded
from tests.faults.shop import read_metric
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, running_pipeline
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes]

CROWD = 512
"""Connections that ask again as soon as they are answered: what is more than can be answered waits there."""
RATE = 100
P99_MS = 250
QUIET_S = 2.0
CODE_OF_THE_CROWD = """
    INSERT INTO referral_codes (code, affiliate_id, program_id, status) VALUES ('demo', 'lisbon', 'shoes', 'active')
"""


async def test_a_crowd_is_answered_to_the_last_and_slows_nobody_down_after_it(pipeline: Pipeline, drill: Drill) -> None:
    seconds = drill.seconds(short=2, long=30)
    async with running_pipeline(pipeline, "ingest"):
        before, during, after = (Visitors(pipeline) for _ in range(3))
        await pipeline.rows(CODE_OF_THE_CROWD)
        await come(before)
        async with assert_bounded(pipeline, files=CROWD + 100), during.visiting(RATE):
            clients = await load(pipeline.url, seconds, CROWD)
        recovered_s = 0.0
        while True:
            await come(after)
            if after.p99_ms() <= 3 * before.p99_ms() or recovered_s > 30:
                break
            recovered_s += QUIET_S
            after.waits_ms.clear()
        everybody = (before, during, after)
        accepted = await count_accepted(pipeline)
        # What memory had no room for is delivered at a pace.
        await eventually(lambda: nothing_waits(pipeline), seconds=30 + AS_OFTEN * accepted / OLD_PER_S)
        written = await read_ids(pipeline, accepted)

    assert set(clients.statuses) == {302}
    assert [(set(each.statuses), each.unanswered, each.turned_away, each.wrong) for each in everybody] == [
        ({302}, 0, 0, [])
    ] * 3
    # The last of the crowd were answered when it did not count any more.
    answered = clients.statuses[302] + sum(len(each.answered) for each in everybody)
    assert answered <= accepted <= answered + CROWD
    assert len(written) == len(set(written)) == accepted
    assert {click_id for each in everybody for click_id in each.answered} <= set(written)
    what = f"{CROWD} connections that ask without a pause for {seconds:.0f} s"
    rate = f"{clients.statuses[302] / clients.seconds:,.0f}/s"
    drill.note("21", what, f"100 % of {accepted:,} answered, at {rate}, 0 missing", ">= 99.9 %", met=True)
    drill.note("21", what, f"p99 {clients.p99_ms:.0f} ms", f"<= {P99_MS} ms", met=clients.p99_ms <= P99_MS)
    drill.note("21", what, f"others as quick as before after {recovered_s:.0f} s", "<= 5 s", met=recovered_s <= 5)


async def come(visitors: Visitors) -> None:
    async with visitors.visiting(RATE):
        await asyncio.sleep(QUIET_S)


async def count_accepted(pipeline: Pipeline) -> int:
    return int(
        await read_metric(pipeline.services["ingest"].private_port, "clickrail_requests_total", answer="accepted")
    )


async def nothing_waits(pipeline: Pipeline) -> bool:
    return not await read_metric(pipeline.services["ingest"].private_port, "clickrail_clicks_waiting")


async def read_ids(pipeline: Pipeline, count: int) -> list[str]:
    """Give the ids of all raw clicks Kafka has, which are so many at least."""
    consumer = AIOKafkaConsumer(
        pipeline.prefix + CLICKS_RAW.name, bootstrap_servers=pipeline.kafka, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        assert sum((await consumer.end_offsets(consumer.assignment())).values()) >= count
        ids: list[str] = []
        while len(ids) < count:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                ids += [record.key.decode() for record in records]
        return ids
    finally:
        await consumer.stop()
