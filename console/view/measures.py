"""Measures in words: title, how it is counted, and whether more of it is good. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

Tone = Literal["accepted", "bot", "notice", "test", "rejected", "dead"]


class Words(msgspec.Struct, frozen=True):
    """A measure: its title, how it is counted, its colour, and whether people want more of it (null: neither)."""

    title: str
    how: str
    tone: Tone = "accepted"
    is_good: bool | None = None


MEASURE_WORDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "people": Words(
            "People", "Clicks that no bot, app or prefetch made. Tests are never counted.", "accepted", is_good=True
        ),
        "uniques": Words(
            "Unique clicks",
            "Clicks of people that were judged to be the first of their visitor in the program's window.",
            "accepted",
            is_good=True,
        ),
        "repeats": Words("Repeats", "Clicks of people that repeat an earlier click of the same visitor.", "notice"),
        "not_judged": Words(
            "Not judged",
            "Clicks of people of which nobody knows whether they are unique: the lookup was away, or is to come.",
            "test",
        ),
        "bots": Words("Bots", "Clicks that a rule or list recognised as made by a bot.", "bot", is_good=False),
        "app_fetches": Words(
            "App fetches", "Requests by which apps load a preview of the link: nobody clicked.", "notice"
        ),
        "prefetches": Words("Prefetches", "Pages that a browser loaded ahead of a click.", "notice"),
        "tests": Words("Tests", "Clicks marked as tests. They are in no other number.", "test"),
        "limited": Words("Limited", "Clicks of people above the limit of their code or address.", "bot", is_good=False),
        "suspicious": Words(
            "Suspicious", "Clicks with a score from 30 to 59, by the verdict that counts.", "bot", is_good=False
        ),
        "invalid": Words(
            "Invalid", "Clicks with a score of 60 or more, or decided to be invalid.", "rejected", is_good=False
        ),
        "gross": Words("Gross", "All clicks but tests: people, bots, app fetches and prefetches.", "notice"),
        "givt": Words(
            "GIVT",
            "General invalid traffic: found by lists and routine rules, as the MRC defines it.",
            "bot",
            is_good=False,
        ),
        "sivt": Words(
            "SIVT",
            "Sophisticated invalid traffic: found by analysis, as the MRC defines it.",
            "rejected",
            is_good=False,
        ),
        "net": Words("Net", "Gross without GIVT and SIVT.", "accepted", is_good=True),
    }
)
MAIN: Final = ("people", "uniques", "bots", "suspicious", "invalid")
QUALITY: Final = ("gross", "givt", "sivt", "net", "not_judged", "app_fetches", "prefetches")
"""Those of the totals strip."""
