"""Kafka headers of the public topics: CloudEvents 1.0 in binary mode, and a W3C trace context.

All headers are computed from the record, so a record that is sent again has the same bytes. The trace id is the ULID
itself (both are 128 bits): a click id is enough to find its trace in any tool.
"""

from datetime import datetime
from typing import Final

from schemas.clicks import EnrichedClick
from schemas.dead_letter import DeadLetter
from schemas.rejected_click import RejectedClick
from schemas.trace_ids import span_id, trace_id

Header = tuple[str, bytes]
Headers = list[Header]

DIGITS: Final = 16
"""Digits of a digest in a letter's id: they tell letters apart that have the same place in a recreated topic."""
CONTENT_TYPE: Final[Header] = ("content-type", b"application/json")


def describe_event(kind: str, stage: str) -> Headers:
    """Return the headers that all records of a kind share."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_type", f"io.clickrail.{kind}.v1".encode()),
        ("ce_source", f"/clickrail/{stage}".encode()),
    ]


# Made once: every record has them.
ENRICHED: Final = describe_event("click.enriched", "enricher")
REJECTED: Final = describe_event("click.rejected", "ingest")


def enriched_headers(click: EnrichedClick, *, is_sampled: bool = False) -> Headers:
    """Return the headers of a click. `is_sampled`: spans of it are recorded."""
    return with_trace(ENRICHED, click.click_id, click.clicked_at, is_sampled=is_sampled)


def rejected_headers(rejection: RejectedClick) -> Headers:
    return with_trace(REJECTED, rejection.rejection_id, rejection.rejected_at)


def dead_headers(letter: DeadLetter) -> Headers:
    """Return the headers of a dead letter. Its id is not a ULID, so it has no trace id."""
    place = f"{letter.topic}/{letter.partition}/{letter.offset}"
    identity = f"{place}/{letter.digest[:DIGITS]}" if letter.digest else place
    return cloud_event(describe_event("click.dead", letter.stage), identity, letter.failed_at)


def with_trace(event: Headers, ulid: str, time: datetime, *, is_sampled: bool = False) -> Headers:
    return [
        *event,
        ("ce_id", ulid.encode()),
        ("ce_time", time.isoformat().encode()),
        CONTENT_TYPE,
        ("traceparent", traceparent(ulid, is_sampled=is_sampled)),
    ]


def cloud_event(event: Headers, identity: str, time: datetime) -> Headers:
    return [*event, ("ce_id", identity.encode()), ("ce_time", time.isoformat().encode()), CONTENT_TYPE]


def traceparent(ulid: str, *, is_sampled: bool = False) -> bytes:
    """Return the trace context of a click or a rejection; its parent is the span of the enriched click."""
    trace = trace_id(ulid)
    return b"00-%032x-%016x-%02x" % (trace, span_id(trace, "enriched"), is_sampled)
