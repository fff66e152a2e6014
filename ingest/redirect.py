"""The hot path: a request in, an answer out, in the stated order and nothing else.

match the code -> client IP through trusted proxies -> client limit -> lookup -> code limit -> open cookie -> ULID
-> seal cookie -> target URL -> journal -> 302.
"""

from collections.abc import Awaitable
from time import perf_counter_ns as clock
from time import time_ns
from typing import Final, NamedTuple, Protocol

from aiohttp import hdrs, web

from identity.cookie import CookieClaims
from identity.randomness import RandomPool
from identity.ulid import RANDOM_BYTES, make_click_id
from ingest.answers import Refusal, judge, page, refuse_ahead, refuse_code, refuse_over_limit, respond
from ingest.asked import PREFIX, is_ahead_of_visitor, match_code, split_path
from ingest.limits.limits import Limits
from ingest.limits.policy import Admit
from ingest.metrics import IngestMetrics
from ingest.parameters import read_parameters
from ingest.publisher import Publisher
from ingest.record import record_click, record_rejection
from ingest.redirection import Redirection
from ingest.rejections import RejectionGate
from ingest.transform import WITHOUT_COOKIE, Keys, aim, aim_without_click, cookie_of, decide_privacy, mark, recognise
from ingest.visit import Made, Site, Visit
from referrals.answers import Answer, Found
from runtime.producer import OutRecord
from schemas import encode
from schemas.headers import rejected_headers
from schemas.reasons import MALFORMED_CODE

NONCE_BYTES: Final = 12

Answered = tuple[str, web.StreamResponse]
"""How a request was answered, as `IngestMetrics` counts it, and the answer."""


class Lookup(Protocol):
    """Knows referral codes."""

    def cached(self, code: str) -> Answer | None:
        """Answer from this process's memory at once, or give null."""

    def find(self, code: str) -> Awaitable[Answer]:
        """Ask every layer in turn. Never raises: that nobody can say is an answer too."""


class Journal(Protocol):
    """Where a click is written down before its visitor is answered."""

    def append(self, key: bytes, payload: bytes, /) -> bool:
        """Take a click, at once and whatever happens; false when it is lost, which is counted."""


class Delivery(NamedTuple):
    """Where clicks and rejections go from here."""

    journal: Journal
    publisher: Publisher


