"""The hot path: a request in, a response out.

match the code -> client address through trusted proxies -> client limit -> lookup -> code limit -> accept the click
(`ClickRecorder`: read cookie, click id, set cookie, target URL, record) -> write to the journal -> 302.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter_ns as clock
from typing import NamedTuple

from aiohttp import hdrs
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDictProxy

from ingest.click_recorder import ClickRecorder, Journal
from ingest.code_lookup import Lookup
from ingest.http.handler import DeferredResponse, Handled
from ingest.http.response import Response, make_page, redirect_to
from ingest.limits.limiter import Decision
from ingest.limits.limits import Limits
from ingest.limits.policy import Admit, Refuse
from ingest.live_keys import KeySource
from ingest.metrics import IngestMetrics
from ingest.pipeline import build_location_without_click
from ingest.refusals import (
    Refusal,
    make_refusal_response,
    refuse_code,
    refuse_lookup,
    refuse_over_limit,
    refuse_prefetch,
    resolve_answer,
)
from ingest.rejections import RejectionQueue, RejectionRecorder, Trace
from ingest.request.context import RequestContext, Site, StepTimes
from ingest.request.parameters import read_parameters
from ingest.request.signals import is_prefetch
from referrals.lookup.answers import Answer, Found
from schemas.reasons import HEAD_REQUEST, MALFORMED_CODE, OTHER_METHOD
from urls.links import is_link, match_code, split_path

Respond = Callable[[Answer], Response]


class Delivery(NamedTuple):
    """Where clicks and rejections go."""

    journal: Journal
    publisher: RejectionQueue


class Redirect:
    """Responds to requests (`RequestHandler`).

    Call `flush_journal` after `handle` and before any of the responses is sent, `record_traces` after that.
    """

    def __init__(
        self, site: Site, keys: KeySource, lookup: Lookup, limits: Limits, delivery: Delivery, metrics: IngestMetrics
    ) -> None:
        self._site = site
        self._lookup = lookup
        self._limits = limits
        self._clicks = ClickRecorder(site, keys, delivery.journal)
        self._rejections = RejectionRecorder(site, keys, delivery.publisher, metrics)
        self._metrics = metrics
        self.flush_journal = self._clicks.flush_journal
        self.record_traces = self._rejections.record_traces

    def handle(self, request: RawRequestMessage, peer: str | None) -> Handled:
        """Respond to a request and count it: at once, unless its code must be looked up in the stores."""
        started = clock()
        path, query = split_path(request.path)
        if not is_link(path):
            return self._count("not_found", make_page(404))
        if request.method == hdrs.METH_GET:
            return self._handle_get(request.headers, peer, path, query, started)
        if request.method == hdrs.METH_HEAD:
            return self._handle_head(request, peer, path)
        self.trace_refused(request, peer)
        return self._count("method_not_allowed", make_page(405))

    def trace_refused(self, request: RawRequestMessage, peer: str | None) -> None:
        """Leave a trace of a request that is refused for its method or body, if its code is in memory."""
        path, _ = split_path(request.path)
        code = match_code(path)
        found = self._lookup.peek(code) if code else None
        if isinstance(found, Found):
            refusal = Refusal(
                OTHER_METHOD, 405, found=found, method=None if request.method == hdrs.METH_GET else request.method
            )
            self._rejections.add_trace(Trace(request, peer, refusal))

    def _handle_get(
        self, headers: CIMultiDictProxy[str], peer: str | None, path: str, query: str, started: int
    ) -> Handled:
        times = StepTimes(started)
        code = match_code(path)
        times.matched = clock()
        request = RequestContext(
            path=path,
            query=query,
            headers=headers,
            address=self._site.proxies.find_client(peer, headers),
            is_prefetch=is_prefetch(headers),
            times=times,
        )
        times.client_found = clock()
        if code is None:
            return self._refuse(request, refuse_code(MALFORMED_CODE, self._site.fallback_url))
        if request.is_prefetch and self._site.refuses_prefetch:
            return self._refuse(request, refuse_prefetch(self._lookup.peek(code)))
        client = self._limits.check_client(request.address, times.client_found)
        times.client_limited = clock()
        if client.verdict == "far_over" and self._lookup.peek(code) is None:
            return self._refuse(request, refuse_lookup(self._limits.refuse_lookup(client)))
        answer = self._lookup.find_cached(code)
        if answer:
            return self._on_answer(request, client, answer)
        on_answer = partial(self._on_answer, request, client)
        return self._look_up(code, on_answer, partial(self._show_target, "left", query, client))

    async def _look_up(self, code: str, accept: Respond, show_target: Respond) -> DeferredResponse:
        answer = await self._lookup.find(code)
        return DeferredResponse(partial(accept, answer), partial(show_target, answer))

    def _on_answer(self, request: RequestContext, client: Decision, answer: Answer) -> Response:
        """Finish a GET whose code was looked up: accept the click, or refuse the request."""
        found = resolve_answer(answer, request.query, self._site.fallback_url, self._site.location_cap)
        if isinstance(found, Refusal):
            return self._refuse(request, found)
        request.times.looked_up = clock()
        admitted = self._limits.admit(found.program.limit_policy, client, found.code.code, request.times.looked_up)
        if not isinstance(admitted, Admit):
            return self._refuse(request, refuse_over_limit(admitted, found, request.query, self._site.location_cap))
        request.times.code_limited = clock()
        return self._count("accepted", self._clicks.accept(request, found, admitted))

    def _handle_head(self, request: RawRequestMessage, peer: str | None, path: str) -> Handled:
        """Respond as to GET, but without cookie, click or rejection. Where the code is known, a trace is left."""
        code, headers = match_code(path), request.headers
        if code is None:
            return self._count_refused("head", refuse_code(MALFORMED_CODE, self._site.fallback_url))
        if self._site.refuses_prefetch and is_prefetch(headers):
            known = self._lookup.peek(code)
            return self._trace_head(request, peer, known, self._count_refused("head", refuse_prefetch(known)))
        client = self._limits.check_client(self._site.proxies.find_client(peer, headers), clock())
        if client.verdict == "far_over" and self._lookup.peek(code) is None:
            return self._count_refused("head", refuse_lookup(self._limits.refuse_lookup(client)))
        respond = partial(self._respond_to_head, request, peer, client)
        answer = self._lookup.find_cached(code)
        return respond(answer) if answer else self._look_up(code, respond, respond)

    def _respond_to_head(
        self, request: RawRequestMessage, peer: str | None, client: Decision, answer: Answer
    ) -> Response:
        _, query = split_path(request.path)
        return self._trace_head(request, peer, answer, self._show_target("head", query, client, answer))

    def _trace_head(
        self, request: RawRequestMessage, peer: str | None, answer: Answer | None, response: Response
    ) -> Response:
        if isinstance(answer, Found):
            refusal = Refusal(HEAD_REQUEST, response.status, found=answer, method=hdrs.METH_HEAD)
            self._rejections.add_trace(Trace(request, peer, refusal))
        return response

    def _show_target(self, kind: str, query: str, client: Decision, answer: Answer) -> Response:
        """Respond with the target of a link, without cookie, click or rejection."""
        found = resolve_answer(answer, query, self._site.fallback_url, self._site.location_cap)
        if isinstance(found, Refusal):
            return self._count_refused(kind, found)
        outcome = self._limits.peek(found.program.limit_policy, client, found.code.code, clock())
        if isinstance(outcome, Refuse):
            return self._count_refused(kind, refuse_over_limit(outcome, found, query, self._site.location_cap))
        location = build_location_without_click(
            found.target_url, found, read_parameters(query), query, self._site.location_cap
        )
        return self._count(kind, redirect_to(location))

    def _refuse(self, request: RequestContext, refusal: Refusal) -> Response:
        self._rejections.record(request, refusal)
        return self._count_refused("rejected", refusal)

    def _count_refused(self, kind: str, refusal: Refusal) -> Response:
        return self._count(kind, make_refusal_response(refusal))

    def _count(self, kind: str, response: Response) -> Response:
        self._metrics.answers[kind] += 1
        return response
