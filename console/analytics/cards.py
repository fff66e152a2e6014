"""The breakdown cards of the page, and the tabs of each. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from console.view.words import FIELD_TITLES

MAP: Final = "map"
JUDGED: Final = "quality"
OF_PEOPLE: Final = frozenset({"people", "uniques", "repeats", "not_judged", "limited"})
"""Measures of people's clicks: by bot reason or network they say nothing, so that card counts all clicks."""


class Card(msgspec.Struct, frozen=True):
    """A card: its title and the fields that it breaks down by, the first one at first."""

    title: str
    tabs: tuple[str, ...]

    def choose(self, asked: str) -> str:
        return asked if asked in self.tabs else self.tabs[0]


CARDS: Final[Mapping[str, Card]] = MappingProxyType(
    {
        "links": Card("Links", ("affiliate", "code", "program")),
        "sources": Card("Sources", ("referrer_host", "referrer_medium", "utm_source", "utm_medium", "utm_campaign")),
        "places": Card("Places", ("country", "region", MAP)),
        "devices": Card("Devices", ("device", "os", "browser")),
        "quality": Card("Quality", ("ivt_class", "bot_reason", "network_kind")),
    }
)
TAB_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **FIELD_TITLES,
        MAP: "Map",
        "ivt_class": "Class",
        "utm_source": "Source",
        "utm_medium": "UTM medium",
        "utm_campaign": "Campaign",
    }
)


def choose_measure(card: str, measure: str) -> str:
    """Choose what a card counts: the measure of the page, or gross where that would say nothing."""
    return "gross" if card == JUDGED and measure in OF_PEOPLE else measure
