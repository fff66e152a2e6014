"""The hot path: a request in, an answer out, in the stated order and nothing else.

match the code -> client IP through trusted proxies -> client limit -> lookup -> code limit -> open cookie -> ULID
-> seal cookie -> target URL -> journal -> 302.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import perf_counter_ns as clock
from time import time_ns
from typing import Final, NamedTuple, Protocol

from aiohttp import hdrs
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDictProxy

from identity.cookie import CookieClaims
from identity.cookie_header import ProgramCookie
from identity.randomness import RandomPool
from identity.ulid import RANDOM_BYTES, make_ulid
from identity.verification import UNKNOWN_KEY
from ingest.answers import (
    Refusal,
    refuse_code,
    refuse_lookup,
    refuse_over_limit,
    refuse_prefetch,
    resolve_answer,
    respond,
)
from ingest.http.connection import Answered, Later
from ingest.http.response import Response, page, redirect_to
from ingest.limits.limiter import Decision
from ingest.limits.limits import Limits
from ingest.limits.policy import Admit, Refuse
from ingest.metrics import IngestMetrics
from ingest.pipeline import (
    WITHOUT_COOKIE,
    Keys,
    build_location,
    build_location_without_click,
    cookie_of,
    decide_privacy,
    keeps_cookie,
    make_set_cookie,
    read_cookie,
)
from ingest.publisher import Publisher
from ingest.record import record_click, record_rejection
from ingest.rejections import RejectionGate
from ingest.request.context import ClickDraft, RequestContext, Site, StepTimes, Visitor
from ingest.request.parameters import read_parameters
from ingest.request.request import is_prefetch, is_test
from referrals.lookup.answers import Answer, Found
from runtime.kafka.producer import OutRecord
from schemas import encode
from schemas.headers import rejected_headers
from schemas.reasons import MALFORMED_CODE
from urls.links import is_link, match_code, split_path

NONCE_BYTES: Final = 12

Answers = Callable[[Answer], Response]


class Lookup(Protocol):
    """Knows referral codes."""

    def find_cached(self, code: str) -> Answer | None:
        """Answer at once from this process's memory and its snapshot; null when the stores must be asked."""

    def peek(self, code: str) -> Answer | None:
        """Answer like `find_cached`, for a caller who will not ask the stores."""

    def find(self, code: str) -> Awaitable[Answer]:
        """Ask every layer in turn. Never raises: `Unavailable` is an answer too."""


class Journal(Protocol):
    """Where a click is recorded before its visitor is answered."""

    def append_all(self, records: Sequence[tuple[bytes, bytes]], /) -> None:
        """Take clicks, key and payload each, at once and whatever happens; what is lost is counted."""


class Delivery(NamedTuple):
    """Where clicks and rejections go from here."""

    journal: Journal
    publisher: Publisher


class KeySource(Protocol):
    """The keys of the moment: `current` is replaced whole when the key ring changes."""

    @property
    def current(self) -> Keys: ...

    def refresh(self) -> None:
        """Look whether the key ring has changed."""


