"""The shell of every stage that reads from Kafka: it runs the loop, contains failures, writes dead letters.

    records -> Batch -> the stage's `handle` -> dead letters delivered -> offsets committed

A stage is a `StageSpec` and a `handle` for one batch. `handle` returns when everything it made of the batch is safe,
and leaves what could not be processed in `Batch.letters`. The shell never knows a click: the type of a dead letter,
and the functions that make and write one, are part of the spec.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

import structlog
from prometheus_client import CollectorRegistry

from runtime.batch import Batch, Letter, StageSpec
from runtime.dead_letter_limit import DeadLetterLimit
from runtime.endpoint import Endpoint
from runtime.garbage import collecting_rarely
from runtime.health import Checks, serve_private_port
from runtime.kafka.consume import ConsumeLoop, Records
from runtime.kafka.cutting import deliver_cut
from runtime.kafka.metrics import StreamMetrics
from runtime.kafka.out_record import DeliversRecords, OutRecord
from runtime.kafka.security import KafkaSecurity
from runtime.kafka.subscription import Subscription

log = structlog.get_logger()


L = TypeVar("L", bound=Letter)


class StageSettings(Protocol):
    """The settings that every stage has."""

    @property
    def kafka_bootstrap_servers(self) -> tuple[str, ...]: ...
    @property
    def kafka_topic_prefix(self) -> str: ...
    @property
    def private_host(self) -> str: ...
    @property
    def private_port(self) -> int: ...
    @property
    def batch_records(self) -> int: ...
    @property
    def group_instance_id(self) -> str | None: ...


class StageEnvironment(Protocol):
    """What the shell uses of a stage's environment. `limit` is shared by the loop and the batches."""

    @property
    def settings(self) -> StageSettings: ...
    @property
    def registry(self) -> CollectorRegistry: ...
    @property
    def metrics(self) -> StreamMetrics: ...
    @property
    def kafka(self) -> KafkaSecurity: ...
    @property
    def producer(self) -> DeliversRecords: ...
    @property
    def limit(self) -> DeadLetterLimit: ...


Handle = Callable[[Batch[L]], Awaitable[None]]
"""Makes the outcome of one batch safe. Raises DependencyAway to be called again with the same records."""


async def run_stage(
    spec: StageSpec[L], env: StageEnvironment, handle: Handle[L], stop: asyncio.Event, degraded: Checks = dict
) -> None:
    """Consume until `stop` is set, and serve the private port meanwhile; the batch in work is finished first.

    Problems in `degraded` are reported there, but the stage stays ready.
    """
    loop = ConsumeLoop(subscribe(spec, env), partial(run_batch, spec, env, handle), env.metrics, env.limit)
    settings = f"CLICKRAIL_{spec.name.upper()}_PRIVATE"
    private = Endpoint(env.settings.private_host, env.settings.private_port, settings)
    async with serve_private_port(private, env.registry, lambda: {"consume": loop.problem}, degraded):
        with collecting_rarely():
            await loop.run(stop)


def subscribe(spec: StageSpec[L], env: StageEnvironment) -> Subscription:
    """Describe what the stage reads, and as whom."""
    prefix = env.settings.kafka_topic_prefix
    return Subscription(
        bootstrap_servers=env.settings.kafka_bootstrap_servers,
        group=f"{prefix}clickrail.{spec.name}",
        topics=tuple(prefix + topic for topic in spec.topics),
        client_id=f"clickrail-{spec.name}",
        security=env.kafka,
        instance=env.settings.group_instance_id,
        max_records=env.settings.batch_records,
    )


async def run_batch(spec: StageSpec[L], env: StageEnvironment, handle: Handle[L], records: Records) -> None:
    """Have a batch handled, then deliver its dead letters: every record has its outcome when this returns.

    Raises DependencyAway, after which the batch is safe to be tried again, and TooManyDeadLetters.
    """
    batch = Batch(spec, env.limit, records, datetime.now(UTC))
    await handle(batch)
    await deliver_letters(spec, env, [batch.letters[place] for place in sorted(batch.letters)])


async def deliver_letters(spec: StageSpec[L], env: StageEnvironment, letters: list[L]) -> None:
    """Write letters to their topic, count and log them."""
    topic = env.settings.kafka_topic_prefix + spec.letters.topic

    def write(letter: L, cap: int) -> OutRecord:
        return OutRecord(topic, *spec.letters.write(letter, cap))

    # A letter about a record of this very topic would be read from it again, for ever: its stage keeps it elsewhere.
    await deliver_cut(env.producer, [letter for letter in letters if letter.topic != topic], write)
    for letter in letters:
        env.metrics.dead.labels(letter.reason).inc()
        log.error(
            "dead letter", topic=letter.topic, partition=letter.partition, offset=letter.offset, reason=letter.reason
        )
