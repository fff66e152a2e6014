"""Real values for the tests of the enricher: a raw click, the record it comes in, the true lookups, tiny databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import msgspec
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from enricher.click_facts import ClickFacts, IpAddress
from enricher.pipeline import LOCAL_STEPS, collect_facts, finish_click
from enricher.steps.agent import load_agent_reader
from enricher.steps.local import Lookups
from enricher.steps.referrer import load_referrer_reader
from identity.ip import IpHashKeys, IpSealKeys, open_ip, seal_ip
from identity.keys import RING_RANDOMNESS, KeyRing, init_ring
from schemas import DeadLetter, EnrichedClick, Geo, Handled, KeyIds, Network, Privacy, RawClick, encode
from schemas.letters import SourceRecord

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CLICKED_AT = NOW - timedelta(seconds=2)
CLICK_ID = "01KAV9FT00JCKYZSHQA40QNF51"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.1 Mobile/15E148 Safari/604.1"
)
VISITOR = "81.2.69.142"
LISBON = Geo(status="found", country="PT", region="Lisboa", city="Lisbon", database="Test-City 2026-06-05")

NESTED: dict[str, Any] = {
    "country": {"iso_code": "PT", "names": {"en": "Portugal", "de": "Portugal"}},
    "subdivisions": [{"iso_code": "11", "names": {"en": "Lisboa"}}],
    "city": {"names": {"en": "Lisbon", "de": "Lissabon"}},
    "location": {"latitude": 38.7, "longitude": -9.1},
}
FLAT: dict[str, Any] = {"country_code": "PT", "state1": "Lisboa", "city": "Lisbon", "latitude": 38.7}


class Record(msgspec.Struct, frozen=True):
    """A record as Kafka gives it."""

    value: bytes | None
    timestamp: int = int(NOW.timestamp() * 1000)
    topic: str = "clicks.raw"
    partition: int = 3
    offset: int = 70
    key: bytes | None = CLICK_ID.encode()


class OneRecord:
    """A database that has one record for every address."""

    def __init__(self, content: object) -> None:
        self.content = content

    def get(self, _: IpAddress, /) -> object:
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    def __iter__(self) -> Iterator[Any]:
        yield "0.0.0.0/0", self.content


@cache
def ring() -> KeyRing:
    return init_ring(NOW, bytes((7 * number) % 251 for number in range(RING_RANDOMNESS)))


def seal(address: str, click_id: str = CLICK_ID, keys: KeyRing | None = None) -> str:
    return seal_ip(IpSealKeys(keys or ring()), ip_address(address).packed, click_id, bytes(12))


def raw_click(**changes: Any) -> RawClick:
    click = RawClick(
        click_id=CLICK_ID,
        clicked_at=CLICKED_AT,
        code="spring-26",
        affiliate_id="anna",
        program_id="shop",
        host="go.shop.example",
        path="/ref/spring-26",
        query="",
        target_url="https://www.merchant.example/shoes",
        user_agent=IPHONE,
        cookie_state="absent",
        privacy=Privacy(gpc=False, dnt=False, decision="full"),
        unique_window_s=86_400,
        handled=Handled(
            region="local", process=CLICK_ID, sequence=1, cache="process", steps_us={"match": 1}, key_ids=KeyIds()
        ),
        referrer="https://www.google.co.uk/",
        ip_sealed=seal(VISITOR),
    )
    return msgspec.structs.replace(click, **changes)


def record_of(click: RawClick) -> Record:
    return Record(encode(click), int(click.clicked_at.timestamp() * 1000) + 40)


NETWORK = Network(status="found", asn=2860, org="NOS Comunicacoes", kind="other", database="Test-ASN 2026-06-05")


def locate_in_lisbon(_: IPv4Address | IPv6Address) -> Geo:
    return LISBON


@cache
def lookups() -> Lookups:
    """What the service looks up with, but for the city database: everybody is in Lisbon."""
    return Lookups(
        open_ip=partial(open_ip, IpSealKeys(ring())),
        find_hash_key=IpHashKeys(ring()).at,
        locate=locate_in_lisbon,
        find_network=lambda _: NETWORK,
        read_referrer=load_referrer_reader(),
        read_agent=load_agent_reader(),
    )


def process(record: SourceRecord, *, lookups: Lookups, now: datetime) -> EnrichedClick | DeadLetter:
    """Take a record through the phases, but for the remote facts."""
    facts = collect_facts(record, lookups=lookups, now=now)
    return facts if isinstance(facts, DeadLetter) else finish_click(facts)


def enriched(click: RawClick, using: Lookups | None = None) -> EnrichedClick:
    facts = ClickFacts(click, published_at=NOW)
    for step in LOCAL_STEPS:
        step(facts, using or lookups())
    return finish_click(facts)


def write_database(
    path: Path,
    networks: dict[str, Any] | None = None,
    *,
    ip_version: int = 6,
    database_type: str = "Test-City",
) -> Path:
    """Write a city database of these networks, by default one in each layout's place of Lisbon."""
    writer = MMDBWriter(ip_version=ip_version, ipv4_compatible=ip_version == 6, database_type=database_type)
    for network, content in (networks or {"81.2.69.0/24": NESTED, "2001:db8::/32": NESTED}).items():
        writer.insert_network(IPSet([network]), content)
    writer.to_db_file(str(path))
    return path


def put(content: bytes, path: Path) -> None:
    """Replace a file the way it is done properly: in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)
