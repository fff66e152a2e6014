"""What the enricher does with a batch, with a real Kafka: a record that our code fails at, and too many bad ones."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from enricher.environment import Environment, open_environment
from enricher.service import Work
from enricher.settings import Settings
from identity.keyfile import create_ring
from runtime.errors import TooManyDeadLetters
from runtime.topics import apply_topics
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, TOPICS, Bot, DeadLetter, EnrichedClick, decode
from tests.enricher.builders import Record, raw_click, record_of, ring
from tests.pipeline import Pipeline, Prefixed

pytestmark = pytest.mark.servers

POISON = "a text that our rules stumble over"


def read_bot(user_agent: str | None) -> Bot:
    if user_agent == POISON:
        raise KeyError(user_agent)
    return Bot(is_bot=False, reasons=[])


@pytest.fixture
async def env(kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Environment]:
    """An enricher whose rules fail at one user agent."""
    create_ring(tmp_path / "keys.json", ring())
    await apply_topics([kafka], [Prefixed(topic_prefix, topic) for topic in TOPICS])
    settings = Settings(
        kafka_bootstrap_servers=(kafka,), kafka_topic_prefix=topic_prefix, keys_file=str(tmp_path / "keys.json")
    )
    async with open_environment(settings) as env:
        yield msgspec.structs.replace(env, lookups=msgspec.structs.replace(env.lookups, read_bot=read_bot))


async def test_a_record_that_our_code_fails_at_is_dead_lettered_and_the_others_pass(
    env: Environment, pipeline: Pipeline
) -> None:
    poison = record_of(raw_click(user_agent=POISON))
    await Work(env).enrich_batch([record_of(raw_click()), poison, record_of(raw_click())])

    clicks = await pipeline.values(CLICKS_ENRICHED)
    (letter,) = [decode(DeadLetter, value) for value in await pipeline.values(CLICKS_DEAD)]
    assert [type(decode(EnrichedClick, value)) for value in clicks] == [EnrichedClick, EnrichedClick]
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.value, letter.stage) == ("internal_error", poison.value, "enricher")
    assert letter.detail.startswith("KeyError at enricher/test_work.py:")
    assert POISON not in letter.detail


async def test_too_many_dead_letters_are_not_delivered_nor_is_anything_else_of_their_batch(
    env: Environment, pipeline: Pipeline
) -> None:
    bad = [Record(b"not json")] * 100
    with pytest.raises(TooManyDeadLetters, match="not_json: 100"):
        await Work(env).enrich_batch([record_of(raw_click()), *bad])

    assert await pipeline.values(CLICKS_DEAD) == []
    assert await pipeline.values(CLICKS_ENRICHED) == []
