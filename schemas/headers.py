"""Kafka headers of the public topics: CloudEvents 1.0 in binary mode, and a W3C trace context.

All headers are computed from the record, so a record that is sent again has the same bytes. The trace id is the ULID
itself (both are 128 bits): a click id is enough to find its trace in any tool.
"""

from datetime import datetime
from typing import Final

from schemas.events import DeadLetter, EnrichedClick, RejectedClick

Header = tuple[str, bytes]
Headers = list[Header]

# Python reads base 32 with the digits 0-9a-v; this turns Crockford's, of which a ULID is made, into those.
TO_DIGITS: Final = bytes.maketrans(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", b"0123456789abcdefghijklmnopqrstuv")
DIGITS: Final = 16
"""Digits of a digest in a letter's id: they tell letters apart that have the same place in a recreated topic."""
CONTENT_TYPE: Final[Header] = ("content-type", b"application/json")
LAST_64_BITS: Final = 2**64 - 1


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


def enriched_headers(click: EnrichedClick) -> Headers:
    return with_trace(ENRICHED, click.click_id, click.clicked_at)


def rejected_headers(rejection: RejectedClick) -> Headers:
    return with_trace(REJECTED, rejection.rejection_id, rejection.rejected_at)


def dead_headers(letter: DeadLetter) -> Headers:
    """Return the headers of a dead letter. Its id is not a ULID, so it has no trace id."""
    place = f"{letter.topic}/{letter.partition}/{letter.offset}"
    identity = f"{place}/{letter.digest[:DIGITS]}" if letter.digest else place
    return cloud_event(describe_event("click.dead", letter.stage), identity, letter.failed_at)


def with_trace(event: Headers, ulid: str, time: datetime) -> Headers:
    return [
        *event,
        ("ce_id", ulid.encode()),
        ("ce_time", time.isoformat().encode()),
        CONTENT_TYPE,
        ("traceparent", traceparent(ulid)),
    ]


def cloud_event(event: Headers, identity: str, time: datetime) -> Headers:
    return [*event, ("ce_id", identity.encode()), ("ce_time", time.isoformat().encode()), CONTENT_TYPE]


def traceparent(ulid: str) -> bytes:
    """Return the trace context of a click or a rejection: trace id = its ULID, parent id = the ULID's last 64 bits.

    The sampled flag is not set: Clickrail itself records no spans yet.
    """
    number = int(ulid.encode().translate(TO_DIGITS), 32)
    # Sixteen zeros are not a valid parent id.
    return b"00-%032x-%016x-00" % (number, number & LAST_64_BITS or 1)
