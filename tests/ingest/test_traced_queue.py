"""The spans of clicks that Kafka has acknowledged."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ingest.journal.segments import Entry, Segment
from ingest.traced_queue import AT_ONCE, TracedQueue
from runtime.tracing import Span, Tracing
from schemas import RawClick, decode, encode
from schemas.trace_ids import span_ids, trace_id

FULL = Path(__file__).parents[2] / "schemas/examples/clicks.raw/good/full.json"
NOW_NS = 2_000_000_000 * 10**9


class Spans:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.kept: list[Span] = []

    def put(self, span: Span) -> None:
        self.kept.append(span)

    async def close(self) -> None: ...


class Queue:
    """A queue of one click."""

    pending = 1

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.acknowledged: list[Entry] = []

    async def take(self, most: int, seconds: float) -> list[Entry]:
        return [self.entry]

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        self.acknowledged += entries


def make(ratio: float, value: bytes | None = None) -> tuple[RawClick, Queue, Spans, TracedQueue]:
    click, spans = decode(RawClick, FULL.read_bytes()), Spans()
    assert isinstance(click, RawClick)
    queue = Queue((click.click_id.encode(), encode(click) if value is None else value, Segment(Path("one.seg"))))
    return click, queue, spans, TracedQueue(queue, Tracing(spans, ratio), "clicks.raw", lambda: NOW_NS)


async def test_spans_are_sent_when_kafka_has_the_click_and_not_before() -> None:
    click, queue, spans, traced = make(1.0)
    taken = await traced.take(10, 1.0)
    before = list(spans.kept)
    traced.acknowledge(taken)
    request, sending = spans.kept
    trace = trace_id(click.click_id)

    assert (before, traced.pending, queue.acknowledged) == ([], 1, taken)
    assert (request.name, request.context) == ("GET /ref/{code}", span_ids(trace, "click"))
    assert (sending.name, sending.context) == ("send clicks.raw", span_ids(trace, "raw"))
    assert request.ended_ns - request.started_ns == sum(click.handled.steps_us.values()) * 1000
    assert (sending.started_ns, sending.ended_ns) == (request.ended_ns, NOW_NS)


async def test_visitors_have_their_turn_between_the_spans_of_many_clicks() -> None:
    _, queue, spans, traced = make(1.0)
    traced.acknowledge([queue.entry] * 3 * AT_ONCE)
    at_once = len(spans.kept)
    await asyncio.sleep(0)
    after_a_turn = len(spans.kept)
    await asyncio.sleep(0)

    assert [at_once, after_a_turn, len(spans.kept)] == [2 * AT_ONCE, 4 * AT_ONCE, 6 * AT_ONCE]


async def test_nothing_that_a_visitor_sent_is_in_a_span_but_the_code() -> None:
    click, _, spans, traced = make(1.0)
    traced.acknowledge(await traced.take(10, 1.0))
    shown = msgspec.json.encode([dict(span.attributes) for span in spans.kept]).decode()

    assert click.code in shown
    sent = (
        click.host,
        click.user_agent,
        click.accept_language,
        click.query,
        click.referrer,
        click.ip_sealed,
        click.sub1,
    )
    for text in sent:
        assert text
        assert text not in shown


async def test_of_a_click_that_is_not_in_the_share_there_is_no_span() -> None:
    _, queue, spans, traced = make(0.0)
    traced.acknowledge(await traced.take(10, 1.0))
    assert (spans.kept, len(queue.acknowledged)) == ([], 1)


async def test_a_click_that_cannot_be_read_is_acknowledged_like_any_other() -> None:
    _, queue, spans, traced = make(1.0, b"{")
    traced.acknowledge(await traced.take(10, 1.0))
    assert (spans.kept, len(queue.acknowledged)) == ([], 1)
