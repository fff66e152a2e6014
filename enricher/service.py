"""The shell of the enricher: the consume loop, and what it does with a batch."""

import asyncio
from datetime import UTC, datetime

import structlog

from enricher.environment import Environment, open_environment
from enricher.settings import Settings
from enricher.transform import STAGE, Outcome, process
from runtime.consume import ConsumeLoop, Records
from runtime.containment import Crash, contain
from runtime.health import private_port
from runtime.kafka_security import KafkaSecurity
from runtime.producer import OutRecord
from runtime.subscription import Subscription
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_RAW, DeadLetter, Undecodable, encode
from schemas.headers import dead_headers, enriched_headers
from schemas.letters import SourceRecord, bury

log = structlog.get_logger()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Enrich what comes until `stop` is set; the batch in work is finished first."""
    async with open_environment(settings) as env:
        loop = ConsumeLoop(subscription(settings, env.kafka), Work(env).enrich_batch, env.metrics, env.limit)
        checks = lambda: {"consume": loop.problem}  # noqa: E731 - a question, asked by the health port
        async with private_port(settings.private_host, settings.private_port, env.registry, checks):
            await loop.run(stop)


def subscription(settings: Settings, kafka: KafkaSecurity) -> Subscription:
    prefix = settings.kafka_topic_prefix
    return Subscription(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group=f"{prefix}clickrail.enricher",
        topics=(prefix + CLICKS_RAW.name,),
        client_id="clickrail-enricher",
        security=kafka,
        max_records=settings.batch_records,
    )


class Work:
    """What is done with a batch: every record becomes one record, and all are acknowledged before the loop commits."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._enriched_topic = env.settings.kafka_topic_prefix + CLICKS_ENRICHED.name
        self._dead_topic = env.settings.kafka_topic_prefix + CLICKS_DEAD.name

    async def enrich_batch(self, records: Records) -> None:
        """Enrich every record, or dead-letter it.

        Raises DeliveryFailed when Kafka does not take the outcome, and TooManyDeadLetters before it is asked to.
        """
        self._env.keys.refresh()
        now = datetime.now(UTC)
        outcomes = [self._enrich(record, now) for record in records]
        letters = {place: made for place, (made, _) in enumerate(outcomes) if isinstance(made, DeadLetter)}
        self._env.limit.check({place: letter.reason for place, letter in letters.items()})
        await self._env.producer.deliver([addressed for _, addressed in outcomes])
        for letter in letters.values():
            self._env.metrics.dead.labels(letter.reason).inc()
            log.error("dead letter", partition=letter.partition, offset=letter.offset, reason=letter.reason)

    def _enrich(self, record: SourceRecord, now: datetime) -> tuple[Outcome, OutRecord]:
        """Give the outcome of a record, and the record that it is written as. Whatever fails at it makes a letter."""

        def enrich(record: SourceRecord) -> tuple[Outcome, OutRecord]:
            outcome = process(record, lookups=self._env.lookups, now=now)
            return outcome, self._address(outcome)

        made = contain(enrich, record)
        if isinstance(made, Crash):
            letter = bury(record, Undecodable("internal_error", made.description), STAGE, now)
            return letter, self._address(letter)
        return made

    def _address(self, outcome: Outcome) -> OutRecord:
        if isinstance(outcome, DeadLetter):
            return OutRecord(self._dead_topic, outcome.key, encode(outcome), dead_headers(outcome))
        return OutRecord(self._enriched_topic, outcome.click_id.encode(), encode(outcome), enriched_headers(outcome))
