"""Kafka headers of the public topics: CloudEvents 1.0 in binary mode, and a W3C trace context.

Every header follows from the record, so that a record sent again is the same to the byte. The trace id is the ULID
itself (both are 128 bits): whoever holds a click id can find its trace, in any tool.
"""

from typing import Final

from schemas.events import DeadLetter, EnrichedClick, RejectedClick

Headers = list[tuple[str, bytes]]

CROCKFORD: Final = {character: value for value, character in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}

SPEC_VERSION: Final = ("ce_specversion", b"1.0")
CONTENT_TYPE: Final = ("content-type", b"application/json")


def enriched_headers(click: EnrichedClick) -> Headers:
    return cloud_event("click.enriched", "enricher", click.click_id, click.clicked_at.isoformat())


def rejected_headers(rejection: RejectedClick) -> Headers:
    return cloud_event("click.rejected", "ingest", rejection.rejection_id, rejection.rejected_at.isoformat())


def dead_headers(letter: DeadLetter) -> Headers:
    identity = f"{letter.topic}/{letter.partition}/{letter.offset}"
    return cloud_event("click.dead", letter.stage, identity, letter.failed_at.isoformat())


def cloud_event(kind: str, stage: str, identity: str, time: str) -> Headers:
    headers = [
        SPEC_VERSION,
        ("ce_type", f"io.clickrail.{kind}.v1".encode()),
        ("ce_source", f"/clickrail/{stage}".encode()),
        ("ce_id", identity.encode()),
        ("ce_time", time.encode()),
        CONTENT_TYPE,
    ]
    # A dead letter's identity is a place in a topic, not a ULID: it has no trace of its own.
    return headers if "/" in identity else [*headers, ("traceparent", traceparent(identity))]


def traceparent(ulid: str) -> bytes:
    """Give the trace context of a click or a rejection: trace id = its ULID, parent id = the ULID's last 64 bits.

    The sampled flag is not set: Clickrail itself records no spans yet.
    """
    number = 0
    for character in ulid:
        number = number << 5 | CROCKFORD[character]
    return b"00-%032x-%016x-00" % (number, number & 0xFFFF_FFFF_FFFF_FFFF or 1)
