"""Turns a trace into raw clicks as ingest would record them, without any server. Pure.

`tests/simulate/traces/test_against_ingest.py` sends traces to the real ingest and compares.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from ipaddress import ip_address
from random import Random
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from identity.cookie import CookieKeys
from identity.ip import IpSealKeys, seal_ip
from identity.keys import RING_RANDOMNESS, KeyRing, init_ring
from identity.ulid import RANDOM_BYTES, make_ulid
from schemas import ClientHints, Fetch, Handled, KeyIds, Privacy, RawClick, Utm
from simulate.rng import draw_bits
from simulate.traces.click_cookies import ClickCookie, CookieBook
from simulate.traces.labels import Label, LabelledClick
from simulate.traces.model import Trace, TraceRequest
from urls.queries import split_query

START: Final = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
"""When a trace starts unless told otherwise: a Monday morning."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

TRACE_RING: Final = init_ring(
    START,
    draw_bits(Random("keys of traces"), RING_RANDOMNESS * 8).to_bytes(RING_RANDOMNESS, "big"),  # noqa: S311 - the same for everybody
)
"""The keys of written traces. They are no secret: they seal addresses that belong to nobody."""

NONCE: Final = 12
PRIVACY: Final = Privacy(gpc=False, dnt=False, decision="full")
SUBS: Final = frozenset({"sub1", "sub2", "sub3", "sub4", "sub5", "external_id"})
UTMS: Final = frozenset(Utm.__struct_fields__)
AD_IDS: Final = frozenset({"gclid", "gbraid", "msclkid", "fbclid", "ttclid"})
"""Those that `simulate.routes` adds to links."""


class TracedProgram(msgspec.Struct, frozen=True, kw_only=True):
    """The program of all links of a trace. A code that `affiliates` does not name has an affiliate of its own name."""

    id: str = "demo"
    host: str = "go.clickrail.example"
    target_url: str = "https://shop.example/shoes"
    unique_window_s: int = 86_400
    unique_basis: str = "address"
    quality_rules: Mapping[str, float] = {}
    affiliates: Mapping[str, str] = {}

    def affiliate_of(self, code: str) -> str:
        return self.affiliates.get(code) or code.lower()[:40]


