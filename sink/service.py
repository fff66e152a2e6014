"""The shell of the sink: what it does with a batch."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog

from runtime.batch import Batch, DeadLetterFormat, Failure, StageSpec
from runtime.kafka.spans import ProcessingSpans
from runtime.stage import run_stage, subscribe
from runtime.task_scope import task_scope
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_REJECTED, DeadLetter
from schemas.letters import SourceRecord, make_dead_letter, write_letter
from schemas.trace_ids import sampled_ids
from sink.environment import Environment, open_environment
from sink.pipeline import STAGE, Outcome, build_row
from sink.settings import Settings
from storage.columns import CLICK_COLUMNS
from storage.load import BadRow
from storage.rows import letter_row
from storage.tables import CLICKS, DEAD_LETTERS, StorableRow

log = structlog.get_logger()

REFUSED: Final = "refused_by_database"
CLICK_ID: Final = CLICK_COLUMNS.index("click_id")

SPEC: Final = StageSpec(
    name=STAGE,
    topics=(CLICKS_ENRICHED.name, CLICKS_REJECTED.name, CLICKS_DEAD.name),
    letters=DeadLetterFormat(topic=CLICKS_DEAD.name, type=DeadLetter, make=make_dead_letter, write=write_letter),
)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Store records until `stop` is set; the batch in work is finished first."""
    async with open_environment(settings) as env:
        jobs = (env.partition_job, env.retention_job, env.rollup_job, env.ledger_job)
        async with task_scope(*(job.run() for job in jobs)):
            await run_stage(SPEC, env, BatchStorer(env).store_batch, stop, lambda: {"rollups": env.rollup_job.problem})


class BatchStorer:
    """Puts a batch into the tables. Its rows are committed when it returns."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._prefix = env.settings.kafka_topic_prefix
        self._spans = open_spans(env)

    async def store_batch(self, batch: Batch[DeadLetter]) -> None:
        """Store every record, or leave its dead letter in the batch.

        Raises DependencyAway while PostgreSQL is away, and before the transaction is committed ReadAgain and
        TooManyDeadLetters.
        """

        def build(record: SourceRecord) -> Outcome:
            return build_row(record, self._prefix, batch.now)

        rows = batch.process(build, batch.records)
        # By the record, as a row is another object where it forgets an erased click.
        places = {id(row.source): place for place, row in rows.items()}

        def check_limit(bad: Sequence[BadRow]) -> None:
            batch.check_limit({places[id(one.row.source)]: REFUSED for one in bad})

        bad = await self._env.writer.write(list(rows.values()), check_limit, batch.records.values())
        batch.reject({places[id(one.row.source)]: Failure(REFUSED, one.detail) for one in bad})
        await self._store_own_letters(batch)
        if self._spans is not None:
            stored = (row for place, row in rows.items() if row.table is CLICKS and place not in batch.letters)
            self._spans.send(((str(row.row[CLICK_ID]), row.source) for row in stored), batch.now)

    async def _store_own_letters(self, batch: Batch[DeadLetter]) -> None:
        """Store the letters about records of the dead-letter topic: written to that topic, they would come back."""
        topic = self._prefix + CLICKS_DEAD.name
        own = {place: letter for place, letter in batch.letters.items() if letter.topic == topic}
        rows = [StorableRow(DEAD_LETTERS, letter_row(own[place]), batch.records[place]) for place in sorted(own)]
        for still_bad in await self._env.writer.write(rows):
            log.error("dead letter not stored", detail=still_bad.detail, offset=still_bad.row.source.offset)


def open_spans(env: Environment) -> ProcessingSpans | None:
    """Give what sends the spans of stored clicks, if they are wanted."""
    if (tracing := env.tracing) is None:
        return None
    find = partial(sampled_ids, step="row", ratio=tracing.ratio)
    return ProcessingSpans(tracing.spans, subscribe(SPEC, env).group, find)
