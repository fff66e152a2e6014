"""Which clicks to read or count: fixed conditions by name, and values of fields. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from runtime.like import escape_like
from storage.read.asking.question import ENTITIES
from storage.read.visitors import VISITORS
from storage.read.where import Where
from storage.rollups.dimensions import DIMENSIONS, UNKNOWN
from storage.rollups.measures import MEASURES, PEOPLE

UNIQUENESS: Final[Mapping[str, str]] = MappingProxyType(
    {"unique": "now_is_unique", "repeat": "NOT now_is_unique", "not_judged": "now_is_unique IS NULL"}
)
"""By the verdict that counts, which only the view `clicks_now` has."""

BANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: f"now_band = '{name}'" for name in ("clean", "suspicious", "likely_invalid", "invalid")},
        "not_scored": "now_band IS NULL",
    }
)
"""The band of the verdict that counts. `not_scored`: clicks from before contract 1.4."""

COUNTED_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        **MEASURES,
        "not_judged": f"{PEOPLE} AND now_is_unique IS NULL",
        "gross": "NOT is_test",
        "net": "NOT is_test AND coalesce(now_ivt_class, '') NOT IN ('givt', 'sivt')",
    }
)
"""The clicks that each measure counts, also those that follow from others."""

MARK: Final = "now_"
"""Begins the columns that only the view `clicks_now` has."""


class FieldFilter(msgspec.Struct, frozen=True):
    """Only rows whose value of a field is one of these, is `not` one of them, or `has` one of these texts in it.

    Unknown is the empty text. `named` are ids that fit too: those whose names have one of the texts.
    """

    field: str
    operator: Literal["is", "not", "has"]
    values: tuple[str, ...]
    named: tuple[str, ...] = ()


class ClickFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which clicks; None means any. `country` is two capital letters.

    `visitors`, `uniqueness`, `band` and `measure` are names of conditions; `address` and `network` are hashes.
    """

    program_id: str | None = None
    affiliate_id: str | None = None
    code: str | None = None
    country: str | None = None
    visitors: str | None = None
    uniqueness: str | None = None
    band: str | None = None
    measure: str | None = None
    address: str | None = None
    network: str | None = None
    fields: tuple[FieldFilter, ...] = ()

    @property
    def needs_verdicts(self) -> bool:
        """Whether the verdicts of all clicks must be looked at, and not only those of the clicks found."""
        return any(MARK in text for text in (*name_conditions(self), *(find_column(one) for one in self.fields)))


COLUMNS: Final = {
    **{field: field for field in ("program_id", "affiliate_id", "code")},
    "country": "geo_country",
    "address": "ip_hash",
    "network": "net_hash",
}
OF_REJECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"program": "program_id", "affiliate": "affiliate_id", "code": "asked", "edge_region": "handled_region"}
)
"""The fields that a rejection has, too."""


def find_column(one: FieldFilter) -> str:
    """Give the SQL of a field's value over a row of `clicks_now`."""
    return ENTITIES.get(one.field) or DIMENSIONS[one.field].sql


def name_conditions(filters: ClickFilters) -> list[str]:
    """List the fixed conditions. Raises KeyError for a condition without a name here."""
    named = (
        (VISITORS, filters.visitors),
        (UNIQUENESS, filters.uniqueness),
        (BANDS, filters.band),
        (COUNTED_BY, filters.measure),
    )
    return [conditions[name] for conditions, name in named if name is not None]


def select_clicks(filters: ClickFilters) -> Where:
    """Begin the WHERE clause of these filters. Raises KeyError for a condition without a name here."""
    where = Where(filters, COLUMNS)
    for condition in name_conditions(filters):
        where.add(condition)
    for one in filters.fields:
        where.add(compare(where, find_column(one), one))
    return where


def add_of_rejections(where: Where, fields: Sequence[FieldFilter]) -> None:
    """Add filters by fields that a rejection has. Raises KeyError for others."""
    for one in fields:
        column = OF_REJECTIONS[one.field]
        # A plain column can use its index. Only these comparisons need what stands for unknown.
        is_plain = one.operator != "not" and UNKNOWN not in one.values
        where.add(compare(where, column if is_plain else f"coalesce({column}, '')", one))


def compare(where: Where, column: str, one: FieldFilter) -> str:
    """Write the condition of a filter."""
    if one.operator == "has":
        patterns = where.bind([f"%{escape_like(text)}%" for text in one.values])
        found = f"{column} ILIKE ANY ({patterns}::text[])"
        return f"{found} OR {column} = ANY ({where.bind(list(one.named))}::text[])" if one.named else found
    values = where.bind(list(one.values))
    return f"{column} <> ALL ({values}::text[])" if one.operator == "not" else f"{column} = ANY ({values}::text[])"
