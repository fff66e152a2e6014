"""Real values for the tests of ingest: a referral, a ring, a request's headers, small stand-ins."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from identity.keys import RING_RANDOMNESS, KeyRing, init_ring
from ingest.pipeline import Keys, prepare_keys
from ingest.request.context import RequestContext, Site, StepTimes
from referrals.lookup.answers import UNKNOWN_IN_POSTGRES, Answer, Found, Layer
from runtime.client_address import TrustedProxies, parse_networks
from runtime.errors import DeliveryFailed, RecordRefused, RefusedFor
from runtime.kafka.out_record import OutRecord
from schemas import RawClick, RejectedClick, decode
from tests.examples import examples
from tests.identity.builders import NOW, known_ring, randomness
from tests.referrals.builders import affiliate, code, program

MODEST = examples(200)

VISITOR = IPv4Address("203.0.113.9")
SHOES = "https://shop.example/shoes"
FALLBACK = "https://shop.example/gone"
PROCESS = "01KAV9FT00JCKYZSHQA40QNF5P"
RAW, REJECTED = "t.clicks.raw", "t.clicks.rejected"


@cache
def ring() -> KeyRing:
    return known_ring()


@cache
def foreign_ring() -> KeyRing:
    """The ring of another installation."""
    return init_ring(NOW, randomness(7, RING_RANDOMNESS))


@cache
def keys() -> Keys:
    return prepare_keys(ring())


def found(
    layer: Layer = "process",
    of_code: Mapping[str, Any] | None = None,
    of_affiliate: Mapping[str, Any] | None = None,
    **of_program: Any,
) -> Found:
    """The code `abc123` of affiliate `ann` for program `shop`, which leads to `SHOES`."""
    of_program = {"target_url": SHOES} | of_program
    return Found(code(**of_code or {}), affiliate(**of_affiliate or {}), program(**of_program), layer)


def site(**changes: Any) -> Site:
    fields: dict[str, Any] = {
        "region": "lisbon-1",
        "process": PROCESS,
        "https": True,
        "fallback_url": None,
        "refuses_prefetch": True,
        "proxies": TrustedProxies(parse_networks(["127.0.0.1"])),
        "raw_topic": RAW,
        "rejected_topic": REJECTED,
    }
    return Site(**fields | changes)


def headers(fields: Mapping[str, str] | None = None) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict({"Host": "go.shop.example"} | dict(fields or {})))


def visit(
    path: str = "/ref/abc123",
    query: str = "",
    fields: Mapping[str, str] | None = None,
    address: IPv4Address | IPv6Address = VISITOR,
) -> RequestContext:
    return RequestContext(path, query, headers(fields), address, is_prefetch=False, times=StepTimes(0))


class Codes:
    """A Lookup of a few codes, none of them in memory. `asked` is every code it was asked for, in order.

    Each question keeps the event loop for `takes_s`.
    """

    def __init__(self, answers: Mapping[str, Answer], takes_s: float = 0) -> None:
        self.answers, self.takes_s = dict(answers), takes_s
        self.asked: list[str] = []

    def find_cached(self, code: str) -> Answer | None:
        self.asked.append(code)
        if self.takes_s:
            time.sleep(self.takes_s)
        return None

    def peek(self, code: str) -> Answer | None:
        return self.answers.get(code)

    async def find(self, code: str) -> Answer:
        return self.answers.get(code, UNKNOWN_IN_POSTGRES)


class Topics:
    """Delivers into a list. The first `failures` deliveries fail, when `written` of their records were written.

    `begun` counts deliveries, also those that are not over. Values longer than `most_bytes` are
    too large, those in `invalid` are refused for their content.
    """

    def __init__(self, failures: int = 0, written: int = 0) -> None:
        self.records: list[OutRecord] = []
        self.failures = failures
        self.written = written
        self.begun = 0
        self.most_bytes = 1 << 20
        self.invalid: set[bytes] = set()
        self.may_deliver = asyncio.Event()
        self.may_deliver.set()

    async def deliver(self, records: Sequence[OutRecord]) -> None:
        self.begun += 1
        await self.may_deliver.wait()
        if self.failures:
            self.failures -= 1
            self.records += records[: self.written]
            raise DeliveryFailed("Kafka is away")
        large: dict[int, RefusedFor] = {
            place: "too_large" for place, record in enumerate(records) if len(record.value) > self.most_bytes
        }
        reasons = large | {place: "invalid" for place, record in enumerate(records) if record.value in self.invalid}
        self.records += [record for place, record in enumerate(records) if place not in reasons]
        if reasons:
            raise RecordRefused(reasons, {records[place].topic for place in reasons})

    def clicks(self) -> list[RawClick]:
        return [read(RawClick, record.value) for record in self.records if record.topic == RAW]

    def rejections(self) -> list[RejectedClick]:
        return [read(RejectedClick, record.value) for record in self.records if record.topic == REJECTED]


def read(kind: type[Any], value: bytes) -> Any:
    """Decode a record as its consumers do: a field beyond its cap, or of a wrong shape, fails the test here."""
    record = decode(kind, value)
    assert isinstance(record, kind), record
    return record


def replaced(value: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(value, **changes)
