"""The steps of a click, each timed alone over many clicks: where a redirect's own time goes.

Each step works on what the one before gave, for a batch of clicks at a time, as the service does it. In the service
the same steps take longer: between them are system calls, and the load and the servers share the machine.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, RawRequestMessage
from prometheus_client import CollectorRegistry

from bench.load import render
from bench.report import Figure
from bench.stack import Bench
from identity.cookie import CookieClaims
from identity.keys import RING_RANDOMNESS, init_ring
from identity.randomness import RandomPool
from identity.ulid import RANDOM_BYTES, make_ulid
from ingest.http.response import redirect_to
from ingest.journal.framing import encode_frame
from ingest.journal.journal import Journal, JournalLimits, open_journal
from ingest.limits.defaults import CLIENT_BURST, CLIENT_RATE_PER_S, CODE_BURST, CODE_RATE_PER_S
from ingest.limits.gcra import make_limit
from ingest.limits.limits import Limits, LimitSettings
from ingest.limits.metrics import LimitMetrics
from ingest.metrics import IngestMetrics
from ingest.pipeline import Keys, build_location, make_program_cookie, make_set_cookie, prepare_keys
from ingest.redirect import Delivery, Redirect
from ingest.request.context import Site
from ingest.request.parameters import read_parameters
from referrals.lookup.answers import Found
from referrals.model import Affiliate, Program, ReferralCode
from runtime.client_address import TrustedProxies, parse_networks

BATCH = 16
CLICKS = 4800
ROUNDS = 5
FOUND = Found(
    ReferralCode(code="demo", affiliate_id="aff", program_id="prg", status="active"),
    Affiliate(id="aff", name="Affiliate", status="active"),
    Program(id="prg", name="Program", status="active", target_url="https://shop.example/?click={click_token}"),
    "process",
)
DATE = "Tue, 24 Nov 2026 10:00:00 GMT"


class OneCode:
    """A lookup that knows one code."""

    def find_cached(self, code: str) -> Found:
        return FOUND

    def peek(self, code: str) -> Found:
        return FOUND

    async def find(self, code: str) -> Found:
        return FOUND


class Nothing:
    """A journal or publisher that only holds what it is given, to be timed apart."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, bytes]] = []

    def append_all(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        self.records = list(records)

    def put_rejection(self, record: object) -> bool:
        raise AssertionError("a step was refused")


async def measure_steps(_: Bench) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="clickrail-steps-") as folder:
        return [Figure(f"step: {name}", f"{us:.1f} us") for name, us in await time_steps(Path(folder))]


async def time_steps(folder: Path) -> list[tuple[str, float]]:
    parser, requests = make_parser(), render("go.shop.example")[:CLICKS]
    asked = [parser.feed_data(data)[0][0][0] for data in requests]
    keys, site, limits, nothing = make_keys(), make_site(), make_limits(), Nothing()
    redirect = make_redirect(keys, nothing)
    records = [answer_one(redirect, nothing, request) for request in asked]
    addresses = [site.proxies.find_client("127.0.0.1", request.headers) for request in asked]
    pool, nonces = RandomPool(RANDOM_BYTES), RandomPool(12)
    ids = [make_ulid(time.time_ns() // 10**6, pool.draw()) for _ in asked]
    cookie, now_s = make_program_cookie(FOUND.program, https=True), int(time.time())
    claims = [CookieClaims(each, "aff", "prg", now_s, now_s + cookie.window_s, each) for each in ids]
    locations = [
        redirect_to(build_location(keys, FOUND, each, read_parameters("")).location, "cookie" * 20) for each in ids
    ]
    steps: list[tuple[str, Callable[[Any], object], Sequence[Any]]] = [
        ("parse the request (aiohttp's parser)", parser.feed_data, requests),
        ("client address", lambda request: site.proxies.find_client("127.0.0.1", request.headers), asked),
        ("client limit", lambda address: limits.check_client(address, time.perf_counter_ns()), addresses),
        ("click id", lambda _: make_ulid(time.time_ns() // 10**6, pool.draw()), ids),
        ("cookie", lambda each: make_set_cookie(keys, cookie, each, nonces.draw(), now_s), claims),
        ("target with token", lambda each: build_location(keys, FOUND, each, read_parameters("")), ids),
        ("all of the answer, these and record and encoding", partial(answer_one, redirect, nothing), asked),
        ("render the answer", lambda each: each.render(DATE, "", has_body=True), locations),
        ("frame for the journal", lambda record: encode_frame(*record), records),
    ]
    timed = [(name, time_one(step, values)) for name, step, values in steps]
    batches = [records[first : first + BATCH] for first in range(0, len(records), BATCH)]
    timed.append(("journal, one write a batch", await time_journal(folder, batches) / BATCH))
    return timed


def make_records() -> list[tuple[bytes, bytes]]:
    """Give the records of many clicks, key and value."""
    parser, nothing = make_parser(), Nothing()
    redirect = make_redirect(make_keys(), nothing)
    requests = [parser.feed_data(data)[0][0][0] for data in render("go.shop.example")]
    return [answer_one(redirect, nothing, request) for request in requests]


def make_parser() -> HttpRequestParser:
    loop = asyncio.get_running_loop()
    return HttpRequestParser(BaseProtocol(loop), loop, 2**20)


class FixedKeys:
    """One ring's keys."""

    def __init__(self, keys: Keys) -> None:
        self.current = keys

    def refresh(self) -> None:
        pass


def make_redirect(keys: Keys, nothing: "Nothing") -> Redirect:
    publisher: Any = nothing
    to = Delivery(nothing, publisher)
    return Redirect(make_site(), FixedKeys(keys), OneCode(), make_limits(), to, IngestMetrics(CollectorRegistry()))


def make_keys() -> Keys:
    return prepare_keys(init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))


def answer_one(redirect: Redirect, nothing: Nothing, request: RawRequestMessage) -> tuple[bytes, bytes]:
    redirect.handle(request, "127.0.0.1")
    redirect.flush_journal()
    return nothing.records[0]


def time_one(step: Callable[[Any], object], values: Sequence[Any]) -> float:
    """Give microseconds a value, in the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for value in values:
            step(value)
        best = min(best, time.perf_counter() - started)
    return best / len(values) * 1e6


async def time_journal(folder: Path, batches: Sequence[Sequence[tuple[bytes, bytes]]]) -> float:
    journal = Journal(folder, "bench", JournalLimits(), lambda: None, lambda _, __: None)
    async with open_journal(journal):
        return time_one(journal.append_all, batches)


def make_site() -> Site:
    return Site(
        region="bench",
        process="01KAT301V8C3Q9GZ2F5B7N4M6P",
        https=True,
        fallback_url=None,
        refuses_prefetch=True,
        proxies=TrustedProxies(parse_networks(["127.0.0.0/8"])),
        raw_topic="clicks.raw",
        rejected_topic="clicks.rejected",
    )


def make_limits() -> Limits:
    settings = LimitSettings(
        client=make_limit(CLIENT_RATE_PER_S, CLIENT_BURST), code=make_limit(CODE_RATE_PER_S, CODE_BURST)
    )
    return Limits(settings, LimitMetrics(CollectorRegistry()))
