"""Topics that hold every good example of the contract, as the stages write them, and records of versions to come."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

import schemas
from runtime.kafka.topics import apply_topics
from schemas import CLICKS_ENRICHED, TOPICS, DeadLetter, EnrichedClick, RejectedClick, Topic, encode
from schemas.headers import Headers, dead_headers, enriched_headers, rejected_headers
from tests.console.builders import NOW, enriched_click
from tests.waiting import PATIENCE_S, PAUSE_S

ROOT: Final = Path(schemas.__file__).parent
CONTRACTS: Final = (ROOT / "examples", *sorted(ROOT.glob("released/*/examples")))
PUBLIC: Final = tuple(topic for topic in TOPICS if topic.public)
PARTITIONS: Final = 3
CLICKS: Final = 20
"""Clicks besides the examples, each with a key of its own, so that every partition has some."""
LATER: Final = {"schema_version": "1.999", "later": {"words": ["a", "ß"], "number": 2**40}, "later_word": "new"}
"""What a later minor version may add."""


class Sent(msgspec.Struct, frozen=True):
    """A record as a stage writes it. `topic` is without the prefix."""

    topic: str
    key: str | None
    headers: Headers
    value: dict[str, Any]

    @property
    def kind(self) -> str:
        return dict(self.headers)["ce_type"].decode()


class Topics(msgspec.Struct, frozen=True):
    """The public topics under a prefix, and what is in them."""

    kafka: str
    prefix: str
    sent: tuple[Sent, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.prefix + topic.name for topic in PUBLIC)


def all_records() -> tuple[Sent, ...]:
    """Give the examples and clicks of many keys; then each once more, as a later version writes it, by the same key."""
    records = [*(describe(topic, value) for topic, value in read_examples()), *click_records()]
    return (*records, *(msgspec.structs.replace(one, value={**one.value, **LATER}) for one in records))


def click_records(count: int = CLICKS) -> list[Sent]:
    """Give clicks that differ in their key."""
    clicks = (enriched_click(NOW, number) for number in range(count))
    return [describe(CLICKS_ENRICHED, json.loads(encode(click))) for click in clicks]


def read_examples() -> Iterator[tuple[Topic, dict[str, Any]]]:
    """Give all good examples of the public topics, of every contract in the tree."""
    for contract in CONTRACTS:
        for topic in PUBLIC:
            for path in sorted((contract / topic.name / "good").glob("*.json")):
                yield topic, json.loads(path.read_bytes())


def describe(topic: Topic, value: dict[str, Any]) -> Sent:
    match record := msgspec.convert(value, topic.record):
        case EnrichedClick():
            return Sent(topic.name, record.click_id, enriched_headers(record), value)
        case RejectedClick():
            return Sent(topic.name, record.rejection_id, rejected_headers(record), value)
        case DeadLetter():
            return Sent(topic.name, record.key.decode() if record.key else None, dead_headers(record), value)
    raise TypeError(topic.name)


def of_next_major(sent: Sent) -> Sent:
    """Give a record as the next major version may write it."""
    headers = [(name, text.replace(b".v1", b".v2") if name == "ce_type" else text) for name, text in sent.headers]
    return msgspec.structs.replace(sent, headers=headers, value={"schema_version": "2.0", "id": sent.key})


async def create(topics: Topics) -> None:
    """Create the topics, with few partitions."""
    specs = [msgspec.structs.replace(one, name=topics.prefix + one.name, partitions=PARTITIONS) for one in PUBLIC]
    await apply_topics([topics.kafka], specs)


async def write(topics: Topics, records: Iterable[Sent]) -> None:
    """Write records in their order."""
    # Compressed as the stages do it, and idempotent, which keeps the order when records have to be sent again.
    async with AIOKafkaProducer(
        bootstrap_servers=topics.kafka, compression_type="zstd", enable_idempotence=True
    ) as producer:
        for record in records:
            key = None if record.key is None else record.key.encode()
            value = json.dumps(record.value, ensure_ascii=False, separators=(",", ":")).encode()
            await producer.send(topics.prefix + record.topic, value, key, headers=record.headers)


async def wait_for_commits(topics: Topics, group: str, count: int) -> None:
    """Wait until a group is done with so many records. Raises TimeoutError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=topics.kafka)
    await admin.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await count_committed(admin, topics.prefix + group) < count:
                await asyncio.sleep(PAUSE_S)
    finally:
        await admin.close()


async def count_committed(admin: AIOKafkaAdminClient, group: str) -> int:
    return sum(place.offset for place in (await admin.list_consumer_group_offsets(group)).values())


def group_by_key(records: Iterable[tuple[str, str | None, Any]]) -> dict[tuple[str, str | None], list[Any]]:
    """Give the values of each kind and key in their order: Kafka keeps no other, and none of records without a key."""
    groups: dict[tuple[str, str | None], list[Any]] = {}
    for kind, key, value in records:
        groups.setdefault((kind, key), []).append(value)
    for (_, key), values in groups.items():
        if key is None:
            values.sort(key=json.dumps)
    return groups
