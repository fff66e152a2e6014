"""The views for analysts: clicks, rejections and scores without personal columns. Pure.

A view runs with the rights of its owner, so an analyst needs no right on the tables. Its columns are listed here one
by one: a new column of a table is in no view before someone decides so.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.reference import FieldMeaning
from schemas.reference.field import field
from storage.analysts.table_reference import CLICK_SCORES, CLICKS, REJECTED_CLICKS

PREFIX: Final = "analytics_"
MARK: Final = "Definition"
HOST: Final = "lower(substring({} FROM '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\\[[^]/?#]*\\]|[^]/?#:@]+)'))"
"""SQL of the host of a URL, without path and query."""
SIGNAL_NAMES: Final = (
    "ARRAY(SELECT signal ->> 'name' FROM jsonb_array_elements(coalesce({}, '[]')) WITH ORDINALITY AS s (signal, place)"
    " ORDER BY place)"
)


class ViewColumn(msgspec.Struct, frozen=True):
    """A column of a view: its SQL over the view's source, and its meaning."""

    name: str
    sql: str
    meaning: FieldMeaning


class View(msgspec.Struct, frozen=True):
    """A view: what its rows are, the relation it reads, the time and id that order it, and its columns."""

    name: str
    text: str
    source: str
    order: tuple[str, str]
    columns: tuple[ViewColumn, ...]
    has_referrals: bool = False

    def write_select(self, *, names: bool) -> str:
        """Give the view's statement; `names` tells whether programs and affiliates are in the same schema."""
        columns = ", ".join(f"{column.sql} AS {column.name}" for column in self.columns)
        if not self.has_referrals:
            return f"SELECT {columns} FROM {self.source} AS source"  # noqa: S608 - fixed text
        return f"SELECT {columns}, {write_names(found=names)} FROM {self.source} AS source{JOINS if names else ''}"  # noqa: S608 - fixed text

    def all_columns(self) -> dict[str, FieldMeaning]:
        """Return the meaning of each column, in order."""
        named = {column.name: column.meaning for column in self.columns}
        return named | (NAMES if self.has_referrals else {})


NAMES: Final = {
    "program_name": field("Name of the program today. Null if it was deleted"),
    "affiliate_name": field("Name of the affiliate today. Null if it was deleted"),
}
JOINS: Final = (
    " LEFT JOIN programs ON programs.id = source.program_id LEFT JOIN affiliates ON affiliates.id = source.affiliate_id"
)


def write_names(*, found: bool) -> str:
    sources = ("programs.name", "affiliates.name") if found else ("NULL::text", "NULL::text")
    return ", ".join(f"{sql} AS {name}" for sql, name in zip(sources, NAMES, strict=True))


def take(columns: Mapping[str, FieldMeaning], names: str) -> tuple[ViewColumn, ...]:
    """Take columns of a table as they are. Raises ValueError for a personal one."""
    taken = tuple(ViewColumn(name, f"source.{name}", columns[name]) for name in names.split())
    if hidden := [column.name for column in taken if column.meaning.is_personal]:
        raise ValueError(f"personal columns in a view for analysts: {hidden}")
    return taken


VERDICT: Final = {
    "now_source": field("Where the verdict that counts comes from", "manual settled live"),
    "now_band": field("The verdict that counts. Null: not scored", "clean suspicious likely_invalid invalid"),
    "now_score": field("The score that counts, 0 (clean) to 100 (invalid). Null: not scored", unit="points"),
    "now_ivt_class": field("General (givt) or sophisticated (sivt) invalid traffic. Null: neither", "givt sivt"),
    "now_rules": field("Name and version of the rules of that score"),
    "now_is_unique": field("True: a unique click, by the verdict that counts. Null: not judged"),
    "now_unique_basis": field("What the visitor was recognised by", "cookie address"),
    "now_unique_status": field(
        "Whether uniqueness was judged, or why not", "judged warming no_store anonymous not_judged"
    ),
}
CLICK_VIEW: Final = View(
    "analytics_clicks",
    "Accepted clicks, one row each, with the verdict that counts and without personal columns."
    " Limit clicked_at in every query",
    "clicks_now",
    ("clicked_at", "click_id"),
    (
        *take(
            CLICKS.columns,
            "click_id clicked_at code affiliate_id program_id host target_source prefetch is_test limited_by"
            " is_bot bot_kind bot_reasons bot_rules cookie_state privacy_gpc privacy_dnt privacy_decision"
            " unique_window_s program_unique_basis utm_source utm_medium utm_campaign utm_term utm_content"
            " geo_status geo_country geo_region geo_database device_type device_brand device_model device_os"
            " device_os_version device_browser device_browser_version device_parser referrer_host referrer_medium"
            " referrer_source network_status network_asn network_org network_kind network_certainty network_provider"
            " network_lists network_database",
        ),
        ViewColumn("target_host", HOST.format("source.target_url"), field("Host to which the visitor was sent")),
        *(ViewColumn(name, f"source.{name}", meaning) for name, meaning in VERDICT.items()),
        *take(
            CLICKS.columns,
            "is_unique unique_basis unique_status fraud_score fraud_band fraud_ivt_class fraud_rules fraud_stage",
        ),
        ViewColumn(
            "fraud_signal_names",
            SIGNAL_NAMES.format("source.fraud_signals"),
            field("Names of the signals of the live score. A list of words"),
        ),
        *take(
            CLICKS.columns,
            "truncated handled_region handled_process handled_sequence handled_cache handled_steps_us"
            " schema_version published_at enriched_at stored_at",
        ),
    ),
    has_referrals=True,
)
LIVE_VIEW: Final = View(
    "analytics_live_clicks",
    "Accepted clicks as in analytics_clicks, with the live verdict alone: cheaper to count."
    " Limit clicked_at in every query",
    "clicks",
    CLICK_VIEW.order,
    tuple(column for column in CLICK_VIEW.columns if column.name not in VERDICT),
    has_referrals=True,
)
REJECTION_VIEW: Final = View(
    "analytics_rejections",
    "Requests that were refused, one row each, without personal columns",
    "rejected_clicks",
    ("rejected_at", "rejection_id"),
    (
        *take(
            REJECTED_CLICKS.columns,
            "rejection_id rejected_at reason status asked method affiliate_id program_id host",
        ),
        ViewColumn("referrer_host", HOST.format("source.referrer"), field("Host of the page the visitor came from")),
        *take(REJECTED_CLICKS.columns, "handled_region handled_process handled_cache schema_version"),
        *take(REJECTED_CLICKS.columns, "published_at stored_at"),
    ),
    has_referrals=True,
)
SCORE_VIEW: Final = View(
    "analytics_scores",
    "Settled scores, without personal columns. Clicks have one row for each set of rules; the newest counts",
    "click_scores",
    ("clicked_at", "click_id"),
    (
        *take(CLICK_SCORES.columns, "click_id clicked_at rules stage score band ivt_class"),
        ViewColumn(
            "signal_names",
            SIGNAL_NAMES.format("source.signals"),
            field("Names of the signals of the score. A list of words"),
        ),
        *take(CLICK_SCORES.columns, "scored_at is_unique unique_basis unique_status changes_uniqueness"),
    ),
)
VIEWS: Final = (CLICK_VIEW, LIVE_VIEW, REJECTION_VIEW, SCORE_VIEW)


def write_comment(view: View, select: str) -> str:
    """Give the comment of a view. It holds a digest of the definition, by which a changed one is known."""
    return f"{view.text}. {MARK} {hashlib.sha256(select.encode()).hexdigest()[:16]}."
