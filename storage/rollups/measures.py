"""What is counted of clicks, as SQL conditions over a row of `clicks_now`. Pure.

Each click is in exactly one of the groups people, bots, app fetches, prefetches and tests. Of the people's clicks,
uniques and repeats were judged, and the rest is not judged. The verdict that counts decides: `now_is_unique`,
`now_band`, `now_ivt_class`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from storage.read.visitors import VISITORS

PEOPLE: Final = VISITORS["people"]

MEASURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "people": PEOPLE,
        "bots": VISITORS["bots"],
        "app_fetches": VISITORS["app_fetches"],
        "prefetches": VISITORS["prefetches"],
        "tests": VISITORS["tests"],
        "uniques": f"{PEOPLE} AND now_is_unique",
        "repeats": f"{PEOPLE} AND NOT now_is_unique",
        "limited": f"{PEOPLE} AND limited_by IS NOT NULL",
        "suspicious": "NOT is_test AND now_band = 'suspicious'",
        "invalid": "NOT is_test AND now_band IN ('likely_invalid', 'invalid')",
        "givt": "NOT is_test AND now_ivt_class = 'givt'",
        "sivt": "NOT is_test AND now_ivt_class = 'sivt'",
    }
)
"""The counts that each row of a rollup has, in the order of its columns."""

DERIVED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "not_judged": "people - uniques - repeats",
        "gross": "people + bots + app_fetches + prefetches",
        "net": "people + bots + app_fetches + prefetches - givt - sivt",
    }
)
"""Measures that follow from the stored ones. Gross, GIVT, SIVT and Net as the MRC uses them: tests are in none."""

RATES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "unique_rate": ("uniques", "people"),
        "repeat_rate": ("repeats", "people"),
        "bot_rate": ("bots", "gross"),
        "suspicious_rate": ("suspicious", "gross"),
        "invalid_rate": ("invalid", "gross"),
        "net_rate": ("net", "gross"),
    }
)
"""Shares: of which measure, in which. They sort groups, and are never added up."""


def count_measures() -> str:
    """Give the SQL of all measures, as counts of rows with the columns of `clicks_now`."""
    return ", ".join(f"count(*) FILTER (WHERE {condition}) AS {name}" for name, condition in MEASURES.items())
