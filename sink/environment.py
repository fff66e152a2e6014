"""The only place of the sink that opens things."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from prometheus_client import CollectorRegistry

from runtime.dead_letter_limit import DeadLetterLimit
from runtime.kafka.producer import RecordProducer
from runtime.kafka.security import KafkaSecurity, read_security
from runtime.metrics import make_registry
from runtime.postgres_tls import check_tls_files
from runtime.process import clickrail_version
from runtime.tracing import Tracing, open_tracing
from sink.metrics import SinkMetrics
from sink.settings import Settings
from storage.jobs import PartitionJob
from storage.ledger.job import LedgerJob
from storage.retention.job import RetentionJob
from storage.retention.policy import RetentionPolicy
from storage.rollups.job import RollupJob
from storage.writer import TableWriter


class Environment(msgspec.Struct, frozen=True):
    """What the sink has open."""

    settings: Settings
    registry: CollectorRegistry
    metrics: SinkMetrics
    writer: TableWriter
    kafka: KafkaSecurity
    producer: RecordProducer
    limit: DeadLetterLimit
    partition_job: PartitionJob
    retention_job: RetentionJob
    rollup_job: RollupJob
    ledger_job: LedgerJob
    tracing: Tracing | None = None


@asynccontextmanager
async def open_environment(settings: Settings) -> AsyncIterator[Environment]:
    """Open everything; waits for no server: connections are made when they are first needed.

    Raises SettingsError when a file for TLS cannot be used.
    """
    kafka = read_security(settings)
    check_tls_files(settings.database_url.reveal())
    registry = make_registry("sink", clickrail_version())
    metrics = SinkMetrics(registry)
    writer = TableWriter(settings.database_url, metrics)
    producer = RecordProducer(settings.kafka_bootstrap_servers, client_id="clickrail-sink", security=kafka)
    limit = DeadLetterLimit(settings.dead_letter_limit, "CLICKRAIL_SINK_DEAD_LETTER_LIMIT")
    partition_job = PartitionJob(
        settings.database_url,
        settings.partition_days_ahead,
        metrics.days_ahead.set,
        compress_after_days=settings.compress_after_days,
    )
    retention_job = RetentionJob(settings.database_url, read_policy(settings), metrics)
    rollup_job = RollupJob(settings.database_url, settings.timezone, metrics)
    jobs = partition_job, retention_job, rollup_job, LedgerJob(settings.database_url)
    try:
        async with open_tracing(settings, "sink", clickrail_version()) as tracing:
            yield Environment(settings, registry, metrics, writer, kafka, producer, limit, *jobs, tracing)
    finally:
        await producer.close()
        await writer.close()


def read_policy(settings: Settings) -> RetentionPolicy:
    return RetentionPolicy(
        clicks=settings.retention_days,
        personal=settings.personal_days,
        rejections=settings.rejected_days,
        letters=settings.letters_days,
    )