class Redirect:
    """Answers requests."""

    def __init__(
        self, site: Site, keys: KeySource, lookup: Lookup, limits: Limits, delivery: Delivery, metrics: IngestMetrics
    ) -> None:
        self._keys = keys
        self._site = site
        self._lookup = lookup
        self._limits = limits
        self._journal, self._publisher = delivery
        self._metrics = metrics
        self._gate = RejectionGate()
        self._nonces = RandomPool(NONCE_BYTES)
        self._randomness = RandomPool(RANDOM_BYTES)
        self._sequence = 0
        self._accepted: list[tuple[bytes, bytes]] = []

    def answer(self, request: RawRequestMessage, peer: str | None) -> Answered:
        """Answer a request for `path`, and count it: at once, unless the stores have to be asked for its code."""
        started = clock()
        path, query = split_path(request.path)
        if not is_link(path):
            return self._count("not_found", page(404))
        if request.method == hdrs.METH_GET:
            return self._handle_get(request.headers, peer, path, query, started)
        if request.method == hdrs.METH_HEAD:
            return self._handle_head(request.headers, peer, path, query)
        return self._count("method_not_allowed", page(405))

    def flush_journal(self) -> None:
        """Have the clicks accepted since the last time written to the journal, before any of them is answered."""
        if self._accepted:
            # What neither disk nor memory can take is counted by the journal; visitors go on all the same.
            self._journal.append_all(self._accepted)
            self._accepted = []

    def _handle_head(self, headers: CIMultiDictProxy[str], peer: str | None, path: str, query: str) -> Answered:
        """Answer as a visit would be, but for what is of a click: nothing is recorded or set."""
        code = match_code(path)
        if code is None or (self._site.refuses_prefetch and is_prefetch(headers)):
            refusal = refuse_prefetch(None) if code else refuse_code(MALFORMED_CODE, self._site.fallback_url)
            return self._count("head", respond(refusal))
        client = self._limits.ask_client(self._site.proxies.find_client(peer, headers), clock())
        if client.verdict == "far_over" and self._lookup.peek(code) is None:
            return self._count("head", respond(refuse_lookup(self._limits.refuse_lookup(client))))
        respond_to = partial(self._head_response, "head", query, client)
        answer = self._lookup.find_cached(code)
        return respond_to(answer) if answer else self._resolve(code, respond_to, respond_to)

    def _head_response(self, kind: str, query: str, client: Decision, answer: Answer) -> Response:
        """Say where a link leads, to whoever only asks: no cookie, no click, nothing recorded."""
        resolved = resolve_answer(answer, query, self._site.fallback_url, self._site.room)
        if not isinstance(resolved, Refusal):
            outcome = self._limits.look(resolved.program.limit_policy, client, resolved.code.code, clock())
            if isinstance(outcome, Refuse):
                resolved = refuse_over_limit(outcome, resolved, query, self._site.room)
        if isinstance(resolved, Refusal):
            return self._count(kind, respond(resolved))
        location = build_location_without_click(
            resolved.target_url, resolved, read_parameters(query), query, self._site.room
        )
        return self._count(kind, redirect_to(location))

    def _handle_get(
        self, headers: CIMultiDictProxy[str], peer: str | None, path: str, query: str, started: int
    ) -> Answered:
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
        if code is None or (request.is_prefetch and self._site.refuses_prefetch):
            known = self._lookup.peek(code) if code else None
            refusal = refuse_prefetch(known) if code else refuse_code(MALFORMED_CODE, self._site.fallback_url)
            return self._refuse(request, refusal)
        client = self._limits.ask_client(request.address, times.client_found)
        times.client_limited = clock()
        if client.verdict == "far_over" and self._lookup.peek(code) is None:
            return self._refuse(request, refuse_lookup(self._limits.refuse_lookup(client)))
        answer = self._lookup.find_cached(code)
        if answer:
            return self._on_resolved(request, client, answer)
        on_resolved = partial(self._on_resolved, request, client)
        return self._resolve(code, on_resolved, partial(self._head_response, "left", query, client))

    async def _resolve(self, code: str, accept: Answers, only_show: Answers) -> Later:
        answer = await self._lookup.find(code)
        return Later(partial(accept, answer), partial(only_show, answer))

    def _on_resolved(self, request: RequestContext, client: Decision, answer: Answer) -> Response:
        resolved = resolve_answer(answer, request.query, self._site.fallback_url, self._site.room)
        if isinstance(resolved, Refusal):
            return self._refuse(request, resolved)
        request.times.looked_up = clock()
        policy, code = resolved.program.limit_policy, resolved.code.code
        admitted = self._limits.admit(policy, client, code, request.times.looked_up)
        if not isinstance(admitted, Admit):
            return self._refuse(request, refuse_over_limit(admitted, resolved, request.query, self._site.room))
        request.times.code_limited = clock()
        return self._accept(request, resolved, admitted)

    def _accept(self, request: RequestContext, found: Found, admitted: Admit) -> Response:
        times = request.times
        now_ms = time_ns() // 1_000_000
        now_s = now_ms // 1000
        privacy = decide_privacy(found.program, request.headers)
        cookie = cookie_of(found.program, https=self._site.https) if privacy.decision == "full" else None
        lines = request.headers.getall(hdrs.COOKIE, ())
        visitor = self._read_cookie(cookie, lines, now_s) if cookie and lines else WITHOUT_COOKIE
        keys, times.cookie_read = self._keys.current, clock()
        click_id = make_ulid(now_ms, self._randomness.draw())
        set_cookie = None
        if cookie and not request.is_prefetch and not keeps_cookie(found.program, visitor):
            claims = CookieClaims(click_id, found.affiliate.id, found.program.id, now_s, now_s + cookie.window_s)
            set_cookie = make_set_cookie(keys, cookie, claims, self._nonces.draw())
        times.cookie_made = clock()
        parameters = read_parameters(request.query)
        room = self._site.room - len(set_cookie) if set_cookie else self._site.room
        target = build_location(keys, found, click_id, parameters, request.query, room)
        # Made before anything is recorded: a click is a click only if it can be answered.
        response = redirect_to(target.location, set_cookie)
        times.target_built = clock()
        draft = ClickDraft(
            found=found,
            limit=admitted.limit,
            is_test=is_test(keys.token, found.code.code, request.query, now_s),
            click_id=click_id,
            now_ms=now_ms,
            privacy=privacy,
            visitor=visitor,
            set_cookie=set_cookie,
            parameters=parameters,
            target=target,
            steps_us=times.microseconds(),
        )
        click = record_click(request, draft, self._site, keys, self._sequence + 1, self._nonces.draw())
        self._accepted.append((click_id.encode(), encode(click)))
        # Only now: a number that was given and has no click would look like a lost one.
        self._sequence += 1
        return self._count("accepted", response)

    def _read_cookie(self, cookie: ProgramCookie, lines: Sequence[str], now_s: int) -> Visitor:
        visitor = read_cookie(self._keys.current, cookie, lines, now_s)
        if visitor.cookie_state == UNKNOWN_KEY.reason:
            # The process that set it may have had the new key ring a moment before this one.
            self._keys.refresh()
            visitor = read_cookie(self._keys.current, cookie, lines, now_s)
        return visitor

    def _refuse(self, request: RequestContext, refusal: Refusal) -> Response:
        now_ms = time_ns() // 1_000_000
        recorded = self._gate.admits(refusal.reason.number, now_ms // 1000)
        self._metrics.refused[refusal.reason.number, recorded] += 1
        if recorded:
            rejection_id = make_ulid(now_ms, self._randomness.draw())
            rejection = record_rejection(request, refusal, self._site, self._keys.current.ip_hash, rejection_id, now_ms)
            record = OutRecord(
                self._site.rejected_topic, rejection_id.encode(), encode(rejection), rejected_headers(rejection)
            )
            if not self._publisher.put_rejection(record):
                self._metrics.lose_rejections("queue_full", 1)
        return self._count("rejected", respond(refusal))

    def _count(self, kind: str, response: Response) -> Response:
        self._metrics.answers[kind] += 1
        return response
