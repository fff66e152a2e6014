"""The columns of each table: the fields of its record, flat (`geo.country` is `geo_country`). Pure.

Tests hold them against the records and the migrations.
"""

from typing import Final

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
