"""A storm of bad records: both stages stop after a hundred letters, and go on when an operator lets the others pass."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

import aiohttp
import pytest

from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_RAW, Topic
from tests.faults.drill import Drill
from tests.faults.oracles import AS_OFTEN, measure_recovery
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, running_pipeline
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes]

RESUMES_S: Final = 35.0
EACH_S: Final = 0.1
A_TENTH: Final = 0.1
"""So many records of the storm are bad, beside the clicks of visitors. One in a hundred is too many already."""
STOPPED: Final[Mapping[str, Topic]] = {"enricher": CLICKS_RAW, "sink": CLICKS_ENRICHED}
"""Each stage that the storm stops, and the topic it reads."""
BAD: Final = (b'{"click_id":"%d of %s', b'{"version":"99.0","number":%d,"of":"%s"}', b"\x00\xff\xed\xa0\x80 %d of %s")
MOST: Final = 100
"""So many letters of the last 10,000 records a stage makes, unless it is told otherwise."""
LIMIT: Final = "CLICKRAIL_{}_DEAD_LETTER_LIMIT"


class Storm:
    """Bad records, of which no two are the same, and how many of each were sent."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.sent: Counter[bytes] = Counter()
        self._pipeline = pipeline

    async def blow(self, rate: float, seconds: float) -> None:
        """Write `rate` bad records a second into the topics of both stages.

        A slow machine takes longer, and gets as many: a storm of too few would stop nothing.
        """
        producer = RecordProducer([self._pipeline.kafka], client_id="test")
        for _ in range(round(seconds / EACH_S)):
            await asyncio.sleep(EACH_S)
            for topic in STOPPED.values():
                values = [self._make_value(topic) for _ in range(round(rate * EACH_S))]
                await producer.deliver(
                    [OutRecord(self._pipeline.prefix + topic.name, value[:26], value) for value in values]
                )
        await producer.close()

    def _make_value(self, topic: Topic) -> bytes:
        number = sum(self.sent.values())
        value = BAD[number % len(BAD)] % (number, topic.name.encode())
        self.sent[value] += 1
        return value


async def test_bad_records_by_the_hundred_stop_both_stages_and_nothing_is_lost_doubled_or_buried(
    pipeline: Pipeline, drill: Drill
) -> None:
    async with running_pipeline(pipeline):
        visitors, storm = Visitors(pipeline), Storm(pipeline)
        rate = drill.clicks_per_s(300)
        async with visitors.visiting(rate):
            await storm.blow(max(A_TENTH * rate, 60), drill.seconds(3, 30))
            await eventually(lambda: both_say_too_many(pipeline))
            letters = set(await pipeline.values(CLICKS_DEAD))
            # In the long form until each batch was tried again, twice.
            await asyncio.sleep(drill.seconds(1, 130))
            assert set(await pipeline.values(CLICKS_DEAD)) == letters
            assert len(letters) <= MOST * len(STOPPED)

            began = time.monotonic()
            for stage in STOPPED:
                await let_letters_pass(pipeline, stage)
            allowed_s = time.monotonic() - began
            resumed_s = allowed_s + await measure_recovery(pipeline, visitors)
        await eventually(lambda: is_stored(pipeline, len(visitors.answered), storm.sent.total()))

        assert set(visitors.statuses) == {302}
        assert sorted(await clicks_of(pipeline)) == sorted(visitors.answered)
        assert await letters_of(pipeline) == storm.sent
    what = f"{storm.sent.total()} bad records among {len(visitors.answered)} clicks, then no limit"
    drill.note("17", what, f"new clicks stored again after {resumed_s:.1f} s", "<= 35 s", resumed_s <= RESUMES_S)
    assert resumed_s < AS_OFTEN * RESUMES_S


async def both_say_too_many(pipeline: Pipeline) -> bool:
    return all([await says_too_many(pipeline, stage) for stage in STOPPED])


async def says_too_many(pipeline: Pipeline, stage: str) -> bool:
    url = f"http://127.0.0.1:{pipeline.services[stage].private_port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        text = await answer.text()
        return answer.status == 503 and "would become dead letters" in text and LIMIT.format(stage.upper()) in text


async def let_letters_pass(pipeline: Pipeline, stage: str) -> None:
    """Restart a stage as its sentence says: with no limit."""
    service = pipeline.services[stage]
    service.environ = service.environ | {LIMIT.format(stage.upper()): "0"}
    assert await service.stop() == 0
    await service.start()


async def is_stored(pipeline: Pipeline, clicks: int, letters: int) -> bool:
    return len(await clicks_of(pipeline)) >= clicks and (await letters_of(pipeline)).total() >= letters


async def clicks_of(pipeline: Pipeline) -> list[str]:
    return [row["click_id"] for row in await pipeline.rows("SELECT click_id FROM clicks")]


async def letters_of(pipeline: Pipeline) -> Counter[bytes]:
    return Counter(row["value"] for row in await pipeline.rows("SELECT value FROM dead_letters"))
