"""Accepts a click: makes its cookie, target and record, and keeps it until the journal is flushed.

This is the second half of the hot path; `redirect` has decided by now that the request is a click.
"""

from collections.abc import Sequence
from time import perf_counter_ns as clock
from time import time_ns
from typing import Final, Protocol

from aiohttp import hdrs

from identity.cookie import CookieClaims
from identity.cookie_header import ProgramCookie
from identity.randomness import RandomPool
from identity.ulid import RANDOM_BYTES, make_ulid
from identity.verification import UNKNOWN_KEY
from ingest.http.response import ACCEPT_CH, Response, redirect_to
from ingest.limits.policy import Admit
from ingest.live_keys import KeySource
from ingest.pipeline import (
    NO_COOKIE,
    Keys,
    build_location,
    choose_claims,
    choose_lease,
    decide_privacy,
    make_program_cookie,
    make_set_cookie,
    read_cookie,
)
from ingest.record import record_click
from ingest.request.context import ClickDraft, RequestContext, Site, Visitor
from ingest.request.parameters import read_parameters
from ingest.request.signals import is_test
from referrals.lookup.answers import Found
from schemas import encode

NONCE_BYTES: Final = 12


class Journal(Protocol):
    """Where clicks are written before their visitors get a response."""

    def append_all(self, records: Sequence[tuple[bytes, bytes]], /) -> None:
        """Write clicks, key and payload each. Never waits and never raises; counts what is lost."""


class ClickRecorder:
    """Numbers the clicks of this process and holds those accepted since the last flush."""

    def __init__(self, site: Site, keys: KeySource, journal: Journal) -> None:
        self._site = site
        self._keys = keys
        self._journal = journal
        self._nonces = RandomPool(NONCE_BYTES)
        self._randomness = RandomPool(RANDOM_BYTES)
        self._sequence = 0
        self._accepted: list[tuple[bytes, bytes]] = []

    def accept(self, request: RequestContext, found: Found, admitted: Admit) -> Response:
        """Make the click of a request, and the redirect that answers it."""
        times, now_ms = request.times, time_ns() // 1_000_000
        privacy = decide_privacy(found.program, request.headers)
        cookie = make_program_cookie(found.program, https=self._site.https) if privacy.decision == "full" else None
        visitor = self._read_cookie(request, cookie, now_ms // 1000) if cookie else NO_COOKIE
        keys, times.cookie_read = self._keys.current, clock()
        click_id, now_s = make_ulid(now_ms, self._randomness.draw()), now_ms // 1000
        by_test_link = bool(request.query) and is_test(keys.token, found.code.code, request.query, now_s)
        set_cookie = None
        if cookie and not request.is_prefetch:
            # A test click is in no total, so it opens no unique window.
            lease = visitor.lease_click_id if by_test_link else choose_lease(found.program, visitor, click_id, now_ms)
            new = CookieClaims(click_id, found.affiliate.id, found.program.id, now_s, now_s + cookie.window_s, lease)
            claims = choose_claims(found.program, visitor, new)
            set_cookie = make_set_cookie(keys, cookie, claims, self._nonces.draw(), now_s) if claims else None
        times.cookie_made = clock()
        parameters = read_parameters(request.query)
        fields = ACCEPT_CH if cookie and found.program.accept_client_hints else ""
        location_cap = self._site.location_cap - len(set_cookie or "") - len(fields)
        target = build_location(keys, found, click_id, parameters, request.query, location_cap)
        # Make the response before recording anything: a click counts only if its response can be sent.
        response = redirect_to(target.location, set_cookie, fields)
        times.target_built = clock()
        draft = ClickDraft(
            found=found,
            limit=admitted.limit,
            is_test=by_test_link,
            click_id=click_id,
            now_ms=now_ms,
            privacy=privacy,
            visitor=visitor,
            set_cookie=set_cookie,
            parameters=parameters,
            target=target,
            steps_us=times.microseconds(),
        )
        self._record(request, draft, keys)
        return response

    def flush_journal(self) -> None:
        """Write the clicks accepted since the last call to the journal."""
        if self._accepted:
            # The journal counts clicks that neither disk nor memory can hold; their visitors are redirected anyway.
            self._journal.append_all(self._accepted)
            self._accepted = []

    def _read_cookie(self, request: RequestContext, cookie: ProgramCookie, now_s: int) -> Visitor:
        lines = request.headers.getall(hdrs.COOKIE, ())
        if not lines:
            return NO_COOKIE
        visitor = read_cookie(self._keys.current, cookie, lines, now_s)
        if visitor.cookie_state == UNKNOWN_KEY.reason:
            # Another process may have loaded a new key ring, and set this cookie, a moment before this process.
            self._keys.refresh()
            visitor = read_cookie(self._keys.current, cookie, lines, now_s)
        return visitor

    def _record(self, request: RequestContext, draft: ClickDraft, keys: Keys) -> None:
        click = record_click(request, draft, self._site, keys, self._sequence + 1, self._nonces.draw())
        self._accepted.append((draft.click_id.encode(), encode(click)))
        # Take the number last: a number without a click would look like a lost click.
        self._sequence += 1
