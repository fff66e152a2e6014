"""Kafka headers of the public topics: CloudEvents 1.0 in binary mode, and a W3C trace context.

Every header follows from the record, so that a record sent again is the same to the byte. The trace id is the ULID
itself (both are 128 bits): whoever holds a click id can find its trace, in any tool.
"""

from datetime import datetime
from typing import Final, NamedTuple

from schemas.events import DeadLetter, EnrichedClick, RejectedClick

Header = tuple[str, bytes]
Headers = list[Header]

# Python reads base 32 with the digits 0-9a-v; this turns Crockford's, of which a ULID is made, into those.
TO_DIGITS: Final = bytes.maketrans(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", b"0123456789abcdefghijklmnopqrstuv")
DIGITS: Final = 16
"""Of a digest: enough to tell what stood in one place of a topic, before and after it was made again."""
NO_PARENT: Final = "0" * 16


class Event(NamedTuple):
    """The headers that all records of a kind share."""

    spec_version: Header
    type: Header
    source: Header
    content_type: Header


def describe_event(kind: str, stage: str) -> Event:
    return Event(
        ("ce_specversion", b"1.0"),
        ("ce_type", f"io.clickrail.{kind}.v1".encode()),
        ("ce_source", f"/clickrail/{stage}".encode()),
        ("content-type", b"application/json"),
    )


# Made once: they are on every record.
ENRICHED: Final = describe_event("click.enriched", "enricher")
REJECTED: Final = describe_event("click.rejected", "ingest")


def enriched_headers(click: EnrichedClick) -> Headers:
    return with_trace(ENRICHED, click.click_id, click.clicked_at)


def rejected_headers(rejection: RejectedClick) -> Headers:
    return with_trace(REJECTED, rejection.rejection_id, rejection.rejected_at)


def dead_headers(letter: DeadLetter) -> Headers:
    """Give the headers of a dead letter. Its identity is no ULID, so it has no trace of its own."""
    place = f"{letter.topic}/{letter.partition}/{letter.offset}"
    identity = f"{place}/{letter.digest[:DIGITS]}" if letter.digest else place
    return cloud_event(describe_event("click.dead", letter.stage), identity, letter.failed_at)


def with_trace(event: Event, ulid: str, time: datetime) -> Headers:
    return [*cloud_event(event, ulid, time), ("traceparent", traceparent(ulid))]


def cloud_event(event: Event, identity: str, time: datetime) -> Headers:
    return [
        event.spec_version,
        event.type,
        event.source,
        ("ce_id", identity.encode()),
        ("ce_time", time.isoformat().encode()),
        event.content_type,
    ]


def traceparent(ulid: str) -> bytes:
    """Give the trace context of a click or a rejection: trace id = its ULID, parent id = the ULID's last 64 bits.

    The sampled flag is not set: Clickrail itself records no spans yet.
    """
    trace_id = f"{int(ulid.encode().translate(TO_DIGITS), 32):032x}"
    parent_id = trace_id[16:]
    # Sixteen zeros would be no valid parent id.
    return f"00-{trace_id}-{parent_id if parent_id != NO_PARENT else '1'.zfill(16)}-00".encode()
