"""An enricher between two topics: raw clicks go in at a fixed rate, and what it made of them is read at the end."""

import asyncio
import os
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer

from identity.keyfile import create_ring, read_ring
from identity.keys import RING_RANDOMNESS, init_ring
from identity.ulid import make_ulid, ulid_milliseconds
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from schemas import CLICKS_ENRICHED, CLICKS_RAW, TOPICS, EnrichedClick, encode
from tests.enricher.builders import raw_click, seal
from tests.faults.shop import read_metric
from tests.pipeline import CHROME, Pipeline, Prefixed

VISITORS: Final = 250
WINDOW_S: Final = 1
"""As short as a unique window can be: Redis is warm again a second after it was empty."""
COOKIE_SHARE: Final = 0.1
EACH_S: Final = 0.02
LEASE_AGE_MS: Final = 500


class Judging(Pipeline):
    """A pipeline of which only the enricher runs: it needs no PostgreSQL. `sent`: the ids that Kafka acknowledged."""

    def __init__(self, folder: Path, kafka: str, redis_url: str, prefix: str, deadline_s: float) -> None:
        super().__init__(folder, kafka, "", redis_url, prefix)
        self.environ["CLICKRAIL_ENRICHER_REDIS_DEADLINE_MS"] = str(round(deadline_s * 1000))
        self.sent: list[str] = []

    async def prepare(self, _: str = "") -> None:
        create_ring(self.folder / "keys.json", init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
        await apply_topics([self.kafka], [Prefixed(self.prefix, topic) for topic in TOPICS])

    async def metric(self, name: str, **labels: str) -> float:
        return await read_metric(self.services["enricher"].private_port, name, **labels)

    async def not_judged(self, reason: str) -> float:
        return await self.metric("clickrail_enricher_not_judged_total", reason=reason)


class Judged(msgspec.Struct, frozen=True):
    """A click as the enricher wrote it. Times are the broker's, in milliseconds since 1970."""

    click: EnrichedClick
    enriched_ms: int

    @property
    def published_ms(self) -> int:
        return round(self.click.published_at.timestamp() * 1000)

    @property
    def took_ms(self) -> int:
        return self.enriched_ms - self.published_ms


class Clicks:
    """Clicks of a few hundred visitors, of whom some have a cookie."""

    def __init__(self, judging: Judging) -> None:
        self._sent = judging.sent
        self._chance = random.Random(1)
        self._keys = read_ring(judging.folder / "keys.json")
        self._topic = judging.prefix + CLICKS_RAW.name
        self._producer = RecordProducer([judging.kafka], client_id="test")

    @asynccontextmanager
    async def arriving(self, rate: float) -> AsyncIterator[None]:
        """Send `rate` clicks a second while the block runs."""
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send_until(ended, rate))
            try:
                yield
            finally:
                ended.set()
        await self._producer.close()

    async def _send_until(self, ended: asyncio.Event, rate: float) -> None:
        start, made = time.monotonic(), 0
        while not ended.is_set():
            await asyncio.sleep(EACH_S)
            due = int((time.monotonic() - start) * rate) - made
            made += due
            records = [self._make() for _ in range(due)]
            await self._producer.deliver(records)
            self._sent += [record.key.decode() for record in records if record.key]

    def _make(self) -> OutRecord:
        now_ms = time.time_ns() // 1_000_000
        click_id, visitor = make_ulid(now_ms, os.urandom(16)), self._chance.randrange(VISITORS)
        has_cookie = self._chance.random() < COOKIE_SHARE
        click = raw_click(
            click_id=click_id,
            clicked_at=datetime.fromtimestamp(now_ms / 1000, UTC),
            user_agent=CHROME,
            ip_sealed=seal(f"81.2.69.{visitor}", click_id, self._keys),
            unique_window_s=WINDOW_S,
            cookie_state="valid" if has_cookie else "absent",
            lease_click_id=make_ulid(now_ms - LEASE_AGE_MS, os.urandom(16)) if has_cookie else None,
        )
        return OutRecord(self._topic, click_id.encode(), encode(click))


async def read_judged(judging: Judging) -> list[Judged]:
    """Read all clicks that are enriched by now, in the order of their ids."""
    topic, found = judging.prefix + CLICKS_ENRICHED.name, list[Judged]()
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=judging.kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        wanted = sum((await consumer.end_offsets(consumer.assignment())).values())
        while len(found) < wanted:
            for part in (await consumer.getmany(timeout_ms=500)).values():
                found += [Judged(msgspec.json.decode(one.value, type=EnrichedClick), one.timestamp) for one in part]
    finally:
        await consumer.stop()
    return sorted(found, key=lambda judged: judged.click.click_id)


def find_false_uniques(clicks: Iterable[EnrichedClick]) -> Iterator[EnrichedClick]:
    """Give the clicks that claim to be judged unique, although a unique click opened their visitor's window before."""
    opened: dict[str | None, int] = defaultdict(int)
    for click in clicks:
        if not click.unique.is_unique:
            continue
        at_ms = ulid_milliseconds(click.click_id)
        if click.unique.status == "judged" and at_ms - opened[click.client_hash] < WINDOW_S * 1000:
            yield click
        opened[click.client_hash] = at_ms


def find_false_repeats(clicks: Sequence[EnrichedClick]) -> Iterator[EnrichedClick]:
    """Give the clicks recognised by address as repeats of what is no click of their visitor within the window."""
    visitors = {click.click_id: click.client_hash for click in clicks}
    for click in clicks:
        first = click.unique.first_click_id
        if click.unique.is_unique is not False or click.unique.basis != "address" or first is None:
            continue
        apart_ms = abs(ulid_milliseconds(click.click_id) - ulid_milliseconds(first))
        if visitors.get(first) != click.client_hash or apart_ms >= WINDOW_S * 1000:
            yield click
