"""Which clicks to read or count: fixed conditions by name, and values of columns. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from storage.read.visitors import VISITORS
from storage.read.where import Where

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


class ClickFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which clicks; None means any. `country` is two capital letters; the last three are names of conditions."""

    program_id: str | None = None
    affiliate_id: str | None = None
    code: str | None = None
    country: str | None = None
    visitors: str | None = None
    uniqueness: str | None = None
    band: str | None = None

    @property
    def needs_verdicts(self) -> bool:
        """Whether the verdicts of all clicks must be looked at, and not only those of the clicks found."""
        return self.uniqueness is not None or self.band is not None


COLUMNS: Final = {field: field for field in ("program_id", "affiliate_id", "code")} | {"country": "geo_country"}


def select_clicks(filters: ClickFilters) -> Where:
    """Begin the WHERE clause of these filters. Raises KeyError for a condition without a name here."""
    where = Where(filters, COLUMNS)
    named = ((VISITORS, filters.visitors), (UNIQUENESS, filters.uniqueness), (BANDS, filters.band))
    for conditions, name in named:
        if name is not None:
            where.add(conditions[name])
    return where
