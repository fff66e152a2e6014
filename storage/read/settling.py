"""Clicks as settling reads them: the columns that the score needs, in the order of the ids.

The nested objects are shared between rows where they are equal: most clicks have the same few.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import asyncpg
import msgspec

from quality.links import digest_link
from quality.settling_click import SettlingClick
from schemas import Bot, ClientHints, Counts, Device, EnrichedClick, Fetch, Guards, Network, Referrer, Uniqueness

READ_S: Final = 60.0
CACHED: Final = 8192
COLUMNS: Final = """
    click_id, clicked_at, code, query, affiliate_id, program_id, client_hash, net_hash, is_test, prefetch,
    coalesce(external_id, sub1, sub2, sub3, sub4, sub5, utm_content) IS NOT NULL, user_agent,
    coalesce(accept_language, '') <> '', client_hints_ua, client_hints_platform, fetch_mode, cookie_state,
    quality_rules, device_type, coalesce(referrer_url, '') <> '', bot_reasons, network_kind, network_certainty,
    network_asn, network_org, network_provider, counts, guards, fraud_band, fraud_ivt_class,
    fraud_signals, unique_window_s, is_unique,
    unique_basis, first_click_id, unique_status, previous_click_id
"""
PAGE: Final = f"""
    SELECT {COLUMNS} FROM clicks
    WHERE clicked_at >= $1 AND clicked_at < $2 AND (clicked_at, click_id) > ($1, $3) AND erased_at IS NULL
    ORDER BY clicked_at, click_id LIMIT $4
"""  # noqa: S608 - our own column names
"""An erased click has no evidence any more: its scores stay as they are."""

NO_REFERRER: Final = Referrer(url=None, host=None, medium="direct")
SOME_REFERRER: Final = Referrer(url="a page", host=None, medium="unknown")
NO_COUNTS: Final = Counts()
NO_GUARDS: Final = Guards()
SOME_LANGUAGE: Final = "*"
VALID: Final = "valid"

decode_counts: Final = msgspec.json.Decoder(Counts).decode
decode_guards: Final = msgspec.json.Decoder(Guards).decode
read_rules: Final = msgspec.json.Decoder(dict[str, float]).decode


class StoredEvidence(msgspec.Struct, frozen=True, gc=False):
    """The evidence of a row: what the score reads, and no more. `live_signals` is JSON, as the column has it."""

    user_agent: str | None
    accept_language: str | None
    client_hints: ClientHints | None
    fetch: Fetch | None
    cookie_state: str
    prefetch: bool
    quality_rules: dict[str, float] | None
    device: Device
    referrer: Referrer
    bot: Bot
    network: Network
    counts: Counts
    guards: Guards
    live_band: str | None
    live_ivt_class: str | None
    live_signals: str | None


class Position(msgspec.Struct, frozen=True):
    """A place in the order of clicks: after this click, or at this time if `click_id` is empty."""

    clicked_at: datetime
    click_id: str = ""


async def read_clicks(reader: asyncpg.Connection, after: Position, until: datetime, limit: int) -> list[SettlingClick]:
    """Read the next clicks after a position and before `until`, in the order of their ids."""
    rows = await reader.fetch(PAGE, after.clicked_at, until, after.click_id, limit, timeout=READ_S)
    return [read_row(row) for row in rows]


def read_row(row: Sequence[Any]) -> SettlingClick:
    """Read a row of `COLUMNS`."""
    click_id, clicked_at, code, query, affiliate, program, client, net, is_test, prefetch, personal, *facts = row
    agent, language, hints, platform, mode, cookie, rules, device, referrer, reasons, *more = facts
    kind, certainty, asn, org, provider, counts, guards, band, ivt_class, *rest = more
    signals, window_s, *unique, previous = rest
    return SettlingClick(
        click_id=click_id,
        clicked_at=clicked_at,
        time_ms=round(clicked_at.timestamp() * 1000),
        link=digest_link(code, query),
        is_personal=personal,
        is_counted=not (is_test or prefetch),
        client=client,
        net=net,
        affiliate=affiliate,
        program=program,
        window_ms=window_s * 1000,
        unique=read_unique(*unique),
        returned=previous if cookie == VALID else None,
        evidence=StoredEvidence(
            user_agent=agent,
            accept_language=SOME_LANGUAGE if language else None,
            client_hints=share_hints(hints, platform),
            fetch=share_fetch(mode),
            cookie_state=cookie,
            prefetch=prefetch,
            quality_rules=None if rules is None else read_rules(rules),
            device=share_device(device),
            referrer=SOME_REFERRER if referrer else NO_REFERRER,
            bot=share_bot(*reasons),
            network=share_network(kind, certainty, asn, org, provider),
            counts=NO_COUNTS if counts is None else read_counts(counts),
            guards=NO_GUARDS if guards is None else read_guards(guards),
            live_band=band,
            live_ivt_class=ivt_class,
            live_signals=signals,
        ),
    )


def read_record(click: EnrichedClick) -> SettlingClick:
    """Give a click of the topic as settling reads it."""
    personal = (click.external_id, click.sub1, click.sub2, click.sub3, click.sub4, click.sub5)
    return SettlingClick(
        click_id=click.click_id,
        clicked_at=click.clicked_at,
        time_ms=round(click.clicked_at.timestamp() * 1000),
        link=digest_link(click.code, click.query),
        is_personal=any(value is not None for value in (*personal, click.utm and click.utm.content)),
        is_counted=not (click.is_test or click.prefetch),
        client=click.client_hash,
        net=click.net_hash,
        affiliate=click.affiliate_id,
        program=click.program_id,
        window_ms=click.unique_window_s * 1000,
        unique=click.unique,
        returned=click.previous_click_id if click.cookie_state == VALID else None,
        evidence=click,
    )


def read_unique(is_unique: bool | None, basis: str | None, first_click_id: str | None, status: str) -> Uniqueness:  # noqa: FBT001 - a column
    return Uniqueness(is_unique=is_unique, basis=basis, first_click_id=first_click_id, status=status)


@lru_cache(CACHED)
def read_counts(text: str) -> Counts:
    return decode_counts(text)


@lru_cache(CACHED)
def read_guards(text: str) -> Guards:
    return decode_guards(text)


@lru_cache(CACHED)
def share_hints(brands: str | None, platform: str | None) -> ClientHints | None:
    return None if brands is None and platform is None else ClientHints(ua=brands, platform=platform)


@lru_cache(CACHED)
def share_fetch(mode: str | None) -> Fetch | None:
    return None if mode is None else Fetch(mode=mode)


@lru_cache(CACHED)
def share_device(kind: str) -> Device:
    return Device(type=kind)


@lru_cache(CACHED)
def share_bot(*reasons: str) -> Bot:
    return Bot(is_bot=bool(reasons), reasons=list(reasons))


@lru_cache(CACHED)
def share_network(
    kind: str | None, certainty: str | None, asn: int | None, org: str | None, provider: str | None
) -> Network:
    return Network(kind=kind, certainty=certainty, asn=asn, org=org, provider=provider)
