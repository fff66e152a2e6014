"""The four records that travel: a click as received, as enriched, a refusal, and what could not be processed."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from schemas.fields import (
    SCHEMA_VERSION,
    AcceptLanguage,
    AdId,
    Asked,
    Bytes,
    Code,
    Count,
    EntityId,
    Hashed,
    Host,
    IsCut,
    IsTest,
    KeyId,
    Label,
    LetterDigest,
    LetterSize,
    LetterTakenAt,
    Path,
    Query,
    ReasonNumber,
    ReferrerUrl,
    SchemaVersion,
    Sealed,
    Seconds,
    Sub,
    TargetSource,
    TargetUrl,
    Time,
    Ulid,
    UserAgent,
    Word,
)
from schemas.parts import Bot, ClientHints, Device, Geo, Handled, Privacy, Referrer, Utm

OLDEST_CLICK: Final = timedelta(days=90)
"""A click that says it is older than this is dead-lettered: its daily partition may be gone by retention."""
NEWEST_CLICK: Final = timedelta(days=1)
"""A click from further ahead than this is dead-lettered: some clock is wrong."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Anything that is the value of a Kafka record."""

    schema_version: SchemaVersion = SCHEMA_VERSION


class Click(Record, frozen=True, kw_only=True):
    """What a raw and an enriched click share: the request, and the decisions ingest took on it.

    `clicked_at` is the time inside `click_id`. `target_url` is the Location that was sent, and `target_source` whose
    target that is: `program`, `code`, or `deep_link` for the page that the visitor asked for by `?url=`. `limit` names
    the limit the click was over, `client` or `code`, where the program's policy lets it count all the same. `is_test`
    says that a signed test link was followed: the click is in no total. `truncated` lists the fields that were cut to
    their caps; `target_url` is among them, too, where the Location itself lacks something of what the visitor brought.
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
    sub1: Sub | None = None
    sub2: Sub | None = None
    sub3: Sub | None = None
    sub4: Sub | None = None
    sub5: Sub | None = None
    external_id: Sub | None = None
    utm: Utm | None = None
    ad_ids: dict[Word, AdId] | None = None
    previous_click_id: Ulid | None = None
    cookie_state: Word
    privacy: Privacy
    prefetch: bool = False
    is_test: IsTest = False
    unique_window_s: Seconds
    limit: Word | None = None
    handled: Handled
    truncated: list[Word] = []


class RawClick(Click, frozen=True, kw_only=True):
    """A click as received. The address is sealed (AES-GCM, a key of the ring): only the enricher reads it."""

    referrer: ReferrerUrl | None = None
    ip_sealed: Sealed | None = None


class EnrichedClick(Click, frozen=True, kw_only=True):
    """A click with what is known about its visitor. It has no field that could hold an address.

    `ip_hash` is null when the click is anonymous. `published_at` is when Kafka took the raw click.
    """

    ip_hash: Hashed | None
    ip_hash_key_id: KeyId | None
    published_at: Time
    geo: Geo
    device: Device
    referrer: Referrer
    bot: Bot


class RejectedClick(Record, frozen=True, kw_only=True):
    """A request that was refused, by a stable number (`schemas.reasons`), and what the visitor got: `status`.

    `asked` is the code as asked, cleaned and cut. Program and affiliate are named where the code was known.
    """

    rejection_id: Ulid
    rejected_at: Time
    reason: ReasonNumber
    status: Count
    asked: Asked
    affiliate_id: EntityId | None = None
    program_id: EntityId | None = None
    host: Host
    referrer: ReferrerUrl | None = None
    user_agent: UserAgent | None = None
    ip_hash: Hashed | None = None
    ip_hash_key_id: KeyId | None = None
    handled: Handled


class DeadLetter(Record, frozen=True, kw_only=True):
    """A record some stage could not process, with its original bytes, so that it can be mended and sent again.

    `reason` is a word (`not_json`, `wrong_shape`, `unknown_version`, `implausible_time` ...), `detail` a sentence.
    `topic`, `partition` and `offset` name where it was read, and `digest` is that of its value: together its identity,
    for a topic that is deleted and made again counts from 0 again. `taken_at` is when Kafka took it, `size` how long
    its value was. `is_cut` says that it was larger than its topic takes, so that key or value are only their beginning.
    """

    topic: Label
    partition: Count
    offset: Count
    key: Bytes | None
    value: Bytes
    stage: Word
    reason: Word
    detail: str
    attempts: Count
    failed_at: Time
    taken_at: LetterTakenAt = None
    digest: LetterDigest = None
    size: LetterSize = None
    is_cut: IsCut = False


def has_plausible_time(clicked_at: datetime, now: datetime) -> bool:
    """Tell whether a click's time lies in [-90 d, +1 d] around `now` (both aware, and any time there is)."""
    # A difference of two times is always a duration; a time less a duration is not always a time.
    return -OLDEST_CLICK <= clicked_at - now <= NEWEST_CLICK
