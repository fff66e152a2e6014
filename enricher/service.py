"""The shell of the enricher: the consume loop, and what it does with a batch."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from enricher.environment import Environment, open_environment
from enricher.pipeline import STAGE, process
from enricher.settings import Settings
from runtime.containment import Crash, contain
from runtime.endpoint import Endpoint
from runtime.errors import RecordTooLarge
from runtime.health import private_port
from runtime.kafka.consume import ConsumeLoop, Records
from runtime.kafka.cutting import deliver_cut
from runtime.kafka.producer import OutRecord
from runtime.kafka.security import KafkaSecurity
from runtime.kafka.subscription import Subscription
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_RAW, DeadLetter, EnrichedClick, Undecodable, encode
from schemas.headers import dead_headers, enriched_headers
from schemas.letters import SourceRecord, cut_letter, make_dead_letter

log = structlog.get_logger()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Enrich what comes until `stop` is set; the batch in work is finished first."""
    async with open_environment(settings) as env:
        loop = ConsumeLoop(subscription(settings, env.kafka), Work(env).enrich_batch, env.metrics, env.limit)
        private = Endpoint(settings.private_host, settings.private_port, "CLICKRAIL_ENRICHER_PRIVATE")
        checks = lambda: {"consume": loop.problem}  # noqa: E731 - a question, asked by the health port
        async with private_port(private, env.registry, checks):
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
        letters = {place: made for place, made in enumerate(outcomes) if isinstance(made, DeadLetter)}
        self._check(letters)
        too_large = await self._deliver({at: made for at, made in enumerate(outcomes) if isinstance(made, OutRecord)})
        letters |= {place: make_dead_letter(records[place], cause, STAGE, now) for place, cause in too_large.items()}
        self._check(letters)
        await deliver_cut(self._env.producer, list(letters.values()), self._write_letter)
        for letter in letters.values():
            self._env.metrics.dead.labels(letter.reason).inc()
            log.error("dead letter", partition=letter.partition, offset=letter.offset, reason=letter.reason)

    def _enrich(self, record: SourceRecord, now: datetime) -> OutRecord | DeadLetter:
        """Give the enriched record, or a letter. Whatever fails at the record makes one."""

        def enrich(record: SourceRecord) -> OutRecord | DeadLetter:
            outcome = process(record, lookups=self._env.lookups, now=now)
            return outcome if isinstance(outcome, DeadLetter) else self._write_click(outcome)

        made = contain(enrich, record)
        if isinstance(made, Crash):
            return make_dead_letter(record, Undecodable("internal_error", made.description), STAGE, now)
        return made

    def _check(self, letters: Mapping[int, DeadLetter]) -> None:
        self._env.limit.check({place: letters[place].reason for place in sorted(letters)})

    async def _deliver(self, clicks: Mapping[int, OutRecord]) -> dict[int, Undecodable]:
        """Deliver enriched clicks; give the places of those that Kafka never takes, and why."""
        try:
            await self._env.producer.deliver(list(clicks.values()))
        except RecordTooLarge as error:
            refused = [list(clicks.items())[place] for place in error.places]
            return {
                place: Undecodable("too_large", f"enriched: {len(click.value):,} bytes, more than {click.topic} takes")
                for place, click in refused
            }
        return {}

    def _write_click(self, click: EnrichedClick) -> OutRecord:
        return OutRecord(self._enriched_topic, click.click_id.encode(), encode(click), enriched_headers(click))

    def _write_letter(self, letter: DeadLetter, cap: int) -> OutRecord:
        written = cut_letter(letter, cap)
        return OutRecord(self._dead_topic, written.key, encode(written), dead_headers(written))
