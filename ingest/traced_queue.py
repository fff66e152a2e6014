"""The spans of a click at ingest, made when Kafka has the click: not while its visitor waits.

Without CLICKRAIL_TRACES_ENDPOINT there is no such queue, and nothing here is run.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from ingest.journal.segments import Entry
from ingest.publisher import ClickQueue
from runtime.kafka.spans import nanoseconds
from runtime.tracing import Attributes, Span, Tracing
from schemas import RawClick, Undecodable, decode
from schemas.trace_ids import is_sampled, span_ids, trace_id

ROUTE: Final = "/ref/{code}"
AT_ONCE: Final = 16
"""Clicks of which spans are made while visitors wait: about a millisecond."""


class TracedQueue:
    """A queue of clicks that sends the spans of those that Kafka has acknowledged."""

    def __init__(
        self, queue: ClickQueue, tracing: Tracing, raw_topic: str, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._queue, self._tracing, self._topic, self._now_ns = queue, tracing, raw_topic, now_ns

    @property
    def pending(self) -> int:
        return self._queue.pending

    async def take(self, most: int, seconds: float) -> list[Entry]:
        return await self._queue.take(most, seconds)

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        self._queue.acknowledge(entries)
        ratio = self._tracing.ratio
        sampled = [value for click_id, value, _ in entries if is_sampled(trace_id(click_id.decode()), ratio)]
        self._trace_some(sampled, self._now_ns())

    def _trace_some(self, values: Sequence[bytes], now_ns: int) -> None:
        """Send the spans of some clicks, and of the others after what else the event loop has to do."""
        for value in values[:AT_ONCE]:
            self._trace(value, now_ns)
        if len(values) > AT_ONCE:
            asyncio.get_running_loop().call_soon(self._trace_some, values[AT_ONCE:], now_ns)

    def _trace(self, value: bytes, now_ns: int) -> None:
        click = decode(RawClick, value)
        if not isinstance(click, Undecodable):
            for span in make_spans(click, self._topic, now_ns):
                self._tracing.spans.put(span)


def make_spans(click: RawClick, topic: str, delivered_ns: int) -> tuple[Span, Span]:
    """Return the span of the request, and that of the delivery of its click, which began with the answer."""
    trace, started_ns = trace_id(click.click_id), nanoseconds(click.clicked_at)
    answered_ns = started_ns + sum(click.handled.steps_us.values()) * 1000
    request = Span(f"GET {ROUTE}", "server", span_ids(trace, "click"), started_ns, answered_ns, describe_request(click))
    delivery = {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
        "messaging.kafka.message.key": click.click_id,
    }
    sending = Span(f"send {topic}", "producer", span_ids(trace, "raw"), answered_ns, delivered_ns, delivery)
    return request, sending


def describe_request(click: RawClick) -> Attributes:
    """Describe a request without anything that its visitor sent, but the code."""
    handled = click.handled
    return {
        "http.request.method": "GET",
        "http.route": ROUTE,
        "http.response.status_code": 302,
        "cloud.region": handled.region,
        "clickrail.click_id": click.click_id,
        "clickrail.code": click.code,
        "clickrail.program_id": click.program_id,
        "clickrail.affiliate_id": click.affiliate_id,
        "clickrail.cache": handled.cache or "none",
        **{f"clickrail.step.{step}_us": microseconds for step, microseconds in handled.steps_us.items()},
    }
