"""The shell of the enricher: what it does with a batch."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final

from enricher.click_facts import ClickFacts
from enricher.environment import Environment, open_environment
from enricher.pipeline import STAGE, collect_facts, finish_click
from enricher.settings import Settings
from runtime.batch import Batch, DeadLetterFormat, Failure, StageSpec
from runtime.errors import RecordRefused, RefusedFor
from runtime.kafka.out_record import OutRecord
from runtime.kafka.spans import ProcessingSpans
from runtime.stage import run_stage, subscribe
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_RAW, DeadLetter, encode
from schemas.headers import enriched_headers
from schemas.letters import make_dead_letter, write_letter
from schemas.trace_ids import sampled_ids

SPEC: Final = StageSpec(
    name=STAGE,
    topics=(CLICKS_RAW.name,),
    letters=DeadLetterFormat(topic=CLICKS_DEAD.name, type=DeadLetter, make=make_dead_letter, write=write_letter),
)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Enrich clicks until `stop` is set; the batch in work is finished first."""
    async with open_environment(settings) as env:
        await run_stage(
            SPEC, env, BatchEnricher(env).enrich_batch, stop, lambda: {"redis": env.remote_facts.find_problem()}
        )


class BatchEnricher:
    """Takes a batch through the phases of `pipeline.py`. Kafka has acknowledged every click when it returns."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._topic = env.settings.kafka_topic_prefix + CLICKS_ENRICHED.name
        self._spans = open_spans(env)

    async def enrich_batch(self, batch: Batch[DeadLetter]) -> None:
        """Enrich and deliver every record, or leave its dead letter in the batch.

        Raises DeliveryFailed when Kafka does not take the outcome, and TooManyDeadLetters before it is asked to.
        """
        self._env.keys.refresh()
        collect = partial(collect_facts, lookups=self._env.lookups, now=batch.now)
        facts = batch.process(collect, batch.records)
        await self._env.remote_facts.find_all(list(facts.values()))
        clicks = batch.process(self._write_click, facts)
        batch.reject(await self._deliver(clicks))
        if self._spans is not None:
            delivered = ((facts[place].click.click_id, batch.records[place]) for place in clicks.keys() - batch.letters)
            self._spans.send(delivered, batch.now)

    def _write_click(self, facts: ClickFacts) -> OutRecord:
        click = finish_click(facts, self._env.rules.rules)
        has_spans = self._spans is not None and self._spans.has_span(click.click_id)
        headers = enriched_headers(click, is_sampled=has_spans)
        return OutRecord(self._topic, click.click_id.encode(), encode(click), headers)

    async def _deliver(self, clicks: Mapping[int, OutRecord]) -> dict[int, Failure]:
        """Deliver enriched clicks; give the places of those that Kafka never takes, and why."""
        try:
            await self._env.producer.deliver(list(clicks.values()))
        except RecordRefused as error:
            items = list(clicks.items())
            return {items[index][0]: describe_refusal(items[index][1], why) for index, why in error.reasons.items()}
        return {}


def open_spans(env: Environment) -> ProcessingSpans | None:
    """Give what sends the spans of enriched clicks, if they are wanted."""
    if (tracing := env.tracing) is None:
        return None
    find = partial(sampled_ids, step="enriched", ratio=tracing.ratio)
    return ProcessingSpans(tracing.spans, subscribe(SPEC, env).group, find)


def describe_refusal(click: OutRecord, why: RefusedFor) -> Failure:
    """Return the failure of an enriched click that Kafka refuses."""
    if why == "too_large":
        return Failure("too_large", f"enriched: {len(click.value):,} bytes, more than {click.topic} takes")
    return Failure("refused_by_kafka", f"enriched: {click.topic} refuses its content (INVALID_RECORD)")
