"""The shell of the sink: the consume loop, and what it does with a batch."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from runtime.containment import Crash, contain
from runtime.endpoint import Endpoint
from runtime.health import private_port
from runtime.kafka.consume import ConsumeLoop, Records
from runtime.kafka.cutting import deliver_cut
from runtime.kafka.producer import OutRecord
from runtime.kafka.security import KafkaSecurity
from runtime.kafka.subscription import Subscription
from runtime.task_scope import task_scope
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_REJECTED, DeadLetter, Undecodable, encode
from schemas.headers import dead_headers
from schemas.letters import SourceRecord, cut_letter, make_dead_letter
from sink.environment import Environment, open_environment
from sink.pipeline import STAGE, Outcome, load
from sink.settings import Settings
from storage.columns import letter_row
from storage.load import BadRow
from storage.tables import DEAD_LETTERS, Loaded

log = structlog.get_logger()

REFUSED: Final = "refused_by_database"


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Store what comes until `stop` is set; the batch in work is finished first."""
    async with open_environment(settings) as env:
        loop = ConsumeLoop(subscription(settings, env.kafka), Work(env).store_batch, env.metrics, env.limit)
        private = Endpoint(settings.private_host, settings.private_port, "CLICKRAIL_SINK_PRIVATE")
        checks = lambda: {"consume": loop.problem}  # noqa: E731 - a question, asked by the health port
        async with private_port(private, env.registry, checks), task_scope(env.foresight.run()):
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
        """Store every record, or dead-letter it.

        Raises DependencyAway while PostgreSQL or Kafka is away, and TooManyDeadLetters before a letter is written.
        """
        now = datetime.now(UTC)
        outcomes = [self._load(record, now) for record in records]
        letters = {place: made for place, made in enumerate(outcomes) if isinstance(made, DeadLetter)}
        rows = {id(made): place for place, made in enumerate(outcomes) if isinstance(made, Loaded)}
        reasons = {place: letter.reason for place, letter in letters.items()}
        self._env.limit.check(reasons)

        def count_bad(bad: Sequence[BadRow]) -> None:
            reasons[rows[id(bad[-1].loaded)]] = REFUSED
            self._env.limit.check(dict(sorted(reasons.items())))

        bad = await self._env.store.store([made for made in outcomes if isinstance(made, Loaded)], count_bad)
        letters |= {rows[id(row.loaded)]: describe(row, now) for row in bad}
        await self._write(dict(sorted(letters.items())), records)

    def _load(self, record: SourceRecord, now: datetime) -> Outcome:
        """Give the row of a record, or a letter: whatever fails at it makes one."""
        made = contain(lambda record: load(record, self._prefix, now), record)
        if isinstance(made, Crash):
            return make_dead_letter(record, Undecodable("internal_error", made.description), STAGE, now)
        return made

    async def _write(self, letters: Mapping[int, DeadLetter], records: Records) -> None:
        """Write letters to their topic, but those about what was read there into the table: they would come back."""
        topic = self._prefix + CLICKS_DEAD.name
        await self._keep(
            [Loaded(DEAD_LETTERS, letter_row(one), records[at]) for at, one in letters.items() if one.topic == topic]
        )
        others = [letter for letter in letters.values() if letter.topic != topic]
        await deliver_cut(self._env.producer, others, self._write_letter)
        for letter in letters.values():
            self._env.metrics.dead.labels(letter.reason).inc()
            log.error("dead letter", topic=letter.topic, offset=letter.offset, reason=letter.reason)

    def _write_letter(self, letter: DeadLetter, cap: int) -> OutRecord:
        written = cut_letter(letter, cap)
        return OutRecord(self._prefix + CLICKS_DEAD.name, written.key, encode(written), dead_headers(written))

    async def _keep(self, rows: list[Loaded]) -> None:
        for still_bad in await self._env.store.store(rows):
            log.error("dead letter not stored", detail=still_bad.detail, offset=still_bad.loaded.source.offset)


def describe(row: BadRow, now: datetime) -> DeadLetter:
    return make_dead_letter(row.loaded.source, Undecodable(REFUSED, row.detail), STAGE, now)
