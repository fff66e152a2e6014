"""The network of an address: its autonomous system, and its kind. PURE: databases and lists are given.

Sources claim kinds: our own table, operators' lists, a package. The first kind of `KINDS` that is claimed applies; no
claim makes a system of `NEVER_HOSTING` hosting.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from enricher.rules.networks import FACTS, KINDS, NEVER_HOSTING, RESERVED, Certainty, Fact, Kind
from enricher.steps.database import DAMAGE, Content, Database, IpAddress, KeyPath, find_text, find_values
from enricher.steps.ranges import RangeTable, make_range_table
from schemas import Network

ASN_PATHS: Final[tuple[KeyPath, ...]] = (
    ("autonomous_system_number",),
    ("traits", "autonomous_system_number"),
    ("asn",),
)
ORG_PATHS: Final[tuple[KeyPath, ...]] = (
    ("autonomous_system_organization",),
    ("traits", "autonomous_system_organization"),
    ("as_name",),
    ("name",),
)
MOST_ASN: Final = 2**32 - 1
CACHED: Final = 8192
RANK: Final = {kind: rank for rank, kind in enumerate(KINDS)}


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says of an address: `label` names the source and its version."""

    kind: Kind
    certainty: Certainty
    provider: str | None = None
    label: str | None = None


class NetworkSource(Protocol):
    """Something that knows kinds of networks."""

    def find_claims(self, address: IpAddress, asn: int | None, /) -> Iterable[Claim]:
        """Give what is said of an address of this autonomous system."""


class NetworkList(msgspec.Struct, frozen=True):
    """Ranges and autonomous systems, each with what they are."""

    ranges: RangeTable[Claim]
    asns: dict[int, Claim]

    def find_claims(self, address: IpAddress, asn: int | None, /) -> Iterator[Claim]:
        if (claim := self.ranges.find(address)) is not None:
            yield claim
        if asn is not None and (claim := self.asns.get(asn)) is not None:
            yield claim


def find_network(database: Database, address: IpAddress) -> Network:
    """Give the system of an address: status `found`, `not_found`, or `bad_database` where its entry is damaged."""
    try:
        record = database.read(address)
    except DAMAGE:
        return Network(status="bad_database", database=database.label)
    asn = find_asn(record)
    if asn is None:
        return Network(status="not_found", database=database.label)
    return share_found(asn, find_text(record, ORG_PATHS), database.label)


@lru_cache(CACHED)
def share_found(asn: int, org: str | None, database: str) -> Network:
    return Network(status="found", asn=asn, org=org, database=database)


def find_asn(record: object) -> int | None:
    """Read the number of a record of any layout: a number, or a text such as `AS64496`."""
    for value in find_values(record, ASN_PATHS):
        number = read_asn(value) if isinstance(value, str) else value
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= MOST_ASN:
            return number
    return None


def read_asn(text: str) -> int | None:
    """Read `AS64496` or `64496`."""
    digits = text.removeprefix("AS").removeprefix("as")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= len(str(MOST_ASN)) else None


SYSTEMS: Final = Content(
    "database of autonomous systems", lambda record: find_asn(record) is not None, "it tells no autonomous system"
)


def classify_network(found: Network, address: IpAddress, sources: Sequence[NetworkSource]) -> Network:
    """Add the kind to what a database says of an address.

    `other` needs a database that was asked: without one no system is known, and the kind of most addresses is null.
    """
    claims = list(claims_of(found.asn, address, sources))
    if not claims:
        is_known = found.status in {"found", "not_found"}
        return share_other(found.status, found.asn, found.org, found.database) if is_known else found
    kind = min((claim.kind for claim in claims), key=RANK.__getitem__)
    return add_kind(found, kind, [claim for claim in claims if claim.kind == kind])


@lru_cache(CACHED)
def share_other(status: str, asn: int | None, org: str | None, database: str | None) -> Network:
    """Make the network of no source's kind: of most addresses, so they share it."""
    return add_kind(Network(status=status, asn=asn, org=org, database=database), "other")


def add_kind(found: Network, kind: Kind, agreed: Sequence[Claim] = ()) -> Network:
    """Make the network of this kind, with what the claims for it say. A new object is made faster than a copy."""
    return Network(
        status=found.status,
        asn=found.asn,
        org=found.org,
        kind=kind,
        certainty=min((claim.certainty for claim in agreed), default=None),  # "certain" comes before "probable"
        provider=next((claim.provider for claim in agreed if claim.provider is not None), None),
        lists=list(dict.fromkeys(claim.label for claim in agreed if claim.label is not None)),
        database=found.database,
    )


def claims_of(asn: int | None, address: IpAddress, sources: Sequence[NetworkSource]) -> Iterator[Claim]:
    for source in sources:
        for claim in source.find_claims(address, asn):
            if claim.kind != "hosting" or asn not in NEVER_HOSTING:
                yield claim


def own_networks() -> NetworkList:
    """Make a list of our own table."""
    label = label_tables(FACTS, RESERVED, NEVER_HOSTING)
    facts = [
        (fact, Claim(kind=fact.kind, certainty=fact.certainty, provider=fact.provider, label=label)) for fact in FACTS
    ]
    reserved = Claim(kind="reserved", certainty="certain", label=label)
    ranges = [(text, claim) for fact, claim in facts for text in fact.ranges] + [(text, reserved) for text in RESERVED]
    return NetworkList(
        make_range_table(ranges),
        {asn: claim for fact, claim in facts for asn in fact.asns},
    )


def label_tables(facts: Iterable[Fact], reserved: Iterable[str], never_hosting: Iterable[int]) -> str:
    """Name the version of our tables by their content. The sources of the facts say nothing of a network."""
    content = ([msgspec.structs.replace(fact, source="") for fact in facts], sorted(reserved), sorted(never_hosting))
    return f"clickrail {sha256(msgspec.json.encode(content)).hexdigest()[:8]}"
