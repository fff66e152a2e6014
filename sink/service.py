"""The shell of the sink: the consume loop, and what it does with a batch."""

import asyncio
from datetime import UTC, datetime

import structlog

from runtime.consume import ConsumeLoop, Records
from runtime.health import private_port
from runtime.kafka_security import KafkaSecurity
from runtime.producer import OutRecord
from runtime.subscription import Subscription
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_REJECTED, DeadLetter, Undecodable, encode
from schemas.headers import dead_headers
from schemas.letters import bury
from sink.columns import letter_row
from sink.environment import Environment, open_environment
from sink.settings import Settings
from sink.store import BadRow
from sink.transform import DEAD_LETTERS, STAGE, Loaded, load

log = structlog.get_logger()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Store what comes until `stop` is set; the batch in work is finished first."""
    async with open_environment(settings) as env:
        loop = ConsumeLoop(subscription(settings, env.kafka), Work(env).store_batch, env.metrics)
        checks = lambda: {"consume": loop.problem}  # noqa: E731 - a question, asked by the health port
        async with private_port(settings.private_host, settings.private_port, env.registry, checks):
            await loop.run(stop)


def subscription(settings: Settings, kafka: KafkaSecurity) -> Subscription:
    prefix = settings.kafka_topic_prefix
    return Subscription(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group=f"{prefix}clickrail.sink",
        topics=tuple(prefix + topic.name for topic in (CLICKS_ENRICHED, CLICKS_REJECTED, CLICKS_DEAD)),
        client_id="clickrail-sink",
        security=kafka,
        max_records=settings.batch_records,
    )


class Work:
    """What is done with a batch: rows first, then letters about what could not be stored; the loop commits after it."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._prefix = env.settings.kafka_topic_prefix

    async def store_batch(self, records: Records) -> None:
        """Store every record, or dead-letter it. Raises DependencyAway while PostgreSQL or Kafka is away."""
        now = datetime.now(UTC)
        outcomes = [load(record, self._prefix, now) for record in records]
        bad = await self._env.store.store([outcome for outcome in outcomes if isinstance(outcome, Loaded)])
        letters = [outcome for outcome in outcomes if isinstance(outcome, DeadLetter)]
        letters += [describe(row, now) for row in bad if row.loaded.table is not DEAD_LETTERS]
        await self._keep_unreadable_letters([row for row in bad if row.loaded.table is DEAD_LETTERS], now)
        await self._bury(letters)

    async def _bury(self, letters: list[DeadLetter]) -> None:
        topic = self._prefix + CLICKS_DEAD.name
        if letters:
            await self._env.producer.deliver(
                [OutRecord(topic, letter.key, encode(letter), dead_headers(letter)) for letter in letters]
            )
        for letter in letters:
            self._env.metrics.dead.labels(letter.reason).inc()
            log.error("dead letter", topic=letter.topic, offset=letter.offset, reason=letter.reason)

    async def _keep_unreadable_letters(self, rows: list[BadRow], now: datetime) -> None:
        # A letter that cannot be stored becomes a letter about itself, in the table: sent again, it would come back.
        letters = [Loaded(DEAD_LETTERS, letter_row(describe(row, now)), row.loaded.source) for row in rows]
        for still_bad in await self._env.store.store(letters):
            log.error("dead letter not stored", detail=still_bad.detail, offset=still_bad.loaded.source.offset)


def describe(row: BadRow, now: datetime) -> DeadLetter:
    return bury(row.loaded.source, Undecodable("refused_by_database", row.detail), STAGE, now)
