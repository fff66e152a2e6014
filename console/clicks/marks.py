"""What a click is worth, as marks small enough for a line of a list. Pure."""

from typing import Final

import msgspec

from console.clicks.filters import Quality, Uniqueness
from quality.wording import BANDS, describe_score
from schemas import Fraud
from schemas import Uniqueness as JudgedUniqueness

UNMARKED: Final = "clean"
"""The band of nearly all clicks, whose score would only hide the others."""
NAMES: Final[dict[Uniqueness, str]] = {"unique": "unique", "repeat": "repeat", "not_judged": ""}
TITLES: Final[dict[Uniqueness, str]] = {
    "unique": "the visitor's first click on the program within its window",
    "repeat": "the visitor had clicked within the program's window",
    "not_judged": "",
}


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """Texts, empty where there is nothing to show. `band` is a word for a class name, `band_name` one for people."""

    unique: str = ""
    unique_title: str = ""
    score: str = ""
    score_title: str = ""
    band: str = ""
    band_name: str = ""


NO_MARKS: Final = Marks()


def make_marks(unique: JudgedUniqueness, fraud: Fraud) -> Marks:
    """Mark a click as unique or repeated, and with its score unless that is clean."""
    uniqueness, quality = classify_uniqueness(unique), classify_quality(fraud)
    is_shown = quality in BANDS and quality != UNMARKED
    return Marks(
        unique=NAMES[uniqueness],
        unique_title=TITLES[uniqueness],
        score=str(fraud.score) if is_shown else "",
        score_title=describe_score(fraud) if is_shown else "",
        band=quality.replace("_", "-") if is_shown else "",
        band_name=BANDS[quality] if is_shown else "",
    )


def classify_uniqueness(unique: JudgedUniqueness) -> Uniqueness:
    if unique.is_unique is None:
        return "not_judged"
    return "unique" if unique.is_unique else "repeat"


def classify_quality(fraud: Fraud) -> Quality:
    """Give the band. One of a newer version counts as not scored, as the filters do not know it."""
    match fraud.band:
        case "clean" | "suspicious" | "likely_invalid" | "invalid":
            return fraud.band
        case _:
            return "not_scored"