class Redirect:
    """Answers requests.

    `keys` is replaced whole when the key ring changes; while `leaving`, each connection ends after one more answer.
    """

    def __init__(
        self, site: Site, keys: Keys, lookup: Lookup, limits: Limits, delivery: Delivery, metrics: IngestMetrics
    ) -> None:
        self.keys = keys
        self.leaving = False
        self._site = site
        self._lookup = lookup
        self._limits = limits
        self._journal, self._publisher = delivery
        self._metrics = metrics
        self._gate = RejectionGate()
        self._nonces = RandomPool(NONCE_BYTES)
        self._randomness = RandomPool(RANDOM_BYTES)
        self._sequence = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request, whatever it is, and count it."""
        started = clock()
        path, query = split_path(request.raw_path)
        response: web.StreamResponse
        if not path.startswith(PREFIX):
            kind, response = "not_found", page(404)
        elif request.method == "GET":
            kind, response = await self._visit(request, path, query, started)
        elif request.method == "HEAD":
            kind, response = "head", await self._look(path, query)
        else:
            kind, response = "method_not_allowed", page(405)
            response.force_close()
        if self.leaving:
            response.force_close()
        self._metrics.observe(kind, clock() - started)
        return response

    async def _look(self, path: str, query: str) -> web.StreamResponse:
        """Say where a link leads, to whoever only asks: no cookie, no click, nothing written down."""
        code = match_code(path)
        if code is None:
            return respond(refuse_code(MALFORMED_CODE, self._site.fallback_url))
        judged = judge(self._lookup.cached(code) or await self._lookup.find(code), query, self._site.fallback_url)
        if isinstance(judged, Refusal):
            return respond(judged)
        return Redirection(aim_without_click(judged.target_url, judged, read_parameters(query)))

    async def _visit(self, request: web.BaseRequest, path: str, query: str, started: int) -> Answered:
        code = match_code(path)
        matched = clock()
        headers = request.headers
        address = self._site.proxies.client_address(request.remote, headers.getall(hdrs.X_FORWARDED_FOR, ()))
        visit = Visit(path, query, headers, address, is_ahead_of_visitor(headers))
        located = clock()
        if code is None:
            return self._refuse(visit, refuse_code(MALFORMED_CODE, self._site.fallback_url))
        if visit.ahead and self._site.refuses_prefetch:
            return self._refuse(visit, refuse_ahead())
        client = self._limits.ask_client(address, located)
        asked = clock()
        judged = judge(self._lookup.cached(code) or await self._lookup.find(code), query, self._site.fallback_url)
        if isinstance(judged, Refusal):
            return self._refuse(visit, judged)
        looked_up = clock()
        admitted = self._limits.admit(judged.program.limit_policy, client, code, looked_up)
        if not isinstance(admitted, Admit):
            return self._refuse(visit, refuse_over_limit(admitted, judged, query))
        return self._accept(visit, judged, admitted, (started, matched, located, asked, looked_up))

    def _accept(self, visit: Visit, found: Found, admitted: Admit, times: tuple[int, ...]) -> Answered:
        limited = clock()
        keys, now_ms = self.keys, time_ns() // 1_000_000
        now_s = now_ms // 1000
        privacy = decide_privacy(found.program, visit.headers)
        cookie = cookie_of(found.program, https=self._site.https) if privacy.decision == "full" else None
        lines = visit.headers.getall(hdrs.COOKIE, ())
        visitor = recognise(keys, cookie, lines, now_s) if cookie and lines else WITHOUT_COOKIE
        opened = clock()
        click_id = make_click_id(now_ms, self._randomness.draw())
        set_cookie = None
        if cookie and not visit.ahead:
            claims = CookieClaims(click_id, found.affiliate.id, found.program.id, now_s, now_s + cookie.window_s)
            set_cookie = mark(keys, cookie, claims, self._nonces.draw())
        marked = clock()
        parameters = read_parameters(visit.query)
        location = aim(keys, found, click_id, parameters)
        # Made before anything is written down: a click is a click only if it can be answered.
        answer = Redirection(location, set_cookie)
        steps_us = microseconds(*times, limited, opened, marked, clock())
        made = Made(
            found, admitted.limit, click_id, now_ms, privacy, visitor, set_cookie, parameters, location, steps_us
        )
        self._sequence += 1
        click = record_click(visit, made, self._site, keys, self._sequence, self._nonces.draw())
        # What neither disk nor memory can take is counted by the journal; the visitor goes on all the same.
        self._journal.append(click_id.encode(), encode(click))
        return "accepted", answer

    def _refuse(self, visit: Visit, refusal: Refusal) -> Answered:
        now_ms = time_ns() // 1_000_000
        recorded = self._gate.admits(refusal.reason.number, now_ms // 1000)
        self._metrics.refused[refusal.reason.number, recorded] += 1
        if recorded:
            rejection_id = make_click_id(now_ms, self._randomness.draw())
            rejection = record_rejection(visit, refusal, self._site, self.keys.ip_hash, rejection_id, now_ms)
            record = OutRecord(
                self._site.rejected_topic, rejection_id.encode(), encode(rejection), rejected_headers(rejection)
            )
            if not self._publisher.put_rejection(record):
                self._metrics.lost_rejections.labels("queue_full").inc()
        return "rejected", respond(refusal)


def microseconds(*times_ns: int) -> dict[str, int]:
    """Name the whole microseconds between the times of the hot path, in its order, and their sum."""
    started, matched, located, asked, looked_up, limited, opened, marked, aimed = times_ns
    return {
        "match": (matched - started) // 1000,
        "client_ip": (located - matched) // 1000,
        "client_limit": (asked - located) // 1000,
        "lookup": (looked_up - asked) // 1000,
        "code_limit": (limited - looked_up) // 1000,
        "cookie_open": (opened - limited) // 1000,
        "cookie_seal": (marked - opened) // 1000,
        "target": (aimed - marked) // 1000,
        "total": (aimed - started) // 1000,
    }
