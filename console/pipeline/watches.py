"""What the console watches of the pipeline, in the background."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from console.database import Database
from console.metrics import ConsoleMetrics
from console.pipeline.kafka_watch import KafkaWatch
from console.pipeline.ledger_watch import LedgerWatch, Waiting
from console.pipeline.report import PipelineReport, read_report
from console.settings import Settings
from console.web.cached_query import CachedQuery
from runtime.task_scope import task_scope


class Pipeline(msgspec.Struct, frozen=True):
    """The watch on Kafka, the watch on the ledger, and the report of the page."""

    kafka: KafkaWatch
    ledger: LedgerWatch
    report: CachedQuery[PipelineReport]

    def waiting(self) -> Waiting | None:
        return find_waiting(self.kafka)


def find_waiting(kafka: KafkaWatch) -> Waiting | None:
    return Waiting(kafka.measured_at, kafka.find_oldest()) if kafka.measured_at else None


@asynccontextmanager
async def open_pipeline(
    settings: Settings, database: Database, metrics: ConsoleMetrics, now: Callable[[], datetime]
) -> AsyncIterator[Pipeline]:
    """Watch until the context ends; waits for no server. Raises SettingsError if a TLS file cannot be used."""
    kafka = KafkaWatch(settings)
    ledger = LedgerWatch(database, metrics.missing_clicks, now, lambda: find_waiting(kafka))
    async with task_scope(kafka.run(), ledger.run()):
        yield Pipeline(kafka, ledger, CachedQuery(lambda: read_report(database, now())))
