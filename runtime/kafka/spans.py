"""The span of a record of Kafka that a stage has processed, in the words of OpenTelemetry's conventions."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, Protocol

from runtime.tracing import Attributes, Span, SpanContext, SpanSink

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Place(Protocol):
    """Where a record was read."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...


class ProcessingSpans:
    """Sends the spans of processed records. `find_context` gives the ids for a record's key; null: not sampled."""

    def __init__(
        self,
        spans: SpanSink,
        group: str,
        find_context: Callable[[str], SpanContext | None],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._spans, self._group, self._find_context, self._now_ns = spans, group, find_context, now_ns

    def has_span(self, key: str) -> bool:
        return self._find_context(key) is not None

    def send(self, records: Iterable[tuple[str, Place]], started: datetime) -> None:
        """Send a span for each of the records that is sampled; their outcome is safe by now."""
        ended_ns = self._now_ns()
        for key, record in records:
            if (context := self._find_context(key)) is not None:
                self._spans.put(describe(context, record, self._group, key, (nanoseconds(started), ended_ns)))


def describe(context: SpanContext, record: Place, group: str, key: str, times_ns: tuple[int, int]) -> Span:
    """Describe a record's way through a batch, from when the batch was begun until its outcome was safe."""
    attributes: Attributes = {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "messaging.kafka.message.key": key,
        "messaging.consumer.group.name": group,
    }
    return Span(f"process {record.topic}", "consumer", context, *times_ns, attributes)


def nanoseconds(moment: datetime) -> int:
    """Return a time in nanoseconds since 1970, exactly."""
    passed = moment - EPOCH
    return ((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds) * 1000
