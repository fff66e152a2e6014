"""The shell of every stage that reads from Kafka: it runs the loop, contains failures, writes dead letters.

    records -> Batch -> the stage's `handle` -> dead letters delivered -> offsets committed

A stage is a `StageSpec` and a `handle` for one batch. `handle` returns when everything it made of the batch is safe,
and leaves what could not be processed in `Batch.letters`. The shell never knows a click: the type of a dead letter,
and the functions that make and write one, are part of the spec.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec
import structlog
from prometheus_client import CollectorRegistry

from runtime.containment import Crash, contain
from runtime.dead_letter_limit import DeadLetterLimit
from runtime.endpoint import Endpoint
from runtime.garbage import collecting_rarely
from runtime.health import Checks, serve_private_port
from runtime.kafka.consume import ConsumeLoop, Records
from runtime.kafka.cutting import deliver_cut
from runtime.kafka.metrics import StreamMetrics
from runtime.kafka.out_record import DeliversRecords, Headers, OutRecord
from runtime.kafka.security import KafkaSecurity
from runtime.kafka.subscription import Subscription

log = structlog.get_logger()

INTERNAL_ERROR: Final = "internal_error"
"""The reason of a dead letter about a record that our own code fails at."""
NOTHING: Final[Mapping[int, str]] = {}


class Letter(Protocol):
    """A dead letter, as far as the shell reads it: where its record was read, and why it could not be processed."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def reason(self) -> str: ...


T = TypeVar("T")
U = TypeVar("U")
L = TypeVar("L", bound=Letter)


class Failure(msgspec.Struct, frozen=True):
    """Why a record could not be processed: a stable word, and a sentence for people."""

    reason: str
    detail: str


class DeadLetterFormat(msgspec.Struct, Generic[L], frozen=True, kw_only=True):
    """How dead letters are made and written.

    `make` takes a record, the failure, the stage's name and the time. `write` gives key, value and headers, with so
    many bytes of the original record at most. `topic` is without the prefix of an installation.
    """

    topic: str
    type: type[L]
    make: Callable[[Any, Failure, str, datetime], L]
    write: Callable[[L, int], tuple[bytes | None, bytes, Headers]]


class StageSpec(msgspec.Struct, Generic[L], frozen=True, kw_only=True):
    """What a stage is. Its name is in its consumer group, its client id and its settings; topics have no prefix."""

    name: str
    topics: tuple[str, ...]
    letters: DeadLetterFormat[L]


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


class Batch(Generic[L]):
    """The records of one fetch, and the dead letters made of them so far; both by place, their number in the batch.

    Each method that adds letters checks the dead-letter limit and raises TooManyDeadLetters: no letter of this batch
    has been delivered by then. `now` dates the letters.
    """

    def __init__(self, spec: StageSpec[L], limit: DeadLetterLimit, records: Records, now: datetime) -> None:
        self.records: dict[int, Any] = dict(enumerate(records))
        self.letters: dict[int, L] = {}
        self.now = now
        self._spec = spec
        self._limit = limit

    def process(self, work: Callable[[T], U | L], items: Mapping[int, T]) -> dict[int, U]:
        """Do the work on each item; give what it made, by place. A letter, or a crash of the work, is set aside."""
        made: dict[int, U] = {}
        for place, item in items.items():
            outcome = contain(work, item)
            if isinstance(outcome, Crash):
                self._add(place, Failure(INTERNAL_ERROR, outcome.description))
            elif isinstance(outcome, self._spec.letters.type):
                self.letters[place] = outcome
            else:
                made[place] = outcome  # type: ignore[assignment] # mypy cannot subtract a type variable from a union
        self.check_limit()
        return made

    def reject(self, failures: Mapping[int, Failure]) -> None:
        """Dead-letter records that were processed and cannot be delivered or stored."""
        for place, failure in failures.items():
            self._add(place, failure)
        self.check_limit()

    def check_limit(self, failing: Mapping[int, str] = NOTHING) -> None:
        """Check the letters made so far, and those there would be if the records `failing` were rejected."""
        reasons = {place: letter.reason for place, letter in self.letters.items()} | dict(failing)
        self._limit.check(dict(sorted(reasons.items())))

    def _add(self, place: int, failure: Failure) -> None:
        self.letters[place] = self._spec.letters.make(self.records[place], failure, self._spec.name, self.now)


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
