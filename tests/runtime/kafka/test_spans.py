"""The spans of records that a stage has processed."""

from datetime import UTC, datetime

import msgspec

from runtime.kafka.spans import ProcessingSpans, nanoseconds
from schemas.trace_ids import SpanIds
from tests.ingest.test_traced_queue import Spans

IDS = SpanIds(7, 8, 9)
STARTED = datetime(2026, 11, 29, 10, 0, 0, 1, tzinfo=UTC)
STARTED_NS = 1_795_946_400_000_001_000
ENDED_NS = STARTED_NS + 5


class Place(msgspec.Struct, frozen=True):
    """Where a record was read."""

    topic: str = "clicks.raw"
    partition: int = 3
    offset: int = 2**40


def test_only_sampled_records_have_a_span_with_their_place_and_the_times_of_their_batch() -> None:
    spans = Spans()
    sending = ProcessingSpans(spans, "clickrail.sink", lambda key: IDS if key == "a" else None, lambda: ENDED_NS)
    sending.send([("a", Place()), ("b", Place())], STARTED)
    (span,) = spans.kept

    assert (span.name, span.kind, span.context) == ("process clicks.raw", "consumer", IDS)
    assert (span.started_ns, span.ended_ns) == (STARTED_NS, ENDED_NS)
    assert span.attributes["messaging.destination.partition.id"] == "3"
    assert span.attributes["messaging.kafka.offset"] == 2**40
    assert span.attributes["messaging.kafka.message.key"] == "a"


def test_times_are_exact_to_the_microsecond_and_before_1970_too() -> None:
    assert nanoseconds(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == 253_402_300_799_999_999_000
    assert nanoseconds(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1_000_000_000
