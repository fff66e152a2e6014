"""Records to rows: the fields of a record are the columns of its table, flat (`geo.country` is `geo_country`). Pure.

A row is a tuple in the order of its table's columns here. Tests hold both against the records and the migrations.
"""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas import ClientHints, Counts, DeadLetter, EnrichedClick, Fetch, Guards, RejectedClick, Utm
from schemas.letters import digest_of

Row = tuple[Any, ...]
Getter = Callable[[object], tuple[Any, ...]]

CLICK: Final = (
    "schema_version",
    "click_id",
    "clicked_at",
    "code",
    "affiliate_id",
    "program_id",
    "host",
    "path",
    "query",
    "target_url",
    "target_source",
    "user_agent",
    "accept_language",
    "sub1",
    "sub2",
    "sub3",
    "sub4",
    "sub5",
    "external_id",
    "previous_click_id",
    "lease_click_id",
    "cookie_state",
    "privacy.gpc",
    "privacy.dnt",
    "privacy.decision",
    "prefetch",
    "is_test",
    "unique_window_s",
    "unique_basis",
    "limit",
    "handled.region",
    "handled.process",
    "handled.sequence",
    "handled.cache",
    "truncated",
    "ip_hash",
    "ip_hash_key_id",
    "published_at",
    "geo.status",
    "geo.country",
    "geo.region",
    "geo.city",
    "geo.database",
    "device.type",
    "device.brand",
    "device.model",
    "device.os",
    "device.os_version",
    "device.browser",
    "device.browser_version",
    "device.parser",
    "referrer.url",
    "referrer.host",
    "referrer.medium",
    "referrer.source",
    "referrer.term",
    "bot.is_bot",
    "bot.reasons",
    "bot.rules",
    "bot.kind",
    "net_hash",
    "client_hash",
    "network.status",
    "network.asn",
    "network.org",
    "network.kind",
    "network.certainty",
    "network.provider",
    "network.lists",
    "network.database",
    "unique.is_unique",
    "unique.basis",
    "unique.first_click_id",
    "unique.status",
    "fraud.score",
    "fraud.band",
    "fraud.ivt_class",
    "fraud.rules",
    "fraud.stage",
)
HINTS: Final = (
    "client_hints.ua",
    "client_hints.mobile",
    "client_hints.platform",
    "client_hints.model",
    "client_hints.platform_version",
)
FETCH: Final = ("fetch.site", "fetch.mode", "fetch.dest", "fetch.user")
UTM: Final = ("utm.source", "utm.medium", "utm.campaign", "utm.term", "utm.content")
CLICK_JSON: Final = (
    "ad_ids",
    "handled.steps_us",
    "handled.key_ids",
    "quality_rules",
    "counts",
    "guards",
    "fraud.signals",
)
REJECTION: Final = (
    "schema_version",
    "rejection_id",
    "rejected_at",
    "reason",
    "status",
    "asked",
    "method",
    "affiliate_id",
    "program_id",
    "host",
    "referrer",
    "user_agent",
    "ip_hash",
    "ip_hash_key_id",
    "handled.region",
    "handled.process",
    "handled.cache",
)
LETTER: Final = (
    "topic",
    "partition",
    "offset",
    "key",
    "value",
    "stage",
    "reason",
    "detail",
    "attempts",
    "failed_at",
    "taken_at",
    "digest",
    "size",
    "is_cut",
)
# `bot_is_bot` would stutter, and `limit` is a word of SQL.
RENAMED: Final = {
    "bot.is_bot": "is_bot",
    "limit": "limited_by",
    "unique.is_unique": "is_unique",
    "unique.first_click_id": "first_click_id",
    # The program's basis, and the one by which this click was judged.
    "unique_basis": "program_unique_basis",
}


def column_of(path: str) -> str:
    return RENAMED.get(path, path.replace(".", "_"))


def columns_of(*paths: str) -> tuple[str, ...]:
    return tuple(map(column_of, paths))


CLICK_COLUMNS: Final = (*columns_of(*CLICK, *HINTS, *FETCH, *UTM, *CLICK_JSON), "enriched_at")
REJECTION_COLUMNS: Final = (*columns_of(*REJECTION), "published_at")
LETTER_COLUMNS: Final = columns_of(*LETTER)

NO_HINTS: Final = ClientHints()
NO_FETCH: Final = Fetch()
NO_UTM: Final = Utm()
NO_COUNTS: Final = Counts()
NO_GUARDS: Final = Guards()

get_click: Final[Getter] = attrgetter(*CLICK)
get_hints: Final[Getter] = attrgetter("ua", "mobile", "platform", "model", "platform_version")
get_fetch: Final[Getter] = attrgetter("site", "mode", "dest", "user")
get_utm: Final[Getter] = attrgetter("source", "medium", "campaign", "term", "content")
get_rejection: Final[Getter] = attrgetter(*REJECTION)
get_letter: Final[Getter] = attrgetter(*LETTER)


def click_row(click: EnrichedClick, enriched_at: datetime) -> Row:
    """Give the row of a click; `enriched_at` is when Kafka took the enriched record."""
    return (
        *get_click(click),
        *get_hints(click.client_hints or NO_HINTS),
        *get_fetch(click.fetch or NO_FETCH),
        *get_utm(click.utm or NO_UTM),
        as_json(click.ad_ids),
        as_json(click.handled.steps_us),
        as_json(click.handled.key_ids),
        as_json(click.quality_rules),
        None if click.counts == NO_COUNTS else as_json(click.counts),
        None if click.guards == NO_GUARDS else as_json(click.guards),
        as_json(click.fraud.signals or None),
        enriched_at,
    )


def rejection_row(rejection: RejectedClick, published_at: datetime) -> Row:
    """Give the row of a rejection; `published_at` is when Kafka took it."""
    return (*get_rejection(rejection), published_at)


def letter_row(letter: DeadLetter) -> Row:
    """Give the row of a letter. One of before 1.2 has neither digest nor size, and is whole: both are made here."""
    return get_letter(
        msgspec.structs.replace(
            letter,
            # Postgres holds no NUL in a text, and a message about bad bytes may well quote one.
            detail=letter.detail.replace("\0", "\ufffd"),
            digest=letter.digest or digest_of(letter.value),
            size=len(letter.value) if letter.size is None else letter.size,
        )
    )


def as_json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
