"""By what clicks are counted, as SQL over a row of `clicks_now`. Pure.

A value is a text of at most VALUE_LENGTH characters. Unknown is the empty text. A program's values of a dimension above
the first MOST_VALUES of a day are counted together as OTHER: strangers choose referrers and campaigns.
"""

from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType
from typing import Final

import msgspec

VALUE_LENGTH: Final = 150
MOST_VALUES: Final = 1000
UNKNOWN: Final = ""
OTHER: Final = "\x01"
"""No value of a click: ingest removes control characters."""
TOTAL: Final = 0
"""The number that stands for no dimension."""
DETAILED_FROM: Final = 300
"""Clicks a day from which an affiliate or a code has dimensions. Those of quieter ones are counted from rows."""


class Dimension(msgspec.Struct, frozen=True):
    """One dimension: its number in the tables, which never changes, and the SQL of a click's value."""

    number: int
    name: str
    sql: str


COLUMNS: Final = (
    (1, "country", "geo_country"),
    (2, "region", "geo_country || '-' || geo_region"),
    (3, "device", "device_type"),
    (4, "os", "device_os"),
    (5, "browser", "device_browser"),
    (6, "referrer_host", "referrer_host"),
    (7, "referrer_medium", "referrer_medium"),
    (8, "utm_source", "utm_source"),
    (9, "utm_medium", "utm_medium"),
    (10, "utm_campaign", "utm_campaign"),
    (11, "edge_region", "handled_region"),
    (12, "bot_reason", "bot_reasons[1]"),
    (13, "network_kind", "network_kind"),
    (14, "ivt_class", "now_ivt_class"),
)

DIMENSIONS: Final[Mapping[str, Dimension]] = MappingProxyType(
    {name: Dimension(number, name, f"left(coalesce({column}, ''), {VALUE_LENGTH})") for number, name, column in COLUMNS}
)

PAIRED: Final = ("country", "device", "os", "browser", "referrer_host", "utm_campaign")
PAIRS: Final = tuple((DIMENSIONS[one], DIMENSIONS[other]) for one, other in combinations(PAIRED, 2))
"""Pairs that are kept for a whole program; the first has the lower number."""
CUT: Final = ("referrer_host", "utm_campaign")
"""Paired dimensions of which only the busiest values have pairs."""
