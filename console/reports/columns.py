"""The columns of reports: measures and rates, their titles, and how each is counted. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from storage.rollups.measures import DERIVED, MEASURES, RATES


class Column(msgspec.Struct, frozen=True):
    """A measure or rate: its title, how it is counted, and whether more of it is better (null: neither)."""

    name: str
    title: str
    how: str
    is_good: bool | None = None

    @property
    def is_rate(self) -> bool:
        return self.name in RATES


LISTED: Final = (
    Column("gross", "Gross", "All clicks but tests: people, bots, app fetches and prefetches"),
    Column("net", "Net", "Gross without GIVT and SIVT", is_good=True),
    Column("people", "People", "Clicks of people: no bot, no app fetch, no prefetch, no test", is_good=True),
    Column("uniques", "Unique", "Clicks of people that were judged to be the first of a visitor", is_good=True),
    Column("repeats", "Repeat", "Clicks of people that were judged to be made again by the same visitor"),
    Column("not_judged", "Not judged", "Clicks of people of which nobody knows whether they are unique"),
    Column("bots", "Bots", "Clicks of declared or recognised bots", is_good=False),
    Column("suspicious", "Suspicious", "Clicks whose score is in the band suspicious", is_good=False),
    Column("invalid", "Invalid", "Clicks whose score is in the bands likely invalid or invalid", is_good=False),
    Column(
        "givt", "GIVT", "General invalid traffic, as the MRC defines it: it is known without a score", is_good=False
    ),
    Column("sivt", "SIVT", "Sophisticated invalid traffic, as the MRC defines it: only scores find it", is_good=False),
    Column("app_fetches", "App fetches", "Requests of apps that fetch a preview of the link"),
    Column("prefetches", "Prefetches", "Requests of browsers that load the link before anybody clicks"),
    Column("limited", "Over limit", "Clicks of people that were over a limit, and were redirected all the same"),
    Column("tests", "Tests", "Clicks of test links; they are in no other column"),
    Column("unique_rate", "Unique rate", "Unique clicks, of the clicks of people", is_good=True),
    Column("repeat_rate", "Repeat rate", "Repeat clicks, of the clicks of people", is_good=False),
    Column("bot_rate", "Bot rate", "Bots, of gross clicks", is_good=False),
    Column("suspicious_rate", "Suspicious rate", "Suspicious clicks, of gross clicks", is_good=False),
    Column("invalid_rate", "Invalid rate", "Invalid clicks, of gross clicks", is_good=False),
    Column("net_rate", "Net rate", "Net clicks, of gross clicks", is_good=True),
)
COLUMNS: Final[Mapping[str, Column]] = MappingProxyType({one.name: one for one in LISTED})
USUAL: Final = ("people", "uniques", "unique_rate", "bots", "bot_rate", "suspicious", "gross", "net")


def read_columns(text: str) -> tuple[tuple[Column, ...], str]:
    """Read names with commas between; also return what is wrong with them. Without a name: the usual columns."""
    names = dict.fromkeys(text.split(",") if text else USUAL)
    unknown = [name for name in names if name not in COLUMNS]
    known = [name for name in names if name in COLUMNS]
    why = f"no such column: {', '.join(COLUMNS)}" if unknown else ""
    return tuple(COLUMNS[name] for name in known or USUAL), why


def list_measures(columns: Sequence[Column], sort: str = "") -> tuple[str, ...]:
    """List the measures that columns and their order need, each once."""
    names = [one.name for one in columns]
    names += [sort.removeprefix("-")] if sort.removeprefix("-") in COLUMNS else []
    return tuple(dict.fromkeys(part for name in names for part in RATES.get(name, (name,))))


def find_value(name: str, counts: Mapping[str, int]) -> int | float | None:
    """Return a measure, or a rate from 0 to 1; null is a rate of nothing."""
    if name not in RATES:
        return counts[name]
    part, whole = (counts[one] for one in RATES[name])
    return part / whole if whole else None


assert set(COLUMNS) == {*MEASURES, *DERIVED, *RATES}  # noqa: S101 - a measure without a title is a mistake
