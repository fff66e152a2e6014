"""Records refused requests and traces: at most so many per second and reason, so that a scan cannot fill a topic.

A trace is the record of a request for a known code that was no visit, because of its method or body.
"""

from time import time_ns
from typing import Final, NamedTuple, Protocol

from aiohttp.http import RawRequestMessage

from identity.randomness import RandomPool
from identity.ulid import RANDOM_BYTES, make_ulid
from ingest.live_keys import KeySource
from ingest.metrics import IngestMetrics
from ingest.record import record_rejection
from ingest.refusals import Refusal
from ingest.request.context import RequestContext, Site, StepTimes
from runtime.kafka.out_record import OutRecord
from schemas import encode
from schemas.headers import rejected_headers
from urls.links import split_path

MAX_PER_SECOND: Final = 20


class RejectionQueue(Protocol):
    """Delivers rejections."""

    def put_rejection(self, record: OutRecord, /) -> bool:
        """Queue a rejection; false when the oldest one was dropped for it."""


class RejectionGate:
    """Counts the recorded refusals of the current second by reason."""

    def __init__(self) -> None:
        self._second = 0
        self._counts: dict[str, int] = {}

    def admits(self, number: str, now_s: int) -> bool:
        """Tell whether one more refusal for this reason may be recorded in this second, and count it."""
        if now_s != self._second:
            self._second = now_s
            self._counts.clear()
        count = self._counts.get(number, 0)
        self._counts[number] = count + 1
        return count < MAX_PER_SECOND


class Trace(NamedTuple):
    """A request that was no visit, its client's address as the connection has it, and how it was answered."""

    request: RawRequestMessage
    peer: str | None
    refusal: Refusal


class RejectionRecorder:
    """Counts every refusal, and queues a record of those that the gate admits."""

    def __init__(self, site: Site, keys: KeySource, queue: RejectionQueue, metrics: IngestMetrics) -> None:
        self._site = site
        self._keys = keys
        self._queue = queue
        self._metrics = metrics
        self._gate = RejectionGate()
        self._randomness = RandomPool(RANDOM_BYTES)
        self._traces: list[Trace] = []

    def record(self, request: RequestContext, refusal: Refusal) -> None:
        now_ms = time_ns() // 1_000_000
        if self._admits(refusal, now_ms):
            self._put(request, refusal, now_ms)

    def add_trace(self, trace: Trace) -> None:
        """Count a trace, and keep it for `record_traces` if the gate admits it."""
        if self._admits(trace.refusal, time_ns() // 1_000_000):
            self._traces.append(trace)

    def record_traces(self) -> None:
        """Record the traces that were added since the last call."""
        if not self._traces:
            return
        traces, self._traces = self._traces, []
        for request, peer, refusal in traces:
            path, query = split_path(request.path)
            address = self._site.proxies.find_client(peer, request.headers)
            context = RequestContext(path, query, request.headers, address, is_prefetch=False, times=StepTimes(0))
            self._put(context, refusal, time_ns() // 1_000_000)

    def _admits(self, refusal: Refusal, now_ms: int) -> bool:
        is_recorded = self._gate.admits(refusal.reason.number, now_ms // 1000)
        self._metrics.refused[refusal.reason.number, is_recorded] += 1
        return is_recorded

    def _put(self, request: RequestContext, refusal: Refusal, now_ms: int) -> None:
        rejection_id = make_ulid(now_ms, self._randomness.draw())
        rejection = record_rejection(request, refusal, self._site, self._keys.current.ip_hash, rejection_id, now_ms)
        record = OutRecord(
            self._site.rejected_topic, rejection_id.encode(), encode(rejection), rejected_headers(rejection)
        )
        if not self._queue.put_rejection(record):
            self._metrics.lose_rejections("queue_full", 1)
