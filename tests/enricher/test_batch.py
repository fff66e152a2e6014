"""What the enricher does with a batch, with a real Kafka: a record that our code fails at, and too many bad ones."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from enricher.environment import Environment, open_environment
from enricher.service import SPEC, BatchEnricher
from enricher.settings import Settings
from enricher.steps.agent import Agent
from identity.keyfile import create_ring
from runtime.errors import TooManyDeadLetters
from runtime.kafka.topics import apply_topics, read_config
from runtime.stage import run_batch
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, TOPICS, Bot, ClientHints, DeadLetter, Device, EnrichedClick, decode
from tests.enricher.builders import Record, raw_click, record_of, ring
from tests.pipeline import Pipeline, Prefixed
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.servers

POISON = "a text that our rules stumble over"


def read_agent(user_agent: str | None, _: ClientHints | None) -> Agent:
    if user_agent == POISON:
        raise KeyError(user_agent)
    return Agent(Bot(is_bot=False, reasons=[]), Device(type="mobile"))


async def enrich(env: Environment, records: Sequence[Record]) -> None:
    await run_batch(SPEC, env, BatchEnricher(env).enrich_batch, records)


@pytest.fixture
async def env(kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Environment]:
    """An enricher whose rules fail at one user agent."""
    create_ring(tmp_path / "keys.json", ring())
    await apply_topics([kafka], [Prefixed(topic_prefix, topic) for topic in TOPICS])
    settings = Settings(
        kafka_bootstrap_servers=(kafka,), kafka_topic_prefix=topic_prefix, keys_file=str(tmp_path / "keys.json")
    )
    async with open_environment(settings) as env:
        yield msgspec.structs.replace(env, lookups=msgspec.structs.replace(env.lookups, read_agent=read_agent))


async def test_a_record_that_our_code_fails_at_is_dead_lettered_and_the_others_pass(
    env: Environment, pipeline: Pipeline
) -> None:
    poison = record_of(raw_click(user_agent=POISON))
    await enrich(env, [record_of(raw_click()), poison, record_of(raw_click())])

    clicks = await pipeline.values(CLICKS_ENRICHED)
    (letter,) = [decode(DeadLetter, value) for value in await pipeline.values(CLICKS_DEAD)]
    assert [type(decode(EnrichedClick, value)) for value in clicks] == [EnrichedClick, EnrichedClick]
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.value, letter.stage) == ("internal_error", poison.value, "enricher")
    assert letter.detail.startswith("KeyError at enricher/test_batch.py:")
    assert POISON not in letter.detail


async def test_a_click_that_its_topic_never_takes_is_dead_lettered_and_the_others_pass(
    kafka: str, topic_prefix: str, env: Environment, pipeline: Pipeline
) -> None:
    await change_topic(kafka, topic_prefix + CLICKS_ENRICHED.name, "max.message.bytes", "10000")
    huge = record_of(raw_click(ad_ids=ad_ids(1000)))

    await enrich(env, [record_of(raw_click()), huge, record_of(raw_click())])

    (letter,) = [decode(DeadLetter, value) for value in await pipeline.values(CLICKS_DEAD)]
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.value) == ("too_large", huge.value)
    assert len(set(await pipeline.values(CLICKS_ENRICHED))) == 1


async def test_a_letter_that_its_topic_does_not_take_is_cut_and_says_what_it_was_about(
    kafka: str, topic_prefix: str, env: Environment, pipeline: Pipeline
) -> None:
    await change_topic(kafka, topic_prefix + CLICKS_DEAD.name, "max.message.bytes", "50000")
    value = Random(1).randbytes(100_000)

    await enrich(env, [Record(value), record_of(raw_click())])

    (letter,) = [decode(DeadLetter, value) for value in await pipeline.values(CLICKS_DEAD)]
    assert isinstance(letter, DeadLetter)
    assert (letter.value, letter.is_cut, letter.size) == (value[:32_768], True, 100_000)
    assert (letter.digest, letter.offset) == (sha256(value).hexdigest(), Record(value).offset)
    assert len(await pipeline.values(CLICKS_ENRICHED)) == 1


async def change_topic(kafka: str, topic: str, setting: str, value: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {setting: value})])
    # The broker hears of it a moment after the controller has answered.
    async with asyncio.timeout(PATIENCE_S):
        while (await read_config(admin, topic, [setting]))[setting] != value:
            await asyncio.sleep(0.05)
    await admin.close()


def ad_ids(count: int) -> dict[str, str]:
    """Give ids that cannot be compressed."""
    random = Random(count)
    return {f"id{number}": random.randbytes(64).hex() for number in range(count)}


async def test_too_many_dead_letters_are_not_delivered_nor_is_anything_else_of_their_batch(
    env: Environment, pipeline: Pipeline
) -> None:
    bad = [Record(b"not json")] * 100
    with pytest.raises(TooManyDeadLetters, match="not_json: 100"):
        await enrich(env, [record_of(raw_click()), *bad])

    assert await pipeline.values(CLICKS_DEAD) == []
    assert await pipeline.values(CLICKS_ENRICHED) == []