def record_trace(
    trace: Trace, start: datetime = START, program: TracedProgram | None = None, ring: KeyRing = TRACE_RING
) -> Iterator[LabelledClick]:
    """Give each request of a trace with its label and its raw click, in the order of time.

    `start` has a zone. Addresses are sealed with the keys of `ring`. Within one millisecond ids have no order.
    """
    keys = TraceKeys(IpSealKeys(ring), CookieKeys(ring).kid)
    recorder = Recorder(trace, (start - EPOCH) // MILLISECOND, program or TracedProgram(), keys)
    return (recorder.record(number, request) for number, request in enumerate(trace.requests, 1))


class TraceKeys(NamedTuple):
    ip_seal: IpSealKeys
    cookie_kid: str


class Recorder:
    """Records the requests of one trace, in the order of time. `sequence` counts its clicks."""

    def __init__(self, trace: Trace, start_ms: int, program: TracedProgram, keys: TraceKeys) -> None:
        self._trace = trace
        self._start_ms = start_ms
        self._program = program
        self._keys = keys
        self._cookies = CookieBook(program.unique_window_s)
        self._process = make_ulid(start_ms, self._digest(RANDOM_BYTES, "process"))
        self._sequence = 0

    def record(self, number: int, request: TraceRequest) -> LabelledClick:
        actor = request.actor
        if request.method != "GET":
            return LabelledClick(self._label(number, request, None, is_unique=False), None)
        self._sequence += 1
        clicked_ms = self._start_ms + request.at_ms
        click_id = make_ulid(clicked_ms, self._digest(RANDOM_BYTES, f"{number} {clicked_ms} {request.address}"))
        cookie = self._cookies.find(actor, request.at_ms)
        self._cookies.keep(actor, request.at_ms, click_id)
        is_unique = self._cookies.is_unique(actor, request.at_ms)
        click = self._make_click(request, click_id, cookie)
        return LabelledClick(self._label(number, request, click_id, is_unique=is_unique), click)

    def _label(self, number: int, request: TraceRequest, click_id: str | None, *, is_unique: bool) -> Label:
        actor = request.actor
        return Label(
            trace=self._trace.name,
            number=number,
            who=actor.who,
            kind=actor.kind,
            visitor=actor.name,
            click_id=click_id,
            is_unique=is_unique,
        )

    def _make_click(self, request: TraceRequest, click_id: str, cookie: ClickCookie | None) -> RawClick:
        program, link = self._program, request.link
        return RawClick(
            click_id=click_id,
            clicked_at=EPOCH + (self._start_ms + request.at_ms) * MILLISECOND,
            code=link.code,
            affiliate_id=program.affiliate_of(link.code),
            program_id=program.id,
            host=program.host,
            path=f"/ref/{link.code}",
            query=link.query,
            target_url=program.target_url,
            target_source="program",
            **read_headers(dict(request.headers)),
            **read_query(link.query),
            previous_click_id=None if cookie is None else cookie.click_id,
            lease_click_id=None if cookie is None else cookie.lease_click_id,
            cookie_state="valid" if cookie else "absent",
            privacy=PRIVACY,
            unique_window_s=program.unique_window_s,
            unique_basis=None if program.unique_basis == "address" else program.unique_basis,
            quality_rules=dict(program.quality_rules) or None,
            ip_sealed=self._seal(request.address, click_id),
            handled=self._handle(),
        )

    def _handle(self) -> Handled:
        # Ingest sets a cookie with each of these clicks, also for a machine that never brings it back.
        return Handled(
            region="trace",
            process=self._process,
            sequence=self._sequence,
            cache="process",
            steps_us={},
            key_ids=KeyIds(cookie=self._keys.cookie_kid, ip_seal=self._keys.ip_seal.kid),
        )

    def _seal(self, address: str, click_id: str) -> str:
        # The nonce follows from what is sealed, so that with any ring it is used twice for the same content only.
        nonce = blake2b(f"{click_id} {address}".encode(), digest_size=NONCE).digest()
        return seal_ip(self._keys.ip_seal, ip_address(address).packed, click_id, nonce)

    def _digest(self, size: int, text: str) -> bytes:
        return blake2b(f"{self._trace.name} {self._trace.seed} {text}".encode(), digest_size=size).digest()


def read_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """Read what ingest records of a request's headers."""
    fetch = [headers.get(f"Sec-Fetch-{name}") for name in ("Site", "Mode", "Dest", "User")]
    hints = [headers.get(f"Sec-CH-UA{name}") for name in ("", "-Mobile", "-Platform")]
    return {
        "referrer": headers.get("Referer"),
        "user_agent": headers.get("User-Agent"),
        "accept_language": headers.get("Accept-Language"),
        "client_hints": ClientHints(ua=hints[0], mobile=hints[1], platform=hints[2]) if any(hints) else None,
        "fetch": Fetch(site=fetch[0], mode=fetch[1], dest=fetch[2], user=fetch[3]) if any(fetch) else None,
    }


def read_query(query: str) -> dict[str, Any]:
    """Read the parameters that ingest records, the first of each name."""
    given: dict[str, str] = {}
    for name, value in parse_qsl("&".join(split_query(query)), errors="replace"):
        given.setdefault(name, value)
    utm = {name[4:]: value for name, value in given.items() if name.startswith("utm_") and name[4:] in UTMS}
    ad_ids = {name: value for name, value in given.items() if name in AD_IDS}
    subs = {name: value for name, value in given.items() if name in SUBS}
    return {**subs, "utm": Utm(**utm) if utm else None, "ad_ids": ad_ids or None}
