"""The records of a click: raw as ingest received it, and enriched with facts about its visitor."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from schemas.enriched_parts import Bot, Counts, Device, Fraud, Geo, Guards, Network, Referrer, Uniqueness
from schemas.fields import (
    AcceptLanguage,
    AdId,
    Code,
    EntityId,
    Hashed,
    HashedSince14,
    Host,
    IsTest,
    KeyId,
    Path,
    QualityRules,
    Query,
    ReferrerUrl,
    Sealed,
    Seconds,
    Sub,
    TargetSource,
    TargetUrl,
    Time,
    Ulid,
    UlidSince14,
    UserAgent,
    Word,
    WordSince14,
    since,
)
from schemas.record import Record
from schemas.request_parts import ClientHints, Fetch, Handled, Privacy, Utm

FetchSince14 = Annotated[Fetch | None, msgspec.Meta(extra_json_schema=since("1.4"))]
NetworkSince14 = Annotated[Network, msgspec.Meta(extra_json_schema=since("1.4"))]
UniquenessSince14 = Annotated[Uniqueness, msgspec.Meta(extra_json_schema=since("1.4"))]
CountsSince14 = Annotated[Counts, msgspec.Meta(extra_json_schema=since("1.4"))]
GuardsSince14 = Annotated[Guards, msgspec.Meta(extra_json_schema=since("1.4"))]
FraudSince14 = Annotated[Fraud, msgspec.Meta(extra_json_schema=since("1.4"))]
OLDEST_CLICK: Final = timedelta(days=90)
"""An older click is dead-lettered: retention may have dropped its daily partition."""
NEWEST_CLICK: Final = timedelta(days=1)
"""A click further in the future than this is dead-lettered: a clock is wrong."""


class Click(Record, frozen=True, kw_only=True):
    """The fields that a raw and an enriched click share: the request, and the decisions of ingest.

    `clicked_at` is the time inside `click_id`. `target_url` is the Location that was sent. `target_source` says where
    it comes from: `program`, `code`, or `deep_link` for a page requested with `?url=`. `limit` names the limit that
    was exceeded, `client` or `code`, when the program's policy still counts the click. `is_test` marks a click on a
    signed test link; it is in no total. `fetch` holds the browser's `Sec-Fetch-*` headers. `lease_click_id` is the
    click that opened the visitor's unique window, as their cookie says. `unique_basis` says how a visitor without a
    cookie is recognised: by `address`, or not at all (`cookie`). `quality_rules` are the program's own weights and
    limits. `truncated` lists the fields that were cut to their caps; it includes `target_url` when parameters of the
    visitor were left out of the Location.
    """

    click_id: Ulid
    clicked_at: Time
    code: Code
    affiliate_id: EntityId
    program_id: EntityId
    host: Host
    path: Path
    query: Query
    target_url: TargetUrl
    target_source: TargetSource = None
    user_agent: UserAgent | None = None
    accept_language: AcceptLanguage | None = None
    client_hints: ClientHints | None = None
    fetch: FetchSince14 = None
    sub1: Sub | None = None
    sub2: Sub | None = None
    sub3: Sub | None = None
    sub4: Sub | None = None
    sub5: Sub | None = None
    external_id: Sub | None = None
    utm: Utm | None = None
    ad_ids: dict[Word, AdId] | None = None
    previous_click_id: Ulid | None = None
    lease_click_id: UlidSince14 = None
    cookie_state: Word
    privacy: Privacy
    prefetch: bool = False
    is_test: IsTest = False
    unique_window_s: Seconds
    unique_basis: WordSince14 = None
    quality_rules: QualityRules = None
    limit: Word | None = None
    handled: Handled
    truncated: list[Word] = []  # noqa: RUF012 - msgspec copies an empty list


class RawClick(Click, frozen=True, kw_only=True):
    """A click as received. The IP address is sealed with AES-GCM; only the enricher opens it."""

    referrer: ReferrerUrl | None = None
    ip_sealed: Sealed | None = None


class EnrichedClick(Click, frozen=True, kw_only=True):
    """A click with facts about its visitor. It has no field for an IP address.

    `ip_hash`, `net_hash` and `client_hash` are null when the click is anonymous. `net_hash` is a keyed hash of the IPv4
    address or IPv6 /64, `client_hash` of that with the user agent, Accept-Language and platform: clicks of one origin
    share them. `published_at` is when Kafka received the raw click.
    """

    ip_hash: Hashed | None
    ip_hash_key_id: KeyId | None
    published_at: Time
    geo: Geo
    device: Device
    referrer: Referrer
    bot: Bot
    net_hash: HashedSince14 = None
    client_hash: HashedSince14 = None
    network: NetworkSince14 = Network()
    unique: UniquenessSince14 = Uniqueness()
    counts: CountsSince14 = Counts()
    guards: GuardsSince14 = Guards()
    fraud: FraudSince14 = Fraud()


def has_plausible_time(clicked_at: datetime, now: datetime) -> bool:
    """Return whether a click's time lies in [-90 d, +1 d] around `now`. Both are aware; any datetime is accepted."""
    # Subtract the times: adding a timedelta to a time can overflow.
    return -OLDEST_CLICK <= clicked_at - now <= NEWEST_CLICK
