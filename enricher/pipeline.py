"""A record of `clicks.raw` to its outcome. PURE: times and lookups are arguments; the steps are listed in `STEPS`."""

from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

import msgspec

from identity.verification import VerificationError
from schemas import Bot, DeadLetter, Device, EnrichedClick, Geo, RawClick, Referrer, Undecodable, decode
from schemas.letters import SourceRecord, check_click_time, make_dead_letter, taken_at

IpAddress = IPv4Address | IPv6Address
Outcome = EnrichedClick | DeadLetter
Fields = dict[str, Any]

STAGE: Final = "enricher"
NOT_CARRIED: Final = ("schema_version", "referrer", "ip_sealed")
"""Of a raw click: our own version is written, the referrer is read into its parts, and the address goes no further."""


class Lookups(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps ask. None of them raises for anything a click can hold.

    `open_ip` takes a sealed address and its click id; `hash_ip` takes a packed address and gives key id and hash.
    """

    open_ip: Callable[[str, str], IpAddress | VerificationError]
    hash_ip: Callable[[bytes], tuple[str, str]]
    locate: Callable[[IpAddress], Geo]
    read_device: Callable[[str | None], Device]
    read_referrer: Callable[[RawClick], Referrer]
    read_bot: Callable[[str | None], Bot]


def process(record: SourceRecord, *, lookups: Lookups, now: datetime) -> Outcome:
    """Give the enriched click, or the dead letter of what is none: undecodable, or of an implausible time.

    `now` only dates a dead letter.
    """
    click = decode(RawClick, record.value or b"")
    if isinstance(click, Undecodable):
        return make_dead_letter(record, click, STAGE, now)
    published_at = taken_at(record)
    if wrong := check_click_time(click.clicked_at, published_at):
        return make_dead_letter(record, wrong, STAGE, now)
    return enrich(click, published_at=published_at, lookups=lookups)


def enrich(raw: RawClick, *, published_at: datetime, lookups: Lookups) -> EnrichedClick:
    """Give the click with what its address, user agent and referrer tell; every field of `STEPS` is set by its step."""
    address = open_address(raw, lookups)
    fields = msgspec.structs.asdict(raw)
    for name in NOT_CARRIED:
        del fields[name]
    for step in STEPS:
        fields.update(step(raw, address, lookups))
    return EnrichedClick(published_at=published_at, **fields)


def open_address(raw: RawClick, lookups: Lookups) -> IpAddress | None:
    """Unseal the visitor's address. A destroyed, unknown or forged seal gives none, and the click goes on without."""
    if raw.ip_sealed is None:
        return None
    opened = lookups.open_ip(raw.ip_sealed, raw.click_id)
    return None if isinstance(opened, VerificationError) else opened


def hash_address(raw: RawClick, address: IpAddress | None, lookups: Lookups) -> Fields:
    if address is None or is_anonymous(raw):
        return {"ip_hash": None, "ip_hash_key_id": None}
    key_id, hashed = lookups.hash_ip(address.packed)
    return {"ip_hash": hashed, "ip_hash_key_id": key_id}


def locate_address(raw: RawClick, address: IpAddress | None, lookups: Lookups) -> Fields:
    if address is None:
        return {"geo": Geo(status="no_address")}
    geo = lookups.locate(address)
    return {"geo": msgspec.structs.replace(geo, region=None, city=None) if is_anonymous(raw) else geo}


def read_device(raw: RawClick, _: IpAddress | None, lookups: Lookups) -> Fields:
    device = lookups.read_device(raw.user_agent)
    # One judgement, not two: what the bot rules call a bot is no phone, whatever it dresses up as.
    is_bot = lookups.read_bot(raw.user_agent).is_bot
    return {"device": msgspec.structs.replace(device, type="bot") if is_bot else device}


def read_referrer(raw: RawClick, _: IpAddress | None, lookups: Lookups) -> Fields:
    return {"referrer": lookups.read_referrer(raw)}


def read_bot(raw: RawClick, _: IpAddress | None, lookups: Lookups) -> Fields:
    return {"bot": lookups.read_bot(raw.user_agent)}


def is_anonymous(raw: RawClick) -> bool:
    return raw.privacy.decision == "anonymous"


Step = Callable[[RawClick, IpAddress | None, Lookups], Fields]

STEPS: Final[tuple[Step, ...]] = (
    hash_address,
    locate_address,
    read_device,
    read_referrer,
    read_bot,
)
