"""The ids of a click's trace: all are computed from its ULID, so that a replay gives the same. Pure.

The trace id is the ULID: both have 128 bits (docs/decisions/0003-trace-id-is-the-click-id.md). A click has four spans,
each the child of the one before:

    click     ingest answered the request
    raw       ingest delivered the raw click to Kafka
    enriched  the enricher delivered the enriched click; its id is the parent id in the header `traceparent`
    row       the sink committed the row
"""

from hashlib import sha256
from typing import Final, Literal

import msgspec

Step = Literal["click", "raw", "enriched", "row"]
PARENTS: Final[dict[Step, Step]] = {"raw": "click", "enriched": "raw", "row": "enriched"}

# Python reads base 32 with the digits 0-9a-v; this turns Crockford's, of which a ULID is made, into those.
TO_DIGITS: Final = bytes.maketrans(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", b"0123456789abcdefghijklmnopqrstuv")
LAST_64_BITS: Final = 2**64 - 1
BYTES: Final = 16


class SpanIds(msgspec.Struct, frozen=True):
    """The ids of one span. `parent` is null for the first span of a trace."""

    trace: int
    span: int
    parent: int | None


def trace_id(ulid: str) -> int:
    return int(ulid.encode().translate(TO_DIGITS), 32)


def span_id(trace: int, step: Step) -> int:
    # Sixteen zeros are not a valid id.
    if step == "enriched":
        return trace & LAST_64_BITS or 1
    return int.from_bytes(sha256(step.encode() + trace.to_bytes(BYTES)).digest()[:8]) or 1


def span_ids(trace: int, step: Step) -> SpanIds:
    parent = PARENTS.get(step)
    return SpanIds(trace, span_id(trace, step), None if parent is None else span_id(trace, parent))


def is_sampled(trace: int, ratio: float) -> bool:
    """Return whether a share of all traces includes this one: every process that asks for the same share agrees.

    It is OpenTelemetry's rule (TraceIdRatioBased), so samplers of other programs agree, too.
    """
    return trace & LAST_64_BITS < round(ratio * 2**64)


def sampled_ids(ulid: str, step: Step, ratio: float) -> SpanIds | None:
    """Return the ids of a click's span; None if the click is not in the share."""
    trace = trace_id(ulid)
    return span_ids(trace, step) if is_sampled(trace, ratio) else None
